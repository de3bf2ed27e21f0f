"""Weekly hours, hours of single dates, and booked sessions that no longer fit them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import OPERATOR
from app.database.transactions import transact
from app.domain.session import Format
from app.identity.api_keys.keys import Scope
from app.schedule.hours.schemas import MAX_WEEKLY
from app.sessions.commands.book import book
from app.sessions.commands.booking import Booking
from app.tables.changes import Change
from app.tables.practices import HoursOverride, WorkingHours
from app.tables.sessions import Session
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
NONE = {"count": 0, "items": [], "groups": []}
MORNINGS = {"items": [{"weekday": 4, "start": "09:00", "end": "12:00"}]}
CLOSED: dict[str, Any] = {"intervals": []}


def of(world: World, rest: str, practitioner_id: object = None) -> str:
    return f"/v1/practice/practitioners/{practitioner_id or world.practitioner_id}/{rest}"


def named(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), answer.text
    return [(error["in"], error["pointer"]) for error in answer.json()["errors"]]


async def kinds(world: World, subject: str) -> list[str]:
    """List the kinds of changes, sorted by name because the test clock does not advance."""
    return sorted(row.kind for row in await world.rows(Change, subject=subject))


async def test_the_week_is_shown_from_monday_on(staff: Api, world: World) -> None:
    answer = await staff.get(of(world, "working-hours"))
    assert answer.json()["items"] == [
        {
            "weekday": weekday,
            "start": "09:00",
            "end": "17:00",
            "format": None,
            "location_id": None,
        }
        for weekday in range(1, 6)
    ]


async def test_the_week_is_replaced_whole_and_offered_from_then_on(
    staff: Api, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    week = [
        {"weekday": 7, "start": "22:00", "end": "24:00", "format": "video", "location_id": None},
        {
            "weekday": 2,
            "start": "00:00",
            "end": "01:30",
            "format": "in_person",
            "location_id": str(world.location_id),
        },
    ]
    answer = await staff.put(of(world, "working-hours"), {"items": week})
    assert answer.status_code == 200
    assert answer.json()["items"] == [week[1], week[0]]
    assert (await staff.get(of(world, "working-hours"))).json()["items"] == [week[1], week[0]]
    days = {"from": "2026-12-01", "to": "2026-12-06"}
    assert slots(await api.availability(session_id, **days)) == [
        "2026-12-06T22:00:00-05:00",
        "2026-12-06T22:30:00-05:00",
        "2026-12-06T23:00:00-05:00",
    ]


async def test_the_same_week_again_changes_nothing(staff: Api, world: World) -> None:
    week = {"items": [*MORNINGS["items"], *MORNINGS["items"]]}
    await staff.put(of(world, "working-hours"), week)
    before = await world.rows(WorkingHours)
    assert len(before) == 1
    answer = await staff.put(of(world, "working-hours"), MORNINGS)
    assert answer.status_code == 200
    assert await world.rows(WorkingHours) == before
    assert await kinds(world, "working_hours") == ["updated"]


async def test_a_new_week_is_in_the_audit_log_with_the_keys_name(staff: Api, world: World) -> None:
    await staff.put(of(world, "working-hours"), MORNINGS)
    (entry,) = await world.rows(Change, subject="working_hours")
    assert (entry.subject_id, entry.actor, entry.actor_name) == (
        world.practitioner_id,
        "practice",
        "Front desk",
    )
    assert (entry.at, entry.details) == (NOW, {"intervals": 1, "before": 5})


async def test_sessions_outside_new_hours_are_reported_and_not_touched(
    staff: Api, world: World
) -> None:
    fits = await world.book(START)
    late = await world.book(START + timedelta(hours=4))
    friday = await world.book(
        START + timedelta(days=1), format=Format.IN_PERSON, location_id=world.location_id
    )
    before = await world.rows(Session)
    answer = await staff.put(of(world, "working-hours"), MORNINGS)
    report = answer.json()["misfits"]
    assert report["count"] == 2
    assert report["items"] == [
        {
            "id": str(late),
            "practitioner_id": str(world.practitioner_id),
            "starts_at": "2026-12-03T19:00:00Z",
            "ends_at": "2026-12-03T19:50:00Z",
            "format": "video",
            "location_id": None,
            "client_id": str(world.client_id),
            "group_id": None,
            "reasons": ["outside_hours"],
            "move_request_id": None,
        },
        {
            "id": str(friday),
            "practitioner_id": str(world.practitioner_id),
            "starts_at": "2026-12-04T15:00:00Z",
            "ends_at": "2026-12-04T15:50:00Z",
            "format": "in_person",
            "location_id": str(world.location_id),
            "client_id": str(world.client_id),
            "group_id": None,
            "reasons": ["outside_hours"],
            "move_request_id": None,
        },
    ]
    assert str(fits) not in answer.text
    assert await world.rows(Session) == before
    assert (await staff.get(of(world, "misfits"))).json() == report


async def test_only_booked_sessions_to_come_of_this_practitioner_are_reported(
    staff: Api, api: Api, world: World, clock: TestClock
) -> None:
    other = await world.add_practitioner()
    await world.book(START)
    await world.book(START, practitioner_id=other, client_id=await world.add_client())
    await api.cancel(await world.book(START + timedelta(hours=1)))
    later = await world.book(START + timedelta(hours=3))
    clock.now = START
    answer = await staff.put(of(world, "working-hours"), {"items": []})
    assert [item["id"] for item in answer.json()["misfits"]["items"]] == [str(later)]
    assert (await staff.get(of(world, "misfits", other))).json() == NONE


@pytest.mark.slow
async def test_a_long_report_is_cut_and_has_the_total(staff: Api, world: World) -> None:
    weekdays = [day for day in range(1, 60) if (NOW + timedelta(days=day)).weekday() < 5]
    starts = [NOW + timedelta(days=day, hours=hour) for day in weekdays[:26] for hour in range(4)]

    async def command(db: AsyncConnection) -> list[UUID]:
        return [
            (
                await book(
                    db,
                    world.practice_id,
                    Booking(
                        world.client_id,
                        world.practitioner_id,
                        world.service_id,
                        start,
                        Format.VIDEO,
                    ),
                    actor=OPERATOR,
                    force=True,
                    now=NOW,
                )
            ).session_id
            for start in starts
        ]

    booked = await transact(world.engine, command)
    report = (await staff.put(of(world, "working-hours"), {"items": []})).json()["misfits"]
    assert report["count"] == 104
    assert [item["id"] for item in report["items"]] == [str(found) for found in booked[:100]]


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        pytest.param({"weekday": 0}, "weekday", id="day-0"),
        pytest.param({"weekday": 8}, "weekday", id="day-8"),
        pytest.param({"weekday": True}, "weekday", id="day-true"),
        pytest.param({"weekday": "1"}, "weekday", id="day-text"),
        pytest.param({"weekday": None}, "weekday", id="day-null"),
        pytest.param({"start": "9:00"}, "start", id="short"),
        pytest.param({"start": "24:00"}, "start", id="begins-at-24"),
        pytest.param({"start": "09:00\n"}, "start", id="line-end"),
        pytest.param({"start": 540}, "start", id="minutes"),
        pytest.param({"end": "24:01"}, "end", id="after-midnight"),
        pytest.param({"end": "09:00"}, "end", id="empty"),
        pytest.param({"end": "08:59"}, "end", id="wrong-way-round"),
        pytest.param({"end": "1\u0667:00"}, "end", id="other-digits"),
        pytest.param({"format": "letter"}, "format", id="format"),
        pytest.param({"location_id": "x"}, "location_id", id="no-id"),
        pytest.param({"note": "x"}, "note", id="unknown-field"),
    ],
)
async def test_a_bad_interval_is_named(
    staff: Api, world: World, item: dict[str, Any], pointer: str
) -> None:
    before = await world.rows(WorkingHours)
    body = {"items": [*MORNINGS["items"], {**MORNINGS["items"][0], **item}]}
    answer = await staff.put(of(world, "working-hours"), body)
    assert named(answer) == [("body", f"/items/1/{pointer}")]
    assert await world.rows(WorkingHours) == before


async def test_only_hours_in_person_have_a_place(staff: Api, world: World) -> None:
    place = {**MORNINGS["items"][0], "location_id": str(world.location_id)}
    for kind, status in ((None, 200), ("in_person", 200), ("video", 422), ("phone", 422)):
        answer = await staff.put(of(world, "working-hours"), {"items": [{**place, "format": kind}]})
        assert answer.status_code == status, answer.text
    assert named(answer) == [("body", "/items/0/location_id")]


async def test_a_place_of_another_practice_is_named_like_an_unknown_one(
    staff: Api, world: World
) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    before = await world.rows(WorkingHours)
    for location_id in (elsewhere.location_id, uuid4()):
        interval = {"start": "09:00", "end": "10:00", "location_id": str(location_id)}
        item = {**interval, "weekday": 1}
        answer = await staff.put(of(world, "working-hours"), {"items": [*MORNINGS["items"], item]})
        assert named(answer) == [("body", "/items/1/location_id")]
        body = {"intervals": [interval]}
        answer = await staff.put(of(world, "hours-overrides/2026-12-03"), body)
        assert named(answer) == [("body", "/intervals/0/location_id")]
    assert await world.rows(WorkingHours) == before
    assert await world.rows(HoursOverride) == []


async def test_a_week_has_a_bound(staff: Api, world: World) -> None:
    item = MORNINGS["items"][0]
    for count, status in ((MAX_WEEKLY, 200), (MAX_WEEKLY + 1, 422)):
        answer = await staff.put(of(world, "working-hours"), {"items": [item] * count})
        assert answer.status_code == status


# Dates


async def test_a_date_gets_its_own_hours_and_loses_them_again(
    staff: Api, api: Api, world: World
) -> None:
    session_id = await world.book(START + timedelta(days=1))
    day = {"from": "2026-12-03", "to": "2026-12-03"}
    answer = await staff.put(
        of(world, "hours-overrides/2026-12-03"), {"intervals": [{"start": "18:00", "end": "19:00"}]}
    )
    assert answer.status_code == 200
    shown = {"start": "18:00", "end": "19:00", "format": None, "location_id": None}
    assert answer.json() == {"date": "2026-12-03", "intervals": [shown], "misfits": NONE}
    assert slots(await api.availability(session_id, **day)) == ["2026-12-03T18:00:00-05:00"]
    await staff.put(of(world, "hours-overrides/2026-12-03"), CLOSED)
    assert slots(await api.availability(session_id, **day)) == []
    removed = await staff.delete(of(world, "hours-overrides/2026-12-03"))
    assert (removed.status_code, removed.content) == (204, b"")
    assert len(slots(await api.availability(session_id, **day))) > 10
    assert await kinds(world, "hours_override") == ["created", "deleted", "updated"]


async def test_an_unchanged_date_writes_nothing(staff: Api, world: World) -> None:
    path = of(world, "hours-overrides/2026-12-03")
    assert (await staff.delete(path)).status_code == 204
    assert await kinds(world, "hours_override") == []
    for _ in range(2):
        assert (await staff.put(path, CLOSED)).json()["intervals"] == []
    (entry,) = await world.rows(Change, subject="hours_override")
    assert (entry.kind, entry.subject_id) == ("created", world.practitioner_id)
    assert entry.details == {"date": "2026-12-03", "intervals": 0}
    assert len(await world.rows(HoursOverride)) == 1


async def test_dates_in_a_range_are_listed_including_closed_ones(staff: Api, world: World) -> None:
    days = ("2026-11-29", "2026-11-30", "2026-12-24", "2027-11-30", "2027-12-01")
    for day in days:
        await staff.put(of(world, f"hours-overrides/{day}"), CLOSED)
    path = of(world, "hours-overrides")

    async def listed(**query: Any) -> list[str]:
        answer = await staff.get(path, **query)
        assert all(item["intervals"] == [] for item in answer.json()["items"])
        return [item["date"] for item in answer.json()["items"]]

    assert await listed() == list(days[1:4])
    assert await listed(**{"from": days[0], "to": days[1]}) == list(days[:2])
    assert await listed(**{"from": days[2], "to": days[2]}) == [days[2]]
    for first, last in ((days[1], days[0]), (days[1], days[4])):
        wrong: dict[str, Any] = {"from": first, "to": last}
        assert named(await staff.get(path, **wrong)) == [("query", "/to")]


async def test_closing_a_date_reports_its_sessions(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await staff.put(of(world, "hours-overrides/2026-12-03"), CLOSED)
    (misfit,) = answer.json()["misfits"]["items"]
    assert (misfit["id"], misfit["reasons"]) == (str(session_id), ["outside_hours"])
    await staff.delete(of(world, "hours-overrides/2026-12-03"))
    assert (await staff.get(of(world, "misfits"))).json() == NONE


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow", "1969-01-01", "20261203", "2026-12-3"])
async def test_a_bad_date_is_named(staff: Api, world: World, day: str) -> None:
    answer = await staff.put(of(world, f"hours-overrides/{day}"), CLOSED)
    assert named(answer) == [("path", "/day")]


async def test_a_key_replays_the_response(staff: Api, world: World) -> None:
    path, key = of(world, "hours-overrides/2026-12-03"), {"Idempotency-Key": "k"}
    await staff.put(path, CLOSED)
    first = await staff.delete(path, key)
    await staff.put(path, CLOSED)
    again = await staff.delete(path, key)
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await world.rows(HoursOverride)) == 1


# Permissions

READS = ["working-hours", "hours-overrides", "misfits"]
WRITES: list[tuple[str, str, Any]] = [
    ("put", "working-hours", MORNINGS),
    ("put", "hours-overrides/2026-12-03", CLOSED),
    ("delete", "hours-overrides/2026-12-03", None),
]


async def send(api: Api, method: str, path: str, body: Any) -> Any:
    return await (api.delete(path) if method == "delete" else api.put(path, body))


async def test_another_practices_practitioner_gets_the_404_of_an_unknown_one(
    staff: Api, world: World
) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    theirs = elsewhere.practitioner_id
    before = [await elsewhere.rows(table) for table in (WorkingHours, HoursOverride, Change)]
    for practitioner_id in (theirs, uuid4(), "not-an-id"):
        for path in READS:
            assert (await staff.get(of(world, path, practitioner_id))).status_code == 404
        for method, path, body in WRITES:
            answer = await send(staff, method, of(world, path, practitioner_id), body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    after = [await elsewhere.rows(table) for table in (WorkingHours, HoursOverride, Change)]
    assert before == after


async def test_a_read_key_changes_nothing(staff: Api, world: World) -> None:
    reader = staff.signed_in(await world.key(Scope.READ))
    writer = staff.signed_in(await world.key(Scope.WRITE))
    for path in READS:
        assert (await reader.get(of(world, path))).status_code == 200
        assert (await staff.signed_in(None).get(of(world, path))).status_code == 401
    for method, path, body in WRITES:
        answer = await send(reader, method, of(world, path), body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await send(staff.signed_in(None), method, of(world, path), body)).status_code == 401
    assert await kinds(world, "working_hours") == []
    for method, path, body in WRITES:
        assert (await send(writer, method, of(world, path), body)).status_code in {200, 204}


async def test_a_client_cannot_read_or_write_hours(api: Api, world: World) -> None:
    for path in READS:
        assert (await api.get(of(world, path))).status_code == 401
