"""Deadlines that count working days: frozen when a session is booked, and when its start moves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Session
from app.tables.waitlist import Offer
from tests.api.practice.test_groups import create, take
from tests.api.practice.test_groups_changed import move as move_group
from tests.series import book_series
from tests.waiting import put_wish, work
from tests.world import NOW, Api, TestClock, World, decisions

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
START = NOW + 10 * DAY  # Thursday 10 December, 10:00 in New York
WEEK = 7 * DAY
WEEKEND = [6, 7]
HOLIDAYS = "/v1/practice/holidays"
SESSIONS = "/v1/practice/sessions"
WHY = {"note": "Dr. Chen is ill."}
RULES: dict[str, Any] = {
    "cancel": {
        "closes": {"working_days": 1, "at": "12:00"},
        "fees": [{"deadline": {"working_days": 2, "at": "16:00"}, "percent": "50"}],
    },
    "rebook": {"days": 30},
}
# Wednesday 9 and Tuesday 8 December, without holidays.
CLOSES, FREE = "2026-12-09T12:00:00-05:00", "2026-12-08T16:00:00-05:00"
# Tuesday and Wednesday before the session, and the Wednesday a week later.
LATER_HOLIDAYS = ("2026-12-08", "2026-12-09", "2026-12-16")
# Of a session a week later, once these are holidays: Tuesday 15 and Monday 14 December.
MOVED = ("2026-12-15T12:00:00-05:00", "2026-12-14T16:00:00-05:00")


async def close(staff: Api, *dates: str, weekdays: Any = WEEKEND) -> None:
    body = {"dates": [{"date": day} for day in dates], "closed_weekdays": weekdays}
    assert (await staff.put(HOLIDAYS, body)).status_code == 200


async def deadlines(api: Api, session_id: UUID) -> tuple[str, str]:
    """Give when cancelling closes, and until when it is free."""
    decision = (await api.session(session_id))["actions"]["cancel"]
    return decision["closes_at"], decision["free_until"]


async def booked(staff: Api, world: World, start: datetime = START, **values: Any) -> UUID:
    """Book a session under the rules, then write the later holidays."""
    await world.add_policy(RULES)
    await close(staff)
    session_id = await world.book(start, **values)
    await close(staff, *LATER_HOLIDAYS)
    return session_id


async def move_by_staff(staff: Api, session_id: UUID, start: datetime, **body: Any) -> Any:
    answer = await staff.reschedule_by_staff(session_id, start, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_policy_is_written_and_shown_as_it_was_sent(staff: Api) -> None:
    made = await staff.post("/v1/practice/policies", {"text": "", "rules": RULES})
    assert made.status_code == 201, made.text
    assert made.json()["rules"] == RULES


@pytest.mark.parametrize(
    ("deadline", "pointer"),
    [
        ({"working_days": 2}, ""),
        ({"working_days": 2, "days_before": 1, "at": "16:00"}, ""),
        ({"working_days": 2, "before_minutes": 60}, ""),
        ({"working_days": 2, "before_minutes": 60, "at": "16:00"}, ""),
        ({"working_days": -1, "at": "16:00"}, "/working_days"),
        ({"working_days": 51, "at": "16:00"}, "/working_days"),
        ({"working_days": "2", "at": "16:00"}, "/working_days"),
        ({"working_days": True, "at": "16:00"}, "/working_days"),
        ({"working_days": 2, "at": "24:00"}, "/at"),
    ],
)
async def test_a_bad_deadline_is_named(staff: Api, deadline: Any, pointer: str) -> None:
    body = {"text": "", "rules": {"cancel": {"closes": deadline}}}
    answer = await staff.post("/v1/practice/policies", body)
    assert answer.status_code == 422, answer.text
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [f"/rules/cancel/closes{pointer}"]


async def test_holidays_after_booking_move_no_deadline(
    staff: Api, api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(staff, world)
    assert await deadlines(api, session_id) == (CLOSES, FREE)
    before = await api.session(session_id)
    for weekdays in ([], [1, 2, 3], WEEKEND):
        await close(staff, "2026-12-07", "2026-12-09", weekdays=weekdays)
        shown = await api.session(session_id)
        for name, decision in decisions(shown).items():
            assert decision["closes_at"] == before["actions"][name]["closes_at"]
        assert shown["policy"]["terms"] == before["policy"]["terms"]
    clock.now = datetime.fromisoformat(FREE)
    assert (await api.session(session_id))["actions"]["cancel"]["fee"] is None
    clock.now += MICROSECOND
    assert (await api.session(session_id))["actions"]["cancel"]["fee"]["amount_minor"] == 6000
    clock.now = datetime.fromisoformat(CLOSES) + MICROSECOND
    refused = await api.cancel(session_id)
    assert refused.json()["code"] == "notice-too-short"
    assert refused.json()["deadline"] == CLOSES
    found = await api.availability(session_id, **{"from": "2026-12-10", "to": "2026-12-20"})
    assert found["empty_reason"]["code"] == "reschedule_refused"


async def test_holidays_before_booking_count(staff: Api, api: Api, world: World) -> None:
    """Also for the link in the mail, and for staff."""
    await world.add_policy(RULES)
    await close(staff, *LATER_HOLIDAYS)
    session_id = await world.book(START)
    earlier = ("2026-12-07T12:00:00-05:00", "2026-12-04T16:00:00-05:00")
    assert await deadlines(api, session_id) == earlier
    opened = await api.open_link(world.link_token(session_id))
    decision = opened.json()["session"]["actions"]["cancel"]
    assert (decision["closes_at"], decision["free_until"]) == earlier
    staffs = (await staff.get(f"{SESSIONS}/{session_id}")).json()
    terms = [term["until"] for term in staffs["policy"]["terms"]["cancel"]]
    assert terms == list(reversed(earlier))


async def test_a_move_by_the_client_freezes_them_anew(staff: Api, api: Api, world: World) -> None:
    session_id = await booked(staff, world)
    answer = await api.reschedule(session_id, START + WEEK)
    assert answer.status_code == 200, answer.text
    assert await deadlines(api, session_id) == MOVED


async def test_a_move_by_staff_freezes_them_anew(staff: Api, api: Api, world: World) -> None:
    await world.add_policy(RULES | {"free_after_practice_move": None})
    await close(staff)
    session_id = await world.book(START)
    await close(staff, *LATER_HOLIDAYS)
    await move_by_staff(staff, session_id, START + WEEK)
    assert await deadlines(api, session_id) == MOVED


async def test_a_push_with_another_start_freezes_them_anew(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(RULES | {"free_after_practice_move": None})
    await close(staff)
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    path = f"{SESSIONS}/by-ref/visit-7"
    session_id = UUID((await staff.put(path, body)).json()["session"]["id"])
    await close(staff, *LATER_HOLIDAYS)
    longer = await staff.put(path, body | {"duration_minutes": 80})
    assert longer.status_code == 200, longer.text
    assert await deadlines(api, session_id) == (CLOSES, FREE)
    moved = await staff.put(path, body | {"start": (START + WEEK).isoformat()})
    assert moved.status_code == 200, moved.text
    assert await deadlines(api, session_id) == MOVED


async def test_a_change_of_format_leaves_them(staff: Api, api: Api, world: World) -> None:
    session_id = await booked(staff, world)
    answer = await api.reschedule(session_id, START, format="phone")
    assert answer.status_code == 200, answer.text
    assert await deadlines(api, session_id) == (CLOSES, FREE)


async def test_an_undo_by_the_client_restores_those_of_before(
    staff: Api, api: Api, world: World
) -> None:
    """The holidays that were written meanwhile do not count: the session is as it was."""
    session_id = await booked(staff, world)
    assert (await api.reschedule(session_id, START + WEEK)).status_code == 200
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert await deadlines(api, session_id) == (CLOSES, FREE)
    assert (await api.cancel(session_id)).status_code == 200
    assert (await api.post(f"/v1/sessions/{session_id}/undo", None)).status_code == 200
    assert await deadlines(api, session_id) == (CLOSES, FREE)


async def test_an_undo_by_staff_leaves_them(staff: Api, api: Api, world: World) -> None:
    session_id = await booked(staff, world)
    assert (await api.cancel(session_id)).status_code == 200
    undone = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert undone.status_code == 200, undone.text
    assert await deadlines(api, session_id) == (CLOSES, FREE)


async def test_booking_again_freezes_them_anew(staff: Api, api: Api, world: World) -> None:
    session_id = await booked(staff, world)
    assert (await api.cancel(session_id)).status_code == 200
    again = await api.reschedule(session_id, START + WEEK)
    assert again.status_code == 200, again.text
    assert await deadlines(api, session_id) == MOVED


async def test_each_session_of_a_series_has_its_own(staff: Api, api: Api, world: World) -> None:
    """And each that moves gets new ones."""
    await world.add_policy(RULES)
    await close(staff)
    first, second, third = map(UUID, await book_series(staff, world, START, 3))
    own = ("2026-12-16T12:00:00-05:00", "2026-12-15T16:00:00-05:00")
    assert await deadlines(api, first) == (CLOSES, FREE)
    assert await deadlines(api, second) == own
    await close(staff, *LATER_HOLIDAYS)
    later = START + WEEK + timedelta(hours=1)
    moved = await api.reschedule(second, later, scope="this_and_following")
    assert moved.status_code == 200, moved.text
    assert await deadlines(api, first) == (CLOSES, FREE)
    assert await deadlines(api, second) == MOVED
    assert await deadlines(api, third) == (
        "2026-12-23T12:00:00-05:00",
        "2026-12-22T16:00:00-05:00",
    )


async def test_a_seat_gets_them_when_it_is_booked_and_when_its_group_moves(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(RULES | {"free_after_practice_move": None})
    await close(staff)
    group = await create(staff, world, START)
    seat = UUID((await take(staff, group["id"], world.client_id)).json()["session"]["id"])
    assert await deadlines(api, seat) == (CLOSES, FREE)
    await close(staff, *LATER_HOLIDAYS)
    answer = await move_group(staff, group, start=(START + WEEK).isoformat())
    assert answer.status_code == 200, answer.text
    assert await deadlines(api, seat) == MOVED


@pytest.mark.parametrize("is_moved", [False, True])
async def test_a_seat_that_is_restored_has_new_ones_only_if_its_group_has_moved(
    staff: Api,
    api: Api,
    world: World,
    is_moved: bool,  # noqa: FBT001
) -> None:
    await world.add_policy(RULES | {"free_after_practice_move": None})
    await close(staff)
    group = await create(staff, world, START)
    seat = UUID((await take(staff, group["id"], world.client_id)).json()["session"]["id"])
    await close(staff, *LATER_HOLIDAYS)
    assert (await api.cancel(seat)).status_code == 200
    if is_moved:
        answer = await move_group(staff, group, start=(START + WEEK).isoformat())
        assert answer.status_code == 200, answer.text
    undone = await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": WHY})
    assert undone.status_code == 200, undone.text
    assert await deadlines(api, seat) == (MOVED if is_moved else (CLOSES, FREE))


async def test_an_accepted_offer_freezes_them_anew(
    staff: Api, api: Api, world: World, clock: TestClock
) -> None:
    other = await world.add_client(name="Ben Okoro", email="ben@client.example")
    freed = await world.book(START, client_id=other)
    session_id = await booked(staff, world, START + WEEK)
    own = ("2026-12-16T12:00:00-05:00", "2026-12-15T16:00:00-05:00")
    assert await deadlines(api, session_id) == own
    await close(staff, "2026-12-09")
    clock.now += (
        MICROSECOND  # The holidays that this took away free no time for whoever waits later.
    )
    assert (await put_wish(api, session_id)).status_code == 201
    body = {"charge_fee": False, "reason": WHY}
    assert (await staff.post(f"{SESSIONS}/{freed}/cancel", body)).status_code == 200
    await work(world, clock.now)
    (offer,) = await world.rows(Offer)
    done = await api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    assert await deadlines(api, session_id) == (
        "2026-12-08T12:00:00-05:00",
        "2026-12-07T16:00:00-05:00",
    )


async def test_a_late_move_carries_the_cost_by_the_frozen_instants(
    staff: Api, api: Api, world: World, clock: TestClock
) -> None:
    """The holidays, written later, would have made the move free before; the move is late."""
    await world.add_policy(RULES | {"reschedule": {"closes": None, "fees": None}})
    await close(staff, *LATER_HOLIDAYS)
    session_id = await world.book(START)
    await close(staff)
    clock.now = datetime.fromisoformat("2026-12-04T16:00:00-05:00") + MICROSECOND
    move = (await api.session(session_id))["actions"]["reschedule"]
    assert move["carries"]["fee"]["amount_minor"] == 6000
    answer = await api.reschedule(session_id, START + WEEK, quote=move["quote"])
    assert answer.status_code == 200, answer.text
    cancel = (await api.session(session_id))["actions"]["cancel"]
    assert cancel["fee"]["amount_minor"] == 6000


async def test_a_session_without_such_a_deadline_stores_nothing(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy({"cancel": {"closes": {"days_before": 1, "at": "12:00"}}})
    await close(staff)
    old = await world.book(START)
    await world.add_policy(RULES)
    assert (await api.reschedule(old, START + WEEK)).status_code == 200
    new = await world.book(START)
    rows = {row.id: row.frozen_deadlines for row in await world.rows(Session)}
    assert rows[old] is None
    assert rows[new] == [
        {"working_days": 1, "at": "12:00", "instant": "2026-12-09T17:00:00+00:00"},
        {"working_days": 2, "at": "16:00", "instant": "2026-12-08T21:00:00+00:00"},
    ]
