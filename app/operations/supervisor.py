"""Supervision of several server processes: a process that died is replaced."""

from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess


class Supervisor(Multiprocess):
    """Notices immediately that a server process has died.

    uvicorn pings its processes one after another over pipes, and also keeps the processes' ends of
    the pipes open. So it does not notice that a process dies during its ping, and waits for the
    whole `timeout_worker_healthcheck` before it checks the others.
    """

    def keep_subprocess_alive(self) -> None:
        """Close the processes' ends of the pipes, then check the processes."""
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


def run_several(app: str, **options: Any) -> None:  # noqa: ANN401 - those of `uvicorn.run`
    """Serve `app` with several processes until a signal stops them."""
    config = uvicorn.Config(app, **options)
    Supervisor(config, sockets=[config.bind_socket()]).run()
