"""Staff meet times that clients hold: they are refused, and `force` takes the time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.held_times import HeldTime
from app.tables.taken_times import TakenTime
from tests.groups import CLASS, add_clients, add_group, add_seat
from tests.holds import put_hold
from tests.world import NOW, Api, TestClock, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHY = {"note": "The client phoned."}
SESSIONS, GROUPS = "/v1/practice/sessions", "/v1/practice/groups"


class Scene:
    """A client of the practice holds START; each command of staff wants that time."""

    def __init__(self, world: World, staff: Api) -> None:
        self.world = world
        self.staff = staff

    async def build(self) -> "Scene":
        world = self.world
        self.holder = await world.book(START + 7 * DAY)
        (self.client,) = await add_clients(world, 1)
        self.session = await world.book(START + 8 * DAY, client_id=self.client)
        self.group = await add_group(world, CLASS + 8 * DAY, format="video", location_id=None)
        self.until = await put_hold(world, self.holder, START)
        return self

    def booking(self, **more: Any) -> dict[str, Any]:
        world = self.world
        return {
            "client_id": str(self.client),
            "practitioner_id": str(world.practitioner_id),
            "service_id": str(world.service_id),
            "start": START.isoformat(),
            "format": "video",
        } | more

    async def run(self, command: str, *, force: bool) -> Response:
        staff, more = self.staff, {"force": force}
        if command == "book":
            return await staff.post(SESSIONS, self.booking(**more))
        if command == "push":
            return await staff.put(f"{SESSIONS}/by-ref/p-1", self.booking(**more))
        if command == "move":
            return await staff.reschedule_by_staff(self.session, START, **more)
        if command == "create group":
            body = self.booking(seats=3) | more
            del body["client_id"]
            return await staff.post(GROUPS, body)
        assert command == "move group"
        body = {"start": START.isoformat(), "reason": WHY}
        return await staff.post(f"{GROUPS}/{self.group}/move", body | more)

    async def is_held(self) -> bool:
        rows = await self.world.rows(HeldTime, session_id=self.holder)
        return any(row.expires_at > NOW for row in rows)


@pytest.fixture
async def scene(world: World, staff: Api) -> Scene:
    return await Scene(world, staff).build()


COMMANDS = ["book", "push", "move", "create group", "move group"]


@pytest.mark.parametrize("command", COMMANDS)
async def test_staff_are_refused_a_held_time_and_told_until_when(
    scene: Scene, world: World, command: str
) -> None:
    answer = await scene.run(command, force=False)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "slot-unavailable")
    assert datetime.fromisoformat(problem["held_until"]) == scene.until
    assert len(problem["alternatives"]) == 3
    assert START not in [datetime.fromisoformat(s["start"]) for s in problem["alternatives"]]
    for secret in (scene.holder, world.client_id, "Ana"):
        assert str(secret) not in answer.text
    assert await scene.is_held()


@pytest.mark.parametrize("command", COMMANDS)
async def test_force_takes_a_held_time_and_ends_the_hold(
    scene: Scene, api: Api, world: World, command: str
) -> None:
    answer = await scene.run(command, force=True)
    assert answer.is_success, answer.text
    assert not await scene.is_held()
    assert [row.starts_at for row in await world.rows(TakenTime, starts_at=START)] == [START]
    refused = (await api.reschedule(scene.holder, START)).json()
    assert (refused["code"], refused["held_until"]) == ("slot-unavailable", None)


@pytest.mark.parametrize("command", COMMANDS)
async def test_an_expired_hold_is_in_nobodys_way(
    scene: Scene, clock: TestClock, command: str
) -> None:
    clock.now = scene.until
    assert (await scene.run(command, force=False)).is_success


async def test_force_ends_no_hold_of_another_time(scene: Scene, world: World) -> None:
    """The buffer after a session is ten minutes, so the next hour is free."""
    other = await world.book(START + 9 * DAY)
    await put_hold(world, other, START + HOUR)
    assert (await scene.run("book", force=True)).is_success
    (row,) = await world.rows(HeldTime, session_id=other)
    assert row.expires_at > NOW


async def test_a_held_time_keeps_the_buffers_of_what_staff_book(scene: Scene, staff: Api) -> None:
    """Neither half an hour before the held time, nor after it."""
    for start in (START - HOUR / 2, START + HOUR / 2):
        answer = await staff.post(SESSIONS, scene.booking(start=start.isoformat()))
        assert datetime.fromisoformat(answer.json()["held_until"]) == scene.until
    body = scene.booking(start=(START + HOUR).isoformat())
    assert (await staff.post(SESSIONS, body)).status_code == 201


async def test_an_undo_is_refused_while_somebody_holds_the_freed_time(
    scene: Scene, staff: Api, world: World, clock: TestClock
) -> None:
    """An undo has no `force`."""
    ended = await world.book(START + 5 * HOUR, client_id=scene.client)
    body = {"charge_fee": False, "reason": WHY}
    assert (await staff.post(f"{SESSIONS}/{ended}/cancel", body)).is_success
    holder = await world.book(START + 9 * DAY)
    until = await put_hold(world, holder, START + 5 * HOUR)
    refused = (await staff.post(f"{SESSIONS}/{ended}/undo", {"reason": WHY})).json()
    assert refused["code"] == "slot-unavailable"
    assert datetime.fromisoformat(refused["held_until"]) == until
    clock.now = until
    assert (await staff.post(f"{SESSIONS}/{ended}/undo", {"reason": WHY})).is_success


@pytest.mark.parametrize("end", ["fulfilled", "noshow", "cancel"])
async def test_the_end_of_a_session_ends_what_it_holds(scene: Scene, staff: Api, end: str) -> None:
    body = {"reason": WHY} | ({} if end == "fulfilled" else {"charge_fee": False})
    assert (await staff.post(f"{SESSIONS}/{scene.holder}/{end}", body)).is_success
    assert not await scene.is_held()


@pytest.mark.parametrize("force", [True, False])
async def test_a_move_of_the_holders_own_session_is_not_refused_by_its_hold(
    scene: Scene, staff: Api, *, force: bool
) -> None:
    answer = await staff.reschedule_by_staff(scene.holder, START, force=force)
    assert answer.is_success, answer.text
    assert not await scene.is_held()


# Series


async def test_a_series_is_not_booked_over_a_held_time_unless_forced(
    scene: Scene, staff: Api
) -> None:
    body = scene.booking(every={"days": 1}, count=2)
    refused = await staff.post("/v1/practice/series", body)
    assert refused.json()["code"] == "scope-conflicts"
    (conflict,) = refused.json()["conflicts"]
    assert datetime.fromisoformat(conflict["wanted"]) == START
    made = await staff.post("/v1/practice/series", body | {"force": True})
    assert made.status_code == 201, made.text
    assert not await scene.is_held()


async def weekly(scene: Scene, staff: Api, *, client: UUID) -> list[UUID]:
    """Book two dates, on the Wednesdays after START."""
    start = START + 6 * DAY
    body = scene.booking(
        start=start.isoformat(), client_id=str(client), every={"weeks": 1}, count=2
    )
    made = await staff.post("/v1/practice/series", body)
    assert made.status_code == 201, made.text
    return [UUID(one["id"]) for one in made.json()["series"]["sessions"]]


@pytest.mark.parametrize("by", ["client", "staff"])
@pytest.mark.parametrize("holder", ["first", "second", "somebody"])
async def test_the_sessions_that_move_do_not_block_one_another_with_holds(
    scene: Scene, api: Api, staff: Api, world: World, by: str, holder: str
) -> None:
    """The first moves to the Thursday after its date, the second a week later."""
    first, second = await weekly(scene, staff, client=world.client_id)
    wanted = START + 7 * DAY + HOUR
    who = {"first": first, "second": second, "somebody": scene.session}[holder]
    await put_hold(world, who, wanted)
    body: dict[str, Any] = {
        "start": wanted.isoformat(),
        "format": "video",
        "scope": "this_and_following",
        "reason": WHY,
    }
    path = f"/v1/sessions/{first}/reschedule"
    if by == "staff":
        path, body = f"{SESSIONS}/{first}/reschedule", body | {"charge_fee": False}
    answer = await (api if by == "client" else staff).post(path, body)
    if holder == "somebody":
        assert answer.json()["code"] == "scope-conflicts"
    else:
        assert answer.status_code == 200, answer.text
        rows = await world.rows(HeldTime, session_id=who)
        assert all(row.expires_at < NOW for row in rows)


# Seats


async def a_held_seat(world: World, *, seats: int = 1) -> tuple[UUID, datetime]:
    """Make a group of which a seat is held for the world's client."""
    group_id = await add_group(world, CLASS, seats=seats)
    own = await add_seat(world, await add_group(world, CLASS + 14 * DAY))
    until = await put_hold(
        world,
        own,
        CLASS,
        group_id=group_id,
        format="in_person",
        location_id=world.location_id,
    )
    return group_id, until


async def live(world: World, group_id: UUID) -> int:
    rows = await world.rows(HeldTime, group_id=group_id)
    return sum(row.expires_at > NOW for row in rows)


@pytest.mark.parametrize("command", ["book", "move", "push"])
async def test_a_held_seat_is_refused_to_staff_unless_forced(
    staff: Api, world: World, command: str
) -> None:
    group_id, until = await a_held_seat(world)
    (client,) = await add_clients(world, 1)
    seat = await add_seat(world, await add_group(world, CLASS + 7 * DAY), client_id=client)
    for force in (False, True):
        body: dict[str, Any] = {"group_id": str(group_id), "force": force}
        if command == "move":
            body |= {"charge_fee": False, "reason": WHY}
            answer = await staff.post(f"{SESSIONS}/{seat}/reschedule", body)
        elif command == "book":
            answer = await staff.post(SESSIONS, body | {"client_id": str(client)})
        else:
            answer = await staff.put(f"{SESSIONS}/by-ref/s-1", body | {"client_id": str(client)})
        if force:
            assert answer.is_success, answer.text
        else:
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (409, "slot-unavailable")
            assert datetime.fromisoformat(problem["held_until"]) == until
            assert await live(world, group_id) == 1
    assert await live(world, group_id) == 0


async def test_force_ends_a_hold_only_if_there_is_no_other_seat(staff: Api, world: World) -> None:
    group_id, _ = await a_held_seat(world, seats=2)
    clients = await add_clients(world, 2)
    body = {"group_id": str(group_id), "client_id": str(clients[0]), "force": True}
    assert (await staff.post(SESSIONS, body)).status_code == 201
    assert await live(world, group_id) == 1
    body["client_id"] = str(clients[1])
    assert (await staff.post(SESSIONS, body)).status_code == 201
    assert await live(world, group_id) == 0


async def test_an_undone_seat_needs_one_that_is_not_held(staff: Api, world: World) -> None:
    group_id, until = await a_held_seat(world)
    (client,) = await add_clients(world, 1)
    body = {"group_id": str(group_id), "client_id": str(client), "force": True}
    seat = (await staff.post(SESSIONS, body)).json()["session"]["id"]
    free = {"charge_fee": False, "reason": WHY}
    assert (await staff.post(f"{SESSIONS}/{seat}/cancel", free)).is_success
    await world.change_all(HeldTime, expires_at=until)
    refused = (await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": WHY})).json()
    assert refused["code"] == "slot-unavailable"
    assert datetime.fromisoformat(refused["held_until"]) == until
    await world.change_all(HeldTime, expires_at=NOW)
    assert (await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": WHY})).is_success


async def test_an_undone_seat_whose_client_is_elsewhere_waits_for_no_hold(
    staff: Api, world: World
) -> None:
    group_id, until = await a_held_seat(world)
    (client,) = await add_clients(world, 1)
    body = {"group_id": str(group_id), "client_id": str(client), "force": True}
    seat = (await staff.post(SESSIONS, body)).json()["session"]["id"]
    free = {"charge_fee": False, "reason": WHY}
    assert (await staff.post(f"{SESSIONS}/{seat}/cancel", free)).is_success
    await world.change_all(HeldTime, expires_at=until)
    elsewhere = await world.add_practitioner()
    await world.book(CLASS, client_id=client, practitioner_id=elsewhere)
    refused = (await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": WHY})).json()
    assert (refused["code"], refused["held_until"]) == ("slot-unavailable", None)


@pytest.mark.parametrize("command", ["cancel", "move"])
async def test_the_end_or_the_move_of_a_group_ends_the_holds_of_its_seats(
    staff: Api, world: World, command: str
) -> None:
    group_id, _ = await a_held_seat(world, seats=3)
    body: dict[str, Any] = {"reason": WHY}
    if command == "move":
        body |= {"start": (CLASS + HOUR).isoformat(), "force": True}
    answer = await staff.post(f"{GROUPS}/{group_id}/{command}", body)
    assert answer.status_code == 200, answer.text
    assert await live(world, group_id) == 0
