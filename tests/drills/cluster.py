"""A drill's own PostgreSQL on loopback TCP, which is stopped, killed, copied and promoted."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

import asyncpg

from app.database.embedded import DATABASE, OWNER, SERVICE
from app.database.migrations import migrate
from app.database.programs import as_system_user, give_to_system_user, program
from tests.patience import until
from tests.ports import free_port

POSTGRES = "postgres"
READY_SECONDS = 60


class Cluster:
    """One server with its data in `folder`. Committed data is on the disk (`fsync`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    @classmethod
    async def create(cls, folder: Path) -> Self:
        """Create a server with the two roles and a migrated database, and start it."""
        made = cls(folder)
        made._make_folder()
        await made._run("initdb", "-D", str(folder), "-A", "trust", "-E", "utf8", "-U", POSTGRES)
        made._configure("max_connections = 100", f"cluster_name = '{folder.name}'")
        await made.start()
        for role in (OWNER, SERVICE):
            await made.execute(f"CREATE ROLE {role} LOGIN")
        await made.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        await migrate(made.url(OWNER), SERVICE)
        return made

    async def make_standby(self, folder: Path) -> "Cluster":
        """Create a standby from a copy, and have each commit wait for it."""
        standby = Cluster(folder)
        standby._make_folder()
        source = ("-h", "127.0.0.1", "-p", str(self.port), "-U", POSTGRES)
        await standby._run("pg_basebackup", "-D", str(folder), *source, "-R", "-c", "fast")
        standby._configure(f"cluster_name = '{folder.name}'")
        await standby.start()
        # Set after the copy, so that the promoted server does not wait for a standby.
        await self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{folder.name}'")
        await self.execute("SELECT pg_reload_conf()")
        await until(self._is_followed, READY_SECONDS)
        return standby

    def url(self, role: str, database: str = DATABASE) -> str:
        """Give the URL by which `role` connects to `database`."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    async def start(self) -> float:
        """Start it, and return the `time.perf_counter` value when it was first ready."""
        await self._control("start", "-W", "-l", str(self.folder / "log"))
        await until(self.is_ready, READY_SECONDS)
        return time.perf_counter()

    async def stop(self, mode: Literal["fast", "immediate"]) -> None:
        """Stop it; with `immediate`, the server aborts as in a crash."""
        await self._control("stop", "-w", "-m", mode)

    def crash(self) -> None:
        """Kill the server's main process (-9); the others notice that, and end."""
        os.kill(self._pid(), signal.SIGKILL)

    async def promote(self) -> float:
        """Promote a standby to primary; return the time when it was writable."""
        await self._control("promote", "-w")
        return time.perf_counter()

    async def remove(self) -> None:
        """Stop it if it runs, and delete its data."""
        if (self.folder / "postmaster.pid").exists():
            with suppress(RuntimeError):
                await self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    async def is_ready(self) -> bool:
        """Check with `pg_isready`, as an operator does."""
        return await self._call("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)) == 0

    async def execute(self, statement: str) -> None:
        """Run a statement as PostgreSQL's superuser."""
        await self.ask(statement)

    async def ask(self, statement: str) -> object:
        """Run a statement as PostgreSQL's superuser, and return its first value."""
        admin = await asyncpg.connect(self.url(POSTGRES, POSTGRES))
        try:
            return await admin.fetchval(statement)
        finally:
            await admin.close()

    async def _is_followed(self) -> bool:
        return await self.ask("SELECT max(sync_state) FROM pg_stat_replication") == "sync"

    def _make_folder(self) -> None:
        give_to_system_user(self.folder)

    def _configure(self, *lines: str) -> None:
        """Append settings; the last value of a setting counts, so a copy has its own port."""
        own = ("listen_addresses = '127.0.0.1'", f"port = {self.port}")
        with (self.folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in (*own, "unix_socket_directories = ''", *lines))

    def _pid(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])

    async def _control(self, *arguments: str) -> None:
        await self._run("pg_ctl", "-D", str(self.folder), *arguments)

    async def _run(self, program: str, *arguments: str) -> None:
        code = await self._call(program, *arguments)
        if code != 0:
            raise RuntimeError(f"{program} {arguments} ended with {code}")

    async def _call(self, name: str, *arguments: str) -> int:
        # The server that pg_ctl starts would keep a pipe open.
        def call() -> int:
            ended = subprocess.run(
                [program(name), *arguments],
                **as_system_user(),
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            return ended.returncode

        # uvloop starts no process as another user.
        return await asyncio.to_thread(call)
