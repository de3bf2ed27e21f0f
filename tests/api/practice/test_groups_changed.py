"""Staff change, push, cancel and move groups with all their seats."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change, ChangeNote
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.practices import ServiceFormat
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from app.tables.webhooks import WebhookEndpoint
from tests.api.practice.test_groups import (
    DAY,
    GROUPS,
    SESSIONS,
    START,
    a_group,
    create,
    pointer,
    take,
)
from tests.groups import add_clients, seats_of
from tests.world import NOW, Api, TestClock, World

WHY = {"note": "Dr. Chen is ill."}
LATER = START + 5 * DAY
STRICT = {
    "cancel": {
        "enabled": False,
        "fees": [{"deadline": {"before_minutes": 10_000}, "percent": "50"}],
    },
    "reschedule": {"limit": 1},
}


async def fill(staff: Api, world: World, group: Any, count: int, **values: Any) -> list[UUID]:
    """Book as many seats for other clients, and give their sessions."""
    answers = [
        await take(staff, group["id"], client_id, **values)
        for client_id in await add_clients(world, count)
    ]
    return [UUID(answer.json()["session"]["id"]) for answer in answers]


async def cancel(staff: Api, group: Any, headers: dict[str, str] | None = None) -> Response:
    return await staff.post(f"{GROUPS}/{group['id']}/cancel", {"reason": WHY}, headers)


async def move(staff: Api, group: Any, **body: Any) -> Response:
    body = {"start": LATER.isoformat(), "reason": WHY} | body
    return await staff.post(f"{GROUPS}/{group['id']}/move", body)


async def everything(world: World) -> list[Any]:
    """Read all that a command on a group could change."""
    tables = (Group, Session, TakenTime, Change, Fee, CreditRedemption, Notification)
    return [sorted(map(repr, await world.rows(table))) for table in tables]


async def told(world: World, change_kind: str) -> dict[tuple[str, str], int]:
    """Count the notifications about changes of a kind, by recipient and kind."""
    changes = {row.id for row in await world.rows(Change, kind=change_kind)}
    counted: dict[tuple[str, str], int] = {}
    for row in await world.rows(Notification):
        if row.change_id in changes:
            counted[row.recipient, row.kind] = counted.get((row.recipient, row.kind), 0) + 1
    return counted


# Changing


async def test_staff_change_seats_and_minimum(staff: Api, world: World) -> None:
    group = await create(staff, world)
    path = f"{GROUPS}/{group['id']}"
    changed = await staff.patch(path, {"seats": 5, "min_seats": 2, "decide_hours": 12})
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    shown = changed.json()
    assert (shown["seats"], shown["min_seats"], shown["decide_hours"]) == (5, 2, 12)
    assert shown["command_id"] is not None
    assert shown["sessions"] == []
    again = (await staff.patch(path, {"seats": 5, "min_seats": 2})).json()
    assert (again["command_id"], again["version"]) == (None, 2)
    without = (await staff.patch(path, {"min_seats": None})).json()
    assert (without["min_seats"], without["decide_hours"], without["auto_cancel"]) == (
        None,
        None,
        False,
    )
    kinds = [row.kind for row in await world.rows(Change, subject="group")]
    assert sorted(kinds) == ["created", "updated", "updated"]


async def test_a_group_never_has_fewer_seats_than_are_taken(staff: Api, world: World) -> None:
    group = await create(staff, world, seats=6)
    sessions = await fill(staff, world, group, 6)
    path, free = f"{GROUPS}/{group['id']}", {"charge_fee": False, "reason": WHY}
    for session_id in sessions[:3]:
        await staff.post(f"{SESSIONS}/{session_id}/cancel", free)
    assert pointer(await staff.patch(path, {"seats": 2})) == "/seats"
    assert sorted((await seats_of(world, UUID(group["id"]))).values()) == [4, 5, 6]
    smaller = await staff.patch(path, {"seats": 3})
    assert (smaller.json()["seats_taken"], smaller.json()["seats_left"]) == (3, 0)
    # The numbers still count the seats: nobody else finds one.
    assert sorted((await seats_of(world, UUID(group["id"]))).values()) == [1, 2, 3]
    refused = await take(staff, group["id"], world.client_id)
    assert refused.json()["code"] == "group-full"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"seats": None}, "/seats", id="null seats"),
        pytest.param({"seats": 0}, "/seats", id="no seats"),
        pytest.param({"seats": 1}, "/min_seats", id="below the minimum"),
        pytest.param({"min_seats": 4}, "/min_seats", id="above the seats"),
        pytest.param({"decide_hours": None}, "/decide_hours", id="a minimum without hours"),
        pytest.param({"min_seats": None, "auto_cancel": True}, "/min_seats", id="no minimum"),
        pytest.param({"auto_cancel": None}, "/auto_cancel", id="null"),
        pytest.param({"start": LATER.isoformat()}, "/start", id="a move"),
    ],
)
async def test_a_bad_change_names_its_field_and_changes_nothing(
    staff: Api, world: World, body: dict[str, Any], field: str
) -> None:
    group = await create(staff, world, min_seats=2, decide_hours=12)
    before = await everything(world)
    assert pointer(await staff.patch(f"{GROUPS}/{group['id']}", body)) == field
    assert await everything(world) == before


@pytest.mark.parametrize("command", ["patch", "cancel", "move", "put"])
async def test_if_match_guards_each_command(staff: Api, world: World, command: str) -> None:
    group = await create(staff, world, external_ref="class-7")
    path = f"{GROUPS}/{group['id']}"
    await staff.patch(path, {"seats": 4})
    before = await everything(world)

    async def send(headers: dict[str, str]) -> Response:
        if command == "patch":
            return await staff.patch(path, {"seats": 5}, headers)
        if command == "put":
            return await staff.put(f"{GROUPS}/by-ref/class-7", a_group(world, LATER), headers)
        body = {"reason": WHY} | ({"start": LATER.isoformat()} if command == "move" else {})
        return await staff.post(f"{path}/{command}", body, headers)

    refused = await send({"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (412, "version-mismatch")
    assert await everything(world) == before
    assert (await send({"If-Match": '"2"'})).status_code == 200


# Cancelling


async def test_cancelling_a_group_cancels_each_seat_once_and_free_of_charge(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    group = await create(staff, world)
    package_id = await world.add_package()
    own = await take(staff, group["id"], world.client_id, package_id=str(package_id))
    others = await fill(staff, world, group, 2)
    answer = await cancel(staff, group)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["status"], shown["version"]) == ("cancelled", 2)
    assert (shown["seats_taken"], shown["seats_left"]) == (0, 0)
    own_id = own.json()["session"]["id"]
    assert {(one["session_id"], one["status"], one["credit"]) for one in shown["sessions"]} == {
        (own_id, "cancelled", "returned"),
        *((str(other), "cancelled", None) for other in others),
    }
    session = await api.session(UUID(own_id))
    assert session["status"] == "cancelled"
    assert session["cancellation"]["by"] == "practice"
    assert session["package"]["credits_left"] == 6
    assert await world.rows(Fee) == []
    assert await world.rows(TakenTime) == []
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.returned_at == NOW
    assert await told(world, "cancelled") == {
        ("client", "cancelled"): 3,
        ("webhook", "session.cancelled"): 3,
        ("practitioner", "group_cancelled"): 1,
        ("webhook", "group.cancelled"): 1,
    }
    changes = await world.rows(Change, kind="cancelled")
    assert {row.command_id for row in changes} == {UUID(shown["command_id"])}
    assert sorted(row.subject for row in changes) == ["group", "session", "session", "session"]
    notes = [row.note for row in await world.rows(ChangeNote) if row.note]
    assert notes == [WHY["note"]] * 4
    # Reminders are for nobody.
    assert await world.rows(Notification, kind="reminder", status="pending") == []


async def test_cancelling_a_cancelled_group_changes_nothing(staff: Api, world: World) -> None:
    group = await create(staff, world)
    await fill(staff, world, group, 2)
    first = await cancel(staff, group, {"Idempotency-Key": "once"})
    before = await everything(world)
    for headers in ({}, {"Idempotency-Key": "once"}, {"If-Match": '"1"'}):
        again = await cancel(staff, group, headers)
        assert again.status_code == 200
        assert again.json()["status"] == "cancelled"
        assert again.json()["command_id"] == first.json()["command_id"]
    assert await everything(world) == before


async def test_a_cancelled_group_gives_its_time_back_and_stays_cancelled(
    staff: Api, world: World
) -> None:
    group = await create(staff, world, external_ref="class-7")
    (seat,) = await fill(staff, world, group, 1)
    await cancel(staff, group)
    path = f"{GROUPS}/{group['id']}"
    for answer in (
        await staff.patch(path, {"seats": 4}),
        await move(staff, group),
        await staff.put(f"{GROUPS}/by-ref/class-7", a_group(world, LATER)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "group-cancelled")
    same = await staff.put(f"{GROUPS}/by-ref/class-7", a_group(world))
    assert (same.status_code, same.json()["command_id"]) == (200, None)
    undone = await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": WHY})
    assert undone.json()["code"] == "group-cancelled"
    await create(staff, world)


async def test_seats_that_have_ended_stay_when_their_group_is_cancelled(
    staff: Api, world: World, clock: TestClock
) -> None:
    group = await create(staff, world)
    came, missed, booked = await fill(staff, world, group, 3)
    clock.now = START + timedelta(minutes=10)
    await staff.post(f"{SESSIONS}/{came}/fulfilled", {})
    await staff.post(f"{SESSIONS}/{missed}/noshow", {"charge_fee": False})
    shown = (await cancel(staff, group)).json()
    assert [one["session_id"] for one in shown["sessions"]] == [str(booked)]
    statuses = {row.id: row.status for row in await world.rows(Session)}
    assert statuses == {came: "fulfilled", missed: "noshow", booked: "cancelled"}


async def test_an_empty_group_is_cancelled(staff: Api, world: World) -> None:
    group = await create(staff, world)
    shown = (await cancel(staff, group)).json()
    assert (shown["status"], shown["sessions"]) == ("cancelled", [])
    assert await told(world, "cancelled") == {("practitioner", "group_cancelled"): 1}


# Moving


async def test_moving_a_group_moves_each_seat(staff: Api, api: Api, world: World) -> None:
    await world.add_policy(STRICT)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    group = await create(staff, world)
    own = (await take(staff, group["id"], world.client_id)).json()["session"]["id"]
    others = await fill(staff, world, group, 2)
    answer = await move(staff, group, format="in_person")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["starts_at"] == "2026-12-08T10:00:00-05:00"
    assert shown["format"]["location"]["id"] == str(world.location_id)
    assert shown["version"] == 2
    assert {one["session_id"] for one in shown["sessions"]} == {own, *map(str, others)}
    assert {one["status"] for one in shown["sessions"]} == {"booked"}
    session = await api.session(UUID(own))
    for field in ("starts_at", "ends_at", "format"):
        assert session[field] == shown[field]
    for row in await world.rows(Session):
        assert (row.starts_at, row.taken_until) == (LATER, LATER + timedelta(minutes=50))
        assert (row.client_moves, row.booked_starts_at) == (0, LATER)
        assert (row.calendar_sequence, row.version) == (1, 2)
        assert row.moved_by_practice
    (taken,) = await world.rows(TakenTime)
    assert (taken.starts_at, taken.id) == (LATER, UUID(group["id"]))
    assert await world.rows(Fee) == []
    assert await told(world, "moved") == {
        ("practitioner", "group_moved"): 1,
        ("webhook", "group.moved"): 1,
    }
    assert await told(world, "rescheduled") == {
        ("client", "rescheduled"): 3,
        ("client", "reminder"): 3,
        ("webhook", "session.rescheduled"): 3,
    }
    commands = {row.command_id for row in await world.rows(Change, at=NOW) if row.old_starts_at}
    assert commands == {UUID(shown["command_id"])}
    entries = (await staff.get("/v1/practice/changes", subject="group", kind="moved")).json()
    assert entries["items"][0]["before"]["starts_at"] == "2026-12-03T15:00:00Z"
    assert entries["items"][0]["details"]["seats_moved"] == 3


async def test_a_group_moves_only_to_a_free_time(staff: Api, world: World) -> None:
    group = await create(staff, world)
    await fill(staff, world, group, 1)
    (client_id,) = await add_clients(world, 1)
    await world.book(LATER, client_id=client_id)
    before = await everything(world)
    for body in (
        {"force": True},
        {"start": (START + 2 * DAY).isoformat()},
    ):
        refused = await move(staff, group, **body)
        assert refused.json()["code"] == "slot-unavailable"
        assert len(refused.json()["alternatives"]) == 3
    same = await move(staff, group, start=START.isoformat())
    assert (same.status_code, same.json()["code"]) == (409, "no-change")
    assert await everything(world) == before
    # Its own time does not block it.
    near = await move(staff, group, start=(START + timedelta(minutes=30)).isoformat())
    assert near.status_code == 200
    forced = await move(staff, group, start=(START + 2 * DAY).isoformat(), force=True)
    assert forced.status_code == 200


async def test_clients_who_have_other_sessions_then_are_named_or_left_behind(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    group = await create(staff, world)
    package_id = await world.add_package()
    own = (await take(staff, group["id"], world.client_id, package_id=str(package_id))).json()
    own_id = own["session"]["id"]
    (other,) = await fill(staff, world, group, 1)
    lee = await world.add_practitioner(name="Dr. Lee")
    elsewhere = await world.book(LATER + timedelta(minutes=40), practitioner_id=lee)
    before = await everything(world)
    refused = await move(staff, group)
    assert (refused.status_code, refused.json()["code"]) == (409, "seats-conflict")
    assert refused.json()["conflicts"] == [
        {
            "session_id": own_id,
            "client_id": str(world.client_id),
            "other_session_id": str(elsewhere),
        }
    ]
    assert await everything(world) == before
    moved = await move(staff, group, leave_behind=True)
    assert moved.status_code == 200, moved.text
    assert {one["session_id"]: one["status"] for one in moved.json()["sessions"]} == {
        own_id: "cancelled",
        str(other): "booked",
    }
    assert (moved.json()["seats_taken"], moved.json()["seats_left"]) == (1, 2)
    session = await api.session(UUID(own_id))
    assert (session["status"], session["package"]["credits_left"]) == ("cancelled", 6)
    assert session["cancellation"]["by"] == "practice"
    assert await world.rows(Fee) == []
    assert await told(world, "cancelled") == {("client", "cancelled"): 1}


async def test_a_group_keeps_a_format_that_its_service_no_longer_has(
    staff: Api, world: World
) -> None:
    group = await create(staff, world)
    mill_lane = await world.add_location()
    for row in await world.rows(ServiceFormat):
        if row.format == "video":
            await world.change(ServiceFormat, row.id, format="in_person", location_id=mill_lane)
    moved = await move(staff, group)
    assert (moved.status_code, moved.json()["format"]["kind"]) == (200, "video")
    back = await move(staff, group, start=START.isoformat(), format="phone")
    assert back.status_code == 200
    assert pointer(await move(staff, group, format="video")) == "/format"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"start": "2026-12-08T10:00:00.25-05:00"}, "/start", id="fraction"),
        pytest.param({"start": None}, "/start", id="no start"),
        pytest.param({"format": "letter"}, "/format", id="format"),
        pytest.param(
            {"location_id": "0b0e7c39-5a3f-4b1e-9a53-0f6a2f0f4c11"}, "/location_id", id="place"
        ),
        pytest.param({"force": 1}, "/force", id="force"),
        pytest.param({"leave_behind": "yes"}, "/leave_behind", id="leave_behind"),
        pytest.param({"reason": None}, "/reason", id="no reason"),
        pytest.param({"reason": {"note": " "}}, "/reason/note", id="blank reason"),
    ],
)
async def test_a_bad_move_names_its_field(
    staff: Api, world: World, body: dict[str, Any], field: str
) -> None:
    group = await create(staff, world)
    before = await everything(world)
    assert pointer(await move(staff, group, **body)) == field
    assert await everything(world) == before


# Pushing


async def test_a_group_is_pushed_by_ref(staff: Api, world: World) -> None:
    path = f"{GROUPS}/by-ref/class-7"
    first = await staff.put(path, a_group(world))
    assert first.status_code == 201, first.text
    group = first.json()
    assert group["external_ref"] == "class-7"
    (seat,) = await fill(staff, world, group, 1)
    before = await everything(world)
    again = await staff.put(path, a_group(world))
    assert (again.status_code, again.json()["command_id"]) == (200, None)
    assert await everything(world) == before
    larger = await staff.put(path, a_group(world, seats=9, min_seats=2, decide_hours=3))
    assert (larger.status_code, larger.json()["seats"]) == (200, 9)
    moved = await staff.put(path, a_group(world, LATER, seats=9, duration_minutes=80))
    assert moved.status_code == 200, moved.text
    assert moved.json()["starts_at"] == "2026-12-08T10:00:00-05:00"
    assert moved.json()["ends_at"] == "2026-12-08T11:20:00-05:00"
    assert moved.json()["min_seats"] is None
    (row,) = await world.rows(Session, id=seat)
    assert row.ends_at == LATER + timedelta(minutes=80)
    kept = await staff.put(path, a_group(world, LATER, seats=9))
    assert (kept.status_code, kept.json()["command_id"]) == (200, None)


async def test_a_push_cannot_give_a_group_to_somebody_else(staff: Api, world: World) -> None:
    path = f"{GROUPS}/by-ref/class-7"
    await staff.put(path, a_group(world))
    before = await everything(world)
    lee = await world.add_practitioner(name="Dr. Lee")
    yoga = await world.add_service(name="Yoga")
    refused = await staff.put(path, a_group(world, practitioner_id=str(lee)))
    assert pointer(refused) == "/practitioner_id"
    assert pointer(await staff.put(path, a_group(world, service_id=str(yoga)))) == "/service_id"
    assert await everything(world) == before
    missing = await staff.put(f"{GROUPS}/by-ref/other", a_group(world), {"If-Match": '"1"'})
    assert missing.status_code == 412


async def test_a_push_that_conflicts_changes_nothing_unless_it_leaves_behind(
    staff: Api, world: World
) -> None:
    path = f"{GROUPS}/by-ref/class-7"
    group = (await staff.put(path, a_group(world))).json()
    await take(staff, group["id"], world.client_id)
    lee = await world.add_practitioner(name="Dr. Lee")
    await world.book(LATER, practitioner_id=lee)
    before = await everything(world)
    refused = await staff.put(path, a_group(world, LATER, seats=5))
    assert refused.json()["code"] == "seats-conflict"
    assert await everything(world) == before
    moved = await staff.put(path, a_group(world, LATER, seats=5, leave_behind=True))
    assert (moved.status_code, moved.json()["seats_left"]) == (200, 5)


# Misfits


async def test_groups_that_no_longer_fit_are_reported_with_their_seats(
    staff: Api, world: World
) -> None:
    group = await create(staff, world)
    empty = await create(staff, world, START + DAY)
    gone = await create(staff, world, START + 4 * DAY)
    await cancel(staff, gone)
    (seat,) = await fill(staff, world, group, 1)
    path = f"/v1/practice/practitioners/{world.practitioner_id}"
    answer = await staff.put(f"{path}/working-hours", {"items": []})
    report = answer.json()["misfits"]
    assert report["count"] == 1
    assert [(one["id"], one["group_id"]) for one in report["items"]] == [(str(seat), group["id"])]
    assert [one["id"] for one in report["groups"]] == [group["id"], empty["id"]]
    assert report["groups"][0] == {
        "id": group["id"],
        "practitioner_id": str(world.practitioner_id),
        "starts_at": "2026-12-03T15:00:00Z",
        "ends_at": "2026-12-03T15:50:00Z",
        "format": "video",
        "location_id": None,
        "reasons": ["outside_hours"],
    }
    assert (await staff.get(f"{path}/misfits")).json() == report


# Walls


async def test_no_command_reaches_the_group_of_another_practice(
    staff: Api, world: World, settings: Any
) -> None:
    other = await World(world.engine, settings).build()
    theirs = await create(staff.signed_in(await other.key()), other, external_ref="theirs")
    before = await everything(other)
    path = f"{GROUPS}/{theirs['id']}"
    for answer in (
        await staff.patch(path, {"seats": 9}),
        await cancel(staff, theirs),
        await move(staff, theirs),
    ):
        assert answer.status_code == 404
    assert (await staff.put(f"{GROUPS}/by-ref/theirs", a_group(world))).status_code == 201
    assert await everything(other) == before
