"""A pgbouncer in front of the tests' server, if the environment asks for one.

`RESLOT_TEST_PGBOUNCER` names the program; `1` means the installed one. The service then connects
through pgbouncer with transaction pooling. The owner always connects to the server directly.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.database.embedded import SERVICE, EmbeddedServer
from app.database.engine import SERVICE_SETTINGS, driver_url
from app.database.programs import SYSTEM_USER

PORT = 6432
POLLS, POLL_SECONDS = 200, 0.05


@dataclass(frozen=True, slots=True)
class Pooler:
    """A running pgbouncer. Like the server behind it, it listens on a Unix socket."""

    folder: Path

    def url(self, role: str, database: str) -> str:
        """Return a URL of `database` for `role` that works with any version of pgbouncer."""
        address = f"postgresql://{role}@/{database}?host={self.folder}&port={PORT}"
        return f"{address}&statement_cache_size=0"


def wanted_program() -> str | None:
    """Find the pgbouncer that the environment asks for; None: connect to the server directly."""
    named = os.environ.get("RESLOT_TEST_PGBOUNCER", "")
    return installed_program() if named == "1" else named or None


def installed_program() -> str | None:
    """Find pgbouncer. Debian installs it in a folder that is only in root's PATH."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooled(program: str, server: EmbeddedServer) -> Iterator[Pooler]:
    """Run pgbouncer in front of `server`, with few connections for many clients."""
    # Not below pytest's folder: a socket's path must be short, and another user must have access.
    with tempfile.TemporaryDirectory(prefix="reslot-pooler-") as name:
        folder = Path(name)
        asyncio.run(_bound(server))
        process = subprocess.Popen([program, "-q", str(_configured(folder, server))])
        try:
            asyncio.run(_until_it_answers(Pooler(folder), process))
            yield Pooler(folder)
        finally:
            process.terminate()
            process.wait()


async def _bound(server: EmbeddedServer) -> None:
    """Give the role, in all databases, the settings that `reslot migrate` gives it in one."""
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    for setting, value in SERVICE_SETTINGS.items():
        await admin.execute(f"ALTER ROLE {SERVICE} SET {setting} = '{value}'")
    await admin.close()


def _configured(folder: Path, server: EmbeddedServer) -> Path:
    is_root = os.geteuid() == 0
    lines = [
        "[databases]",
        f"* = host={server.socket_folder}",
        "[pgbouncer]",
        "listen_addr =",
        f"unix_socket_dir = {folder}",
        f"listen_port = {PORT}",
        "auth_type = trust",
        f"auth_file = {folder}/users.txt",
        "pool_mode = transaction",
        # Fewer than a server process has in total, so that transactions share connections.
        # More than it has for commands, so that waiting commands leave some for reads.
        "default_pool_size = 12",
        "query_wait_timeout = 3",
        "max_client_conn = 1000",
        f"logfile = {folder}/pgbouncer.log",
        f"user = {SYSTEM_USER}" if is_root else "",
    ]
    (folder / "users.txt").write_text(f'"{SERVICE}" ""\n')
    (folder / "pgbouncer.ini").write_text("\n".join(lines))
    if is_root:
        shutil.chown(folder, SYSTEM_USER)
    return folder / "pgbouncer.ini"


async def _until_it_answers(pooler: Pooler, process: subprocess.Popen[bytes]) -> None:
    url = driver_url(pooler.url(SERVICE, "reslot")).replace("&statement_cache_size=0", "")
    for _ in range(POLLS):
        assert process.poll() is None, (pooler.folder / "pgbouncer.log").read_text()
        try:
            db = await asyncpg.connect(url, statement_cache_size=0)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            await db.close()
            return
    raise TimeoutError
