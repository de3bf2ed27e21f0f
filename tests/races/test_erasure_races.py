"""Whatever is done for a client while they are erased: nothing of them is left afterwards."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.configuration.settings import Settings
from app.erasure.retention_repository import delete_notes, delete_origins
from app.tables.changes import Change, ChangeNote
from app.tables.feeds import Feed
from app.tables.idempotency import IdempotencyKey
from app.tables.practices import Client, Package, Service
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from app.tables.waitlist import Wish
from tests.groups import add_group, add_seat
from tests.races.test_waiting import held_row, wait_until_waiting
from tests.transfer import read, send, written
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
ROUNDS = 6
REASON = {"reason": {"note": "Asked for by letter."}, "force": True}
CANARY = "Canary of a race."


def booking(world: World, client_id: UUID, number: int, practitioner_id: UUID) -> dict[str, Any]:
    return {
        "client_id": str(client_id),
        "practitioner_id": str(practitioner_id),
        "service_id": str(world.service_id),
        "format": "video",
        "start": (START + number * DAY).isoformat(),
        "force": True,
    }


def erase(staff: Api, client_id: UUID) -> Awaitable[Response]:
    return staff.post(f"/v1/practice/clients/{client_id}/erase", REASON)


async def nothing_is_left(world: World, client_id: UUID) -> None:
    """No booked session, no time that is taken, no note but that of the erasure, no access."""
    (client,) = await world.rows(Client, id=client_id)
    assert (client.name, client.active) == ("(erased)", False)
    sessions = await world.rows(Session, client_id=client_id)
    assert {row.status for row in sessions} <= {"cancelled"}
    taken = {row.id for row in await world.rows(TakenTime)}
    assert not taken & {row.id for row in sessions}
    ids = {client_id, *(row.id for row in sessions)}
    entries = {
        row.id
        for row in await world.rows(Change)
        if (row.session_id in ids or row.subject_id in ids) and row.kind != "erased"
    }
    noted = {row.change_id: row.note for row in await world.rows(ChangeNote)}
    assert not entries & noted.keys()
    assert CANARY not in noted.values()
    assert await world.rows(Feed, client_id=client_id) == []
    # A wish has lapsed if its client's cancellation was first.
    states = {row.state for row in await world.rows(Wish, client_id=client_id)}
    assert states <= {"withdrawn", "lapsed"}
    for row in await world.rows(IdempotencyKey):
        assert str(client_id).encode() not in row.body or b'"erased_at"' in row.body


async def test_a_booking_while_erasing(staff: Api, world: World) -> None:
    """It is refused, or cancelled with all others; also with a practitioner who is new to them."""
    other = await world.add_practitioner()
    booked = set()
    for number in range(ROUNDS):
        client_id = await world.add_client(name=f"Client {number}")
        await world.book(START + number * DAY, client_id=client_id)
        body = booking(
            world, client_id, number + 20, other if number % 2 else world.practitioner_id
        )
        made, erased = await asyncio.gather(
            staff.post("/v1/practice/sessions", body, {"Idempotency-Key": f"booking {number}"}),
            erase(staff, client_id),
        )
        assert erased.status_code == 200, erased.text
        assert made.status_code in {201, 422}, made.text
        booked.add(made.status_code)
        assert erased.json()["sessions_cancelled"] == (2 if made.status_code == 201 else 1)
        await nothing_is_left(world, client_id)
    assert booked


async def test_what_the_client_does_while_erasing(api: Api, staff: Api, world: World) -> None:
    """A cancellation with a note, a wish and a new feed are refused, or erased with the rest."""
    for number in range(ROUNDS):
        client_id = await world.add_client(name=f"Client {number}")
        session_id = await world.book(START + number * DAY, client_id=client_id)
        later = await world.book(START + (number + 20) * DAY, client_id=client_id)
        client = api.signed_in(world.token(client_id))
        cancelled, wished, feed, erased = await asyncio.gather(
            client.cancel(session_id, {"Idempotency-Key": "1"}, reason={"note": CANARY}),
            client.put(f"/v1/sessions/{later}/wish", {}),
            client.post("/v1/feeds", None),
            erase(staff, client_id),
        )
        assert erased.status_code == 200, erased.text
        assert cancelled.status_code in {200, 401}
        assert wished.status_code in {200, 201, 401}
        assert feed.status_code in {201, 401}
        await nothing_is_left(world, client_id)


async def test_a_changed_record_while_erasing(staff: Api, world: World) -> None:
    for number in range(ROUNDS):
        client_id = await world.add_client(name=f"Client {number}")
        renamed, erased = await asyncio.gather(
            staff.patch(f"/v1/practice/clients/{client_id}", {"name": "Canary"}),
            erase(staff, client_id),
        )
        assert erased.status_code == 200
        assert renamed.status_code in {200, 409}
        await nothing_is_left(world, client_id)


async def test_erasing_at_once_erases_once(staff: Api, world: World) -> None:
    client_id = await world.add_client(name="Ben")
    await world.book(START, client_id=client_id)
    answers = await asyncio.gather(*(erase(staff, client_id) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(await world.rows(Change, kind="erased")) == 1
    await nothing_is_left(world, client_id)


async def test_two_clients_of_one_class_are_erased_at_once(staff: Api, world: World) -> None:
    """Both lock the same practitioner and group: one waits for the other."""
    group = await add_group(world)
    clients = [await world.add_client(name=f"Client {number}") for number in range(4)]
    for client_id in clients:
        await add_seat(world, group, client_id=client_id)
    answers = await asyncio.gather(*(erase(staff, client_id) for client_id in clients))
    assert [answer.json()["sessions_cancelled"] for answer in answers] == [1] * 4
    for client_id in clients:
        await nothing_is_left(world, client_id)


@pytest.mark.parametrize("retention", [delete_origins, delete_notes])
async def test_notes_that_the_retention_is_writing_again_are_erased(
    api: Api, staff: Api, world: World, retention: Any
) -> None:
    """It keeps either the note or the network address, in a new row."""
    session_id = await world.book(START)
    assert (await api.cancel(session_id, reason={"note": CANARY})).status_code == 200
    async with world.engine.begin() as db:
        await retention(db, world.practice_id, NOW + DAY)
        erasing = asyncio.ensure_future(erase(staff, world.client_id))
        await wait_until_waiting(world, await driver_of(db))
    assert (await erasing).status_code == 200
    await nothing_is_left(world, world.client_id)


async def driver_of(db: AsyncConnection) -> Any:
    """Give the driver's connection."""
    return (await db.get_raw_connection()).driver_connection


@pytest.mark.parametrize("how", ["post", "put", "import"])
async def test_a_package_while_erasing(
    staff: Api, world: World, settings: Settings, how: str
) -> None:
    """The erasure holds the client, and waits for one of the client's packages."""
    known = await world.add_package(client_id=world.client_id)
    await world.change(Client, world.client_id, external_ref="ana")
    await world.change(Service, world.service_id, external_ref="visit")
    body = {"name": CANARY, "credits": 6}
    own = body | {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    line = {"kind": "package", "external_ref": "six", "client_ref": "ana", "service_ref": "visit"}
    calls = {
        "post": lambda: staff.post("/v1/practice/packages", own),
        "put": lambda: staff.put("/v1/practice/packages/by-ref/six", own),
        "import": lambda: send(staff, written([line | body])),
    }
    async with held_row(settings, world, "packages", known) as holder:
        erasing = asyncio.ensure_future(erase(staff, world.client_id))
        await wait_until_waiting(world, holder)
        made = asyncio.create_task(calls[how]())
        await wait_until_waiting(world, holder, others=2)
    assert (await erasing).status_code == 200
    answer = await made
    problem = read(answer)[0]["problem"] if how == "import" else answer.json()
    assert problem["status"] == 422
    pointers = [one["pointer"] for one in problem["errors"]]
    assert pointers == ["/client_ref" if how == "import" else "/client_id"]
    assert [row.id for row in await world.rows(Package)] == [known]


@pytest.mark.parametrize("how", ["patch", "put", "import"])
async def test_a_changed_package_while_erasing(
    staff: Api, world: World, settings: Settings, how: str
) -> None:
    """It is found by the reference that is being erased."""
    known = await world.add_package(client_id=world.client_id, external_ref="six")
    await world.change(Client, world.client_id, external_ref="ana")
    await world.change(Service, world.service_id, external_ref="visit")
    body = {"name": CANARY, "credits": 6}
    own = body | {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    line = {"kind": "package", "external_ref": "six", "client_ref": "ana", "service_ref": "visit"}
    calls = {
        "patch": lambda: staff.patch(f"/v1/practice/packages/{known}", body),
        "put": lambda: staff.put("/v1/practice/packages/by-ref/six", own),
        "import": lambda: send(staff, written([line | body])),
    }
    async with held_row(settings, world, "packages", known) as holder:
        erasing = asyncio.ensure_future(erase(staff, world.client_id))
        await wait_until_waiting(world, holder)
        changed = asyncio.create_task(calls[how]())
        await wait_until_waiting(world, holder, others=2)
    assert (await erasing).status_code == 200
    answer = await changed
    problem = read(answer)[0]["problem"] if how == "import" else answer.json()
    assert problem["code"] == "client-erased"
    (package,) = await world.rows(Package)
    assert (package.name, package.external_ref) == ("(erased)", None)
