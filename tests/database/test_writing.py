"""Statements sent to the driver stay in the transaction, with the same errors and values."""

import asyncio
import json
from contextlib import nullcontext
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import SYSTEM, write_change
from app.database.statements import Read, SentStatement, driver_in_transaction, send, watch_driver
from app.database.transactions import ATTEMPTS, sqlstate, transact
from app.database.writing import Write
from app.tables.changes import Change
from app.tables.practices import Location
from tests.patience import until
from tests.world import NOW, World

RAISE = "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$"
SLEEP = "SELECT 'a long command', pg_sleep(3600)"

_NAMES = Read(select(Location.name).where(Location.practice_id == bindparam("practice_id")))
_RENAME = Write(
    update(Location).where(
        Location.practice_id == bindparam("of_practice"), Location.id == bindparam("location_id")
    ),
    "name",
)


class Renaming:
    """Renames the location, through the driver or as the first statement, and then fails."""

    def __init__(self, world: World, *, begins: bool, code: str, failures: int) -> None:
        self.world = world
        self.begins = begins
        self.code = code
        self.failures = failures
        self.by_driver: list[bool] = []

    async def __call__(self, db: AsyncConnection) -> None:
        if not self.begins:
            await db.execute(text("SELECT 1"))
        self.by_driver.append(driver_in_transaction(db) is not None)
        own = {"of_practice": self.world.practice_id, "location_id": self.world.location_id}
        await _RENAME.run(db, own | {"name": "Renamed"})
        if len(self.by_driver) <= self.failures:
            await send(db, RAISE.format(code=self.code), ())


async def name_of(world: World) -> str:
    (location,) = await world.rows(Location)
    return str(location.name)


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("code", ["40001", "40P01", "23505", "23P01"])
async def test_an_error_of_the_driver_is_retried(world: World, code: str, *, begins: bool) -> None:
    command = Renaming(world, begins=begins, code=code, failures=ATTEMPTS - 1)
    await transact(world.engine, command)
    assert len(command.by_driver) == ATTEMPTS
    # A transaction that had to wait begins with its lock timeout, whatever comes next.
    assert begins or all(command.by_driver)
    assert await name_of(world) == "Renamed"


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize(("code", "runs"), [("40P01", ATTEMPTS), ("23514", 1)])
async def test_a_permanent_failure_changes_nothing(
    world: World, code: str, runs: int, *, begins: bool
) -> None:
    before = await name_of(world)
    command = Renaming(world, begins=begins, code=code, failures=1000)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await transact(world.engine, command)
    assert sqlstate(caught.value) == code
    assert len(command.by_driver) == runs
    assert await name_of(world) == before


async def test_a_driver_reads_what_its_transaction_wrote(world: World) -> None:
    async def command(db: AsyncConnection) -> str:
        await Renaming(world, begins=True, code="", failures=0)(db)
        row = await _NAMES.one(db, {"practice_id": world.practice_id})
        assert row is not None
        return str(row["name"])

    assert await transact(world.engine, command) == "Renamed"


async def test_json_is_written_as_sqlalchemy_writes_it(world: World) -> None:
    details = {"fields": ["email"], "n": 1}

    async def command(db: AsyncConnection) -> UUID:
        await db.execute(text("SELECT 1"))
        return await write_change(
            db,
            world.practice_id,
            SYSTEM,
            NOW,
            subject="client",
            subject_id=world.client_id,
            kind="changed",
            details=details,
        )

    change_id = await transact(world.engine, command)
    found = [row for row in await world.rows(Change) if row.id == change_id]
    assert [row.details for row in found] == [details]
    (text_of,) = await _text_of(world, change_id)
    assert json.loads(text_of) == details


async def _text_of(world: World, change_id: UUID) -> Any:
    async with world.engine.connect() as db:
        asked = text("SELECT details::text FROM changes WHERE practice_id = :p AND id = :id")
        found = await db.execute(asked, {"p": world.practice_id, "id": change_id})
        return found.one()


async def test_a_watch_sees_text_and_values_until_it_ends(
    world: World, engine: AsyncEngine
) -> None:
    seen: list[SentStatement] = []

    def note(sent: SentStatement) -> nullcontext[None]:
        seen.append(sent)
        return nullcontext()

    add = Write(insert(Location), "practice_id", "id", "name", "address")
    rows = [
        {"practice_id": world.practice_id, "id": uuid4(), "name": name, "address": "x"}
        for name in "AB"
    ]

    async def command(db: AsyncConnection) -> None:
        await db.execute(text("SELECT 1"))
        await add.run_for_each(db, rows)
        await _NAMES.rows(db, {"practice_id": world.practice_id})

    stop = watch_driver(engine, note)
    await transact(engine, command)
    stop()
    await transact(engine, lambda db: _NAMES.rows(db, {"practice_id": world.practice_id}))
    assert [sent.many for sent in seen] == [True, False]
    assert [row[1] for row in seen[0].values] == [row["id"] for row in rows]
    assert seen[1] == SentStatement(_NAMES.text, (world.practice_id,), many=False)


@pytest.mark.parametrize("begins", [True, False])
async def test_a_statement_for_each_of_several_gives_all_rows_in_order(
    world: World, *, begins: bool
) -> None:
    rename = Write(
        update(Location)
        .where(
            Location.practice_id == bindparam("of_practice"),
            Location.id == bindparam("location_id"),
        )
        .returning(Location.name),
        "name",
    )
    own: dict[str, object] = {
        "of_practice": world.practice_id,
        "location_id": world.location_id,
    }

    async def command(db: AsyncConnection) -> list[list[str]]:
        if not begins:
            await db.execute(text("SELECT 1"))
        asked = [own | {"name": "A"}, own | {"location_id": uuid4(), "name": "B"}]
        asked.append(own | {"name": "C"})
        renamed = await rename.run_for_each(db, asked)
        read = await _NAMES.rows_for_each(
            db, [{"practice_id": one} for one in (world.practice_id, uuid4(), world.practice_id)]
        )
        return [[row["name"] for row in rows] for rows in (renamed, read)]

    assert await transact(world.engine, command) == [["A", "C"], ["C", "C"]]
    assert not await transact(world.engine, lambda db: rename.run_for_each(db, []))


@pytest.mark.parametrize("begins", [True, False])
async def test_a_write_with_a_missing_or_unknown_value_raises(
    world: World, *, begins: bool
) -> None:
    own: dict[str, object] = {
        "of_practice": world.practice_id,
        "location_id": world.location_id,
        "name": "Renamed",
    }
    async with world.engine.begin() as db:
        if begins:
            await db.execute(text("SELECT 1"))
        for values, message in misspelt(own):
            with pytest.raises(TypeError, match=message):
                await _RENAME.run(db, values)
            with pytest.raises(TypeError, match=message):
                await _RENAME.run_for_each(db, [own, values])
    assert await name_of(world) != "Renamed"


async def test_an_insert_with_a_missing_value_raises_and_sends_no_null(world: World) -> None:
    add = Write(insert(Location))
    row = {"practice_id": world.practice_id, "id": uuid4(), "name": "Annex", "address": "x"}
    async with world.engine.begin() as db:
        with pytest.raises(
            TypeError, match=r"^the statement lacks active, external_ref, time_zone$"
        ):
            await add.run(db, row)
        few = Write(insert(Location), *row)
        await few.run(db, row)
    assert {(place.name, place.active) for place in await world.rows(Location)} >= {("Annex", True)}


@pytest.mark.parametrize("in_transaction", [True, False])
async def test_a_read_with_a_missing_or_unknown_value_raises(
    world: World, *, in_transaction: bool
) -> None:
    own: dict[str, object] = {"practice_id": world.practice_id}
    async with world.engine.connect() as db:
        source = db if in_transaction else world.engine
        for values, message in misspelt(own):
            with pytest.raises(TypeError, match=message):
                await _NAMES.rows(source, values)
            with pytest.raises(TypeError, match=message):
                await _NAMES.one(source, values)
        assert len(await _NAMES.rows(source, own)) == 1


def test_a_value_that_the_statement_contains_cannot_be_passed() -> None:
    read = Read(select(Location.name).where(Location.active == bindparam("active", value=True)))
    assert read.arguments({}) == (True,)
    with pytest.raises(TypeError, match=r"^the statement takes no active$"):
        read.arguments({"active": False})


def misspelt(own: dict[str, object]) -> list[tuple[dict[str, object], str]]:
    """Return values with one missing, with one too many, and with both."""
    name, value = next(iter(own.items()))
    others = {other: own[other] for other in own if other != name}
    return [
        (others, f"^the statement lacks {name}$"),
        (own | {"nmae": value}, "^the statement takes no nmae$"),
        (others | {"nmae": value}, f"^the statement lacks {name} and takes no nmae$"),
    ]


async def test_a_command_that_is_cancelled_while_running_changes_nothing(
    world: World, engine: AsyncEngine
) -> None:
    """Its caller has disconnected. The connection stays usable, or is replaced."""
    own = {"of_practice": world.practice_id, "location_id": world.location_id}

    async def command(db: AsyncConnection) -> None:
        await db.execute(text("SELECT 1"))
        await _RENAME.run(db, own | {"name": "Renamed"})
        await send(db, SLEEP, ())

    async def sleeps() -> bool:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query = :query AND state = 'active'"
            " AND datname = current_database()"
        )
        async with world.engine.connect() as watching:
            return bool(await watching.scalar(asked, {"query": SLEEP}))

    async def has_ended() -> bool:
        return not await sleeps()

    under_way = asyncio.create_task(transact(engine, command))
    await until(sleeps)
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert await name_of(world) != "Renamed"
    await until(has_ended)
    for _ in range(2):
        names = await transact(
            engine, lambda db: _NAMES.rows(db, {"practice_id": world.practice_id})
        )
        assert [row["name"] for row in names] == [await name_of(world)]
