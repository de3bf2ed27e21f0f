"""A client answers a move request: moves, cancels, books again, or is too late."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.move_requests.closing import close_due_requests
from app.notifications.mail.unanswered_queries import load_unanswered_mail_data
from app.tables.changes import Change, ChangeNote
from app.tables.move_requests import MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.api.move_requests.conftest import ANSWER_BY, REQUESTS, Ask
from tests.api.move_requests.test_ask import STRICT
from tests.described import is_event_as_described
from tests.series import book_series
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
STAFF = {"charge_fee": False, "reason": {"note": "Dr. Chen is ill."}}


async def states(world: World) -> list[str]:
    return [row.state for row in await world.rows(MoveRequestSession)]


async def hooked(world: World) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")


@pytest.mark.parametrize("answer", ["moved", "cancelled"])
async def test_an_answer_is_free_uncounted_and_told_once(
    api: Api, ask: Ask, world: World, clock: TestClock, answer: str
) -> None:
    await hooked(world)
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    asked = (await ask(session_id)).json()
    clock.now = ANSWER_BY
    opened = await api.open_link(world.link_token(session_id))
    assert await states(world) == ["asked"]
    client = api.signed_in(opened.json()["access_token"])
    if answer == "moved":
        done = await client.reschedule(session_id, START + DAY)
    else:
        done = await client.cancel(session_id)
    assert done.status_code == 200, done.text
    assert done.json()["fee"] is None
    assert done.json()["session"]["move_request"] is None
    assert await states(world) == [answer]
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.carried_fee_minor, row.carried_forfeit) == (0, 0, False)
    (event,) = await world.rows(Notification, kind="move_request.answered")
    assert event.session_id == session_id
    (change,) = await world.rows(Change, id=event.change_id)
    assert change.details["move_request"] == asked["id"]
    assert await world.rows(Fee) == []


async def test_the_second_answer_is_an_ordinary_action(api: Api, ask: Ask, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await ask(session_id)
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200
    again = await api.reschedule(session_id, START + 2 * DAY)
    assert again.json()["code"] == "action-disabled"
    assert await states(world) == ["moved"]


async def test_too_late_is_an_ordinary_action_and_no_answer(
    api: Api, ask: Ask, world: World, clock: TestClock
) -> None:
    await hooked(world)
    session_id = await world.book(START)
    await ask(session_id)
    clock.now = ANSWER_BY + MICROSECOND
    shown = await api.session(session_id)
    assert shown["move_request"] is None
    assert shown["actions"]["reschedule"]["free_because"] is None
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200
    assert await states(world) == ["kept"]
    assert await world.rows(Notification, kind="move_request.answered") == []


@pytest.mark.parametrize("answer_by", [START + MICROSECOND, START + 40 * DAY])
async def test_booking_again_by_the_policy_after_the_start_is_no_answer(
    api: Api, ask: Ask, staff: Api, world: World, clock: TestClock, answer_by: datetime
) -> None:
    """Not even a start in the future opens the request again."""
    await hooked(world)
    await world.add_policy({"rebook": {"days": 30}})
    session_id = await world.book(START)
    body = {"answer_by": answer_by.isoformat(), "meanwhile": "cancel"}
    asked = (await ask(session_id, **body)).json()
    clock.now = START + HOUR
    moved = await api.reschedule(session_id, START + 7 * DAY)
    assert moved.status_code == 200, moved.text
    assert moved.json()["session"]["move_request"] is None
    shown = (await staff.get(f"{REQUESTS}/{asked['id']}")).json()
    assert [one["state"] for one in shown["sessions"]] == ["kept"]
    assert await world.rows(Notification, kind="move_request.answered") == []


async def test_booking_again_after_the_start_keeps_the_minimum_notice(
    api: Api, ask: Ask, world: World, clock: TestClock
) -> None:
    await world.add_policy({"rebook": {"days": 30}})
    await world.change(Service, world.service_id, minimum_notice_minutes=24 * 60)
    session_id = await world.book(START)
    await ask(session_id, answer_by=(START + DAY).isoformat(), meanwhile="cancel")
    clock.now = START
    refused = await api.reschedule(session_id, START + 5 * HOUR)
    assert refused.json()["code"] == "slot-unavailable"
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200


async def test_the_practice_is_told_of_a_client_who_only_booked_again_after_the_start(
    api: Api, ask: Ask, world: World, clock: TestClock, engine: AsyncEngine
) -> None:
    await world.add_policy({"rebook": {"days": 30}})
    session_id = await world.book(START)
    await ask(session_id, answer_by=(START + HOUR).isoformat(), meanwhile="cancel")
    clock.now = START + MICROSECOND
    assert (await api.reschedule(session_id, START + 7 * DAY)).status_code == 200
    clock.now = START + 2 * HOUR
    await close_due_requests(engine, clock.now)
    (mail,) = await world.rows(Notification, kind="move_request_unanswered")
    async with engine.connect() as db:
        data = await load_unanswered_mail_data(db, world.practice_id, mail.id)
    assert data is not None
    assert [one.client for one in data.sessions] == ["Ana Ruiz"]


async def test_after_the_start_a_session_that_the_practice_cancelled_is_an_ordinary_one(
    api: Api, ask: Ask, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    await ask(session_id, answer_by=(START + DAY).isoformat(), meanwhile="cancel")
    clock.now = START
    refused = await api.reschedule(session_id, START + 2 * DAY)
    assert refused.json()["code"] == "session-not-booked"


@pytest.mark.parametrize("command", ["fulfilled", "noshow", "cancel"])
async def test_after_the_start_staff_withdraw_nothing(
    ask: Ask, staff: Api, world: World, clock: TestClock, command: str
) -> None:
    session_id = await world.book(START)
    await ask(session_id, answer_by=(START + DAY).isoformat())
    clock.now = START
    body = {"fulfilled": {}, "noshow": {"charge_fee": False}, "cancel": STAFF}[command]
    done = await staff.post(f"/v1/practice/sessions/{session_id}/{command}", body)
    assert done.status_code == 200, done.text
    assert await states(world) == ["kept"]


async def test_a_change_of_format_is_no_answer(api: Api, ask: Ask, world: World) -> None:
    session_id = await world.book(START)
    await ask(session_id)
    assert (await api.reschedule(session_id, START, format="phone")).status_code == 200
    assert await states(world) == ["asked"]


async def test_minimum_notice_and_distance_do_not_bind(api: Api, ask: Ask, world: World) -> None:
    await world.add_policy({"reschedule": {"max_days_from_original": 1}})
    await world.change(Service, world.service_id, minimum_notice_minutes=7 * 1440)
    session_id = await world.book(START)
    assert slots(await api.availability(session_id)) == []
    await ask(session_id)
    found = slots(await api.availability(session_id))
    assert found[0] == "2026-11-30T10:00:00-05:00"
    assert (await api.reschedule(session_id, NOW + HOUR)).status_code == 200


async def test_proposals_are_on_offer_also_outside_hours_if_they_are_free(
    api: Api, ask: Ask, world: World
) -> None:
    session_id = await world.book(START)
    evening, taken = START.replace(hour=23, minute=10), START.replace(hour=23) + DAY
    await world.book(taken, client_id=await world.add_client(name="Ben"))
    proposals = {str(session_id): [evening.isoformat(), taken.isoformat()]}
    await ask(session_id, proposals=proposals)
    found = slots(await api.availability(session_id))
    assert "2026-12-03T18:10:00-05:00" in found
    assert "2026-12-04T18:00:00-05:00" not in found
    assert found == sorted(found)
    refused = await api.reschedule(session_id, taken)
    assert refused.json()["code"] == "slot-unavailable"
    assert (await api.reschedule(session_id, evening)).status_code == 200


async def test_a_proposal_beyond_the_horizon_is_the_next_date_if_the_range_has_none(
    api: Api, ask: Ask, world: World
) -> None:
    session_id = await world.book(START)
    beyond = NOW + 100 * DAY
    await ask(session_id, proposals={str(session_id): [beyond.isoformat()]})
    span = {"from": str((NOW + 80 * DAY).date()), "to": str((NOW + 90 * DAY).date())}
    shown = await api.availability(session_id, **span)
    assert (shown["days"], shown["next_available"]) == ([], str(beyond.date()))


@pytest.mark.parametrize("command", ["cancel", "reschedule"])
async def test_staff_who_act_themselves_withdraw_the_request(
    ask: Ask, staff: Api, world: World, command: str
) -> None:
    await hooked(world)
    session_id = await world.book(START)
    await ask(session_id)
    body: dict[str, Any] = dict(STAFF)
    if command == "reschedule":
        body |= {"start": (START + DAY).isoformat(), "format": "video"}
    done = await staff.post(f"/v1/practice/sessions/{session_id}/{command}", body)
    assert done.status_code == 200, done.text
    assert await states(world) == ["withdrawn"]
    assert await world.rows(Notification, kind="move_request.answered") == []


async def test_a_session_that_took_place_is_no_longer_asked_about(
    staff: Api, ask: Ask, world: World
) -> None:
    session_id = await world.book(START)
    await ask(session_id)
    done = await staff.post(f"/v1/practice/sessions/{session_id}/fulfilled", {})
    assert done.status_code == 200
    assert await states(world) == ["withdrawn"]


async def test_a_cancelled_session_is_booked_again_by_the_same_link(
    api: Api, ask: Ask, world: World
) -> None:
    await world.add_policy(STRICT)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    await ask(session_id, meanwhile="cancel")
    opened = (await api.open_link(world.link_token(session_id))).json()
    assert opened["session"]["move_request"]["meanwhile"] == "cancel"
    client = api.signed_in(opened["access_token"])
    assert slots(await client.availability(session_id))
    other = await client.reschedule(session_id, START)
    assert other.json()["code"] == "session-not-booked"
    moved = await client.reschedule(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    session = moved.json()["session"]
    assert (session["id"], session["status"], session["version"]) == (
        str(session_id),
        "booked",
        3,
    )
    assert session["cancellation"] is None
    assert session["package"]["credits_left"] == 5
    assert len(await world.rows(CreditRedemption, returned_at=None)) == 1
    assert await states(world) == ["moved"]
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.calendar_sequence) == (0, 2)


async def test_a_cancelled_session_whose_credit_is_gone_stays_cancelled(
    api: Api, ask: Ask, world: World
) -> None:
    package_id = await world.add_package(credits=1)
    session_id = await world.book(START, package_id=package_id)
    await ask(session_id, meanwhile="cancel")
    await world.book(START + 5 * HOUR, package_id=package_id)
    refused = await api.reschedule(session_id, START + DAY)
    assert (refused.status_code, refused.json()["code"]) == (409, "credit-unavailable")
    assert (await api.session(session_id))["status"] == "cancelled"
    assert await states(world) == ["asked"]


async def test_after_the_request_a_cancelled_session_stays_cancelled(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    asked = (await ask(session_id, meanwhile="cancel")).json()
    await staff.post(f"{REQUESTS}/{asked['id']}/withdraw", {})
    refused = await api.reschedule(session_id, START + DAY)
    assert refused.json()["code"] == "session-not-booked"


async def test_a_client_who_needs_no_other_time_answers_by_cancelling(
    api: Api, ask: Ask, staff: Api, world: World, clock: TestClock, engine: AsyncEngine
) -> None:
    await hooked(world)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    asked = (await ask(session_id, meanwhile="cancel")).json()
    mails = len(await world.rows(Notification, channel="mail"))
    clock.now = ANSWER_BY
    opened = (await api.open_link(world.link_token(session_id))).json()
    client = api.signed_in(opened["access_token"])
    done = await client.cancel(session_id, reason={"code": "other", "note": "I am away."})
    assert done.status_code == 200, done.text
    answer, before = done.json(), opened["session"]
    assert (answer["fee"], answer["credit"]) == (None, "returned")
    assert answer["session"]["move_request"] is None
    for name in ("status", "version", "cancellation", "package"):
        assert answer["session"][name] == before[name]
    assert await states(world) == ["cancelled"]
    (event,) = await world.rows(Notification, kind="move_request.answered")
    (change,) = await world.rows(Change, id=event.change_id)
    assert (change.kind, change.subject, change.actor) == ("left_cancelled", "move_request", "link")
    assert (change.reason_code, str(change.command_id)) == ("other", answer["command_id"])
    assert len(await world.rows(Notification, channel="mail")) == mails
    again = await client.cancel(session_id)
    assert (again.status_code, again.json()["session"]["version"]) == (200, before["version"])
    assert again.json()["command_id"] == answer["command_id"]
    assert (again.json()["fee"], again.json()["credit"]) == (None, "returned")
    assert len(await world.rows(Notification, kind="move_request.answered")) == 1
    clock.now += MICROSECOND
    await close_due_requests(engine, clock.now)
    assert await world.rows(Notification, kind="move_request_unanswered") == []
    shown = (await staff.get(f"{REQUESTS}/{asked['id']}")).json()
    assert [one["state"] for one in shown["sessions"]] == ["cancelled"]
    refused = await api.reschedule(session_id, START + DAY)
    assert refused.json()["code"] == "session-not-booked"


async def test_that_answer_is_told_to_webhooks_as_cancelled(
    api: Api, ask: Ask, world: World, engine: AsyncEngine
) -> None:
    await hooked(world)
    session_id = await world.book(START)
    await ask(session_id, meanwhile="cancel")
    assert (await api.cancel(session_id)).status_code == 200
    (event,) = await world.rows(Notification, kind="move_request.answered")
    async with engine.connect() as db:
        (loaded,) = await load_events(db, [(world.practice_id, event.id)])
    assert loaded is not None
    is_event_as_described(loaded.body)
    data = json.loads(loaded.body)["data"]
    assert (data["state"], data["version"]) == ("cancelled", 2)


async def test_a_reason_that_the_list_lacks_answers_nothing(
    api: Api, ask: Ask, world: World
) -> None:
    session_id = await world.book(START)
    await ask(session_id, meanwhile="cancel")
    refused = await api.cancel(session_id, reason={"code": "nonsense", "note": "Away."})
    assert refused.status_code == 422
    assert await states(world) == ["asked"]


async def test_after_the_answer_is_due_a_cancelled_session_gets_none(
    api: Api, ask: Ask, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    await ask(session_id, meanwhile="cancel")
    clock.now = ANSWER_BY + MICROSECOND
    assert (await api.cancel(session_id)).status_code == 200
    assert await states(world) == ["asked"]


@pytest.mark.parametrize("cancelled", [1, 3])
async def test_who_cancels_the_following_too_needs_no_other_time_for_any(
    api: Api, ask: Ask, staff: Api, world: World, cancelled: int
) -> None:
    ids = [UUID(one) for one in await book_series(staff, world, START, 3)]
    await ask(*ids[-cancelled:], meanwhile="cancel")
    done = await api.cancel(ids[0], scope="this_and_following")
    assert done.status_code == 200, done.text
    assert {one["status"] for one in done.json()["sessions"]} == {"cancelled"}
    assert await states(world) == ["cancelled"] * cancelled
    changes = await world.rows(Change, kind="left_cancelled")
    assert {str(change.command_id) for change in changes} == {done.json()["command_id"]}
    assert len(changes) == cancelled
    for session_id in ids:
        again = await api.cancel(session_id, scope="this_and_following")
        assert again.json()["command_id"] == done.json()["command_id"]


async def test_a_scope_that_left_only_later_ones_cancelled_names_its_command_again(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    ids = [UUID(one) for one in await book_series(staff, world, START, 3)]
    await ask(ids[2], meanwhile="cancel")
    alone = [(await api.cancel(one)).json()["command_id"] for one in ids[:2]]
    left = (await api.cancel(ids[0], scope="this_and_following")).json()["command_id"]
    assert left not in alone
    assert (await api.cancel(ids[0], scope="this_and_following")).json()["command_id"] == left
    assert (await api.cancel(ids[0])).json()["command_id"] == alone[0]


async def test_who_needs_no_other_time_need_not_say_why(api: Api, ask: Ask, world: World) -> None:
    session_id = await world.book(START)
    path = f"/v1/sessions/{session_id}/cancel"
    refused = await api.post(path, {})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
    await ask(session_id, meanwhile="cancel")
    done = await api.post(path, {})
    assert done.status_code == 200, done.text
    (change,) = await world.rows(Change, kind="left_cancelled")
    assert change.reason_code is None
    assert [row.note for row in await world.rows(ChangeNote, change_id=change.id)] == [None]
    assert await states(world) == ["cancelled"]


async def test_a_session_of_the_scope_that_is_cancelled_now_needs_a_reason(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    ids = [UUID(one) for one in await book_series(staff, world, START, 2)]
    await ask(ids[1], meanwhile="cancel")
    body = {"scope": "this_and_following"}
    refused = await api.post(f"/v1/sessions/{ids[0]}/cancel", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert await states(world) == ["asked"]


async def test_an_undo_by_staff_ends_the_request(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await ask(session_id, meanwhile="cancel")
    path = f"/v1/practice/sessions/{session_id}/undo"
    assert (await staff.post(path, {"reason": {"note": "She is well."}})).status_code == 200
    assert await states(world) == ["withdrawn"]
    assert (await api.session(session_id))["status"] == "booked"


async def test_a_scope_of_a_series_answers_for_each_asked_date(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    ids = [UUID(one) for one in await book_series(staff, world, START, 2)]
    await ask(*ids)
    done = await api.cancel(ids[0], scope="this_and_following")
    assert done.status_code == 200, done.text
    assert await states(world) == ["cancelled", "cancelled"]


async def test_a_client_sees_that_the_request_ends_with_the_start(
    api: Api, ask: Ask, world: World
) -> None:
    session_id = await world.book(START)
    await ask(session_id, answer_by=(START + 30 * DAY).isoformat())
    shown = await api.session(session_id)
    assert shown["move_request"]["answer_by"] == shown["starts_at"]
    assert shown["actions"]["cancel"]["free_until"] == shown["starts_at"]
