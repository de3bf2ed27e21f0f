"""Reslot on a Citus cluster that is given in CITUS_URLS (tests/citus.py, docs/how-to/scale-out.md).

Two drills stop a node. They need the commands that do it, run by a shell, in which `{node}` stands
for the number of the node in CITUS_URLS: CITUS_STOP, which must not let the node write anything
more (`pg_ctl -m immediate stop`), and CITUS_START, which returns when the node answers.

One drill deletes all rows of the database. It needs CITUS_SUPERUSER.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from pydantic import SecretStr
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.distribution import distributing_new_tables
from app.database.embedded import OWNER, SERVICE
from app.database.engine import connect, create_engine
from app.database.statements import SentStatement, watch_driver
from app.database.transactions import transact
from app.outbox.queue import notification_wake
from app.outbox.sweeping import sweep_notifications
from app.tables.notifications import Notification
from app.tables.sessions import Session
from tests.binding import read_statement
from tests.citus import ENTRANCE, SUPERUSER, Cluster, given_cluster
from tests.drills.report import Row
from tests.drills.subrun import run_tests
from tests.fixtures.database import KEY
from tests.pictures import picture, upload
from tests.transfer import EXPORT
from tests.transfer import send as send_import
from tests.world import NOW, REASON, Api, TestClock, World, serve

CLUSTER = given_cluster()
pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CLUSTER is None, reason="no Citus cluster is given in CITUS_URLS"),
]
STOP, START = "CITUS_STOP", "CITUS_START"
needs_commands = pytest.mark.skipif(
    not {STOP, START} <= os.environ.keys(),
    reason="how to stop and start a node is not given in CITUS_STOP and CITUS_START",
)
SELECTED = (
    "tests/api/test_cancel.py",
    "tests/api/test_holds.py",
    "tests/api/test_reschedule.py",
    "tests/api/test_availability.py",
    "tests/api/test_feeds.py",
    "tests/api/test_own_sign_in.py",
    "tests/api/practice/test_client_texts.py",
    "tests/api/practice/test_erasure.py",
    "tests/api/practice/test_export.py",
    "tests/api/practice/test_import_of_records.py",
    "tests/api/practice/test_pictures.py",
    "tests/api/practice/test_sessions_of_staff.py",
    "tests/notifications/test_finish_all.py",
    "tests/texting/test_sending.py",
    "tests/texting/test_short_links.py",
)
# Code that looks across practices: the worker, and what a text message or an address says alone.
SELECTED_ALONE = (
    "tests/database/test_binding.py",
    "tests/database/test_retention.py",
    "tests/api/test_sign_in.py",
    "tests/notifications/test_delivery.py",
    "tests/notifications/test_worker.py",
    "tests/texting/test_incoming.py",
)
# Tests of an empty database, or with a database of their own, cannot share the cluster's.
SHARED = "not alone and not own_database and not slow and not brief and not drill"
ALONE = "not own_database and not slow and not brief and not drill"
CROWD = 40
SWEEPS = 5
DAY = timedelta(days=1)
ATTEMPTS = 5


@pytest.fixture
def cluster() -> Cluster:
    assert CLUSTER is not None
    return CLUSTER


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Settings:
    """The settings of a server that enters at the coordinator."""
    return Settings(
        _env_file=None,
        database_url=SecretStr(cluster.node_url(0, SERVICE)),
        database_owner_url=SecretStr(cluster.node_url(0, OWNER)),
        secret_keys=(SecretStr(KEY),),
        public_url="https://reslot.example",
        data_dir=tmp_path,
        mail_from="no-reply@reslot.example",
    )


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    made = create_engine(settings.service_url, pool_size=10)
    yield made
    await made.dispose()


@pytest.mark.parametrize("entrance", ["coordinator", "worker"])
async def test_the_suite_passes_at_each_entrance(
    cluster: Cluster, tmp_path: Path, entrance: str, tell: Callable[[Row], None]
) -> None:
    node = 0 if entrance == "coordinator" else len(cluster.nodes) - 1
    found = await run_tests(tmp_path, *SELECTED, workers=1, marked=SHARED, **{ENTRANCE: str(node)})
    assert found.is_good, found.said
    tell(Row(f"suite on a cluster, {entrance}", f"{found.passed} tests", "none", 0, 0, 0))


@pytest.mark.skipif(SUPERUSER not in os.environ, reason="nobody may delete the cluster's rows")
async def test_code_across_practices_passes(tmp_path: Path, tell: Callable[[Row], None]) -> None:
    """At the coordinator, where workers connect. It deletes all rows of the cluster's database."""
    environment = {ENTRANCE: "0"}
    found = await run_tests(tmp_path, *SELECTED_ALONE, workers=1, marked=ALONE, **environment)
    assert found.is_good, found.said
    tell(Row("across practices on a cluster", f"{found.passed} tests", "none", 0, 0, 0))


async def sent_in_a_day(settings: Settings, engine: AsyncEngine) -> list[tuple[str, Sequence[Any]]]:
    """Let a practice work for a while, and return the statements that were sent."""
    sent: list[tuple[str, Sequence[Any]]] = []

    def note(_: object, __: object, statement: str, values: Any, ___: object, many: bool) -> None:  # noqa: FBT001
        sent.append((statement, values[0] if many else values))

    def watch(one: SentStatement) -> nullcontext[None]:
        sent.append((one.text, one.values[0] if one.many else one.values))
        return nullcontext()

    world = await World(engine, settings).build()
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    ends = watch_driver(engine, watch)
    try:
        sessions = [await world.book_in_full(NOW + n * DAY) for n in (5, 6)]
        async with serve(settings, TestClock(), engine) as stranger:
            api = stranger.signed_in(world.token())
            staff = stranger.signed_in(await world.key())
            await work(api, staff, sessions)
            await work_on_records(world, stranger, api, staff)
    finally:
        ends()
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    return sent


async def work(api: Api, staff: Api, sessions: Sequence[UUID]) -> None:
    """Read, hold, move, cancel and undo."""
    first, second = (f"/v1/sessions/{session_id}" for session_id in sessions)
    slots = await api.get(f"{first}/availability", format="in_person")
    assert slots.status_code == 200, slots.text
    start = next(slot["start"] for day in slots.json()["days"] for slot in day["slots"])
    to = {"start": start, "format": "in_person"}
    for answer in (
        await api.get("/v1/sessions"),
        await api.get(first),
        await api.put(f"{first}/hold", to),
        await api.post(f"{first}/reschedule", to | {"reason": REASON}),
        await api.post(f"{second}/cancel", {"reason": REASON}),
        await api.post(f"{second}/undo", None),
        await staff.get("/v1/practice/sessions"),
        await staff.get("/v1/practice/changes"),
    ):
        assert answer.is_success, answer.text


async def work_on_records(world: World, stranger: Api, api: Api, staff: Api) -> None:
    """Make and read feeds, upload pictures, export and import, hand over and erase a client."""
    me, client = "/v1/practice/practitioners", f"/v1/practice/clients/{world.client_id}"
    feed = await api.post("/v1/feeds", None)
    label = {"names": "full", "label": "Front desk"}
    other = await staff.post(f"{me}/{world.practitioner_id}/feeds", label)
    own = {"issuer": "https://login.example", "audience": str(world.practice_id), "match": "email"}
    texts = {"phone": "+12125550188", "texts": "all", "texts_agreed_at": NOW.isoformat()}
    everything = await staff.get(EXPORT)
    for answer in (
        feed,
        other,
        *[await stranger.get(urlsplit(made.json()["url"]).path) for made in (feed, other)],
        await upload(staff, "/v1/practice/logo", picture()),
        await upload(staff, f"{me}/{world.practitioner_id}/photo", picture()),
        await staff.put("/v1/practice/sign-in", own),
        await staff.patch(client, texts),
        everything,
        await send_import(staff, everything.content),
        await staff.post(f"{client}/export", None),
        await staff.post(f"{client}/erase", {"reason": REASON, "force": True}),
    ):
        assert answer.is_success, answer.text


async def test_every_statement_of_a_practice_is_one_task(
    settings: Settings, engine: AsyncEngine, tell: Callable[[Row], None]
) -> None:
    sent = await sent_in_a_day(settings, engine)
    statements = {
        statement: values
        for statement, values in sent
        # What looks across practices asks all shards.
        if explains(statement) and not read_statement(statement).indirect
    }
    db = await connect(settings.service_url)
    try:
        plans = {
            statement: [row[0] for row in await db.fetch(f"EXPLAIN {statement}", *values)]
            for statement, values in statements.items()
        }
    finally:
        await db.close()
    tasks = {
        statement: {int(count) for count in re.findall(r"Task Count: (\d+)", "\n".join(plan))}
        for statement, plan in plans.items()
    }
    assert {found for counts in tasks.values() for found in counts} == {1}
    distributed = sum(bool(counts) for counts in tasks.values())
    assert distributed > 120
    tell(Row("one task for each statement", f"{distributed} statements", "none", 0, 0, 0))


def explains(statement: str) -> bool:
    """Tell whether EXPLAIN takes a statement."""
    return statement.lstrip().split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}


async def run(command: str, node: int) -> None:
    """Run one of the commands that were given."""
    process = await asyncio.create_subprocess_shell(
        os.environ[command].replace("{node}", str(node)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0, command


@asynccontextmanager
async def stopped(node: int) -> AsyncIterator[None]:
    """Stop a node, and start it again."""
    await run(STOP, node)
    try:
        yield
    finally:
        await run(START, node)


async def node_of(cluster: Cluster, practice_id: UUID) -> int:
    """Return the number of the node that has the rows of a practice."""
    db = await asyncpg.connect(cluster.node_url(0, OWNER))
    found = await db.fetchrow(
        "SELECT nodename, nodeport FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
        " WHERE shardid = get_shard_id_for_distribution_column('practices', CAST($1 AS uuid))",
        practice_id,
    )
    await db.close()
    assert found is not None
    return next(n for n, url in enumerate(cluster.nodes) if "{}:{}/".format(*found) in url)


@needs_commands
async def test_a_stopped_worker_stops_its_practices_and_no_others(
    cluster: Cluster, settings: Settings, engine: AsyncEngine, tell: Callable[[Row], None]
) -> None:
    worlds: dict[int, World] = {}
    while len(worlds) < 2:
        world = await World(engine, settings).build()
        worlds.setdefault(await node_of(cluster, world.practice_id), world)
    lost, kept = sorted(worlds, reverse=True)[:2]
    sessions = {n: await world.book(NOW + DAY) for n, world in worlds.items()}

    async with serve(settings, TestClock(), engine) as stranger:

        async def statuses() -> dict[int, int]:
            found = {}
            for n in (lost, kept):
                api = stranger.signed_in(worlds[n].token())
                found[n] = (await api.get(f"/v1/sessions/{sessions[n]}")).status_code
            return found

        assert await statuses() == {lost: 200, kept: 200}
        async with stopped(lost):
            assert await statuses() == {lost: 503, kept: 200}
            # Ready means: this server reaches its entrance, which has the schema.
            assert (await stranger.get("/readyz")).status_code == 200
        assert await statuses() == {lost: 200, kept: 200}
    tell(Row("worker node stopped", "2 practices", f"node {lost} stopped", 0, 0, 0))


@needs_commands
async def test_what_the_queue_loses_the_sweep_finds(
    settings: Settings, tell: Callable[[Row], None]
) -> None:
    """The coordinator is killed after commits of shards, and before it has written its own.

    Its connections do not wait for the disk here (`synchronous_commit`). So what it committed last
    is lost in the crash, although the shards have committed.
    """
    for _ in range(ATTEMPTS):
        world, told = await cancelled_until_killed(settings, synchronous_commit="off")
        engine = create_engine(settings.service_url, pool_size=4)
        world.engine = engine
        try:
            cancelled = {row.id for row in await world.rows(Session, status="cancelled")}
            assert told <= cancelled
            stranded = await without_wake(world)
            for _ in range(SWEEPS):
                await transact(engine, lambda db: sweep_notifications(db, NOW))
            assert await without_wake(world) == set()
        finally:
            await engine.dispose()
        if stranded:
            tell(
                Row(
                    drill="coordinator killed between commits",
                    load=f"{CROWD} cancellations",
                    faults=f"killed; {len(stranded)} notifications lost their job",
                    acknowledged=len(told),
                    lost=0,
                    doubled=0,
                )
            )
            return
    pytest.fail("the queue lost nothing in any attempt")


@needs_commands
async def test_the_queue_loses_nothing_if_the_coordinator_waits_for_the_disk(
    settings: Settings, tell: Callable[[Row], None]
) -> None:
    """The default: the commits of shard and queue are one, by two-phase commit."""
    world, told = await cancelled_until_killed(settings, synchronous_commit="on")
    world.engine = create_engine(settings.service_url, pool_size=4)
    try:
        cancelled = {row.id for row in await world.rows(Session, status="cancelled")}
        assert told <= cancelled
        assert await without_wake(world) == set()
    finally:
        await world.engine.dispose()
    tell(Row("coordinator killed", f"{CROWD} cancellations", "killed", len(told), 0, 0))


async def cancelled_until_killed(
    settings: Settings, *, synchronous_commit: str
) -> tuple[World, set[UUID]]:
    """Cancel sessions until the coordinator is killed, and start it again.

    Gives the sessions whose cancellation was answered.
    """
    url = f"{settings.service_url}?synchronous_commit={synchronous_commit}"
    engine = create_engine(url, pool_size=10)
    world = await World(engine, settings).build()
    sessions = [await world.book(NOW + (10 + n) * DAY) for n in range(CROWD)]
    async with serve(settings, TestClock(), engine) as stranger:
        api = stranger.signed_in(world.token())

        async def cancel(session_id: UUID) -> UUID | None:
            answer = await api.post(f"/v1/sessions/{session_id}/cancel", {"reason": REASON})
            return session_id if answer.status_code == 200 else None

        cancelling = [asyncio.create_task(cancel(session_id)) for session_id in sessions]
        await asyncio.wait(cancelling, return_when=asyncio.FIRST_COMPLETED)
        await run(STOP, 0)
        told = set(await asyncio.gather(*cancelling)) - {None}
    await engine.dispose()
    await run(START, 0)
    return world, {session_id for session_id in told if session_id}


async def without_wake(world: World) -> set[UUID]:
    """Give the notifications of a practice that are due, and for which the queue has no job."""
    due = [row for row in await world.rows(Notification, status="pending") if row.attempt_at <= NOW]
    async with world.engine.connect() as db:
        waiting = set(
            await db.scalars(
                text("SELECT dedupe_key FROM pgqueuer WHERE status IN ('queued', 'picked')")
            )
        )
    return {
        row.id
        for row in due
        if notification_wake(
            row.practice_id, row.id, row.channel, row.recipient, row.kind, row.attempt_at
        ).key
        not in waiting
    }


async def test_a_later_migration_distributes_its_table_and_keeps_the_rows(
    settings: Settings, engine: AsyncEngine, tell: Callable[[Row], None]
) -> None:
    """With a new table that refers to clients, and a new column of sessions, which have rows."""
    world = await World(engine, settings).build()
    session_id = await world.book(NOW + DAY)
    owner = create_engine(settings.owner_url, pool_size=1, bounded=False)
    try:
        async with owner.begin() as db:
            await db.run_sync(migrate_further)
        async with owner.begin() as db:
            values = {"practice": world.practice_id, "client": world.client_id}
            await db.execute(text("INSERT INTO pets VALUES (:practice, :client)"), values)
            nice = "SELECT nice FROM sessions WHERE practice_id = :practice AND id = :id"
            asked = {"practice": world.practice_id, "id": session_id}
            assert await db.scalar(text(nice), asked) is True
            assert await db.scalar(
                text(
                    "SELECT count(DISTINCT colocationid) = 1 FROM pg_dist_partition"
                    " WHERE logicalrelid IN ('pets'::regclass, 'clients'::regclass)"
                )
            )
        async with owner.connect() as db:
            values = {"practice": world.practice_id, "client": uuid4()}
            with pytest.raises(IntegrityError, match="fk_pets_client"):
                await db.execute(text("INSERT INTO pets VALUES (:practice, :client)"), values)
    finally:
        async with owner.begin() as db:
            await db.execute(text("DROP TABLE IF EXISTS pets"))
            await db.execute(text("ALTER TABLE sessions DROP COLUMN IF EXISTS nice"))
        await owner.dispose()
    tell(Row("second migration", "a table and a column", "none", acknowledged=1, lost=0, doubled=0))


def migrate_further(connection: Connection) -> None:
    """Do what a migration of a later version does (migrations/env.py)."""
    op = Operations(MigrationContext.configure(connection))
    with distributing_new_tables(connection):
        op.create_table(
            "pets",
            sa.Column("practice_id", sa.Uuid(), nullable=False),
            sa.Column("client_id", sa.Uuid(), nullable=False),
            sa.ForeignKeyConstraint(
                ["practice_id", "client_id"],
                ["clients.practice_id", "clients.id"],
                name="fk_pets_client",
            ),
            sa.PrimaryKeyConstraint("practice_id", "client_id", name="pk_pets"),
        )
        nice: sa.Column[bool] = sa.Column(
            "nice", sa.Boolean(), server_default=sa.true(), nullable=False
        )
        op.add_column("sessions", nice)
