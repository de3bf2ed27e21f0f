"""The service as an operator runs it: server processes on loopback, and a worker process."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

from httpx import AsyncClient, TransportError

from tests.fixtures.database import KEY
from tests.patience import until
from tests.ports import free_port

START_SECONDS = 120
STOP_SECONDS = 40
_PROGRAM = (sys.executable, "-c", "from app.cli import main; main()")
_PRELOADED = (sys.executable, str(Path(__file__).with_name("preloaded.py")))


class Service:
    """Separate processes, with the environment that an operator would set.

    They log to `serve.log` and `worker.log` in `folder`. With `preloaded`, killed processes restart
    quickly, the worker too (tests/drills/preloaded.py).
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        *,
        servers: int = 2,
        preloaded: bool = False,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._environment = {
            **os.environ,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(folder),
            **environment,
        }
        self._servers = servers
        self._program = _PRELOADED if preloaded else _PROGRAM
        self._serve: asyncio.subprocess.Process | None = None
        self._worker: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the servers, without the worker, and wait until each of them is ready."""
        arguments = ("serve", "--workers", str(self._servers), "--no-worker")
        self._serve = await self._run(*arguments, log="serve.log")
        async with AsyncClient(base_url=self.url) as http:
            await until(partial(self._is_ready, http), START_SECONDS)

    async def start_worker(self) -> None:
        """Start a worker beside the servers, and wait until it works.

        One that starts while the database is away ends with a sentence, as a command does.
        """
        before = self._worker_starts()
        self._worker = await self._run("worker", log="worker.log")
        await until(partial(self._has_started, before), START_SECONDS)

    async def stop(self) -> None:
        """Stop all processes as an operator does; kill those that do not stop in time."""
        for process in (self._worker, self._serve):
            if process is not None:
                await _end(process)

    def kill_a_server(self, random: Random) -> None:
        """Kill one of the server processes (-9). Their supervisor starts another one."""
        pids = self.server_pids()
        if pids:
            with suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)

    def kill_worker(self) -> None:
        """Kill the preloaded worker (-9). Its supervisor starts another one."""
        assert self._worker is not None
        for pid in _children(self._worker.pid):
            os.kill(pid, signal.SIGKILL)

    def server_pids(self) -> list[int]:
        """List the running server processes; a single one has no supervisor."""
        assert self._serve is not None
        if self._servers == 1:
            return [self._serve.pid]
        return list(_servers_of(self._serve.pid))

    @property
    def worker_pid(self) -> int:
        """The process of the worker."""
        assert self._worker is not None
        return self._worker.pid

    def work_done(self) -> dict[int, int]:
        """Return the CPU time of each server process, in clock ticks."""
        # The 12th and 13th field after the name, which is in brackets.
        stats = {pid: Path(f"/proc/{pid}/stat").read_text() for pid in self.server_pids()}
        fields = {pid: stat.rpartition(") ")[2].split() for pid, stat in stats.items()}
        return {pid: int(found[11]) + int(found[12]) for pid, found in fields.items()}

    @property
    def worker_runs(self) -> bool:
        """Tell whether the last started worker still runs."""
        return self._worker is not None and self._worker.returncode is None

    async def _has_started(self, before: int) -> bool:
        return self._worker_starts() > before

    def _worker_starts(self) -> int:
        log = self.folder / "worker.log"
        return log.read_text().count("worker_started") if log.exists() else 0

    async def _is_ready(self, http: AsyncClient) -> bool:
        assert self._serve is not None
        log = (self.folder / "serve.log").read_text()
        assert self._serve.returncode is None, log
        if log.count("Application startup complete") < self._servers:
            return False
        with suppress(TransportError):
            return (await http.get("/readyz")).is_success
        return False

    async def _run(self, *arguments: str, log: str) -> asyncio.subprocess.Process:
        with (self.folder / log).open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self._program, *arguments, env=self._environment, stdout=output, stderr=output
            )


@asynccontextmanager
async def served(
    environment: Mapping[str, str],
    folder: Path,
    *,
    with_worker: bool = False,
    preloaded: bool = False,
) -> AsyncIterator[Service]:
    """Run the service with two server processes for the duration of the block."""
    service = Service({"SECRET_KEYS": KEY, **environment}, folder, preloaded=preloaded)
    try:
        await service.start()
        if with_worker:
            await service.start_worker()
        yield service
    finally:
        await service.stop()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _servers_of(supervisor: int) -> Iterator[int]:
    for child in _children(supervisor):
        with suppress(FileNotFoundError, ProcessLookupError):
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"multiprocessing.forkserver" in command:
                yield from _children(child)
            elif b"spawn_main" in command:
                yield child
