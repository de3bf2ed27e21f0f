"""The seat of a group is given up only if somebody who waits for such a seat takes it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.waitlist import FreedTime, Offer, Wish
from tests.api.waitlist.test_release import RULES
from tests.api.waitlist.test_seats import CANCEL
from tests.groups import CLASS, add_group, add_seat, seats_of
from tests.waiting import (
    DAY,
    HOUR,
    MINUTE,
    RECORDED,
    UNDO,
    WISHES,
    put_wish,
    work,
)
from tests.world import NOW, Api, TestClock, World

LATER = CLASS + 7 * DAY
LATEST = CLASS - 2 * HOUR


@dataclass
class Seats:
    """A full group with a seat of Ben's, and Ana's seat of a later group of the same service."""

    world: World
    ana: Api
    ben: Api
    staff: Api
    ben_id: UUID
    group_id: UUID
    ben_seat: UUID
    other_seat: UUID
    ana_seat: UUID

    async def work(self) -> None:
        await work(self.world, self.ana.clock.now)

    async def release(self, **body: Any) -> Any:
        answer = await self.ben.post(f"/v1/sessions/{self.ben_seat}/release", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def wish(self) -> None:
        assert (await put_wish(self.ana, self.ana_seat)).status_code == 201

    async def offered(self) -> Any:
        """Let Ana wish for an earlier group and Ben release; give the row of the open offer."""
        await self.wish()
        await self.release()
        await self.work()
        (offer,) = await self.world.rows(Offer, state="open")
        return offer

    async def accept(self, offer: Any, by: Api | None = None) -> Any:
        return await (by or self.ana).post(f"/v1/offers/{offer.id}/accept", {})

    async def row(self, session_id: UUID) -> Any:
        (row,) = await self.world.rows(Session, id=session_id)
        return row

    async def choice(self) -> Any:
        """Give what the decision on cancelling says of a release of Ben's seat."""
        return (await self.ben.session(self.ben_seat))["actions"]["cancel"]["release"]


@pytest.fixture
async def seats(world: World, api: Api) -> Seats:
    await world.add_policy(RULES)
    ben_id = await world.add_client(name="Ben Okoro", email="ben@client.example")
    third = await world.add_client(name="Eva Lind", email="eva@client.example")
    group_id = await add_group(world, seats=2)
    ben_seat = await add_seat(world, group_id, client_id=ben_id)
    return Seats(
        world,
        api,
        api.signed_in(world.token(ben_id)),
        api.signed_in(await world.key()),
        ben_id,
        group_id,
        ben_seat,
        await add_seat(world, group_id, client_id=third),
        await add_seat(world, await add_group(world, LATER, seats=1)),
    )


async def test_the_seat_stays_taken_while_it_is_offered(seats: Seats, world: World) -> None:
    assert await seats.choice() == {"available": True, "waiting": False}
    offer = await seats.offered()
    assert (offer.group_id, offer.session_id, offer.starts_at) == (
        seats.group_id,
        seats.ana_seat,
        CLASS,
    )
    assert (offer.state, offer.answer_by) == ("open", NOW + HOUR)
    assert await world.rows(HeldTime) == []
    assert await seats_of(world, seats.group_id) == {seats.ben_seat: 1, seats.other_seat: 2}
    shown = await seats.ben.session(seats.ben_seat)
    assert (shown["status"], shown["version"]) == ("booked", 1)
    assert shown["release"] == {"until": LATEST.isoformat()}
    assert await seats.choice() == {"available": True, "waiting": True}
    # The worker does not take the full group for a seat that is gone.
    await seats.work()
    assert [row.state for row in await world.rows(Offer)] == ["open"]
    (change,) = await world.rows(Change, subject="release")
    assert (change.kind, change.actor, change.session_id) == ("released", "client", seats.ben_seat)


async def test_whoever_accepts_has_the_seat_and_nothing_is_due(
    seats: Seats, world: World, clock: TestClock
) -> None:
    offer = await seats.offered()
    clock.now = offer.answer_by
    done = await seats.accept(offer)
    assert done.status_code == 200, done.text
    given_up, moved = await seats.row(seats.ben_seat), await seats.row(seats.ana_seat)
    assert (given_up.status, given_up.seat, given_up.release_until) == ("cancelled", None, None)
    assert given_up.undo_until is None
    assert (moved.status, moved.group_id, moved.seat) == ("booked", seats.group_id, 1)
    assert (moved.starts_at, moved.client_moves) == (CLASS, 0)
    assert await world.rows(Fee) == []
    (change,) = await world.rows(Change, session_id=seats.ben_seat, kind="cancelled")
    assert (change.actor, change.fee_minor, change.at) == ("client", None, clock.now)
    shown = await seats.ben.session(seats.ben_seat)
    assert shown["cancellation"]["by"] == "client"
    assert "Ana" not in str(shown)
    (freed,) = await world.rows(FreedTime, released=True)
    assert freed.ended_at == clock.now
    again = await seats.accept(offer)
    assert again.json()["state"] == "accepted"
    clock.now += UNDO
    await seats.work()
    assert await world.rows(Offer, state="open") == []
    assert await world.rows(Notification, kind="offer_gone") == []
    assert await world.rows(Notification, kind="release_ended") == []


async def test_who_waits_for_the_group_is_booked_and_a_credit_is_returned(
    seats: Seats, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(client_id=seats.ben_id)
    group_id = await add_group(world, CLASS + DAY, seats=1)
    seats.ben_seat = await add_seat(world, group_id, client_id=seats.ben_id, package_id=package_id)
    assert await seats.choice() == {"available": True, "waiting": False}
    wish = {"client_id": str(world.client_id), "group_id": str(seats.group_id)}
    assert (await seats.staff.post(WISHES, wish)).status_code == 201
    # Whoever waits for another group does not wait for a seat of this one.
    assert await seats.choice() == {"available": True, "waiting": False}
    wish["group_id"] = str(group_id)
    assert (await seats.staff.post(WISHES, wish)).status_code == 201
    assert await seats.choice() == {"available": True, "waiting": True}
    await seats.release()
    await seats.work()
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.session_id, offer.price_minor) == (group_id, None, 12000)
    done = await seats.accept(offer)
    assert done.status_code == 200, done.text
    booked = UUID(done.json()["booked_session_id"])
    assert await seats_of(world, group_id) == {booked: 1}
    (redemption,) = await world.rows(CreditRedemption)
    assert (redemption.returned_at, redemption.forfeited_at) == (clock.now, None)


@pytest.mark.parametrize("with_whom", ["one", "any"])
async def test_who_waits_for_the_service_without_a_session_is_booked(
    with_whom: str, seats: Seats, world: World
) -> None:
    wish = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    if with_whom == "one":
        wish["practitioner_id"] = str(world.practitioner_id)
    assert (await seats.staff.post(WISHES, wish)).status_code == 201
    assert await seats.choice() == {"available": True, "waiting": True}
    await seats.release()
    await seats.work()
    (offer,) = await world.rows(Offer)
    done = await seats.accept(offer)
    assert done.status_code == 200, done.text
    taken = await seats_of(world, seats.group_id)
    assert taken == {UUID(done.json()["booked_session_id"]): 1, seats.other_seat: 2}


async def test_a_single_session_is_not_offered_a_seat_nor_a_seat_a_time(
    seats: Seats, world: World, clock: TestClock
) -> None:
    single = await world.book(CLASS + 8 * DAY - 3 * HOUR)
    assert (await put_wish(seats.ana, single)).status_code == 201
    await seats.release()
    await seats.work()
    assert await world.rows(Offer) == []
    third = await world.add_client(name="Cid", email="cid@client.example")
    own = seats.ben.signed_in(world.token(third))
    released = await world.book(CLASS + DAY - 3 * HOUR, client_id=third)
    assert (await own.post(f"/v1/sessions/{released}/release", {})).status_code == 201
    assert (await seats.ana.delete(f"/v1/sessions/{single}/wish")).status_code == 204
    await seats.wish()
    clock.now += 10 * MINUTE
    await seats.work()
    (freed,) = await world.rows(FreedTime, group_id=seats.group_id)
    (offer,) = await world.rows(Offer)
    assert offer.freed_time_id == freed.id


async def test_another_free_seat_is_offered_as_any_and_both_find_a_taker(
    seats: Seats, world: World
) -> None:
    offer = await seats.offered()
    path = f"/v1/practice/sessions/{seats.other_seat}/cancel"
    assert (await seats.staff.post(path, CANCEL)).is_success
    third = await world.add_client(name="Cid", email="cid@client.example")
    wish = {"client_id": str(third), "group_id": str(seats.group_id)}
    assert (await seats.staff.post(WISHES, wish)).status_code == 201
    await seats.work()
    (other,) = await world.rows(Offer, client_id=third)
    assert len(await world.rows(HeldTime, offer_id=other.id)) == 1
    assert other.freed_time_id != offer.freed_time_id
    assert (await seats.accept(offer)).status_code == 200
    assert (await seats.row(seats.ben_seat)).status == "cancelled"
    cid = seats.ben.signed_in(world.token(third))
    done = await seats.accept(other, cid)
    assert done.status_code == 200, done.text
    booked = UUID(done.json()["booked_session_id"])
    assert await seats_of(world, seats.group_id) == {seats.ana_seat: 1, booked: 2}


async def test_whoever_takes_the_other_free_seat_leaves_the_release_as_it_is(
    seats: Seats, world: World
) -> None:
    await seats.release()
    path = f"/v1/practice/sessions/{seats.other_seat}/cancel"
    assert (await seats.staff.post(path, CANCEL)).is_success
    await seats.wish()
    third = await world.add_client(name="Cid", email="cid@client.example")
    book = {"group_id": str(seats.group_id), "client_id": str(third)}
    booked = await seats.staff.post("/v1/practice/sessions", book)
    assert booked.status_code == 201, booked.text
    await seats.work()
    (offer,) = await world.rows(Offer, state="open")
    (freed,) = await world.rows(FreedTime, id=offer.freed_time_id)
    assert freed.released
    assert (await seats.accept(offer)).status_code == 200
    assert (await seats.row(seats.ana_seat)).seat == 1


async def test_taking_it_back_or_cancelling_withdraws_the_offer(seats: Seats, world: World) -> None:
    offer = await seats.offered()
    answer = await seats.ben.delete(f"/v1/sessions/{seats.ben_seat}/release")
    assert answer.status_code == 204
    assert (await seats.accept(offer)).json()["code"] == "offer-gone"
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    await seats.release()
    await seats.work()
    (second,) = await world.rows(Offer, state="open")
    quote = (await seats.ben.session(seats.ben_seat))["actions"]["cancel"]["quote"]
    assert (await seats.ben.cancel(seats.ben_seat, quote=quote)).status_code == 200
    assert len(await world.rows(Fee)) == 1
    assert (await seats.accept(second)).json()["code"] == "offer-gone"
    await seats.work()
    assert {row.state for row in await world.rows(Offer)} == {"withdrawn"}
    assert len(await world.rows(Notification, kind="offer_gone")) == 2


async def test_a_change_of_the_group_ends_the_release(seats: Seats, world: World) -> None:
    offer = await seats.offered()
    reason = {"reason": {"note": "The room is taken."}}
    start = (CLASS - 2 * HOUR).isoformat()
    path = f"/v1/practice/groups/{seats.group_id}"
    moved = await seats.staff.post(f"{path}/move", {"start": start, **reason})
    assert moved.status_code == 200, moved.text
    assert (await seats.row(seats.ben_seat)).release_until is None
    assert (await seats.accept(offer)).json()["code"] == "offer-gone"
    await seats.work()
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
    # The client may leave free of charge after a move by the practice: nothing is to be released.
    refused = await seats.ben.post(f"/v1/sessions/{seats.ben_seat}/release", {})
    assert refused.json()["code"] == "release-unavailable"


async def test_a_cancelled_group_ends_the_release(seats: Seats, world: World) -> None:
    offer = await seats.offered()
    path = f"/v1/practice/groups/{seats.group_id}/cancel"
    assert (await seats.staff.post(path, {"reason": {"note": "Ill."}})).is_success
    assert (await seats.accept(offer)).json()["code"] == "offer-gone"
    await seats.work()
    assert (await seats.row(seats.ben_seat)).release_until is None
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]


async def test_fewer_seats_leave_the_release(seats: Seats, world: World) -> None:
    """The seat that stays is numbered anew."""
    path = f"/v1/practice/sessions/{seats.ben_seat}/cancel"
    assert (await seats.staff.post(path, CANCEL)).is_success
    eva = (await seats.row(seats.other_seat)).client_id
    seats.ben, seats.ben_seat = seats.ben.signed_in(world.token(eva)), seats.other_seat
    await seats.release()
    fewer = await seats.staff.patch(f"/v1/practice/groups/{seats.group_id}", {"seats": 1})
    assert fewer.status_code == 200, fewer.text
    await seats.wish()
    await seats.work()
    (offer,) = await world.rows(Offer, state="open")
    assert (await seats.accept(offer)).status_code == 200
    assert await seats_of(world, seats.group_id) == {seats.ana_seat: 1}


async def test_if_nobody_takes_it_in_time_nothing_has_happened(
    seats: Seats, world: World, clock: TestClock
) -> None:
    await seats.release(until=(NOW + 30 * MINUTE).isoformat())
    clock.now = NOW + 30 * MINUTE
    await seats.work()
    assert await world.rows(Notification, kind="release_ended") == []
    clock.now += RECORDED
    await seats.work()
    row = await seats.row(seats.ben_seat)
    assert (row.status, row.version, row.seat, row.release_until) == ("booked", 1, 1, None)
    (told,) = await world.rows(Notification, kind="release_ended")
    assert (told.session_id, told.recipient) == (seats.ben_seat, "client")


async def test_if_the_taker_is_elsewhere_then_the_seat_stays(seats: Seats, world: World) -> None:
    offer = await seats.offered()
    elsewhere = await world.add_practitioner()
    await world.book(CLASS, practitioner_id=elsewhere)
    assert (await seats.accept(offer)).json()["code"] == "offer-gone"
    row = await seats.row(seats.ben_seat)
    assert (row.status, row.seat, row.release_until) == ("booked", 1, LATEST)


async def test_all_at_once_the_first_has_the_seat(seats: Seats, world: World) -> None:
    await world.change(Service, world.service_id, waitlist="all_at_once")
    third = await world.add_client(name="Cid", email="cid@client.example")
    wish = {"client_id": str(third), "group_id": str(seats.group_id)}
    assert (await seats.staff.post(WISHES, wish)).status_code == 201
    await seats.wish()
    await seats.release()
    await seats.work()
    offers = {row.client_id: row for row in await world.rows(Offer)}
    assert (await seats.accept(offers[world.client_id])).status_code == 200
    cid = seats.ben.signed_in(world.token(third))
    assert (await seats.accept(offers[third], cid)).json()["code"] == "offer-gone"
    assert await seats_of(world, seats.group_id) == {seats.ana_seat: 1, seats.other_seat: 2}
