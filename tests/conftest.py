"""One PostgreSQL serves a whole run, and one migrated database each process of it.

Tests are kept apart as practices are: each test makes a practice of its own and runs among the rows
of all the others. The marker `own_database` is for code that looks across practices
(tests/statements.py lists it): such a test gets a database of its own.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.embedded import (
    OWNER,
    SERVICE,
    EmbeddedServer,
    embedded_server,
    ensure_database,
)
from app.database.engine import create_engine
from app.database.migrations import migrate
from app.settings import Settings
from tests.embedded_data import throw_away
from tests.pooler import Pooler, pooled, wanted_program
from tests.statements import INSPECTOR, watch

Isolation = Literal["practice", "database"]

TEMPLATE = "reslot_template"
KEY = "a-signing-key-for-tests-only-0123456789"


# Where the server's data of this run lies. Told to the workers through the environment.
FOLDER = "RESLOT_TESTS_FOLDER"


def pytest_configure(config: pytest.Config) -> None:
    """Look at every statement of this run, and make the folder of its server."""
    watch()
    if not is_worker(config):
        # Not below pytest's own folder: every run of pytest that starts closes that one to other
        # users, and PostgreSQL is another user where the tests run as root.
        folder = Path(mkdtemp(prefix="reslot-tests-"))
        folder.chmod(0o711)
        os.environ[FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder when all workers have left the server."""
    if not is_worker(config):
        throw_away(Path(os.environ[FOLDER]))
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


def is_worker(config: pytest.Config) -> bool:
    """Tell whether this process runs tests for another one, which pytest-xdist has started."""
    return hasattr(config, "workerinput")


@pytest.fixture(autouse=True)
def _every_statement_names_its_practice() -> Iterator[None]:
    """Fail where the application sent one that does not: tests/statements.py."""
    yield
    found = INSPECTOR.take()
    assert not found, "\n".join(found)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """Start the server, or join the one that another worker of this run has started."""
    with embedded_server(Path(os.environ[FOLDER]) / "postgres") as running:
        asyncio.run(_ensure_template(running))
        yield running


async def _ensure_template(server: EmbeddedServer) -> None:
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    try:
        await admin.execute("SELECT pg_advisory_lock(1)")
        if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        # Nothing here has to survive a crash of the machine.
        await admin.execute("ALTER SYSTEM SET fsync = off")
        await admin.execute("SELECT pg_reload_conf()")
        await ensure_database(server, "reslot_draft")
        await migrate(server.url(OWNER, "reslot_draft"), SERVICE)
        await admin.execute(f"ALTER DATABASE reslot_draft RENAME TO {TEMPLATE}")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def front(server: EmbeddedServer) -> Iterator[EmbeddedServer | Pooler]:
    """What the service connects to: the server, or a pgbouncer before it (tests/pooler.py)."""
    program = wanted_program()
    if program is None:
        yield server
        return
    with pooled(program, server) as pooler:
        yield pooler


@asynccontextmanager
async def _cloned(server: EmbeddedServer) -> AsyncIterator[str]:
    """Clone the template, give the clone's name, and drop it in the end."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}")
    yield name
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
async def shared_database(server: EmbeddedServer) -> AsyncIterator[str]:
    """The database that all tests of this process share."""
    async with _cloned(server) as name:
        yield name


@pytest.fixture(scope="session")
async def shared_engine(
    front: EmbeddedServer | Pooler, shared_database: str
) -> AsyncIterator[AsyncEngine]:
    """The service's connections to the shared database, kept from test to test."""
    made = create_engine(front.url(SERVICE, shared_database), pool_size=10)
    yield made
    await made.dispose()


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """Name what keeps this test apart from others."""
    marked = request.node.get_closest_marker("own_database") is not None
    return "database" if marked else "practice"


@pytest.fixture
async def database(
    server: EmbeddedServer, shared_database: str, isolation: Isolation
) -> AsyncIterator[str]:
    """Name the test's database."""
    if isolation == "database":
        async with _cloned(server) as name:
            yield name
    else:
        yield shared_database


@pytest.fixture
def settings(
    server: EmbeddedServer, front: EmbeddedServer | Pooler, database: str, tmp_path: Path
) -> Settings:
    """Settings as an operator would make them, for the test's own database."""
    return Settings(
        _env_file=None,
        database_url=SecretStr(front.url(SERVICE, database)),
        database_owner_url=SecretStr(server.url(OWNER, database)),
        secret_keys=(SecretStr(KEY),),
        public_url="https://reslot.example",
        data_dir=tmp_path,
        mail_from="no-reply@reslot.example",
    )


@pytest.fixture
async def engine(
    settings: Settings, shared_engine: AsyncEngine, isolation: Isolation
) -> AsyncIterator[AsyncEngine]:
    """Connect as the service does: as a role that owns nothing."""
    if isolation == "practice":
        yield shared_engine
        return
    made = create_engine(settings.service_url, pool_size=10)
    yield made
    await made.dispose()


@pytest.fixture
async def owner_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connect as the owner, who migrates."""
    made = create_engine(settings.owner_url, pool_size=2)
    yield made
    await made.dispose()
