"""The cost of row-level security for the hot reads: docs/decisions/0013-row-level-security.md.

`python -m tests.bench.row_level_security` fills a database, copies it, adds policies to the copy,
and runs the same statements on both alternately with the service's role. Compare only ratios within
one run.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import asyncpg

from app.availability.statements import PAGE
from app.database.embedded import (
    OWNER,
    SERVICE,
    EmbeddedServer,
    embedded_server,
    ensure_database,
)
from app.database.engine import connect
from app.database.migrations import migrate
from app.database.statements import Read
from app.sessions.read.queries import _DETAILS
from app.tables.all import metadata
from tests.bench.data import fill

PLAIN, WALLED = "plain", "walled"
SESSIONS = 20_000
TODAY = datetime(2026, 11, 30, tzinfo=UTC)
ROUNDS = 60
SAMPLE = 20  # sessions read in each round
POLICY = "practice_id = current_setting('app.practice')::uuid"

Connection = asyncpg.Connection
Run = Callable[[str, str, Sequence[Any]], Awaitable[list[Any]]]


@dataclass
class Way:
    """One way to run a statement for a practice, with its round trips and the measured seconds."""

    name: str
    trips: int
    run: Run
    seconds: dict[str, list[float]] = field(default_factory=dict)


async def run(server: EmbeddedServer) -> list[str]:
    """Prepare both databases, measure, and return the lines of a table."""
    await prepare(server)
    plain = await open_connection(server.url(SERVICE, PLAIN))
    walled = await open_connection(server.url(SERVICE, WALLED))
    lasting = await open_connection(server.url(SERVICE, WALLED))
    try:
        found = ways(plain, walled, lasting)
        await measure(plain, found)
    finally:
        for connection in (plain, walled, lasting):
            await connection.close()
    return table(found)


async def open_connection(url: str) -> Connection:
    """Connect as the service's pool does."""
    connection = await connect(url)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    return connection


async def prepare(server: EmbeddedServer) -> None:
    """Fill one database, and make a copy with a policy on every table of a practice."""
    await ensure_database(server, PLAIN)
    await migrate(server.url(OWNER, PLAIN), SERVICE)
    await fill(server.url("postgres", PLAIN), SESSIONS, TODAY.date())
    admin = await connect(server.url("postgres", "postgres"))
    await admin.execute(f"CREATE DATABASE {WALLED} TEMPLATE {PLAIN} OWNER {OWNER}")
    await admin.close()
    owner = await connect(server.url(OWNER, WALLED))
    for name, columns in metadata.tables.items():
        if "practice_id" in columns.c:
            await owner.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            await owner.execute(f"CREATE POLICY own ON {name} USING ({POLICY})")
    await owner.close()
    admin = await connect(server.url("postgres", WALLED))
    await admin.execute("VACUUM ANALYZE")
    await admin.close()


def ways(plain: Connection, walled: Connection, lasting: Connection) -> list[Way]:
    """List the ways to run a statement; the current way is first."""

    async def today(_: str, sql: str, values: Sequence[Any]) -> list[Any]:
        return await plain.fetch(sql, *values)

    async def transaction_only(_: str, sql: str, values: Sequence[Any]) -> list[Any]:
        async with plain.transaction():
            return await plain.fetch(sql, *values)

    async def policies(practice: str, sql: str, values: Sequence[Any]) -> list[Any]:
        async with walled.transaction():
            await walled.fetch("SELECT set_config('app.practice', $1, true)", practice)
            return await walled.fetch(sql, *values)

    async def policies_in_one(practice: str, sql: str, values: Sequence[Any]) -> list[Any]:
        # In the service, the id comes from a signed token; here it comes from the database.
        await walled.execute(f"BEGIN; SET LOCAL app.practice = '{practice}'")
        rows = await walled.fetch(sql, *values)
        await walled.execute("COMMIT")
        return rows

    async def policies_alone(practice: str, sql: str, values: Sequence[Any]) -> list[Any]:
        del practice  # set for the whole connection, which is not possible with a pool
        return await lasting.fetch(sql, *values)

    return [
        Way("autocommit, no policies (as it is)", 1, today),
        Way("transaction, no policies", 3, transaction_only),
        Way("transaction, set_config, policies", 4, policies),
        Way("the same, BEGIN and SET LOCAL sent together", 3, policies_in_one),
        Way("autocommit, policies alone", 1, policies_alone),
    ]


async def measure(plain: Connection, found: list[Way]) -> None:
    """Run each statement in all ways alternately, many times, for sessions of one practice."""
    rows = await plain.fetch(
        "SELECT practice_id, client_id, id FROM sessions WHERE status = 'booked'"
        " AND practice_id = (SELECT min(practice_id::text) FROM practices)::uuid LIMIT $1",
        SAMPLE,
    )
    practice = str(rows[0]["practice_id"])
    lasting = found[-1]
    await lasting.run(practice, "SELECT set_config('app.practice', $1, false)", [practice])
    for turn in range(ROUNDS):
        for row in rows:
            for name, read in (("details", _DETAILS), ("availability", PAGE)):
                sql, values = read.for_client.text, arguments(read.for_client, row)
                for way in found[turn % len(found) :] + found[: turn % len(found)]:
                    began = perf_counter()
                    answer = await way.run(practice, sql, values)
                    way.seconds.setdefault(name, []).append(perf_counter() - began)
                    assert len(answer) == 1
                    assert answer[0]["found_id"] == row["id"]


def arguments(read: Read, row: asyncpg.Record) -> tuple[Any, ...]:
    """Return a statement's values for a session, for a month from today."""
    midnight = datetime.combine(TODAY.date(), time(), UTC)
    values = {
        "practice_id": row["practice_id"],
        "client_id": row["client_id"],
        "session_id": row["id"],
        "first_date": (midnight - timedelta(days=9)).date(),
        "last_date": (midnight + timedelta(days=40)).date(),
        "since": midnight - timedelta(days=9),
        "sessions_since": midnight - timedelta(days=12),
        "until": midnight + timedelta(days=40),
    }
    return read.arguments({name: values[name] for name in read.names})


def table(found: list[Way]) -> list[str]:
    """Format the medians in milliseconds, and the ratio of each way to the first."""
    lines = [f"{'':46}{'trips':>6}{'details':>20}{'availability':>20}"]
    for way in found:
        cells = []
        for name in ("details", "availability"):
            now, first = median(way.seconds[name]), median(found[0].seconds[name])
            cells.append(f"{now * 1000:9.2f} ms {now / first:5.2f} x")
        lines.append(f"{way.name:46}{way.trips:>6}" + "".join(f"{cell:>20}" for cell in cells))
    return lines


if __name__ == "__main__":
    with TemporaryDirectory() as made, embedded_server(Path(made) / "postgres") as running:
        sys.stdout.write("\n".join(asyncio.run(run(running))) + "\n")
