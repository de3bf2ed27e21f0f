"""Who looks after several server processes, and starts another one where one has died."""

from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess


class Supervisor(Multiprocess):
    """Notices at once that a server process has died.

    uvicorn asks its processes for a sign of life, one after another. It keeps the other end of the
    pipe open too, so that it does not learn of one that dies while it is asked: nobody else is
    looked after until the whole `timeout_worker_healthcheck` has passed.
    """

    def keep_subprocess_alive(self) -> None:
        """Let go of the ends that belong to the processes, then look after them."""
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


def run_several(app: str, **options: Any) -> None:  # noqa: ANN401 - those of `uvicorn.run`
    """Serve with several processes, until told to stop."""
    config = uvicorn.Config(app, **options)
    Supervisor(config, sockets=[config.bind_socket()]).run()
