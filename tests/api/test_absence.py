"""A client announces that they cannot come, once it is too late to cancel."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.waivers import Waiver
from app.tables.webhooks import WebhookEndpoint
from tests.groups import add_group, add_seat
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CLOSES = START - 2 * HOUR
LATE = START - HOUR
MICROSECOND = timedelta(microseconds=1)
RULES: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}],
    }
}
WHY = {"code": "unwell", "note": "I woke up with a fever."}
STAFF = {"note": "They called."}
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}


async def announce(
    api: Api,
    session_id: UUID,
    *,
    free_time: bool = False,
    quote: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {"reason": WHY, "free_time": free_time, "quote": quote}
    return await api.post(f"/v1/sessions/{session_id}/absence", body, headers)


async def quote_of(api: Api, session_id: UUID) -> str:
    return str((await api.session(session_id))["actions"]["absence"]["quote"])


async def booked_and_late(world: World, clock: TestClock, **values: Any) -> UUID:
    await world.add_policy(RULES)
    session_id = await world.book(START, **values)
    clock.now = LATE
    return session_id


async def told(world: World) -> list[tuple[str, str]]:
    rows = await world.rows(Notification)
    return sorted(
        (row.kind, row.recipient)
        for row in rows
        if row.kind not in {"booked", "reminder", "session.booked"}
    )


async def test_the_session_stays_booked_and_nothing_is_owed(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    session_id = await booked_and_late(world, clock)
    shown = (await api.session(session_id))["actions"]["absence"]
    assert (shown["allowed"], shown["fee"]) == (True, FEE)
    assert datetime.fromisoformat(shown["closes_at"]) == START

    answer = await announce(api, session_id)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["fee"], answer.json()["credit"]) == (None, None)
    session = answer.json()["session"]
    assert (session["status"], session["version"]) == ("booked", 1)
    expected = {"at": "2026-12-03T09:00:00-05:00", "free_time": False, "reason": WHY}
    assert session["absence"] == expected
    assert await world.rows(Fee) == []
    assert await told(world) == [
        ("absence", "client"),
        ("absence", "practitioner"),
        ("session.absence_announced", "webhook"),
    ]
    (entry,) = await world.rows(Change, kind="absence_announced")
    assert (entry.subject, entry.actor, entry.reason_code) == ("session", "client", "unwell")
    found = (await staff.get(f"/v1/practice/sessions/{session_id}")).json()
    assert found["absence"]["reason"] == WHY
    (listed,) = (await staff.get("/v1/practice/sessions")).json()["items"]
    assert listed["absence"]["free_time"] is False


async def test_afterwards_staff_decide_what_it_costs(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    await announce(api, session_id)
    path = f"/v1/practice/sessions/{session_id}/noshow"
    marked = await staff.post(path, {"charge_fee": True})
    assert marked.json()["fee"] == FEE
    assert marked.json()["session"]["absence"]["at"] == "2026-12-03T09:00:00-05:00"


async def test_giving_up_the_time_cancels_at_the_cost_of_a_missed_session(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    session_id = await booked_and_late(world, clock)
    refused = await announce(api, session_id, free_time=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "quote-required")
    assert refused.json()["decision"]["fee"] == FEE
    quote = await quote_of(api, session_id)
    answer = await announce(api, session_id, free_time=True, quote=quote)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"] == FEE
    session = answer.json()["session"]
    assert (session["status"], session["version"]) == ("cancelled", 2)
    assert session["cancellation"]["by"] == "client"
    assert session["absence"]["free_time"] is True
    (fee,) = await world.rows(Fee)
    assert (fee.amount_minor, fee.status) == (4500, "due")
    assert await told(world) == [
        ("cancelled", "client"),
        ("cancelled", "practitioner"),
        ("fee.recorded", "webhook"),
        ("session.absence_announced", "webhook"),
        ("session.cancelled", "webhook"),
    ]
    (row,) = await world.rows(Session)
    assert row.taken_until is None


async def test_a_credit_is_forfeited_only_if_the_time_is_given_up(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": RULES["cancel"] | {"late_credit": "forfeited"}})
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = LATE
    assert (await announce(api, session_id)).json()["credit"] is None
    (row,) = await world.rows(CreditRedemption)
    assert (row.forfeited_at, row.returned_at) == (None, None)
    quote = await quote_of(api, session_id)
    answer = await announce(api, session_id, free_time=True, quote=quote)
    assert answer.json()["credit"] == "forfeited"
    (row,) = await world.rows(CreditRedemption)
    assert row.forfeited_at == LATE


# Its window


async def test_the_window_opens_after_the_deadline_and_ends_at_the_start(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    clock.now = CLOSES
    early = await announce(api, session_id)
    assert (early.status_code, early.json()["code"]) == (409, "cancellation-open")
    assert early.json()["contact"]["name"] == "Dr. Maya Chen"
    clock.now = START
    over = await announce(api, session_id)
    assert (over.status_code, over.json()["code"]) == (409, "session-started")
    assert await world.rows(Change, kind="absence_announced") == []
    clock.now = CLOSES + MICROSECOND
    assert (await announce(api, session_id)).status_code == 200


async def test_where_cancelling_is_disabled_it_is_too(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": RULES["cancel"] | {"enabled": False}})
    session_id = await world.book(START)
    clock.now = LATE
    refused = await announce(api, session_id)
    assert (refused.status_code, refused.json()["code"]) == (403, "action-disabled")


async def test_without_a_deadline_one_cancels_until_the_start(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START - MICROSECOND
    assert (await announce(api, session_id)).json()["code"] == "cancellation-open"


# Again


async def test_without_giving_up_the_time_there_is_nothing_to_waive(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    body = {"reason": WHY, "free_time": False, "ask_waiver": {"note": "Please."}}
    answer = await api.post(f"/v1/sessions/{session_id}/absence", body)
    assert answer.status_code == 200, answer.text
    assert await world.rows(Waiver) == []


async def test_the_preview_of_an_absence_is_about_one_session(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    shown = (await api.get(f"/v1/sessions/{session_id}/scope", action="absence")).json()
    assert shown["scope"] == "this"
    done = await announce(api, session_id, free_time=True, quote=shown["quote"])
    assert (done.status_code, done.json()["fee"]) == (200, FEE)


async def test_the_same_again_changes_nothing(api: Api, world: World, clock: TestClock) -> None:
    session_id = await booked_and_late(world, clock)
    first = await announce(api, session_id)
    clock.now = LATE + timedelta(minutes=10)
    # The first answer stands: a stale version does not matter, as for a repeated cancellation.
    again = await announce(api, session_id, headers={"If-Match": '"7"'})
    assert again.status_code == 200
    assert again.json()["command_id"] == first.json()["command_id"]
    assert again.json()["session"]["absence"] == first.json()["session"]["absence"]
    assert len(await world.rows(Change, kind="absence_announced")) == 1
    assert len(await told(world)) == 2


async def test_the_time_may_be_given_up_afterwards(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    await announce(api, session_id)
    quote = await quote_of(api, session_id)
    given_up = await announce(api, session_id, free_time=True, quote=quote)
    assert given_up.json()["session"]["status"] == "cancelled"
    for free_time in (True, False):
        again = await announce(api, session_id, free_time=free_time)
        assert again.status_code == 200
        assert again.json()["command_id"] == given_up.json()["command_id"]
        assert (again.json()["fee"], again.json()["session"]["version"]) == (FEE, 2)
    assert len(await world.rows(Fee)) == 1


async def test_a_session_that_is_cancelled_already_answers_as_it_was(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    await staff.post(path, {"charge_fee": False, "reason": STAFF})
    answer = await announce(api, session_id, free_time=True)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert answer.json()["session"]["absence"] is None


async def test_a_key_replays_the_answer(api: Api, world: World, clock: TestClock) -> None:
    session_id = await booked_and_late(world, clock)
    key = {"Idempotency-Key": "ill"}
    first = await announce(api, session_id, headers=key)
    clock.now = START + HOUR
    again = await announce(api, session_id, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await announce(api, session_id, free_time=True, headers=key)
    assert other.json()["code"] == "idempotency-key-reused"


async def test_a_stale_version_or_a_quote_of_another_action_is_refused(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    stale = await announce(api, session_id, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-mismatch")
    clock.now = CLOSES
    cancel = (await api.session(session_id))["actions"]["cancel"]["quote"]
    clock.now = CLOSES + MICROSECOND
    wrong = await announce(api, session_id, free_time=True, quote=cancel)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "quote-invalid")


# What ends it


async def test_a_move_by_the_practice_ends_it(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    await announce(api, session_id)
    kept = await staff.reschedule_by_staff(session_id, START, format="phone")
    assert kept.json()["session"]["absence"] is not None
    moved = await staff.reschedule_by_staff(session_id, START + DAY, format="phone")
    assert moved.json()["session"]["absence"] is None


@pytest.mark.parametrize("by", ["client", "staff"])
async def test_whoever_takes_it_back_is_coming(
    api: Api, staff: Api, world: World, clock: TestClock, by: str
) -> None:
    session_id = await booked_and_late(world, clock)
    quote = await quote_of(api, session_id)
    await announce(api, session_id, free_time=True, quote=quote)
    if by == "client":
        undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    else:
        path = f"/v1/practice/sessions/{session_id}/undo"
        undone = await staff.post(path, {"reason": STAFF})
    assert undone.status_code == 200, undone.text
    session = undone.json()["session"]
    assert (session["status"], session["absence"]) == ("booked", None)
    (fee,) = await world.rows(Fee)
    assert fee.status == "void"
    assert (await announce(api, session_id)).status_code == 200


async def test_taking_back_leads_to_what_was_announced_before(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    await announce(api, session_id)
    quote = await quote_of(api, session_id)
    await announce(api, session_id, free_time=True, quote=quote)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.json()["session"]["absence"]["free_time"] is False


async def test_an_earlier_change_can_still_be_taken_back(
    api: Api, world: World, clock: TestClock
) -> None:
    """The announcement makes no version, so it is not the latest change."""
    await world.add_policy({"cancel": RULES["cancel"], "reschedule": {"closes": None, "fees": []}})
    session_id = await world.book(START)
    clock.now = LATE
    shown = (await api.session(session_id))["actions"]["change_format"]["quote"]
    moved = await api.reschedule(session_id, START, format="phone", quote=shown)
    assert moved.status_code == 200, moved.text
    await announce(api, session_id)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert undone.json()["session"]["format"]["kind"] == "video"
    assert undone.json()["session"]["absence"] is not None


async def test_the_undo_of_a_move_ends_what_was_announced_after_it(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": RULES["cancel"], "reschedule": {"closes": None, "fees": []}})
    session_id = await world.book(START)
    clock.now = LATE
    shown = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    moved = await api.reschedule(session_id, START + HOUR, quote=shown)
    assert moved.status_code == 200, moved.text
    clock.now += MINUTE
    said = await announce(api, session_id)
    assert said.status_code == 200, said.text
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert undone.json()["session"]["absence"] is None


async def test_a_session_that_is_booked_again_has_none(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES | {"rebook": {"days": 30}})
    session_id = await world.book(START)
    clock.now = LATE
    quote = await quote_of(api, session_id)
    await announce(api, session_id, free_time=True, quote=quote)
    again = await api.reschedule(session_id, START + 7 * DAY)
    assert again.status_code == 200, again.text
    assert again.json()["session"]["absence"] is None


# Who sees what


async def test_a_link_announces_too_and_sees_no_note(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    opened = (await api.open_link(world.link_token(session_id))).json()
    client = api.signed_in(opened["access_token"])
    answer = await announce(client, session_id)
    assert answer.json()["session"]["absence"]["reason"] == {"code": "unwell", "note": None}
    (entry,) = await world.rows(Change, kind="absence_announced")
    assert entry.actor == "link"


async def test_a_read_key_sees_that_there_is_an_absence_and_no_reason(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    await announce(api, session_id)
    reader = api.signed_in(await world.key(Scope.READ))
    found = (await reader.get(f"/v1/practice/sessions/{session_id}")).json()
    assert found["absence"]["reason"] == {"code": None, "note": None}


async def test_another_client_finds_no_such_session(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    ben = api.signed_in(world.token(await world.add_client(email="ben@client.example")))
    assert (await announce(ben, session_id)).status_code == 404


async def test_a_seat_is_given_up_like_a_session(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy(RULES)
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    (row,) = await world.rows(Session, id=seat)
    clock.now = row.starts_at - HOUR
    quote = await quote_of(api, seat)
    answer = await announce(api, seat, free_time=True, quote=quote)
    assert answer.status_code == 200, answer.text
    assert answer.json()["session"]["group"]["seats_left"] == 8


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"free_time": True}, "/reason"),
        ({"reason": WHY}, "/free_time"),
        ({"reason": WHY, "free_time": "yes"}, "/free_time"),
        ({"reason": {"note": " "}, "free_time": True}, "/reason/note"),
        ({"reason": WHY, "free_time": True, "release": True}, "/release"),
    ],
)
async def test_bad_input_is_named(
    api: Api, world: World, clock: TestClock, body: dict[str, Any], pointer: str
) -> None:
    session_id = await booked_and_late(world, clock)
    answer = await api.post(f"/v1/sessions/{session_id}/absence", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
