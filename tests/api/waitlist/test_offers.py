"""A freed time is offered: whom, when and for how long; accepted, declined, expired or gone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import transact
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Practice, Practitioner, Service
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.waitlist import FreedTime, Offer, Wish
from app.tables.webhooks import WebhookEndpoint
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.commands.offers import expire_offer, offer_freed_time
from app.waitlist.tasks import run_waitlists
from tests.transfer import outcomes
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    LATE,
    MINUTE,
    OFFERS,
    TICK,
    UNDO,
    WISHES,
    Waiting,
    another,
    offer_token,
    put_wish,
    wait,
)
from tests.world import NOW, Api, TestClock, World, slots

STRICT = {
    "cancel": {
        "closes": {"before_minutes": 60 * 24 * 30},
        "fees": [{"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}],
    },
    "reschedule": {"enabled": False, "limit": 0},
}


async def states(world: World) -> list[str]:
    rows = await world.rows(Offer)
    return [row.state for row in sorted(rows, key=lambda row: (row.made_at, row.starts_at))]


async def wish_states(world: World) -> list[str]:
    return sorted(row.state for row in await world.rows(Wish))


async def events(world: World) -> list[str]:
    rows = await world.rows(Notification, recipient="webhook")
    return sorted(row.kind for row in rows if row.kind.startswith("offer."))


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
    assert await events(world) == ["offer.made"]
    (held,) = await world.rows(HeldTime)
    assert (held.offer_id, held.expires_at) == (offer.id, offer.answer_by + TICK)
    other_id = await world.book(LATE + DAY, client_id=waiting.other_id)
    other = waiting.api.signed_in(world.token(waiting.other_id))
    page = await other.availability(other_id, **{"from": "2026-12-03", "to": "2026-12-03"})
    assert "2026-12-03T15:00:00-05:00" not in slots(page)
    refused = await other.reschedule(other_id, FREED)
    assert refused.json()["code"] == "slot-unavailable"
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    wish = shown.json()["wish"]
    assert wish["state"] == "offered"
    assert wish["offer"]["start"] == "2026-12-03T15:00:00-05:00"
    assert wish["offer"]["held"] is True
    listed = (await waiting.api.get("/v1/offers")).json()
    assert [one["id"] for one in listed["items"]] == [str(offer.id)]


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
    assert await events(world) == ["offer.accepted", "offer.made"]
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
    assert await states(world) == ["accepted"]
    clock.now += UNDO
    await waiting.work()
    (following,) = await world.rows(Offer, state="open")
    assert (following.session_id, following.starts_at) == (second, LATE)
    assert (await own.post(f"/v1/offers/{following.id}/accept", {})).is_success


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
    clock.now = NOW + UNDO - TICK
    await waiting.work()
    assert await states(world) == []
    page = await waiting.api.availability(
        waiting.session_id, **{"from": "2026-12-03", "to": "2026-12-03"}
    )
    assert "2026-12-03T15:00:00-05:00" in slots(page)
    clock.now = NOW + UNDO
    await waiting.work()
    assert await states(world) == ["open"]


async def test_a_time_that_is_taken_meanwhile_is_offered_to_nobody(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    await waiting.free()
    await world.book(FREED, client_id=waiting.other_id)
    await waiting.work()
    assert await states(world) == []
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
        clock.now = offer.answer_by + TICK
    assert asked == [third, waiting.session_id, second]
    await waiting.work()
    assert await states(world) == ["expired"] * 3
    assert [row.ended_at is not None for row in await world.rows(FreedTime)] == [True]


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
    assert await events(world) == ["offer.declined", "offer.made", "offer.made"]
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
    assert (await waiting.api.get("/v1/offers")).json() == {"items": []}


async def test_an_answer_in_time_wins_over_a_worker_at_the_same_instant(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now = offer.answer_by
    await waiting.work()
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).is_success
    assert await states(world) == ["accepted"]


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
        clock.now = offer.answer_by + TICK
        await waiting.work()
    shown = await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")
    wish = shown.json()["wish"]
    assert (wish["state"], wish["paused"]) == ("waiting", True)
    assert len(await world.rows(Notification, kind="wish_paused")) == 1
    await waiting.free()
    await waiting.work()
    assert await states(world) == ["expired"] * 3
    resumed = await waiting.staff.post(f"{WISHES}/{wish['id']}/resume", {})
    assert (resumed.json()["paused"], resumed.json()["unanswered"]) == (False, 0)
    again = await waiting.staff.post(f"{WISHES}/{wish['id']}/resume", {})
    assert again.json()["command_id"] is None


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


async def test_at_night_it_is_open_to_all_and_asked_for_in_the_morning(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now = NOW + 11 * HOUR  # 21:00 in New York
    await waiting.free()
    await waiting.work()
    assert await states(world) == []
    page = await waiting.api.availability(
        waiting.session_id, **{"from": "2026-12-03", "to": "2026-12-03"}
    )
    assert "2026-12-03T15:00:00-05:00" in slots(page)
    clock.now = NOW + 22 * HOUR - TICK
    await waiting.work()
    assert await states(world) == []
    clock.now = NOW + 22 * HOUR  # 8:00
    await waiting.work()
    assert await states(world) == ["open"]


async def test_within_two_hours_of_the_start_it_is_simply_open(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    clock.now = FREED - HOUR
    await waiting.free()
    await waiting.work()
    assert await states(world) == []
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
        clock.now = offer.answer_by + TICK
    await waiting.work()
    assert await states(world) == ["expired"] * 5
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
        clock.now = found[0].answer_by + TICK
    assert ends[0] == HOUR
    assert all(end <= 2 * HOUR for end in ends)
    assert len(ends) in {2, 3}


async def test_all_at_once_holds_nothing_and_the_first_yes_has_it(
    waiting: Waiting, world: World
) -> None:
    changed = await waiting.staff.patch(
        f"/v1/practice/services/{world.service_id}", {"waitlist": "all_at_once"}
    )
    assert changed.json()["waitlist"] == "all_at_once"
    own, second = await another(world, waiting.api, 1)
    await waiting.wish()
    await waiting.free()
    await waiting.work()
    assert await states(world) == ["open", "open"]
    assert await world.rows(HeldTime) == []
    offers = {row.session_id: row for row in await world.rows(Offer)}
    page = await waiting.api.availability(
        waiting.session_id, **{"from": "2026-12-03", "to": "2026-12-03"}
    )
    assert "2026-12-03T15:00:00-05:00" in slots(page)
    assert (await own.post(f"/v1/offers/{offers[second].id}/accept", {})).is_success
    late = await waiting.api.post(f"/v1/offers/{offers[waiting.session_id].id}/accept", {})
    assert (late.status_code, late.json()["code"]) == (409, "offer-gone")
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (LATE, 1)
    await waiting.work()
    assert await wish_states(world) == ["met", "waiting"]
    assert len(await world.rows(Notification, kind="offer_gone")) == 1


async def free_a_morning(waiting: Waiting, world: World) -> None:
    """Take time off away from 9:00 to 12:00: three hours are free for sessions of 50 minutes."""
    path = f"/v1/practice/practitioners/{world.practitioner_id}/time-off"
    ends = {"starts_at": "2026-12-04T09:00:00-05:00", "ends_at": "2026-12-04T12:00:00-05:00"}
    made = await waiting.staff.post(path, ends)
    await waiting.staff.delete(f"{path}/{made.json()['id']}")
    await waiting.work()


async def test_what_the_first_yes_leaves_is_offered_to_those_who_were_asked_for_that(
    waiting: Waiting, world: World
) -> None:
    """All at once, of a morning: the first has 9:00, the second the next start, and so on."""
    service = f"/v1/practice/services/{world.service_id}"
    await waiting.staff.patch(service, {"waitlist": "all_at_once"})
    callers = [await another(world, waiting.api, number) for number in (1, 2)]
    await waiting.wish()
    await free_a_morning(waiting, world)
    callers.append((waiting.api, waiting.session_id))
    for left, (own, session_id) in enumerate(reversed(callers)):
        offers = {row.session_id: row for row in await world.rows(Offer, state="open")}
        assert len(offers) == 3 - left
        assert (await own.post(f"/v1/offers/{offers[session_id].id}/accept", {})).is_success
        await waiting.work()
    starts = sorted([row.starts_at for row in await world.rows(Offer, state="accepted")])
    assert all(later - sooner >= 50 * MINUTE for sooner, later in pairwise(starts))
    assert starts[0] == datetime(2026, 12, 4, 14, tzinfo=UTC)
    assert starts[-1] < datetime(2026, 12, 4, 17, tzinfo=UTC)
    (time,) = await world.rows(FreedTime, session_id=None)
    assert (await wish_states(world), time.ended_at) == (["met"] * 3, NOW)


async def test_who_said_no_is_not_asked_for_what_is_left(waiting: Waiting, world: World) -> None:
    service = f"/v1/practice/services/{world.service_id}"
    await waiting.staff.patch(service, {"waitlist": "all_at_once"})
    own, second = await another(world, waiting.api, 1)
    await waiting.wish()
    await free_a_morning(waiting, world)
    offers = {row.session_id: row for row in await world.rows(Offer)}
    assert (await own.post(f"/v1/offers/{offers[second].id}/decline", {})).is_success
    path = f"/v1/offers/{offers[waiting.session_id].id}/accept"
    assert (await waiting.api.post(path, {})).is_success
    await waiting.work()
    (time,) = await world.rows(FreedTime, session_id=None)
    assert len(await world.rows(Offer, freed_time_id=time.id)) == 2
    assert time.ended_at == NOW


async def test_an_offer_that_staff_withdraw_is_not_made_again(
    waiting: Waiting, world: World
) -> None:
    service = f"/v1/practice/services/{world.service_id}"
    await waiting.staff.patch(service, {"waitlist": "all_at_once"})
    await waiting.wish()
    await free_a_morning(waiting, world)
    (offer,) = await world.rows(Offer)
    await waiting.staff.post(f"{OFFERS}/{offer.id}/withdraw", {})
    await waiting.work()
    assert await states(world) == ["withdrawn"]


async def test_nobody_is_asked_in_turn_while_others_are_asked_at_once(
    waiting: Waiting, world: World
) -> None:
    """The mode is the service's of each who waits: one of another service waits in turn."""
    service = f"/v1/practice/services/{world.service_id}"
    await waiting.staff.patch(service, {"waitlist": "all_at_once"})
    await waiting.wish()
    client_id = await world.add_client(name="Zoe", email="zoe@client.example")
    in_turn = await world.book(
        LATE + DAY, client_id=client_id, service_id=await world.add_service(name="Massage")
    )
    own = waiting.api.signed_in(world.token(client_id))
    waiting.api.clock.now += MINUTE
    assert (await put_wish(own, in_turn)).is_success
    await free_a_morning(waiting, world)
    (first,) = await world.rows(Offer)
    assert (first.session_id, first.holds) == (waiting.session_id, False)
    await waiting.work(first.answer_by)
    assert await states(world) == ["open"]
    await waiting.work(first.answer_by + TICK)
    (second,) = await world.rows(Offer, state="open")
    assert (second.session_id, second.holds) == (in_turn, True)


async def test_force_takes_the_time_and_the_client_is_told(waiting: Waiting, world: World) -> None:
    offer = await waiting.offered()
    body = {
        "client_id": str(waiting.other_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": FREED.isoformat(),
        "format": "video",
    }
    refused = await waiting.staff.post("/v1/practice/sessions", body)
    assert refused.json()["code"] == "slot-unavailable"
    taken = await waiting.staff.post("/v1/practice/sessions", body | {"force": True})
    assert taken.status_code == 201, taken.text
    late = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert late.json()["code"] == "offer-gone"
    await waiting.work()
    assert await states(world) == ["withdrawn"]
    assert await wish_states(world) == ["waiting"]
    (mail,) = await world.rows(Notification, kind="offer_gone")
    assert mail.recipient == "client"


async def test_a_session_beside_it_that_leaves_no_gap_takes_an_offered_time(
    waiting: Waiting, world: World
) -> None:
    """The offered session needs ten minutes after it; the one that is booked there needs none."""
    offer = await waiting.offered()
    body = {
        "client_id": str(waiting.other_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": offer.ends_at.isoformat(),
        "format": "video",
        "force": True,
    }
    taken = await waiting.staff.post("/v1/practice/sessions", body)
    assert taken.status_code == 201, taken.text
    await waiting.work()
    assert await states(world) == ["withdrawn"]
    assert len(await world.rows(Notification, kind="offer_gone")) == 1
    late = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert late.json()["code"] == "offer-gone"


async def test_the_undo_of_staff_withdraws_the_offer(waiting: Waiting, world: World) -> None:
    await waiting.offered()
    undone = await waiting.staff.post(
        f"/v1/practice/sessions/{waiting.taken_id}/undo", {"reason": {"note": "A mistake."}}
    )
    assert undone.status_code == 200, undone.text
    await waiting.work()
    assert await states(world) == ["withdrawn"]


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


async def test_a_changed_session_ends_the_offer(waiting: Waiting, world: World) -> None:
    offer = await waiting.offered()
    assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await waiting.work()
    assert await states(world) == ["withdrawn"]
    assert await wish_states(world) == ["lapsed"]
    assert await world.rows(HeldTime) == []


async def test_ending_the_wish_ends_its_offer(waiting: Waiting, world: World) -> None:
    await waiting.offered()
    assert (await waiting.api.delete(f"/v1/sessions/{waiting.session_id}/wish")).is_success
    assert (await states(world), await wish_states(world)) == (["withdrawn"], ["withdrawn"])
    assert await world.rows(HeldTime) == []
    assert await world.rows(Notification, kind="offer_gone") == []


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


@pytest.mark.parametrize("how", ["shorter", "deleted"])
async def test_time_off_that_is_taken_away_is_offered(
    waiting: Waiting, world: World, how: str
) -> None:
    path = f"/v1/practice/practitioners/{world.practitioner_id}/time-off"
    day = {"starts_at": "2026-12-02T00:00:00-05:00", "ends_at": "2026-12-03T00:00:00-05:00"}
    made = await waiting.staff.post(path, day)
    assert made.status_code == 201, made.text
    await waiting.wish()
    one = f"{path}/{made.json()['id']}"
    if how == "deleted":
        assert (await waiting.staff.delete(one)).status_code == 204
    else:
        shorter = {"ends_at": "2026-12-02T12:00:00-05:00"}
        assert (await waiting.staff.patch(one, shorter)).status_code == 200
    await waiting.work()
    (offer,) = await world.rows(Offer)
    first = 9 if how == "deleted" else 12
    assert offer.starts_at.isoformat() == f"2026-12-02T{first + 5:02}:00:00+00:00"


async def test_what_the_wish_says_decides(waiting: Waiting, world: World) -> None:
    await waiting.wish(weekdays=[1, 2, 3, 5])
    await waiting.free()
    await waiting.work()
    assert await states(world) == []


async def test_the_session_that_gave_a_time_up_is_not_asked_for_it(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    assert (await waiting.staff.reschedule_by_staff(waiting.session_id, LATE + DAY)).is_success
    await waiting.work()
    assert (await states(world), await wish_states(world)) == ([], ["waiting"])


async def test_a_wish_without_a_session_books_one(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package()
    client_id = await world.add_client(name="Eve", email="eve@client.example")
    body = {"client_id": str(client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    clock.now += MINUTE
    own = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "package_id": str(package_id),
        "formats": ["phone"],
    }
    assert (await waiting.staff.post(WISHES, own)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert (offer.client_id, offer.price_minor, offer.session_id) == (client_id, 12000, None)
    await world.change(Service, world.service_id, price_minor=99000)
    eve = waiting.api.signed_in(offer_token(world, offer.id))
    assert (await eve.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer, state="open")
    assert (offer.package_id, offer.format, offer.price_minor) == (package_id, "phone", 99000)
    (listed,) = (await waiting.api.get("/v1/offers")).json()["items"]
    assert (listed["price"], listed["package"]["id"]) == (None, str(package_id))
    done = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (row,) = await world.rows(Session, id=done.json()["booked_session_id"])
    assert (row.starts_at, row.format, row.client_id) == (FREED, "phone", world.client_id)
    assert row.grace_from == clock.now
    (credit,) = await world.rows(CreditRedemption)
    assert credit.session_id == row.id
    (change,) = await world.rows(Change, session_id=row.id)
    assert (change.kind, change.actor) == ("booked", "client")
    again = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert again.json()["booked_session_id"] == str(row.id)


async def test_a_new_session_is_bound_by_the_limits_of_the_practitioner(
    waiting: Waiting, world: World
) -> None:
    """A booking by staff is not; the client accepts what availability has."""
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    await world.book(FREED - 3 * HOUR, client_id=waiting.other_id)
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=1)
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=2)
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200


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


async def test_a_credit_that_is_gone_books_nothing(waiting: Waiting, world: World) -> None:
    package_id = await world.add_package(credits=1)
    body = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "package_id": str(package_id),
    }
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    await world.book(LATE + DAY, package_id=package_id)
    refused = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert refused.json()["code"] == "credit-unavailable"
    assert await states(world) == ["open"]


async def test_a_link_of_one_offer_opens_and_answers_this_one_only(
    waiting: Waiting, world: World, stranger: Api, clock: TestClock
) -> None:
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    before = await world.rows(Offer)
    for _ in range(5):
        opened = await stranger.post("/v1/offers/open", {"token": token})
        assert (opened.status_code, opened.json()["id"]) == (200, str(offer.id))
        assert opened.json()["practice"]["id"] == str(world.practice_id)
        bearer = stranger.signed_in(token)
        assert (await bearer.get(f"/v1/offers/{offer.id}")).status_code == 200
        assert (await bearer.http.head(f"/v1/offers/{offer.id}")).status_code == 401
    assert await world.rows(Offer) == before
    assert (await bearer.get(f"/v1/sessions/{waiting.session_id}")).status_code == 401
    assert (await bearer.get("/v1/offers")).status_code == 401
    assert (await bearer.get("/v1/me")).status_code == 401
    forged = await stranger.post("/v1/offers/open", {"token": world.link_token(offer.id)})
    assert forged.json()["code"] == "link-invalid"
    other = waiting.api.signed_in(world.token(waiting.other_id))
    assert (await other.get(f"/v1/offers/{offer.id}")).status_code == 404
    assert (await other.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 404
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    opened = await waiting.api.open_link(world.link_token(second))
    by_link = waiting.api.signed_in(opened.json()["access_token"])
    assert (await by_link.get(f"/v1/offers/{offer.id}")).status_code == 404
    opened = await waiting.api.open_link(world.link_token(waiting.session_id))
    by_link = waiting.api.signed_in(opened.json()["access_token"])
    assert (await by_link.get("/v1/offers")).status_code == 403
    wish = (await by_link.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    assert wish["offer"]["id"] == str(offer.id)
    assert (await by_link.get(f"/v1/offers/{offer.id}")).status_code == 200
    done = await bearer.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (change,) = await world.rows(Change, subject="offer", kind="accepted")
    assert change.actor == "link"


async def test_revoked_links_and_a_new_address_end_the_link_of_an_offer(
    waiting: Waiting, world: World, stranger: Api
) -> None:
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    path = f"/v1/practice/sessions/{waiting.session_id}/links/revoke"
    assert (await waiting.staff.post(path, {})).is_success
    opened = await stranger.post("/v1/offers/open", {"token": token})
    assert opened.json()["code"] == "link-invalid"
    bearer = stranger.signed_in(token)
    assert (await bearer.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 401
    assert await states(world) == ["open"]


async def test_the_link_of_an_offer_ends_like_that_of_a_session(
    waiting: Waiting, world: World, stranger: Api, clock: TestClock
) -> None:
    """`LINK_DAYS` after the offered time; to the microsecond."""
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    bearer = stranger.signed_in(token)
    path = f"/v1/offers/{offer.id}"
    last = offer.ends_at + timedelta(days=world.settings.link_days)
    for now, opened, shown in ((last, 200, 200), (last + TICK, 410, 401)):
        clock.now = now
        answer = await stranger.post("/v1/offers/open", {"token": token})
        assert answer.status_code == opened
        assert (await bearer.get(path)).status_code == shown
        assert (await bearer.post(f"{path}/decline", {})).status_code == (
            409 if shown == 200 else 401
        )
    assert answer.json()["code"] == "link-expired"


async def test_the_link_of_an_offer_that_booked_a_session_ends_with_its_links(
    waiting: Waiting, world: World, stranger: Api
) -> None:
    client_id = await world.add_client(name="Eve", email="eve@client.example")
    body = {"client_id": str(client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    token = {"token": offer_token(world, offer.id)}
    done = await stranger.signed_in(token["token"]).post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    assert (await stranger.post("/v1/offers/open", token)).status_code == 200
    booked = done.json()["booked_session_id"]
    revoked = await waiting.staff.post(f"/v1/practice/sessions/{booked}/links/revoke", {})
    assert revoked.is_success
    opened = await stranger.post("/v1/offers/open", token)
    assert opened.json()["code"] == "link-invalid"


@pytest.mark.parametrize("away", [timedelta(hours=30), timedelta(days=2)])
async def test_a_worker_that_was_away_goes_on_where_it_stopped(
    waiting: Waiting, world: World, clock: TestClock, away: timedelta
) -> None:
    await waiting.wish()
    await waiting.work()
    await waiting.free()
    clock.now += away
    await waiting.work()
    assert await states(world) == ["open"]
    clock.now += away
    await waiting.work()
    assert await states(world) == ["expired"]
    (freed,) = await world.rows(FreedTime)
    assert freed.ended_at == clock.now


async def test_running_twice_asks_once(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await waiting.free()
    for _ in range(3):
        await waiting.work()
    assert await states(world) == ["open"]
    assert len(await world.rows(FreedTime)) == 1
    assert len(await world.rows(Notification, kind="offer")) == 1


async def test_a_closed_practice_asks_nobody(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await waiting.free()
    await world.change_all(Practice, closed_at=NOW)
    await waiting.work()
    assert await states(world) == []


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
    assert await states(world) == []
    clock.now += 5 * MINUTE
    await waiting.work()
    assert await states(world) == ["open"]


async def test_a_worker_that_is_killed_before_its_commit_has_asked_nobody(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    await waiting.free()
    undone = RuntimeError("killed")
    await transact(
        world.engine,
        lambda db: collect_freed_times(db, world.practice_id, now=NOW, undo=UNDO),
    )
    (freed,) = await world.rows(FreedTime)

    async def die(db: AsyncConnection) -> None:
        await offer_freed_time(db, world.practice_id, freed.id, now=NOW)
        raise undone

    with pytest.raises(RuntimeError):
        await transact(world.engine, die)
    assert (await states(world), await wish_states(world)) == ([], ["waiting"])
    assert await world.rows(HeldTime) == []
    assert await world.rows(Notification, kind="offer") == []
    await waiting.work()
    assert await states(world) == ["open"]
    assert len(await world.rows(Notification, kind="offer")) == 1


async def test_a_worker_that_is_killed_between_two_steps_is_continued(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    clock.now = offer.answer_by + TICK
    await transact(
        world.engine,
        lambda db: expire_offer(db, world.practice_id, offer.id, now=clock.now),
    )
    clock.now += 10 * MINUTE
    await waiting.work()
    (following,) = await world.rows(Offer, state="open")
    assert following.session_id == second
    assert [row.unanswered for row in await world.rows(Wish, id=offer.wish_id)] == [1]


@pytest.mark.alone
async def test_the_task_looks_at_all_practices(waiting: Waiting, world: World, api: Api) -> None:
    await waiting.wish()
    await waiting.free()
    other = await World(world.engine, world.settings).build()
    there = await wait(other, api.signed_in(other.token()))
    await there.wish()
    await there.free()
    await run_waitlists(world.engine, NOW, undo=UNDO)
    for one in (world, other):
        assert await states(one) == ["open"]
