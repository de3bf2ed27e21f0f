"""A time is given up only if somebody takes it: offered, taken, taken back, or not taken."""

from typing import Any

import pytest

from app.outbox.due import STILL_WAITING
from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from app.tables.waitlist import FreedTime, Offer, Wish
from app.tables.webhooks import WebhookEndpoint
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    LATE,
    MINUTE,
    RECORDED,
    TICK,
    UNDO,
    Waiting,
    another,
    wait,
)
from tests.world import NOW, REASON, Api, TestClock, World

MONTH = 60 * 24 * 30
FEE = {"deadline": {"before_minutes": MONTH}, "percent": "100"}
RULES = {"cancel": {"fees": [FEE], "late_credit": "forfeited", "release": True}}
LATEST = FREED - 2 * HOUR


@pytest.fixture
async def releasing(world: World, api: Api) -> Waiting:
    """Ben's session, for which cancelling costs everything, and Ana, who may wait for its time."""
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(RULES)
    return await wait(world, api)


def ben(releasing: Waiting) -> Api:
    return releasing.api.signed_in(releasing.world.token(releasing.other_id))


async def release(releasing: Waiting, **body: Any) -> Any:
    """Release Ben's time; give the answer's content."""
    answer = await ben(releasing).post(f"/v1/sessions/{releasing.taken_id}/release", body)
    assert answer.is_success, answer.text
    return answer.json()


async def take_back(releasing: Waiting) -> None:
    answer = await ben(releasing).delete(f"/v1/sessions/{releasing.taken_id}/release")
    assert (answer.status_code, answer.content) == (204, b"")


async def released(releasing: Waiting, **body: Any) -> Any:
    """Let Ana wish for an earlier time and Ben release; give the row of the only open offer."""
    await releasing.wish()
    await release(releasing, **body)
    await releasing.work()
    (offer,) = await releasing.world.rows(Offer, state="open")
    return offer


async def row_of(releasing: Waiting) -> Any:
    (row,) = await releasing.world.rows(Session, id=releasing.taken_id)
    return row


async def accept(releasing: Waiting, offer: Any) -> Any:
    return await releasing.api.post(f"/v1/offers/{offer.id}/accept", {})


async def mails(world: World, kind: str) -> list[str]:
    return sorted(row.recipient for row in await world.rows(Notification, kind=kind))


async def test_the_session_stays_booked_while_its_time_is_offered(
    releasing: Waiting, world: World
) -> None:
    before = await ben(releasing).session(releasing.taken_id)
    assert before["release"] is None
    assert before["actions"]["cancel"]["release"] == {"available": True, "waiting": False}
    assert before["actions"]["reschedule"]["release"] is None
    await releasing.wish()
    answer = await ben(releasing).post(f"/v1/sessions/{releasing.taken_id}/release", {})
    assert answer.status_code == 201
    assert answer.json()["release"] == {"until": "2026-12-03T13:00:00-05:00"}
    await releasing.work()
    shown = await ben(releasing).session(releasing.taken_id)
    assert shown["status"] == "booked"
    assert shown["version"] == before["version"]
    assert shown["release"] == {"until": "2026-12-03T13:00:00-05:00"}
    assert shown["actions"]["cancel"]["release"] == {"available": True, "waiting": True}
    (offer,) = await world.rows(Offer)
    assert (offer.starts_at, offer.session_id, offer.state) == (FREED, releasing.session_id, "open")
    assert offer.answer_by == NOW + HOUR
    assert await world.rows(HeldTime) == []
    assert len(await world.rows(TakenTime, starts_at=FREED)) == 1
    told = str((await releasing.api.get(f"/v1/offers/{offer.id}")).json())
    assert "Ben" not in told
    assert str(releasing.taken_id) not in told
    (change,) = await world.rows(Change, kind="released")
    assert (change.subject, change.actor) == ("release", "client")
    assert change.details == {"until": LATEST.isoformat()}
    history = (await ben(releasing).get(f"/v1/sessions/{releasing.taken_id}/changes")).json()
    assert sorted(one["kind"] for one in history["items"]) == ["booked", "released"]
    assert await world.rows(Notification, session_id=releasing.taken_id, kind="release_ended") == []


async def test_when_somebody_takes_the_time_the_session_is_cancelled_free_of_charge(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing)
    clock.now = offer.answer_by
    assert (await accept(releasing, offer)).status_code == 200
    row = await row_of(releasing)
    assert (row.status, row.release_until, row.undo_until) == ("cancelled", None, None)
    (moved,) = await world.rows(Session, id=releasing.session_id)
    assert (moved.starts_at, moved.status, moved.client_moves) == (FREED, "booked", 0)
    assert await world.rows(Fee) == []
    (cancelled,) = await world.rows(Change, session_id=releasing.taken_id, kind="cancelled")
    assert (cancelled.actor, cancelled.fee_minor, cancelled.at) == ("client", None, clock.now)
    shown = await ben(releasing).session(releasing.taken_id)
    assert shown["cancellation"]["by"] == "client"
    assert shown["actions"]["undo"]["allowed"] is False
    told = await world.rows(Notification, session_id=releasing.taken_id, change_id=cancelled.id)
    assert sorted((one.kind, one.recipient) for one in told) == [
        ("cancelled", "client"),
        ("cancelled", "practitioner"),
        ("session.cancelled", "webhook"),
    ]
    again = await accept(releasing, offer)
    assert again.json()["state"] == "accepted"
    assert (await row_of(releasing)).version == 2
    clock.now += UNDO
    await releasing.work()
    assert await mails(world, "offer_gone") == []
    assert await mails(world, "release_ended") == []
    assert {row.session_id for row in await world.rows(Offer, state="open")} == set()


async def test_a_credit_is_returned(releasing: Waiting, world: World) -> None:
    package_id = await world.add_package(client_id=releasing.other_id)
    start = FREED - HOUR
    paid = await world.book(start, client_id=releasing.other_id, package_id=package_id)
    await releasing.wish()
    answer = await ben(releasing).post(f"/v1/sessions/{paid}/release", {})
    assert answer.status_code == 201, answer.text
    await releasing.work()
    (offer,) = await world.rows(Offer)
    assert (await accept(releasing, offer)).status_code == 200
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.returned_at is not None
    assert redemption.forfeited_at is None
    (cancelled,) = await world.rows(Change, session_id=paid, kind="cancelled")
    assert cancelled.credit == "returned"


async def test_the_holder_of_a_link_releases_and_takes_back(
    releasing: Waiting, world: World
) -> None:
    opened = await releasing.api.open_link(world.link_token(releasing.taken_id))
    own = releasing.api.signed_in(opened.json()["access_token"])
    path = f"/v1/sessions/{releasing.taken_id}/release"
    assert (await own.post(path, {})).status_code == 201
    (change,) = await world.rows(Change, kind="released")
    assert change.actor == "link"
    other = f"/v1/sessions/{releasing.session_id}/release"
    assert (await own.post(other, {})).status_code == 404
    assert (await own.delete(path)).status_code == 204
    assert (await row_of(releasing)).release_until is None
    assert (await own.delete(other)).status_code == 404


async def test_taking_it_back_withdraws_the_offer(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    await take_back(releasing)
    offer = await released(releasing)
    await take_back(releasing)
    assert (await row_of(releasing)).release_until is None
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    assert await mails(world, "offer_gone") == ["client"]
    refused = await accept(releasing, offer)
    assert refused.json()["code"] == "offer-gone"
    changes = await world.rows(Change, subject="release")
    assert sorted((row.kind, row.actor) for row in changes) == [
        ("release_withdrawn", "client"),
        ("released", "client"),
    ]
    await take_back(releasing)
    clock.now += DAY
    await releasing.work()
    assert len(await world.rows(Offer)) == 1
    assert (await row_of(releasing)).status == "booked"
    assert len(await world.rows(Change, kind="release_withdrawn")) == 1
    # A new release is offered anew.
    await release(releasing)
    await releasing.work()
    assert len(await world.rows(Offer, state="open")) == 1


async def test_if_nobody_takes_it_in_time_nothing_has_happened_and_the_client_is_told(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    await release(releasing, until="2026-11-30T12:00:00-05:00")
    until = NOW + 2 * HOUR
    clock.now = until
    await releasing.work()
    assert (await row_of(releasing)).release_until == until
    clock.now = until + TICK
    shown = await ben(releasing).session(releasing.taken_id)
    assert shown["release"] is None
    clock.now = until + RECORDED
    await releasing.work()
    row = await row_of(releasing)
    assert (row.status, row.release_until, row.version) == ("booked", None, 1)
    assert await mails(world, "release_ended") == ["client"]
    assert len(await world.rows(Change, kind="release_ended")) == 1
    assert {row.ended_at for row in await world.rows(FreedTime)} == {clock.now}
    await releasing.work()
    assert await mails(world, "release_ended") == ["client"]


async def test_releasing_again_before_its_end_is_recorded_ends_the_first_one_properly(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing, until="2026-11-30T10:30:00-05:00")
    await world.change(Wish, offer.wish_id, unanswered=1)
    clock.now = NOW + 30 * MINUTE + TICK
    again = await release(releasing)
    assert again["release"] == {"until": "2026-12-03T13:00:00-05:00"}
    assert (await row_of(releasing)).release_until == LATEST
    assert await mails(world, "release_ended") == ["client"]
    (ended,) = await world.rows(Change, kind="release_ended")
    (first, second) = sorted(
        await world.rows(FreedTime, released=True), key=lambda row: row.freed_at
    )
    assert (ended.actor, first.ended_at, second.ended_at) == ("system", clock.now, None)
    assert ended.command_id != again["command_id"]
    assert [row.state for row in await world.rows(Offer)] == ["expired"]
    assert await mails(world, "offer_gone") == []
    (wish,) = await world.rows(Wish)
    assert (wish.state, wish.unanswered, wish.paused_at) == ("waiting", 2, None)
    await releasing.work()
    (new,) = await world.rows(Offer, state="open")
    assert (new.freed_time_id, new.wish_id) == (second.id, offer.wish_id)


async def test_the_third_offer_that_expires_with_its_release_pauses_the_wish(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing, until="2026-11-30T10:30:00-05:00")
    await world.change(Wish, offer.wish_id, unanswered=2)
    clock.now = NOW + 30 * MINUTE + TICK
    await release(releasing)
    await releasing.work()
    (wish,) = await world.rows(Wish)
    assert (wish.state, wish.unanswered, wish.paused_at) == ("waiting", 3, clock.now)
    assert await mails(world, "wish_paused") == ["client"]
    assert await world.rows(Offer, state="open") == []


async def test_a_worker_that_comes_late_judges_as_of_the_end(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing, until="2026-11-30T10:30:00-05:00")
    assert offer.answer_by == NOW + 30 * MINUTE
    clock.now = offer.answer_by + TICK
    late = await accept(releasing, offer)
    assert late.json()["code"] == "offer-expired"
    assert (await row_of(releasing)).status == "booked"
    clock.now = FREED + TICK
    await releasing.work()
    assert (await row_of(releasing)).release_until is None
    assert await mails(world, "release_ended") == []
    assert [row.state for row in await world.rows(Offer)] == ["expired"]


async def test_exactly_at_its_end_the_time_can_still_be_taken(
    releasing: Waiting, clock: TestClock
) -> None:
    offer = await released(releasing, until="2026-11-30T10:30:00-05:00")
    clock.now = NOW + 30 * MINUTE
    assert (await accept(releasing, offer)).status_code == 200
    assert (await row_of(releasing)).status == "cancelled"


async def test_cancelling_ends_the_release_and_costs_what_it_costs(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing)
    own = ben(releasing)
    quote = (await own.session(releasing.taken_id))["actions"]["cancel"]["quote"]
    assert (await own.cancel(releasing.taken_id, quote=quote)).status_code == 200
    assert len(await world.rows(Fee)) == 1
    refused = await accept(releasing, offer)
    assert refused.json()["code"] == "offer-gone"
    await releasing.work()
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
    assert await mails(world, "offer_gone") == ["client"]
    # The freed time goes the usual way.
    clock.now += UNDO + STILL_WAITING
    await releasing.work()
    (new,) = await world.rows(Offer, state="open")
    assert new.freed_time_id != offer.freed_time_id
    assert (await accept(releasing, new)).status_code == 200


async def test_a_move_ends_the_release_also_to_an_overlapping_time(
    releasing: Waiting, world: World
) -> None:
    offer = await released(releasing)
    own, start = ben(releasing), FREED - 30 * MINUTE
    quote = (await own.session(releasing.taken_id))["actions"]["reschedule"]["quote"]
    moved = await own.reschedule(releasing.taken_id, start, quote=quote)
    assert moved.status_code == 200, moved.text
    assert moved.json()["session"]["release"] is None
    assert (await accept(releasing, offer)).json()["code"] == "offer-gone"
    await releasing.work()
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
    (freed,) = await world.rows(FreedTime, released=True)
    assert freed.ended_at is not None


async def test_a_change_by_staff_ends_it_and_an_undo_does_not_bring_it_back(
    releasing: Waiting, world: World
) -> None:
    await release(releasing)
    await releasing.free()
    path = f"/v1/practice/sessions/{releasing.taken_id}/undo"
    undone = await releasing.staff.post(path, {"reason": REASON})
    assert undone.status_code == 200, undone.text
    assert (await row_of(releasing)).release_until is None
    # Released again, before the worker has ended the first release.
    await releasing.wish()
    await release(releasing)
    await releasing.work()
    first, second = await world.rows(FreedTime, released=True)
    assert {first.ended_at is None, second.ended_at is None} == {True, False}
    assert len(await world.rows(Offer, state="open")) == 1


async def test_whoever_begins_to_wait_later_is_asked_too_and_many_times_no_does_not_end_it(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    await release(releasing)
    await releasing.work()
    assert await world.rows(Offer) == []
    for number in range(7):
        own, session_id = await another(
            world, releasing.api, number, start=LATE + (number + 1) * DAY * 7
        )
        clock.now += 10 * MINUTE
        await releasing.work()
        (offer,) = await world.rows(Offer, state="open")
        assert offer.session_id == session_id
        assert (await own.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    assert (await row_of(releasing)).release_until == LATEST


async def test_all_at_once_the_first_has_it_and_the_others_hear_that_it_is_gone(
    releasing: Waiting, world: World
) -> None:
    await world.change(Service, world.service_id, waitlist="all_at_once")
    await releasing.wish()
    second, second_id = await another(world, releasing.api, 1)
    await release(releasing)
    await releasing.work()
    offers = {row.session_id: row for row in await world.rows(Offer)}
    assert [row.holds for row in offers.values()] == [False, False]
    assert (await accept(releasing, offers[releasing.session_id])).is_success
    lost = await second.post(f"/v1/offers/{offers[second_id].id}/accept", {})
    assert lost.json()["code"] == "offer-gone"
    await releasing.work()
    assert sorted(row.state for row in await world.rows(Offer)) == ["accepted", "withdrawn"]
    assert await mails(world, "offer_gone") == ["client"]


async def test_a_client_without_a_session_is_booked(releasing: Waiting, world: World) -> None:
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    wish = await releasing.staff.post("/v1/practice/wishes", body)
    assert wish.status_code == 201, wish.text
    await release(releasing)
    await releasing.work()
    (offer,) = await world.rows(Offer)
    done = await accept(releasing, offer)
    assert done.status_code == 200, done.text
    booked = done.json()["booked_session_id"]
    (taken,) = await world.rows(TakenTime, starts_at=FREED)
    assert str(taken.id) == booked
    assert (await row_of(releasing)).status == "cancelled"


async def test_if_the_offer_cannot_be_accepted_the_session_stays(
    releasing: Waiting, world: World
) -> None:
    offer = await released(releasing)
    # The time is no longer in working hours.
    off = {"starts_at": (FREED - HOUR).isoformat(), "ends_at": (FREED + DAY).isoformat()}
    path = f"/v1/practice/practitioners/{world.practitioner_id}/time-off"
    added = await releasing.staff.post(path, off)
    assert added.is_success, added.text
    assert (await accept(releasing, offer)).json()["code"] == "offer-gone"
    row = await row_of(releasing)
    assert (row.status, row.version, row.release_until) == ("booked", 1, LATEST)


async def test_sending_it_again_changes_until(releasing: Waiting, world: World) -> None:
    first = await release(releasing)
    same = await release(releasing)
    assert (same["release"], same["command_id"]) == (first["release"], None)
    changed = await release(releasing, until="2026-12-01T10:00:00-05:00")
    assert changed["release"] == {"until": "2026-12-01T10:00:00-05:00"}
    assert (await row_of(releasing)).release_until == NOW + DAY
    assert len(await world.rows(FreedTime)) == 1
    assert len(await world.rows(Change, kind="released")) == 2


async def test_it_does_not_end_before_somebody_who_is_asked_can_have_answered(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    offer = await released(releasing)
    path = f"/v1/sessions/{releasing.taken_id}/release"
    earlier = {"until": (offer.answer_by - TICK).isoformat()}
    refused = await ben(releasing).post(path, earlier)
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/until"
    assert "2026-11-30T11:00:00-05:00" in error["detail"]
    assert (await row_of(releasing)).release_until == LATEST
    assert len(await world.rows(Change, kind="released")) == 1
    shortened = await release(releasing, until=offer.answer_by.isoformat())
    assert shortened["release"] == {"until": "2026-11-30T11:00:00-05:00"}
    clock.now = offer.answer_by
    assert (await accept(releasing, offer)).status_code == 200


async def test_an_offer_that_nobody_can_answer_any_more_stops_no_earlier_end(
    releasing: Waiting, world: World, clock: TestClock
) -> None:
    """Its end is not recorded yet."""
    offer = await released(releasing)
    clock.now = offer.answer_by + TICK
    until = clock.now + 20 * MINUTE
    await release(releasing, until=until.isoformat())
    assert (await row_of(releasing)).release_until == until
    assert [row.state for row in await world.rows(Offer)] == ["open"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"until": "2026-11-30T10:00:00-05:00"}, "/until"),
        ({"until": (LATEST + TICK).isoformat()}, "/until"),
        ({"until": "2026-12-03T13:00:00"}, "/until"),
        ({"till": "2026-12-03T13:00:00-05:00"}, "/till"),
    ],
)
async def test_a_wrong_request_names_the_field_and_changes_nothing(
    releasing: Waiting, body: dict[str, Any], pointer: str
) -> None:
    answer = await ben(releasing).post(f"/v1/sessions/{releasing.taken_id}/release", body)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await row_of(releasing)).release_until is None


async def test_where_a_release_is_refused(world: World, api: Api, clock: TestClock) -> None:
    async def code(rules: dict[str, Any], start: Any = FREED) -> Any:
        await world.add_policy(rules)
        session_id = await world.book(start)
        answer = await api.post(f"/v1/sessions/{session_id}/release", {})
        await api.delete(f"/v1/sessions/{session_id}/release")
        await world.end(session_id, "cancelled")
        return answer.json().get("code", answer.status_code)

    cancel = RULES["cancel"]
    assert await code({}) == "release-unavailable"
    assert await code({"cancel": {"release": True}}) == "release-unavailable"
    assert await code({"cancel": {"fees": [FEE]}}) == "release-unavailable"
    assert await code({"cancel": {**cancel, "enabled": False}}) == "action-disabled"
    closed = {"release": True, "closes": {"before_minutes": MONTH}}
    assert await code({"cancel": closed}) == 201
    refilled = {"fees": [FEE], "refilled": {"covered_percent": 80}}
    assert await code({"cancel": refilled}) == 201
    assert await code({"cancel": {**refilled, "release": False}}) == "release-unavailable"
    await world.change(Service, world.service_id, waitlist="off")
    assert await code(RULES) == "waitlist-off"
    await world.change(Service, world.service_id, waitlist="in_turn")
    clock.now = FREED - 2 * HOUR
    assert await code(RULES) == "release-unavailable"
    clock.now = FREED
    assert await code(RULES) == "session-started"
    session_id = await world.book(LATE)
    await world.end(session_id, "cancelled")
    ended = await api.post(f"/v1/sessions/{session_id}/release", {})
    assert ended.json()["code"] == "session-not-booked"


async def test_own_wishes_and_paused_ones_do_not_count_as_waiting(
    releasing: Waiting, world: World
) -> None:
    own, others = ben(releasing), releasing

    async def waiting() -> Any:
        shown = await own.session(others.taken_id)
        return shown["actions"]["cancel"]["release"]["waiting"]

    mine = await world.book(LATE + DAY, client_id=releasing.other_id)
    assert (await own.put(f"/v1/sessions/{mine}/wish", {})).status_code == 201
    assert await waiting() is False
    wish = await releasing.wish()
    assert await waiting() is True
    (row,) = await world.rows(Wish, session_id=releasing.session_id)
    await world.change(Wish, row.id, paused_at=NOW)
    assert await waiting() is False
    assert wish["state"] == "waiting"


async def test_a_repeated_request_gets_the_first_answer(releasing: Waiting) -> None:
    path = f"/v1/sessions/{releasing.taken_id}/release"
    key = {"Idempotency-Key": "release-1"}
    first = await ben(releasing).post(path, {}, headers=key)
    again = await ben(releasing).post(path, {}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
