"""An offer is accepted, declined, or not answered in time."""

from typing import Any

import pytest

from app.outbox.due import STILL_WAITING
from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.waitlist import Offer, Wish
from app.tables.webhooks import WebhookEndpoint
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    LATE,
    MINUTE,
    OFFERS,
    RECORDED,
    TICK,
    UNDO,
    WISHES,
    Waiting,
    another,
    offer_events,
    offer_states,
    put_wish,
    wish_states,
)
from tests.world import NOW, TestClock, World

STRICT = {
    "cancel": {
        "closes": {"before_minutes": 60 * 24 * 30},
        "fees": [{"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}],
    },
    "reschedule": {"enabled": False, "limit": 0},
}


async def test_accepting_moves_the_session_free_of_charge_and_uncounted(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(STRICT)
    package_id = await world.add_package()
    session_id = await world.book(LATE + DAY, package_id=package_id)
    assert (await put_wish(waiting.api, session_id)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    clock.now = offer.answer_by
    done = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    body = done.json()
    assert (body["state"], body["booked_session_id"]) == ("accepted", str(session_id))
    (row,) = await world.rows(Session, id=session_id)
    assert (row.starts_at, row.client_moves, row.version) == (FREED, 0, 2)
    assert (row.carried_fee_minor, row.carried_forfeit) == (0, False)
    assert row.booked_starts_at == LATE + DAY
    assert await world.rows(Fee) == []
    (credit,) = await world.rows(CreditRedemption)
    assert (credit.returned_at, credit.forfeited_at) == (None, None)
    assert await world.rows(HeldTime) == []
    assert await wish_states(world) == ["met"]
    assert await offer_events(world) == ["offer.accepted", "offer.made"]
    changes = await world.rows(Change, command_id=body["command_id"])
    assert sorted((row.subject, row.kind) for row in changes) == [
        ("offer", "accepted"),
        ("session", "rescheduled"),
        ("wish", "met"),
    ]
    told = await world.rows(Notification, session_id=session_id, kind="rescheduled")
    assert sorted(row.recipient for row in told) == ["client", "practitioner"]
    again = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert again.json() == body
    assert (await world.rows(Session, id=session_id))[0].version == 2
    late = await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})
    assert late.json()["code"] == "offer-gone"


async def test_the_time_that_was_given_up_goes_the_same_way(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now += MINUTE
    own, second = await another(world, waiting.api, 1, start=LATE + 7 * DAY)
    offer = await waiting.offered()
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).is_success
    await waiting.work()
    assert await offer_states(world) == ["accepted"]
    clock.now += UNDO + STILL_WAITING
    await waiting.work()
    (following,) = await world.rows(Offer, state="open")
    assert (following.session_id, following.starts_at) == (second, LATE)
    assert (await own.post(f"/v1/offers/{following.id}/accept", {})).is_success


async def test_accepting_ends_the_other_wishes_for_the_service(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now += MINUTE
    second = await world.book(LATE + DAY)
    assert (await put_wish(waiting.api, second)).status_code == 201
    service_id = await world.add_service(name="Massage")
    third = await world.book(LATE + 2 * DAY, service_id=service_id)
    assert (await put_wish(waiting.api, third)).status_code == 201
    offer = await waiting.offered()
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).is_success
    assert await wish_states(world) == ["lapsed", "met", "waiting"]


async def test_declining_asks_the_next_one_at_once(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    offer = await waiting.offered()
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    done = await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})
    assert (done.status_code, done.json()["state"]) == (200, "declined")
    again = await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})
    assert again.json() == done.json()
    assert await wish_states(world) == ["waiting", "waiting"]
    assert await world.rows(HeldTime) == []
    await waiting.work()
    (following,) = await world.rows(Offer, state="open")
    assert following.session_id == second
    assert await offer_events(world) == ["offer.declined", "offer.made", "offer.made"]
    accepted = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert accepted.json()["code"] == "offer-gone"


@pytest.mark.parametrize("answer", ["accept", "decline"])
async def test_exactly_answer_by_is_in_time_and_later_is_expired(
    waiting: Waiting, world: World, clock: TestClock, answer: str
) -> None:
    offer = await waiting.offered()
    clock.now = offer.answer_by + TICK
    refused = await waiting.api.post(f"/v1/offers/{offer.id}/{answer}", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "offer-expired")
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (LATE, 1)
    shown = (await waiting.api.get(f"/v1/offers/{offer.id}")).json()
    assert (shown["state"], shown["held"]) == ("expired", False)
    for state, ids in (("open", []), ("expired", [str(offer.id)])):
        listed = (await waiting.staff.get(OFFERS, state=state)).json()["items"]
        assert [one["id"] for one in listed] == ids
    span: dict[str, Any] = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}
    counts = (await waiting.staff.get(f"{OFFERS}/counts", **span)).json()
    assert (counts["open"], counts["expired"], counts["accepted_share"]) == (0, 1, 0.0)
    assert (await waiting.api.get("/v1/offers")).json() == {"items": []}


async def test_an_answer_in_time_wins_over_a_worker_at_the_same_instant(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now = offer.answer_by
    await waiting.work()
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).is_success
    assert await offer_states(world) == ["accepted"]


@pytest.mark.slow
async def test_nobody_is_moved_without_a_yes(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.offered()
    for _ in range(50):
        clock.now += 6 * HOUR
        if clock.now > LATE:
            break
        await waiting.work()
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version, row.status) == (LATE, 1, "booked")


async def test_three_offers_without_an_answer_pause_the_wish_and_say_so(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    for number in range(3):
        start = FREED + number * HOUR - 3 * HOUR
        taken = await world.book(start, client_id=waiting.other_id, now=clock.now)
        body = {"charge_fee": False, "reason": {"note": "x"}}
        await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", body)
        await waiting.work()
        (offer,) = await world.rows(Offer, state="open")
        clock.now = offer.answer_by + RECORDED
        await waiting.work()
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    wish = shown.json()["wish"]
    assert (wish["state"], wish["paused"]) == ("waiting", True)
    assert len(await world.rows(Notification, kind="wish_paused")) == 1
    await waiting.free()
    await waiting.work()
    assert await offer_states(world) == ["expired"] * 3
    resumed = await waiting.staff.post(f"{WISHES}/{wish['id']}/resume", {})
    assert (resumed.json()["paused"], resumed.json()["unanswered"]) == (False, 0)
    again = await waiting.staff.post(f"{WISHES}/{wish['id']}/resume", {})
    assert again.json()["command_id"] is None


async def test_a_wish_that_ends_with_an_expired_offer_counts_it_and_is_not_paused(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    await world.change(Wish, offer.wish_id, unanswered=2)
    clock.now = offer.answer_by + TICK
    ended = await waiting.api.delete(f"/v1/sessions/{waiting.session_id}/wish")
    assert ended.status_code == 204
    assert await offer_states(world) == ["expired"]
    (wish,) = await world.rows(Wish)
    assert (wish.state, wish.unanswered, wish.paused_at) == ("withdrawn", 3, None)
    assert await world.rows(Notification, kind="wish_paused") == []


async def test_an_answer_begins_the_count_of_unanswered_offers_anew(
    waiting: Waiting, world: World
) -> None:
    offer = await waiting.offered()
    await world.change(Wish, offer.wish_id, unanswered=2)
    await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})
    assert [row.unanswered for row in await world.rows(Wish)] == [0]


async def test_sending_a_paused_wish_again_resumes_it(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    (wish,) = await world.rows(Wish)
    await world.change(Wish, wish.id, unanswered=3, paused_at=NOW)
    again = await put_wish(waiting.api, waiting.session_id)
    assert (again.status_code, again.json()["paused"]) == (200, False)
    assert again.json()["command_id"] is not None
