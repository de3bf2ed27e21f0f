"""One order of locks: practitioners, groups, sessions, clients, each by ascending id."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import (
    MAX_SESSIONS,
    lock_client,
    lock_group,
    lock_group_alone,
    lock_session,
    lock_sessions,
)
from app.configuration.settings import Settings
from app.database.engine import connect
from app.domain.errors import NotFoundError
from tests.groups import put_group, put_seat
from tests.races.test_waiting import held_row, wait_until_waiting
from tests.transfer import in_short, read, send, written
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
VISIT = {
    "name": "Visit",
    "duration_minutes": 50,
    "price": {"amount_minor": 12000, "currency": "USD"},
    "formats": [{"kind": "video"}],
}
Lock = Callable[[AsyncConnection], Awaitable[Any]]
Rows = list[tuple[str, UUID]]


@dataclass
class Calendar:
    """Two practitioners, each with a single session and a group; two clients, each in all four."""

    world: World
    practitioners: list[UUID]
    clients: list[UUID]
    singles: list[UUID]
    groups: list[UUID]
    seats: list[list[UUID]]

    @property
    def sessions(self) -> list[UUID]:
        return [*self.singles, *(seat for seats in self.seats for seat in seats)]


@pytest.fixture
async def calendar(world: World) -> Calendar:
    practitioners = [world.practitioner_id, await world.add_practitioner()]
    clients = [world.client_id, await world.add_client()]
    singles = [
        await world.book(START + n * DAY, practitioner_id=practitioners[n], client_id=clients[n])
        for n in range(2)
    ]
    groups, seats = [], []
    for n, practitioner_id in enumerate(practitioners):
        start = START + (n + 2) * DAY
        groups.append(await put_group(world, start, practitioner_id))
        seats.append(
            [
                await put_seat(
                    world,
                    groups[-1],
                    start,
                    number,
                    client_id=client_id,
                    practitioner_id=practitioner_id,
                )
                for number, client_id in enumerate(clients, start=1)
            ]
        )
    return Calendar(world, practitioners, clients, singles, groups, seats)


def locks_of(calendar: Calendar, name: str) -> tuple[Lock, Rows]:
    """Give a command's lock, and the rows that it locks, in order."""
    practice_id = calendar.world.practice_id
    (who, _), (client, _), (group, _) = calendar.practitioners, calendar.clients, calendar.groups
    single, seats = calendar.singles[0], calendar.seats[0]
    first: Rows = [("practitioners", who)]
    if name == "a single session":
        rows = [*first, ("sessions", single), ("clients", client)]
        return (lambda db: lock_session(db, practice_id, single)), rows
    if name == "a seat":
        rows = [*first, ("groups", group), ("sessions", seats[0]), ("clients", client)]
        return (lambda db: lock_session(db, practice_id, seats[0], client_id=client)), rows
    if name == "a group":
        rows = [*first, ("groups", group), *ordered("sessions", seats)]
        rows += ordered("clients", calendar.clients)
        return (lambda db: lock_group(db, practice_id, group)), rows
    if name == "a group alone":
        return (lambda db: lock_group_alone(db, practice_id, group)), [*first, ("groups", group)]
    rows = [
        *ordered("practitioners", calendar.practitioners),
        *ordered("groups", calendar.groups),
        *ordered("sessions", calendar.sessions),
        *ordered("clients", calendar.clients),
    ]
    backwards = sorted(calendar.sessions, reverse=True)
    return (lambda db: lock_sessions(db, practice_id, backwards)), rows


def ordered(table: str, ids: list[UUID]) -> Rows:
    return [(table, record_id) for record_id in sorted(ids)]


NAMES = ("a single session", "a seat", "a group", "a group alone", "several sessions")


@pytest.mark.parametrize("name", NAMES)
async def test_rows_are_locked_in_the_one_order(
    calendar: Calendar, settings: Settings, name: str
) -> None:
    """Whoever waits for a row holds all rows that come before it, and none that come after."""
    lock, rows = locks_of(calendar, name)
    world = calendar.world
    holder = await connect(settings.owner_url)
    try:
        for position, wanted in enumerate(rows):
            async with holder.transaction():
                assert await is_free(holder, world, *wanted)
                waiting = asyncio.create_task(locked(world, lock))
                await wait_until_waiting(world, holder)
                found = [await is_free(holder, world, *row) for row in rows]
            await waiting
            assert found == [n >= position for n in range(len(rows))]
    finally:
        await holder.close()


@pytest.mark.parametrize("kind", ["policy", "session"])
async def test_an_import_locks_the_practice_and_its_practitioners_before_its_lines(
    calendar: Calendar, staff: Api, settings: Settings, kind: str
) -> None:
    """Its lines come in any order. The other command, which keeps to the one order, waits."""
    world, client_id = calendar.world, calendar.clients[0]
    service = {"service_ref": "visit"}
    assert (await staff.put("/v1/practice/services/by-ref/visit", VISIT)).status_code == 201
    service_id = (await staff.get("/v1/practice/services/by-ref/visit")).json()["id"]
    policy = {"text": "As agreed.", "rules": {}}
    if kind == "policy":
        lines = [
            {"kind": "service", "external_ref": "visit", **VISIT, "name": "Long visit"},
            {"kind": "policy", **service, **policy},
        ]
        held = ("services", UUID(service_id))
        other = staff.post("/v1/practice/policies", policy | {"service_id": service_id})
    else:
        of = {"client_ref": str(client_id), "service_ref": str(world.service_id)}
        start = (START + 5 * DAY).isoformat()
        lines = [
            {"kind": "package", "external_ref": "ten", "credits": 10, "name": "Ten", **of},
            {
                "kind": "session",
                "external_ref": "first",
                "practitioner_ref": str(world.practitioner_id),
                "starts_at": start,
                "format": "video",
                **of,
            },
        ]
        held = ("clients", client_id)
        path = f"/v1/practice/sessions/{calendar.singles[0]}/cancel"
        other = staff.post(path, {"charge_fee": False, "reason": {"note": "Dr. Chen is ill."}})
    async with held_row(settings, world, *held) as holder:
        imported = asyncio.create_task(send(staff, written(lines)))
        await wait_until_waiting(world, holder)
        before = [("practitioners", one) for one in calendar.practitioners]
        found = [await is_free(holder, world, *row) for row in before]
        practice = await holder.fetch(
            "SELECT FROM practices WHERE practice_id = $1 FOR NO KEY UPDATE SKIP LOCKED",
            world.practice_id,
        )
        assert (practice, found) == ([], [False, False])
        later = asyncio.create_task(other)
        await wait_until_waiting(world, holder, others=2)
    results = [in_short(line) for line in read(await imported)]
    assert results == ["updated" if kind == "policy" else "created", "created"]
    answer = await later
    assert answer.is_success, answer.text


async def locked(world: World, lock: Lock) -> Any:
    """Lock, and let go."""
    async with world.engine.begin() as db:
        return await lock(db)


async def is_free(db: asyncpg.Connection, world: World, table: str, record_id: UUID) -> bool:
    """Lock a row if nobody else has it, until the end of the transaction."""
    found = await db.fetch(
        f"SELECT id FROM {table} WHERE practice_id = $1 AND id = $2"  # noqa: S608
        " FOR NO KEY UPDATE SKIP LOCKED",
        world.practice_id,
        record_id,
    )
    return bool(found)


async def test_commands_on_the_same_rows_never_deadlock(calendar: Calendar) -> None:
    """Not under `transact`, which would run the loser of a deadlock again."""
    world = calendar.world
    practice_id = world.practice_id
    draw = random.Random(14)  # noqa: S311 - no secret

    def some_lock() -> Lock:
        ids = draw.sample(calendar.sessions, k=draw.randint(2, 6))
        session, group, client = ids[0], draw.choice(calendar.groups), draw.choice(calendar.clients)

        async def book_a_seat(db: AsyncConnection) -> None:
            await lock_group_alone(db, practice_id, group)
            await lock_client(db, practice_id, client)

        return draw.choice(
            [
                lambda db: lock_session(db, practice_id, session),
                lambda db: lock_sessions(db, practice_id, ids),
                lambda db: lock_sessions(db, practice_id, [session], group_ids=calendar.groups),
                lambda db: lock_group(db, practice_id, group),
                book_a_seat,
            ]
        )

    for _ in range(30):
        await asyncio.gather(*(locked(world, some_lock()) for _ in range(8)))


async def test_a_group_is_locked_with_the_seats_that_are_booked(calendar: Calendar) -> None:
    world, group_id = calendar.world, calendar.groups[0]
    found = await locked(world, lambda db: lock_group(db, world.practice_id, group_id))
    assert found == sorted(calendar.seats[0])


@pytest.mark.parametrize("client", [0, 1])
async def test_a_clients_lock_finds_no_session_of_another_client(
    calendar: Calendar, client: int
) -> None:
    own, other = calendar.seats[0][client], calendar.seats[0][1 - client]
    client_id = calendar.clients[client]

    async def lock(db: AsyncConnection, ids: list[UUID]) -> None:
        await lock_sessions(db, calendar.world.practice_id, ids, client_id=client_id)

    await locked(calendar.world, partial(lock, ids=[own, calendar.singles[client]]))
    for ids in ([other], [own, other], [calendar.singles[1 - client]]):
        with pytest.raises(NotFoundError):
            await locked(calendar.world, partial(lock, ids=ids))


async def test_nothing_of_another_practice_is_locked(calendar: Calendar) -> None:
    world = calendar.world
    other = await World(world.engine, world.settings).build()
    for lock in (
        lambda db: lock_session(db, other.practice_id, calendar.singles[0]),
        lambda db: lock_sessions(db, other.practice_id, calendar.sessions),
        lambda db: lock_group(db, other.practice_id, calendar.groups[0]),
    ):
        with pytest.raises(NotFoundError):
            await locked(world, lock)


async def test_more_sessions_than_one_command_changes_are_a_mistake(calendar: Calendar) -> None:
    ids = calendar.sessions + calendar.sessions[:1] * MAX_SESSIONS
    with pytest.raises(ValueError, match="too many"):
        await locked(calendar.world, lambda db: lock_sessions(db, calendar.world.practice_id, ids))
