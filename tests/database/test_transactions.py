"""`transact` commits once, retries a bounded number of times, and changes nothing on failure."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.configuration.settings import Settings
from app.database.engine import brief_engine
from app.database.transactions import ATTEMPTS, SERIALIZATION_FAILURE, sqlstate, transact
from app.tables.practices import Location
from tests.world import World

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$"


async def fail(db: AsyncConnection, code: str) -> None:
    await db.execute(text(RAISE.format(code=code)))


class Stubborn:
    """Writes a location, then fails the given number of times."""

    def __init__(self, world: World, code: str, failures: int) -> None:
        self.world = world
        self.code = code
        self.failures = failures
        self.runs = 0

    async def __call__(self, db: AsyncConnection) -> UUID:
        self.runs += 1
        location_id = uuid4()
        await db.execute(
            text("INSERT INTO locations VALUES (:practice_id, :id, 'A', 'B')"),
            {"practice_id": self.world.practice_id, "id": location_id},
        )
        if self.runs <= self.failures:
            await fail(db, self.code)
        return location_id


@pytest.mark.parametrize("code", ["40001", "40P01", "23505", "23P01"])
async def test_a_conflict_with_another_transaction_is_retried(world: World, code: str) -> None:
    command = Stubborn(world, code, failures=ATTEMPTS - 1)
    location_id = await transact(world.engine, command)
    assert command.runs == ATTEMPTS
    added = [row for row in await world.rows(Location) if row.id != world.location_id]
    assert [row.id for row in added] == [location_id]


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_it_gives_up_after_a_bounded_number_of_attempts_and_changes_nothing(
    world: World, code: str
) -> None:
    command = Stubborn(world, code, failures=1000)
    with pytest.raises(DBAPIError) as caught:
        await transact(world.engine, command)
    assert sqlstate(caught.value) == code
    assert command.runs == ATTEMPTS
    assert len(await world.rows(Location)) == 1


@pytest.mark.parametrize("code", ["23514", "P0001"])
async def test_a_defect_is_not_retried_and_changes_nothing(world: World, code: str) -> None:
    command = Stubborn(world, code, failures=1000)
    with pytest.raises(DBAPIError):
        await transact(world.engine, command)
    assert command.runs == 1
    assert len(await world.rows(Location)) == 1


async def test_an_error_of_the_command_changes_nothing(world: World) -> None:
    async def command(db: AsyncConnection) -> None:
        await Stubborn(world, "", failures=0)(db)
        raise LookupError

    with pytest.raises(LookupError):
        await transact(world.engine, command)
    assert len(await world.rows(Location)) == 1


async def test_after_failures_every_connection_is_back_in_the_pool(engine: AsyncEngine) -> None:
    async def command(db: AsyncConnection) -> None:
        await fail(db, "40001")

    for _ in range(3):
        with pytest.raises(DBAPIError):
            await transact(engine, command)
    pool: Any = engine.pool
    assert pool.checkedout() == 0


@pytest.mark.slow
async def test_a_real_deadlock_is_survived_by_both(world: World) -> None:
    locations = [await world.add(Location, name=name, address="x") for name in "AB"]
    arrived = [asyncio.Event(), asyncio.Event()]
    done = [asyncio.Event(), asyncio.Event()]
    runs = [0, 0]

    async def lock(db: AsyncConnection, location_id: UUID) -> None:
        await db.execute(
            text("UPDATE locations SET address = address || '.' WHERE id = :id"),
            {"id": location_id},
        )

    async def crossing(db: AsyncConnection, number: int) -> None:
        runs[number] += 1
        if runs[number] > 1:
            # It could be faster than the waiting one, which would cause a second deadlock.
            await done[1 - number].wait()
        await lock(db, locations[number])
        arrived[number].set()
        await arrived[1 - number].wait()
        await lock(db, locations[1 - number])

    async def both_locked(number: int) -> None:
        await transact(world.engine, partial(crossing, number=number))
        done[number].set()

    await asyncio.gather(both_locked(0), both_locked(1))
    assert sorted(runs) == [1, 2]
    addresses = {row.address for row in await world.rows(Location) if row.id in locations}
    assert addresses == {"x.."}


async def test_a_real_serialization_failure_is_survived(world: World) -> None:
    runs = 0

    async def command(db: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await db.execute(text("SELECT count(*) FROM locations"))
        if runs == 1:
            await world.change(Location, world.location_id, address="changed meanwhile")
        await db.execute(text("UPDATE locations SET address = address || '!'"))

    await transact(world.engine, command)
    (location,) = await world.rows(Location)
    assert (runs, location.address) == (2, "changed meanwhile!")


@pytest.mark.parametrize(
    ("waited", "left"),
    [(0.05, "3s"), (0.9, "2100ms"), (1.5, "1500ms"), (2.9995, "100ms"), (3.5, "100ms")],
)
async def test_waiting_for_a_connection_leaves_less_time_for_a_lock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, waited: float, left: str
) -> None:
    clock = iter([100.0, 100.0 + waited])
    monkeypatch.setattr("app.database.transactions.monotonic", lambda: next(clock))
    async with brief_engine(settings.owner_url) as engine:  # never through a pooler
        assert await transact(engine, lambda db: db.scalar(text("SHOW lock_timeout"))) == left
        async with engine.connect() as db:
            assert await db.scalar(text("SHOW lock_timeout")) == "3s"


async def test_an_attempt_that_failed_leaves_less_time_for_a_lock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.0, 102.0])
    monkeypatch.setattr("app.database.transactions.monotonic", lambda: next(clock))
    bounds = []

    async def command(db: AsyncConnection) -> None:
        bounds.append(await db.scalar(text("SHOW lock_timeout")))
        if len(bounds) == 1:
            await fail(db, SERIALIZATION_FAILURE)

    async with brief_engine(settings.owner_url) as engine:
        await transact(engine, command)
    assert bounds == ["3s", "1s"]
