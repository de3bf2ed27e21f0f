"""Waiting for a lock is bounded in time and does not delay requests that do not need the lock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings
from app.database.engine import connect
from app.database.transactions import transact
from app.identity.api_keys.keys import revoke_key
from app.tables.identity import ApiKey
from app.tables.practices import Client
from app.tables.sessions import Session
from tests.citus import given_cluster
from tests.patience import until
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
CROWD = 12  # more than there are connections for commands
WHY = {"reason": {"note": "Dr. Chen is ill."}}
_WAITS = (
    "SELECT cast(pid AS bigint) AS waiting, blocking FROM pg_stat_activity"
    " CROSS JOIN LATERAL unnest(pg_blocking_pids(pid)) AS blocking"
)
_WAITS_OF_ALL_NODES = (
    "SELECT waiting_gpid AS waiting, blocking_gpid AS blocking FROM citus_lock_waits"
)


@asynccontextmanager
async def held(settings: Settings, world: World) -> AsyncIterator[asyncpg.Connection]:
    """Lock the practitioner's row, as a long transaction does."""
    locking = "SELECT FROM practitioners WHERE practice_id = $1 AND id = $2 FOR UPDATE"
    async with _holding(settings, locking, world.practice_id, world.practitioner_id) as holder:
        yield holder


@asynccontextmanager
async def held_row(
    settings: Settings, world: World, table: str, record_id: UUID | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """Lock a row of a table, as commands do; without an id, the only one of the practice."""
    locking = (
        f"SELECT FROM {table} WHERE practice_id = $1"
        f" {'' if record_id is None else 'AND id = $2'} FOR NO KEY UPDATE"
    )
    ids = () if record_id is None else (record_id,)
    async with _holding(settings, locking, world.practice_id, *ids) as holder:
        yield holder


@asynccontextmanager
async def _holding(
    settings: Settings, locking: str, *ids: UUID
) -> AsyncIterator[asyncpg.Connection]:
    holder = await connect(settings.owner_url)
    try:
        async with holder.transaction():
            await holder.execute(locking, *ids)
            yield holder
    finally:
        await holder.close()


async def wait_until_waiting(world: World, holder: asyncpg.Connection, others: int = 1) -> None:
    """Wait until so many other transactions wait for `holder`, or for one that waits for it."""
    # On a cluster they wait at the node that has the row.
    edges = _WAITS if given_cluster() is None else _WAITS_OF_ALL_NODES
    pid = "SELECT pg_backend_pid()" if given_cluster() is None else "SELECT citus_backend_gpid()"
    found = {"holder": await holder.fetchval(pid), "others": others}
    waiting = text(
        f"WITH RECURSIVE edges AS ({edges}), waiting (pid) AS ("  # noqa: S608 - one of two queries
        " SELECT cast(:holder AS bigint) UNION"
        " SELECT edges.waiting FROM edges, waiting WHERE waiting.pid = edges.blocking)"
        " SELECT count(*) > :others FROM waiting"
    )

    async def is_waited_for() -> bool:
        # Each look is a new transaction: within one, PostgreSQL always shows the same snapshot.
        async with world.engine.connect() as db:
            return bool(await db.scalar(waiting, found))

    await until(is_waited_for)


async def test_a_command_that_waits_too_long_for_a_lock_gets_503_with_retry_after(
    api: Api, world: World, settings: Settings
) -> None:
    session_id = await world.book(START)
    async with held(settings, world):
        answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert [row.status for row in await world.rows(Session)] == ["booked"]


async def test_waiting_commands_do_not_delay_reads(
    api: Api, world: World, engine: AsyncEngine, settings: Settings
) -> None:
    """More commands wait than there are connections for commands."""
    ids = [await world.book(START + DAY * number) for number in range(CROWD)]
    other = await World(engine, settings).build()
    theirs, key = await other.book(START), await other.key()
    async with held(settings, world) as holder:
        waiting = [asyncio.create_task(api.cancel(session_id)) for session_id in ids]
        await wait_until_waiting(world, holder)
        reader = api.signed_in(other.token())
        answers = [
            await reader.get(f"/v1/sessions/{theirs}"),
            await reader.get("/v1/sessions"),
            await api.signed_in(key).get("/v1/practice/sessions"),
        ]
        assert not any(task.done() for task in waiting)
        refused = await asyncio.gather(*waiting)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert {answer.status_code for answer in refused} == {503}
    assert [row.status for row in await world.rows(Session)] == ["booked"] * CROWD


@pytest.mark.parametrize("command", ["cancel", "client"])
async def test_a_command_has_no_effect_if_its_key_is_revoked_while_it_waits(
    api: Api, world: World, settings: Settings, command: str
) -> None:
    session_id = await world.book(START)
    staff = api.signed_in(await world.key())
    [key] = await world.rows(ApiKey)
    async with held(settings, world) as holder:
        if command == "cancel":
            path = f"/v1/practice/sessions/{session_id}/cancel"
            call = staff.post(path, {"charge_fee": False, **WHY})
        else:
            await holder.execute(
                "SELECT FROM clients WHERE practice_id = $1 FOR UPDATE", world.practice_id
            )
            call = staff.patch(f"/v1/practice/clients/{world.client_id}", {"name": "Mallory"})
        waiting = asyncio.create_task(call)
        await wait_until_waiting(world, holder)
        await transact(
            world.engine,
            lambda db: revoke_key(db, world.practice_id, key.id, actor=OPERATOR, now=NOW),
        )
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert [row.status for row in await world.rows(Session)] == ["booked"]
    assert [row.name for row in await world.rows(Client)] == ["Ana Ruiz"]


async def test_a_key_can_revoke_itself(api: Api, world: World) -> None:
    staff = api.signed_in(await world.key())
    [key] = await world.rows(ApiKey)
    answer = await staff.post(f"/v1/practice/keys/{key.id}/revoke", None)
    assert answer.status_code == 200
    assert [row.revoked_at for row in await world.rows(ApiKey)] == [NOW]
