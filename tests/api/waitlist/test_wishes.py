"""Wishing for an earlier time: by the client, by the link of a session, by staff."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.identity.api_keys.keys import Scope
from app.outbox.due import STILL_WAITING
from app.tables.changes import Change
from app.tables.practices import Client, Service
from app.tables.waitlist import Wish
from tests.groups import add_group
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    LATE,
    MINUTE,
    TICK,
    WISHES,
    Waiting,
    put_wish,
    wish_states,
)
from tests.world import NOW, Api, TestClock, World

FULL = {
    "until": (LATE - DAY).isoformat(),
    "weekdays": [3, 1],
    "from_time": "09:00",
    "to_time": "12:30",
    "formats": ["video", "phone"],
    "notice_hours": 12,
}


async def kinds(world: World) -> list[str]:
    rows = await world.rows(Change, subject="wish")
    return [row.kind for row in sorted(rows, key=lambda row: row.at)]


async def test_a_wish_is_put_shown_changed_and_ended(waiting: Waiting, clock: TestClock) -> None:
    api, world, path = waiting.api, waiting.world, f"/v1/sessions/{waiting.session_id}/wish"
    assert (await api.get(path)).json() == {"wish": None}
    made = await put_wish(api, waiting.session_id, **FULL)
    assert made.status_code == 201
    shown = (await api.get(path)).json()["wish"]
    assert made.json() == shown | {"command_id": made.json()["command_id"]}
    assert shown["state"] == "waiting"
    assert (shown["weekdays"], shown["from_time"], shown["to_time"]) == ([1, 3], "09:00", "12:30")
    assert (shown["formats"], shown["notice_hours"]) == (["phone", "video"], 12)
    assert shown["until"] == "2026-12-09T15:00:00-05:00"
    assert (shown["paused"], shown["offer"]) == (False, None)
    clock.now += HOUR
    again = await put_wish(api, waiting.session_id, **FULL)
    assert (again.status_code, again.json()["command_id"]) == (200, None)
    changed = await put_wish(api, waiting.session_id)
    assert (changed.status_code, changed.json()["id"]) == (200, shown["id"])
    assert (changed.json()["weekdays"], changed.json()["until"]) == ([], None)
    clock.now += HOUR
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json()["wish"]["state"] == "withdrawn"
    assert await kinds(world) == ["created", "updated", "withdrawn"]
    assert (await put_wish(api, waiting.session_id)).json()["id"] != shown["id"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"until": (LATE + TICK).isoformat()}, "/until"),
        ({"until": NOW.isoformat()}, "/until"),
        ({"weekdays": [0]}, "/weekdays/0"),
        ({"weekdays": [8]}, "/weekdays/0"),
        ({"weekdays": [1, 1]}, "/weekdays"),
        ({"from_time": "24:00"}, "/from_time"),
        ({"from_time": "12:00", "to_time": "11:59"}, "/to_time"),
        ({"formats": ["fax"]}, "/formats/0"),
        ({"notice_hours": -1}, "/notice_hours"),
        ({"notice_hours": "1"}, "/notice_hours"),
        ({"urgent": True}, "/urgent"),
    ],
)
async def test_bad_wishes_name_the_field_and_change_nothing(
    waiting: Waiting, body: dict[str, Any], pointer: str
) -> None:
    answer = await put_wish(waiting.api, waiting.session_id, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await waiting.world.rows(Wish) == []


async def test_a_format_that_the_service_has_not_is_refused(world: World, api: Api) -> None:
    service_id = await world.add_service(formats=("video",))
    session_id = await world.book(LATE, service_id=service_id)
    answer = await put_wish(api, session_id, formats=["phone"])
    assert answer.json()["errors"][0]["pointer"] == "/formats/0"


async def test_only_ones_own_session_and_only_while_it_is_booked(
    waiting: Waiting, world: World, stranger: Api
) -> None:
    assert (await put_wish(stranger, waiting.session_id)).status_code == 401
    other = waiting.api.signed_in(world.token(waiting.other_id))
    assert (await put_wish(other, waiting.session_id)).status_code == 404
    assert (await other.delete(f"/v1/sessions/{waiting.session_id}/wish")).status_code == 404
    assert (await put_wish(waiting.api, uuid4())).status_code == 404
    await waiting.api.cancel(waiting.session_id)
    refused = await put_wish(waiting.api, waiting.session_id)
    assert refused.json()["code"] == "session-not-booked"


async def test_a_session_that_its_client_may_book_again_has_no_wish(
    waiting: Waiting, world: World
) -> None:
    await world.add_policy({"rebook": {"days": 30, "fee": "stands"}})
    session_id = await world.book(LATE + DAY)
    await waiting.api.cancel(session_id)
    details = await waiting.api.session(session_id)
    assert details["actions"]["reschedule"]["allowed"] is True
    refused = await put_wish(waiting.api, session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "session-not-booked")
    answer = await waiting.staff.post(WISHES, {"session_id": str(session_id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "session-not-booked")


async def may_wish(api: Api, session_id: Any) -> bool:
    """Tell whether the details say that an earlier time can be wished for."""
    allowed: bool = (await api.session(session_id))["actions"]["wish"]["allowed"]
    return allowed


async def test_after_the_start_nothing_is_wished_for(waiting: Waiting, clock: TestClock) -> None:
    clock.now = LATE
    refused = await put_wish(waiting.api, waiting.session_id)
    assert refused.json()["code"] == "session-started"
    assert not await may_wish(waiting.api, waiting.session_id)


async def test_without_a_waitlist_nothing_is_wished_for(waiting: Waiting, world: World) -> None:
    assert await may_wish(waiting.api, waiting.session_id)
    answer = await waiting.staff.patch(
        f"/v1/practice/services/{world.service_id}", {"waitlist": "off"}
    )
    assert not await may_wish(waiting.api, waiting.session_id)
    assert answer.json()["waitlist"] == "off"
    refused = await put_wish(waiting.api, waiting.session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "waitlist-off")


async def test_a_policy_that_lets_clients_move_nothing_does_not_stop_a_wish(
    waiting: Waiting, world: World
) -> None:
    await world.add_policy({"reschedule": {"enabled": False}})
    session_id = await world.book(LATE + DAY)
    assert await may_wish(waiting.api, session_id)
    assert (await put_wish(waiting.api, session_id)).status_code == 201


async def test_the_link_of_a_session_does_as_well(waiting: Waiting, world: World) -> None:
    opened = await waiting.api.open_link(world.link_token(waiting.session_id))
    link = waiting.api.signed_in(opened.json()["access_token"])
    assert (await put_wish(link, waiting.session_id)).status_code == 201
    second = await world.book(LATE + DAY)
    assert (await put_wish(link, second)).status_code == 404
    (change,) = await world.rows(Change, subject="wish")
    assert change.actor == "link"


async def lapsed_and_fixed(waiting: Waiting, wish_id: str) -> bool:
    """Tell whether staff see that a wish has lapsed, and cannot end or resume it any more."""
    listed = {
        active: [
            one["id"] for one in (await waiting.staff.get(WISHES, active=active)).json()["items"]
        ]
        for active in (True, False)
    }
    answers = [
        (await waiting.staff.post(f"{WISHES}/{wish_id}/{command}", {})).json()
        for command in ("withdraw", "resume")
    ]
    return (
        listed == {True: [], False: [wish_id]}
        and [(one["state"], one["command_id"]) for one in answers] == [("lapsed", None)] * 2
    )


@pytest.mark.parametrize("end", ["move", "cancel", "start", "until"])
async def test_a_wish_lapses_at_once_and_the_worker_records_it_after_a_time(
    waiting: Waiting, world: World, clock: TestClock, end: str
) -> None:
    await waiting.wish(until=(LATE - DAY).isoformat())
    if end == "move":
        assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    elif end == "cancel":
        await waiting.api.cancel(waiting.session_id)
    else:
        clock.now = LATE - DAY + TICK if end == "until" else LATE
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    assert shown.json()["wish"]["state"] == "lapsed"
    assert await lapsed_and_fixed(waiting, shown.json()["wish"]["id"])
    assert (await waiting.api.delete(f"/v1/sessions/{waiting.session_id}/wish")).is_success
    recorded = "waiting" if end in {"start", "until"} else "lapsed"
    assert [row.state for row in await world.rows(Wish)] == [recorded]
    await waiting.work(clock.now + STILL_WAITING)
    assert [row.state for row in await world.rows(Wish)] == ["lapsed"]
    assert sorted(await kinds(world)) == ["created", "lapsed"]


async def test_a_move_by_the_practice_leaves_the_wish(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    assert (await waiting.staff.reschedule_by_staff(waiting.session_id, LATE + DAY)).is_success
    await waiting.work()
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    assert len((await waiting.staff.get(WISHES, active=True)).json()["items"]) == 1


async def move_by_staff(waiting: Waiting, start: datetime) -> None:
    moved = await waiting.staff.reschedule_by_staff(waiting.session_id, start)
    assert moved.status_code == 200, moved.text


async def undo(waiting: Waiting, session_id: UUID | None = None) -> None:
    path = f"/v1/sessions/{session_id or waiting.session_id}/undo"
    undone = await waiting.api.post(path, None)
    assert undone.status_code == 200, undone.text


@pytest.mark.parametrize("back_to", [LATE, LATE + HOUR])
async def test_a_move_by_its_client_after_one_by_the_practice_ends_the_wish(
    waiting: Waiting, world: World, clock: TestClock, back_to: datetime
) -> None:
    """Also back to the start at which the wish was made."""
    await waiting.wish()
    await move_by_staff(waiting, LATE + DAY)
    clock.now += HOUR
    await waiting.work()
    assert await wish_states(world) == ["waiting"]
    assert (await waiting.api.reschedule(waiting.session_id, back_to)).is_success
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    assert shown.json()["wish"]["state"] == "lapsed"
    assert await lapsed_and_fixed(waiting, shown.json()["wish"]["id"])
    await waiting.work()
    assert await wish_states(world) == ["lapsed"]


async def test_a_move_by_the_practice_brings_no_wish_back(waiting: Waiting, world: World) -> None:
    """Its client has ended it by a move."""
    await waiting.wish()
    assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    await move_by_staff(waiting, LATE + DAY + HOUR)
    await waiting.work()
    assert await wish_states(world) == ["lapsed"]


async def test_a_wish_waits_again_after_a_move_by_the_practice_and_one_that_is_taken_back(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    await move_by_staff(waiting, LATE + DAY)
    assert (await waiting.api.reschedule(waiting.session_id, LATE)).is_success
    clock.now += MINUTE
    await waiting.work()
    assert await wish_states(world) == ["lapsed"]
    await undo(waiting)
    assert await wish_states(world) == ["waiting"]


async def test_the_undo_of_a_second_move_resumes_no_wish_that_the_first_one_has_ended(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    for start in (LATE + DAY, LATE + DAY + HOUR):
        assert (await waiting.api.reschedule(waiting.session_id, start)).is_success
        clock.now += MINUTE
    await waiting.work()
    assert await wish_states(world) == ["lapsed"]
    await undo(waiting)
    assert await wish_states(world) == ["lapsed"]
    assert "resumed" not in await kinds(world)


async def test_the_undo_of_a_change_of_format_resumes_no_wish_that_an_acceptance_has_ended(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    second = await world.book(LATE + DAY)
    offer = await waiting.offered()
    assert (await put_wish(waiting.api, second)).is_success
    assert (await waiting.api.reschedule(second, LATE + DAY, format="phone")).is_success
    clock.now += MINUTE
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200
    assert await wish_states(world) == ["lapsed", "met"]
    clock.now += MINUTE
    await undo(waiting, second)
    assert await wish_states(world) == ["lapsed", "met"]


async def test_a_paused_wish_that_has_lapsed_is_not_resumed(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    wish = await waiting.wish(until=(LATE - DAY).isoformat())
    await world.change(Wish, UUID(wish["id"]), unanswered=3, paused_at=NOW)
    clock.now = LATE - DAY + TICK
    assert await lapsed_and_fixed(waiting, wish["id"])
    assert [row.paused_at for row in await world.rows(Wish)] == [NOW]


async def test_a_moved_session_gets_a_new_wish(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    assert (await put_wish(waiting.api, waiting.session_id)).status_code == 201
    assert sorted(row.state for row in await world.rows(Wish)) == ["lapsed", "waiting"]


async def test_staff_enter_a_wish_for_a_session_and_for_a_new_one(
    waiting: Waiting, world: World
) -> None:
    of_session = {"session_id": str(waiting.session_id), "urgent": True}
    made = await waiting.staff.post(WISHES, of_session)
    assert (made.status_code, made.json()["urgent"]) == (201, True)
    assert made.json()["client"] == {"id": str(world.client_id), "name": "Ana Ruiz"}
    # The client changes the times; staff have said that it is urgent.
    changed = await put_wish(waiting.api, waiting.session_id, weekdays=[1])
    assert (changed.status_code, changed.json()["id"]) == (200, made.json()["id"])
    assert [row.urgent for row in await world.rows(Wish)] == [True]
    package_id = await world.add_package()
    new = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "package_id": str(package_id),
    }
    second = await waiting.staff.post(WISHES, new)
    assert second.status_code == 201, second.text
    listed = (await waiting.staff.get(WISHES, limit=1)).json()
    assert len(listed["items"]) == 1
    rest = (await waiting.staff.get(WISHES, limit=1, cursor=listed["next_cursor"])).json()
    assert {one["items"][0]["id"] for one in (listed, rest)} == {
        made.json()["id"],
        second.json()["id"],
    }
    ended = await waiting.staff.post(f"{WISHES}/{second.json()['id']}/withdraw", {})
    assert ended.json()["state"] == "withdrawn"
    again = await waiting.staff.post(f"{WISHES}/{second.json()['id']}/withdraw", {})
    assert again.json()["command_id"] == ended.json()["command_id"]
    active = (await waiting.staff.get(WISHES, active=True)).json()
    assert [one["id"] for one in active["items"]] == [made.json()["id"]]
    one = await waiting.staff.get(f"{WISHES}/{made.json()['id']}")
    assert one.json() == active["items"][0]


async def test_a_client_waits_once_for_a_group(waiting: Waiting, world: World) -> None:
    """Else a no to one would be asked again at once, before those who wait too."""
    group_id = str(await add_group(world))
    body = {"client_id": str(world.client_id), "group_id": group_id}
    made = await waiting.staff.post(WISHES, body)
    assert made.status_code == 201, made.text
    again = await waiting.staff.post(WISHES, body)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/group_id")
    await waiting.staff.post(f"{WISHES}/{made.json()['id']}/withdraw", {})
    assert (await waiting.staff.post(WISHES, body)).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"client_id": str(uuid4())}, "/client_id"),
        ({"service_id": str(uuid4())}, "/service_id"),
        ({"practitioner_id": str(uuid4())}, "/practitioner_id"),
        ({"package_id": str(uuid4())}, "/package_id"),
        ({"group_id": str(uuid4())}, "/group_id"),
        ({"client_id": None}, "/client_id"),
        ({"service_id": None}, "/service_id"),
        ({"session_id": str(uuid4())}, "/client_id"),
        ({"until": NOW.isoformat()}, "/until"),
    ],
)
async def test_what_staff_name_must_be_the_practices(
    waiting: Waiting, world: World, change: dict[str, Any], pointer: str
) -> None:
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)} | change
    answer = await waiting.staff.post(WISHES, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await world.rows(Wish) == []


async def test_an_unknown_session_and_an_inactive_client_are_refused(
    waiting: Waiting, world: World
) -> None:
    unknown = await waiting.staff.post(WISHES, {"session_id": str(uuid4())})
    assert unknown.json()["errors"][0]["pointer"] == "/session_id"
    await world.change(Client, world.client_id, active=False)
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    inactive = await waiting.staff.post(WISHES, body)
    assert inactive.json()["errors"][0]["pointer"] == "/client_id"
    await world.change(Client, world.client_id, active=True)
    await world.change(Service, world.service_id, waitlist="off")
    assert (await waiting.staff.post(WISHES, body)).json()["code"] == "waitlist-off"


async def test_a_session_of_an_inactive_service_can_come_sooner(
    waiting: Waiting, world: World
) -> None:
    """It is moved as before, but nothing new of the service is booked."""
    await world.change(Service, world.service_id, active=False)
    offer = await waiting.offered()
    assert offer.session_id == waiting.session_id
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    refused = await waiting.staff.post(WISHES, body)
    assert refused.json()["errors"][0]["pointer"] == "/service_id"


async def test_reading_needs_read_and_writing_needs_write(waiting: Waiting, world: World) -> None:
    wish = await waiting.wish()
    reader = waiting.api.signed_in(await world.key(Scope.READ))
    listed = (await reader.get(WISHES)).json()
    assert listed["items"][0]["client"]["name"] == "Ana Ruiz"
    for path in (WISHES, f"{WISHES}/{wish['id']}/withdraw", f"{WISHES}/{wish['id']}/resume"):
        assert (await reader.post(path, {})).status_code == 403
    assert (await waiting.api.get(WISHES)).status_code == 401


async def test_another_practice_sees_no_wish(waiting: Waiting, world: World, api: Api) -> None:
    wish = await waiting.wish()
    other = await World(world.engine, world.settings).build()
    elsewhere = api.signed_in(await other.key())
    assert (await elsewhere.get(WISHES)).json()["items"] == []
    assert (await elsewhere.get(f"{WISHES}/{wish['id']}")).status_code == 404
    assert (await elsewhere.post(f"{WISHES}/{wish['id']}/withdraw", {})).status_code == 404


async def test_a_repeated_request_is_answered_once(waiting: Waiting, world: World) -> None:
    path, key = f"/v1/sessions/{waiting.session_id}/wish", {"Idempotency-Key": "w-1"}
    first = await waiting.api.put(path, {}, key)
    again = await waiting.api.put(path, {}, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await world.rows(Wish)) == 1
    assert LATE - timedelta(days=1) > FREED
