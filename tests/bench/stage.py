"""Starts everything that is measured: databases of two sizes, servers on each, and the floor."""

import asyncio
import os
import pickle
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import uvloop
from httpx import ASGITransport, AsyncClient, TransportError
from pydantic import SecretStr

from app.configuration.settings import Settings
from app.database.embedded import (
    OWNER,
    SERVICE,
    EmbeddedServer,
    embedded_server,
    ensure_database,
)
from app.database.migrations import migrate
from app.main import create_app
from tests.bench import floor
from tests.bench.data import fill
from tests.bench.recording import Recording, Target, record
from tests.bench.subjects import KEY, PRACTICE, Booked, Subject, booked_sessions, token_for
from tests.drills.service import Service
from tests.ports import free_port

SMALL, LARGE = 1_000, 1_000_000
HOUR = timedelta(hours=1)


# A cancelled session takes no time; a session that is booked again takes its time (decision 30).
BOOK_AGAIN = """
    WITH booked AS (
      UPDATE sessions SET status = 'booked', taken_until = ends_at WHERE {where} RETURNING *
    )
    INSERT INTO taken_times (practice_id, id, session_id, practitioner_id, starts_at, ends_at,
                             buffer_before_minutes, buffer_after_minutes, counts, span_before,
                             span_after)
    SELECT practice_id, id, id, practitioner_id, starts_at, ends_at,
           buffer_before_minutes, buffer_after_minutes, true,
           tstzrange(starts_at - make_interval(mins => buffer_before_minutes), ends_at),
           tstzrange(starts_at, ends_at + make_interval(mins => buffer_after_minutes))
      FROM booked
"""

# Eight live holds for each of the 25 practitioners, at the hour after one of their sessions.
HOLD = """
    INSERT INTO held_times (practice_id, id, practitioner_id, client_id, session_id, starts_at,
                            ends_at, buffer_before_minutes, buffer_after_minutes, format, held_by,
                            first_held_at, expires_at, new_since, new_count,
                            span_before, span_after)
    SELECT practice_id, id, practitioner_id, client_id, id, starts_at + interval '1 hour',
           ends_at + interval '1 hour', 0, 10, 'video', 'client',
           now(), now() + interval '1 day', now(), 1,
           tstzrange(starts_at + interval '1 hour', ends_at + interval '1 hour'),
           tstzrange(starts_at + interval '1 hour', ends_at + interval '70 minutes')
      FROM (
        SELECT sessions.*, row_number() OVER (PARTITION BY practitioner_id ORDER BY starts_at) AS n
          FROM sessions WHERE practice_id = $1 AND status = 'booked'
      ) AS booked WHERE n <= 8
"""


@dataclass(frozen=True, slots=True)
class SmallStage:
    """The service with 1,000 sessions, alone. `database` is its name."""

    service: Service
    server: EmbeddedServer
    folder: Path
    database: str = "bench_small"

    @property
    def service_url(self) -> str:
        """Return the address of the database for the service's role."""
        return self.server.url(SERVICE, self.database)

    @property
    def admin_url(self) -> str:
        """Return the address of the database for a superuser."""
        return self.server.url("postgres", self.database)


@dataclass(frozen=True, slots=True)
class Stage:
    """What can be measured. `floor` and `small` use the same database."""

    floor: Subject
    small: Subject
    large: Subject
    services: dict[str, Service]
    sessions: list[Booked]
    recordings: dict[str, Recording]
    server: EmbeddedServer
    folder: Path

    @property
    def alone(self) -> SmallStage:
        """Give what measurements need that use only the small database."""
        return SmallStage(self.services["small"], self.server, self.folder)

    def url(self, role: str, size: str) -> str:
        """Return the address of the database of this size for a role."""
        return self.server.url(role, f"bench_{size}")

    async def book_again(self) -> None:
        """Restore the status that every session had before it was cancelled."""
        for size in ("small", "large"):
            db = await self._connect(size)
            await db.execute(BOOK_AGAIN.format(where="status = 'cancelled'"))
            await db.close()

    async def hold(self) -> None:
        """Hold 200 times in the small database, in place of all that are held."""
        await self.release()
        db = await self._connect("small")
        await db.execute(HOLD, PRACTICE)
        await db.close()

    async def release(self) -> None:
        """Hold nothing in the small database."""
        db = await self._connect("small")
        await db.execute("TRUNCATE held_times")
        await db.close()

    async def _connect(self, size: str) -> asyncpg.Connection:
        return await asyncpg.connect(self.url("postgres", size))


@asynccontextmanager
async def small_stage(server: EmbeddedServer, folder: Path) -> AsyncIterator[SmallStage]:
    """Fill the small database and start a service, for what needs nothing else."""
    await make_database(server, "bench_small", SMALL)
    service = service_on(server, "small", folder)
    try:
        await service.start()
        yield SmallStage(service, server, folder)
    finally:
        await service.stop()


def service_on(server: EmbeddedServer, size: str, folder: Path) -> Service:
    """Create a service with two server processes on a database; it is not started."""
    (folder / size).mkdir()
    url = server.url(SERVICE, f"bench_{size}")
    return Service({"DATABASE_URL": url, "SECRET_KEYS": KEY}, folder / size)


def print_all(show: Callable[[EmbeddedServer, Path], AsyncIterator[object]]) -> None:
    """Start a database server, and print each line at once."""

    async def run(server: EmbeddedServer, folder: Path) -> None:
        async for line in show(server, folder):
            print(line, flush=True)  # noqa: T201 - that is what it is for

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with embedded_server(folder / "postgres") as server:
            uvloop.run(run(server, folder))


async def make_database(server: EmbeddedServer, name: str, sessions: int) -> None:
    """Migrate a database and fill it with sessions before and after today."""
    await ensure_database(server, name)
    await migrate(server.url(OWNER, name), SERVICE)
    today = datetime.now(UTC).date()  # noqa: TID251 - real servers are asked
    await fill(server.url("postgres", name), sessions, today)


@asynccontextmanager
async def stage(server: EmbeddedServer, folder: Path, large: int) -> AsyncIterator[Stage]:
    """Fill the databases, record the commands, start the servers."""
    await make_database(server, "bench_small", SMALL)
    await make_database(server, "bench_large", large)
    sessions = await booked_sessions(server.url("postgres", "bench_small"))
    large_sessions = await booked_sessions(server.url("postgres", "bench_large"))
    recordings = await record_commands(server, folder, sessions[0])
    (folder / "recordings").write_bytes(pickle.dumps(recordings))
    services = {name: service_on(server, name, folder) for name in ("small", "large")}
    async with _floor(server.url(SERVICE, "bench_small"), folder) as port:
        try:
            for service in services.values():
                await service.start()
            yield Stage(
                floor=Subject(port, sessions),
                small=Subject(services["small"].port, sessions),
                large=Subject(services["large"].port, large_sessions),
                services=services,
                sessions=sessions,
                recordings=recordings,
                server=server,
                folder=folder,
            )
        finally:
            for service in services.values():
                await service.stop()


async def record_commands(
    server: EmbeddedServer, folder: Path, one: Booked
) -> dict[str, Recording]:
    """Record a move of a session, the move back, and its cancellation; then restore the session."""
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(server.url(SERVICE, "bench_small")),
        secret_keys=(SecretStr(KEY),),
        data_dir=folder,
        log_level="WARNING",
    )
    app = create_app(settings)
    reason = {"note": "A meeting was put on this hour."}
    commands = {
        "away": ("reschedule", {"start": (one.base + HOUR).isoformat(), "format": "video"}),
        "back": ("reschedule", {"start": one.base.isoformat(), "format": "video"}),
        "cancel": ("cancel", {}),
    }
    made = {}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://bench.test") as http,
    ):
        for name, (command, body) in commands.items():
            key = f"recorded-{name}"
            headers = {
                "Authorization": f"Bearer {token_for(one.client_id)}",
                "Idempotency-Key": key,
            }
            path = f"/v1/sessions/{one.session_id}/{command}"
            target = Target(one.session_id, one.client_id, one.practitioner_id, key, one.base)
            made[name] = await record(
                app.state.engine,
                target,
                lambda path=path, body=body, headers=headers: http.post(  # type: ignore[misc]
                    path, json={**body, "reason": reason}, headers=headers
                ),
            )
    db = await asyncpg.connect(server.url("postgres", "bench_small"))
    await db.execute(BOOK_AGAIN.format(where="id = $1"), one.session_id)
    await db.close()
    return made


@asynccontextmanager
async def _floor(url: str, folder: Path) -> AsyncIterator[int]:
    port = free_port()
    environment = {
        **os.environ,
        floor.DATABASE: url,
        floor.PORT: str(port),
        floor.RECORDINGS: str(folder / "recordings"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.floor", env=environment
    )
    try:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}") as http, asyncio.timeout(60):
            while not await _answers(http):  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _answers(http: AsyncClient) -> bool:
    with suppress(TransportError):
        return (await http.get("/docs")).is_success
    return False
