"""Every statement of a hot path uses an index, in a database with 20,000 sessions.

The plans are generic: those of prepared statements, for unknown values.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.availability.statements import PAGE
from app.calendar.groups import GROUPS
from app.calendar.locks import (
    _LOCK_GROUPS,
    _LOCK_OF_CLIENT,
    _LOCK_PRACTITIONERS,
    _LOCK_SEATS,
    _LOCK_SESSIONS,
)
from app.configuration.settings import Settings
from app.database.embedded import EmbeddedServer
from app.database.lists import Part
from app.database.statements import CompiledStatement, Read
from app.database.transactions import transact
from app.directory.clients.repository import CLIENT_ROWS
from app.directory.repository import RecordPosition
from app.domain.session import Status
from app.identity.api_keys.keys import Scope, create_key
from app.identity.tokens.access import AccessTokens, Caller
from app.main import create_app
from app.outbox.sweeping import _DUE
from app.sessions.read.calendar import WITH_CALENDAR
from app.sessions.read.client_queries import When, _list_read
from app.sessions.read.queries import _DETAILS
from app.sessions.read.staff_queries import FILTERS, list_statement
from tests.bench.data import crowd, fill, named
from tests.bench.recording import Statement, Target, record
from tests.bench.subjects import HOUR, booked_sessions
from tests.world import NOW, TestClock

pytestmark = [pytest.mark.slow, pytest.mark.own_database]

SESSIONS = 20_000
DAY_BEFORE = NOW.date()
# Tables with many rows. The others hold the few records of a practice and may be scanned.
LARGE = {"sessions", "taken_times", "changes", "notifications"}
READS = {
    "the sweep of notifications": CompiledStatement(_DUE).text,
    "details": _DETAILS.for_client.text,
    "details for staff": _DETAILS.for_staff.text,
    "availability": PAGE.for_client.text,
    "groups for a seat": GROUPS.text,
    "a command's calendar": WITH_CALENDAR.for_client.text,
    "a command's calendar for staff": WITH_CALENDAR.for_staff.text,
    "the lock of a session": _LOCK_OF_CLIENT.text,
    "the lock of practitioners": _LOCK_PRACTITIONERS.text,
    "the lock of groups": _LOCK_GROUPS.text,
    "the lock of sessions": _LOCK_SESSIONS.text,
    "the lock of seats": _LOCK_SEATS.text,
    **{
        f"list of {when}{', continued' if continued else ''}": _list_read(
            when, continued=continued
        ).text
        for when in When
        for continued in (False, True)
    },
}


@pytest.fixture
async def full(server: EmbeddedServer, database: str, engine: AsyncEngine) -> AsyncEngine:
    """The test's own database, with 20,000 sessions of one practice."""
    await fill(server.url("postgres", database), SESSIONS, DAY_BEFORE)
    return engine


async def plan(engine: AsyncEngine, text: str, *, without_scans: bool = False) -> list[Any]:
    """Return the nodes of a prepared statement's generic plan."""
    count = max(map(int, re.findall(r"\$(\d+)", text)))
    async with engine.connect() as db:
        if without_scans:
            await db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        await db.exec_driver_sql(f"PREPARE asked AS {text}")
        values = ", ".join(["NULL"] * count)
        told = await db.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE asked({values})")
        found = told.scalar_one()
        await db.exec_driver_sql("DEALLOCATE asked")
    whole = json.loads(found) if isinstance(found, str) else found
    return list(nodes(whole[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)


def scanned(found: list[Any]) -> set[str]:
    """Name the tables that a plan scans sequentially."""
    return {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}


async def test_reads_use_an_index(full: AsyncEngine, subtests: pytest.Subtests) -> None:
    for name, text in READS.items():
        with subtests.test(name):
            assert not scanned(await plan(full, text)) & LARGE
            assert not scanned(await plan(full, text, without_scans=True)), "there is no index"


ONE = UUID(int=1)
STAFF_LISTS: dict[str, dict[str, Any]] = {
    "all": {},
    "of a practitioner": {"practitioner": ONE},
    "of a client": {"client": ONE},
    "of a service": {"service": ONE},
    "at a location": {"location": ONE},
    "by all filters": dict.fromkeys(FILTERS, ONE)
    | {"status": Status.BOOKED, "since": NOW, "until": NOW},
}


@pytest.mark.parametrize("latest_first", [False, True])
async def test_lists_for_staff_use_an_index(
    full: AsyncEngine,
    subtests: pytest.Subtests,
    latest_first: bool,  # noqa: FBT001
) -> None:
    """None reads the sessions of all practices. Sessions at a location have their own index."""
    for name, filters in STAFF_LISTS.items():
        with subtests.test(name):
            statement = list_statement(Part(filters, None, 21), latest_first=latest_first)
            found = await plan(full, Read(statement).text)
            assert not scanned(found) & LARGE
            used = {node.get("Index Name", "") for node in found}
            assert any(index.startswith("ix_sessions_") for index in used)
            if name == "at a location":
                assert "ix_sessions_practice_id_location_id_starts_at_id" in used


async def test_clients_are_searched_along_the_index_of_names(full: AsyncEngine) -> None:
    """No index has parts of names, but the scan ends with a full page and skips other practices."""
    async with full.begin() as db:
        await db.exec_driver_sql(
            "INSERT INTO clients (practice_id, id, name, email, time_zone, locale,"
            " token_generation, address_generation)"
            " SELECT practice_id, gen_random_uuid(), 'Client ' || number, 'c@client.example',"
            " 'Europe/Paris', 'fr-FR', 0, 0"
            " FROM practices, generate_series(1, 20000) AS number"
        )
        await db.exec_driver_sql("ANALYZE clients")
    page = CLIENT_ROWS.list_statement(Part({"name": "ruiz"}, RecordPosition(ONE), 21))
    found = await plan(full, Read(page).text)
    assert "clients" not in scanned(found)
    assert "Sort" not in {node["Node Type"] for node in found}
    assert "ix_clients_practice_id_name_id" in {node.get("Index Name") for node in found}


async def test_taken_time_is_found_by_its_own_index(
    full: AsyncEngine, subtests: pytest.Subtests
) -> None:
    """Not by an index of sessions, which also holds cancelled ones."""
    for name in ("availability", "a command's calendar"):
        with subtests.test(name):
            used = {node.get("Index Name") for node in await plan(full, READS[name])}
            assert "ix_taken_times_practice_id_practitioner_id_starts_at" in used


async def executed(engine: AsyncEngine, statement: Statement) -> Iterator[dict[str, Any]]:
    """Run a prepared statement with its generic plan, and give the nodes of what was done."""
    async with engine.connect() as db:
        await db.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        await db.exec_driver_sql(f"PREPARE asked AS {statement.text}")
        values = ", ".join([literal(value) for value in statement.parameters])
        told = await db.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({values})")
        found = told.scalar_one()
        await db.exec_driver_sql("DEALLOCATE asked")
    whole = json.loads(found) if isinstance(found, str) else found
    return nodes(whole[0]["Plan"])


def rows_of(node: dict[str, Any]) -> float:
    """Give how many rows a node has read, also of those that it left out."""
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return float(node["Actual Loops"] * rows)


async def rows_read(engine: AsyncEngine, statement: Statement) -> float:
    """Count what a statement reads of large tables."""
    done = await executed(engine, statement)
    return sum(rows_of(node) for node in done if node.get("Relation Name") in LARGE)


def reads_taken_time(text: str) -> bool:
    return re.search(r"FROM\s+taken_times", text) is not None and not re.search(
        r"\b(INSERT|DELETE|SET)\b", text
    )


def literal(value: Any) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


async def test_a_practitioner_with_100000_sessions_is_read_as_quickly(
    client: tuple[Any, AsyncClient],
    server: EmbeddedServer,
    database: str,
    settings: Settings,
) -> None:
    """What is read is around the range of dates, however much there is before and after it."""
    app, http = client
    admin_url = server.url("postgres", database)
    crowded, other = (await booked_sessions(admin_url))[:2]
    assert crowded.practitioner_id != other.practitioner_id
    await crowd(admin_url, crowded.session_id, DAY_BEFORE)
    read = []
    for one in (crowded, other):
        token = AccessTokens(settings.keys).sign(
            Caller(named("practice", 0), one.client_id, 0), NOW + 24 * HOUR
        )
        move = {
            "start": (one.base + HOUR).isoformat(),
            "format": "video",
            "reason": {"note": "A meeting."},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
        path = f"/v1/sessions/{one.session_id}"
        requests = (
            (
                app.state.read_engine,
                http.build_request("GET", f"{path}/availability", headers=headers),
            ),
            (
                app.state.engine,
                http.build_request("POST", f"{path}/reschedule", headers=headers, json=move),
            ),
        )
        target = Target(one.session_id, one.client_id, one.practitioner_id, "none", one.base)
        sent = []
        for engine, asked in requests:
            made = await record(engine, target, lambda asked=asked: http.send(asked))  # type: ignore[misc]
            sent += [each for each in made.statements if reads_taken_time(each.text)]
        read.append([await rows_read(app.state.engine, each) for each in sent])
    assert len(read[1]) > 1, "availability and the move read it"
    assert read[0] == read[1]


async def test_a_sequential_scan_is_detected(full: AsyncEngine) -> None:
    assert scanned(await plan(full, "SELECT id FROM sessions WHERE version = $1")) & LARGE


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[Any, AsyncClient]]:
    """Serve the API within this process; give the application, and who calls it."""
    app = create_app(settings, clock=TestClock())
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://reslot.example") as http,
    ):
        yield app, http


@pytest.fixture
async def client(full: AsyncEngine, settings: Settings) -> AsyncIterator[tuple[Any, AsyncClient]]:
    del full
    async with served(settings) as both:
        yield both


async def test_commands_use_an_index(
    client: tuple[Any, AsyncClient],
    server: EmbeddedServer,
    database: str,
    settings: Settings,
    subtests: pytest.Subtests,
) -> None:
    app, http = client
    one = (await booked_sessions(server.url("postgres", database)))[0]
    token = AccessTokens(settings.keys).sign(
        Caller(named("practice", 0), one.client_id, 0), NOW + 24 * HOUR
    )
    _, staff = await transact(
        app.state.engine,
        lambda db: create_key(
            db, named("practice", 0), "Desk", Scope.WRITE, actor=OPERATOR, now=NOW
        ),
    )
    move: dict[str, Any] = {"start": (one.base + HOUR).isoformat(), "format": "video"}
    back = {"start": one.base.isoformat(), "format": "video", "force": True, "charge_fee": False}
    commands: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("/v1/sessions", "reschedule", token, move),
        ("/v1/practice/sessions", "reschedule", staff, back),
        ("/v1/sessions", "cancel", token, {}),
    )
    for folder, command, bearer, body in commands:
        key = uuid4().hex
        headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": key}
        made = await record(
            app.state.engine,
            Target(one.session_id, one.client_id, one.practitioner_id, key, one.base),
            lambda path=f"{folder}/{one.session_id}/{command}", body=body, headers=headers: (  # type: ignore[misc]
                http.post(path, json={**body, "reason": {"note": "A meeting."}}, headers=headers)
            ),
        )
        for statement in made.statements:
            if "pgqueuer" in statement.text:  # the job library's
                continue
            with subtests.test(f"{folder} {command}: {statement.text[:60]}"):
                assert not scanned(await plan(app.state.engine, statement.text)) & LARGE
                found = await plan(app.state.engine, statement.text, without_scans=True)
                assert not scanned(found), "there is no index"
