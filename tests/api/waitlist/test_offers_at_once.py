"""Clients are asked all at once: nothing is held, and what is left is offered again."""

from datetime import UTC, datetime
from itertools import pairwise

from app.outbox.due import STILL_WAITING
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer
from tests.waiting import (
    DAY,
    LATE,
    MINUTE,
    OFFERS,
    RECORDED,
    Waiting,
    another,
    offer_states,
    put_wish,
    wish_states,
)
from tests.world import NOW, World, slots


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
    assert await offer_states(world) == ["open", "open"]
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
    assert await offer_states(world) == ["withdrawn"]


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
    await waiting.work(first.answer_by + STILL_WAITING)
    assert await offer_states(world) == ["open"]
    await waiting.work(first.answer_by + RECORDED)
    (second,) = await world.rows(Offer, state="open")
    assert (second.session_id, second.holds) == (in_turn, True)
