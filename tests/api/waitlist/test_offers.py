"""A freed time is offered: whom, when and for how long."""

from datetime import datetime
from typing import Any

import pytest

from app.identity.api_keys.keys import Scope
from app.outbox.due import STILL_WAITING
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.waitlist import FreedTime, Offer, Wish
from app.tables.webhooks import WebhookEndpoint
from tests.holds import put_hold
from tests.transfer import outcomes
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
from tests.world import NOW, TestClock, World, slots


async def test_a_freed_time_is_offered_and_kept_for_the_client(
    waiting: Waiting, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    offer = await waiting.offered()
    assert (offer.starts_at, offer.session_id, offer.holds) == (FREED, waiting.session_id, True)
    assert offer.answer_by == NOW + HOUR
    assert await wish_states(world) == ["offered"]
    (mail,) = await world.rows(Notification, kind="offer")
    assert (mail.recipient, mail.session_id) == ("client", None)
    assert await offer_events(world) == ["offer.made"]
    (held,) = await world.rows(HeldTime)
    assert (held.offer_id, held.expires_at) == (offer.id, offer.answer_by + TICK)
    other_id = await world.book(LATE + DAY, client_id=waiting.other_id)
    other = waiting.api.signed_in(world.token(waiting.other_id))
    page = await other.availability(other_id, **{"from": "2026-12-03", "to": "2026-12-03"})
    assert "2026-12-03T15:00:00-05:00" not in slots(page)
    refused = await other.reschedule(other_id, FREED)
    assert refused.json()["code"] == "slot-unavailable"
    assert "reserved for somebody else" in refused.json()["detail"]
    own = await waiting.api.reschedule(waiting.session_id, FREED)
    assert (own.json()["code"], own.json()["held_until"]) == (
        "slot-unavailable",
        refused.json()["held_until"],
    )
    assert own.json()["detail"].startswith("This time is offered to you: accept the offer")
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    wish = shown.json()["wish"]
    assert wish["state"] == "offered"
    assert wish["offer"]["start"] == "2026-12-03T15:00:00-05:00"
    assert wish["offer"]["held"] is True
    listed = (await waiting.api.get("/v1/offers")).json()
    assert [one["id"] for one in listed["items"]] == [str(offer.id)]


@pytest.mark.parametrize("by", ["client", "link"])
async def test_a_client_s_time_is_offered_when_undo_is_over(
    waiting: Waiting, world: World, clock: TestClock, by: str
) -> None:
    await waiting.wish()
    other = waiting.api.signed_in(world.token(waiting.other_id))
    if by == "link":
        opened = await other.open_link(world.link_token(waiting.taken_id))
        other = other.signed_in(opened.json()["access_token"])
    assert (await other.cancel(waiting.taken_id)).is_success
    clock.now = NOW + UNDO + STILL_WAITING - TICK
    await waiting.work()
    assert await offer_states(world) == []
    page = await waiting.api.availability(
        waiting.session_id, **{"from": "2026-12-03", "to": "2026-12-03"}
    )
    assert "2026-12-03T15:00:00-05:00" in slots(page)
    clock.now = NOW + UNDO + STILL_WAITING
    await waiting.work()
    assert await offer_states(world) == ["open"]


async def test_a_time_that_is_taken_meanwhile_is_offered_to_nobody(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    await waiting.free()
    await world.book(FREED, client_id=waiting.other_id)
    await waiting.work()
    assert await offer_states(world) == []
    (freed,) = await world.rows(FreedTime)
    assert freed.ended_at == NOW


async def test_in_turn_urgent_ones_come_first_then_the_oldest(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    clock.now += MINUTE
    _, third = await another(world, waiting.api, 2)
    urgent = {"session_id": str(third), "urgent": True}
    assert (await waiting.staff.post(WISHES, urgent)).status_code == 200
    await waiting.free()
    asked = []
    for _ in range(3):
        await waiting.work()
        (offer,) = await world.rows(Offer, state="open")
        asked.append(offer.session_id)
        clock.now = offer.answer_by + RECORDED
    assert asked == [third, waiting.session_id, second]
    await waiting.work()
    assert await offer_states(world) == ["expired"] * 3
    assert [row.ended_at is not None for row in await world.rows(FreedTime)] == [True]


async def test_at_night_it_is_open_to_all_and_asked_for_in_the_morning(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now = NOW + 11 * HOUR  # 21:00 in New York
    await waiting.free()
    await waiting.work()
    assert await offer_states(world) == []
    page = await waiting.api.availability(
        waiting.session_id, **{"from": "2026-12-03", "to": "2026-12-03"}
    )
    assert "2026-12-03T15:00:00-05:00" in slots(page)
    clock.now = NOW + 22 * HOUR - TICK
    await waiting.work()
    assert await offer_states(world) == []
    clock.now = NOW + 22 * HOUR  # 8:00
    await waiting.work()
    assert await offer_states(world) == ["open"]


async def test_within_two_hours_of_the_start_it_is_simply_open(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now = FREED - HOUR
    await waiting.free()
    await waiting.work()
    assert await offer_states(world) == []
    (freed,) = await world.rows(FreedTime)
    assert freed.ended_at == clock.now


@pytest.mark.parametrize(("ticks", "start"), [(0, FREED), (1, FREED + 30 * MINUTE)])
async def test_exactly_two_hours_before_a_start_it_is_offered_and_later_the_next_one(
    waiting: Waiting, world: World, clock: TestClock, ticks: int, start: datetime
) -> None:
    await waiting.wish()
    clock.now = FREED - 2 * HOUR + ticks * TICK
    await waiting.free()
    await waiting.work()
    assert [row.starts_at for row in await world.rows(Offer)] == [start]


async def test_after_five_clients_the_time_is_open(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    for number in range(6):
        await another(world, waiting.api, number + 1)
    await waiting.free()
    for number in range(5):
        await waiting.work()
        (offer,) = await world.rows(Offer, state="open")
        assert offer.holds, number
        clock.now = offer.answer_by + RECORDED
    await waiting.work()
    assert await offer_states(world) == ["expired"] * 5
    assert (await world.rows(FreedTime))[0].ended_at is not None


async def test_after_half_of_the_time_that_was_left_it_is_open(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    for number in range(3):
        await another(world, waiting.api, number + 1)
    await world.change(Service, world.service_id, offer_minutes=1440)
    clock.now = FREED - 4 * HOUR  # the first offer lasts an hour, the second to the half
    await waiting.free()
    ends = []
    for _ in range(3):
        await waiting.work()
        found = await world.rows(Offer, state="open")
        if not found:
            break
        ends.append(found[0].answer_by - (FREED - 4 * HOUR))
        clock.now = found[0].answer_by + RECORDED
    assert ends[0] == HOUR
    assert all(end <= 2 * HOUR for end in ends)
    assert len(ends) in {2, 3}


async def test_staff_list_and_withdraw_offers_and_see_the_share_accepted(
    waiting: Waiting, world: World
) -> None:
    offer = await waiting.offered()
    listed = (await waiting.staff.get(OFFERS, state="open")).json()
    assert [one["id"] for one in listed["items"]] == [str(offer.id)]
    assert listed["items"][0]["client"]["name"] == "Ana Ruiz"
    one = (await waiting.staff.get(f"{OFFERS}/{offer.id}")).json()
    assert one == listed["items"][0]
    done = await waiting.staff.post(f"{OFFERS}/{offer.id}/withdraw", {})
    assert done.json()["state"] == "withdrawn"
    again = await waiting.staff.post(f"{OFFERS}/{offer.id}/withdraw", {})
    assert again.json() == done.json()
    assert len(await world.rows(Notification, kind="offer_gone")) == 1
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    span: dict[str, Any] = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}
    counts = (await waiting.staff.get(f"{OFFERS}/counts", **span)).json()
    assert (counts["made"], counts["withdrawn"], counts["accepted_share"]) == (1, 1, None)
    await world.change(Offer, offer.id, state="accepted", booked_session_id=waiting.session_id)
    counts = (await waiting.staff.get(f"{OFFERS}/counts", **span)).json()
    assert (counts["accepted"], counts["accepted_share"]) == (1, 1.0)


async def test_what_the_wish_says_decides(waiting: Waiting, world: World) -> None:
    await waiting.wish(weekdays=[1, 2, 3, 5])
    await waiting.free()
    await waiting.work()
    assert await offer_states(world) == []


async def test_the_session_that_gave_a_time_up_is_not_asked_for_it(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    assert (await waiting.staff.reschedule_by_staff(waiting.session_id, LATE + DAY)).is_success
    await waiting.work()
    assert (await offer_states(world), await wish_states(world)) == ([], ["waiting"])


async def test_an_imported_end_gives_nothing_up(waiting: Waiting, world: World) -> None:
    """It happened in another system; an import sends no mail."""
    await waiting.wish()
    line = {
        "kind": "session",
        "external_ref": "visit-1",
        "client_ref": str(waiting.other_id),
        "practitioner_ref": str(world.practitioner_id),
        "service_ref": str(world.service_id),
        "starts_at": (FREED + DAY).isoformat(),
        "format": "video",
        "status": "cancelled",
        "ended": {"at": NOW.isoformat(), "by": "client"},
    }
    admin = waiting.api.signed_in(await world.key(Scope.ADMIN))
    assert await outcomes(admin, [line]) == ["created"]
    await waiting.work(NOW + UNDO + MINUTE)
    assert await world.rows(FreedTime) == []


async def test_booking_again_gives_nothing_up(waiting: Waiting, world: World) -> None:
    """The end did; those who said no to its time are not asked again."""
    await world.add_policy({"rebook": {"days": 30, "fee": "stands"}})
    session_id = await world.book(FREED + DAY, client_id=waiting.other_id)
    other = waiting.api.signed_in(world.token(waiting.other_id))
    await waiting.wish()
    assert (await other.cancel(session_id)).status_code == 200
    await waiting.work(NOW + UNDO + MINUTE)
    assert (await other.reschedule(session_id, LATE + DAY)).status_code == 200
    await waiting.work(NOW + UNDO + 2 * MINUTE)
    assert len(await world.rows(FreedTime)) == 1


async def test_a_time_that_somebody_holds_is_offered_when_the_hold_has_ended(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    other_id = await world.book(LATE + DAY, client_id=waiting.other_id)
    await waiting.free()
    other = waiting.api.signed_in(world.token(waiting.other_id))
    body = {"start": FREED.isoformat(), "format": "video"}
    held = await other.put(f"/v1/sessions/{other_id}/hold", body)
    assert held.status_code == 200, held.text
    await waiting.work()
    assert await offer_states(world) == []
    clock.now += 5 * MINUTE
    await waiting.work()
    assert await offer_states(world) == ["open"]


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        (FREED - 50 * MINUTE, {}),
        (FREED - 4 * HOUR, {"sessions_per_day": 1}),
        (FREED - 3 * DAY, {"sessions_per_week": 1}),
        (FREED + DAY, {"sessions_per_week": 1}),
    ],
)
async def test_a_hold_in_the_way_by_its_buffer_or_a_limit_is_waited_for(
    waiting: Waiting, world: World, clock: TestClock, start: datetime, limit: dict[str, int]
) -> None:
    """The hold takes no part of the freed time itself."""
    await waiting.wish()
    holder = await world.book(LATE + 2 * DAY, client_id=waiting.other_id)
    await waiting.free()
    if limit:
        await world.change_practitioner(**limit)
    else:
        # Otherwise 15:30 would suit.
        await world.book(FREED + HOUR, client_id=waiting.other_id)
    until = await put_hold(world, holder, start, client_id=waiting.other_id)
    await waiting.work()
    assert await offer_states(world) == []
    clock.now = until
    await waiting.work()
    assert [row.starts_at for row in await world.rows(Offer)] == [FREED]


async def test_the_first_of_two_holds_to_end_is_waited_for(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    holders = [
        await world.book(LATE + hours * HOUR, client_id=waiting.other_id) for hours in (1, 2)
    ]
    await waiting.free()
    until = await put_hold(world, holders[0], FREED, client_id=waiting.other_id)
    later = {"client_id": waiting.other_id, "expires_at": until + HOUR}
    await put_hold(world, holders[1], FREED + DAY, **later)
    await waiting.work()
    assert await offer_states(world) == []
    clock.now = until
    await waiting.work()
    assert await offer_states(world) == ["open"]


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("mode", ["in_turn", "all_at_once"])
async def test_a_client_whose_offer_has_just_expired_is_asked_for_another_time(
    waiting: Waiting, world: World, clock: TestClock, mode: str, others: int
) -> None:
    """The expiry is recorded half a minute later; another time is looked at before."""
    await world.change(Service, world.service_id, waitlist=mode)
    first = await waiting.offered()
    for number in range(others):
        own, session_id = await another(world, waiting.api, number + 1)
        await put_wish(own, session_id, until=(FREED - HOUR).isoformat())
    clock.now = first.answer_by + TICK
    second = await world.book(FREED - DAY, client_id=waiting.other_id, now=clock.now)
    body = {"charge_fee": False, "reason": {"note": "They cannot come."}}
    await waiting.staff.post(f"/v1/practice/sessions/{second}/cancel", body)
    await waiting.work()
    assert len(await world.rows(Offer, starts_at=FREED - DAY)) == others
    # Those who wait are asked meanwhile, and say no.
    for offer in await world.rows(Offer, starts_at=FREED - DAY):
        assert offer.wish_id != first.wish_id
        own = waiting.api.signed_in(world.token(offer.client_id))
        assert (await own.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    clock.now = first.answer_by + STILL_WAITING
    await waiting.work()
    (freed,) = await world.rows(FreedTime, starts_at=FREED - DAY)
    assert freed.ended_at is None
    clock.now += TICK
    await waiting.work()
    (late,) = await world.rows(Offer, starts_at=FREED - DAY, state="open")
    assert late.wish_id == first.wish_id


async def test_a_third_offer_that_has_just_expired_pauses_the_wish_and_no_other_time_is_offered(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    first = await waiting.offered()
    await world.change(Wish, first.wish_id, unanswered=2)
    clock.now = first.answer_by + TICK
    second = await world.book(FREED - DAY, client_id=waiting.other_id, now=clock.now)
    body = {"charge_fee": False, "reason": {"note": "They cannot come."}}
    await waiting.staff.post(f"/v1/practice/sessions/{second}/cancel", body)
    await waiting.work()
    clock.now = first.answer_by + RECORDED
    await waiting.work()
    assert await offer_states(world) == ["expired"]
    (freed,) = await world.rows(FreedTime, starts_at=FREED - DAY)
    assert freed.ended_at == clock.now
