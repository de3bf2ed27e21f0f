"""Freed seats of groups are offered: to seats of other groups, and to who waits for the group."""

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from app.domain.session import Format
from app.outbox.due import STILL_WAITING
from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Location, Practitioner
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer, Wish
from tests.groups import add_group, add_seat
from tests.waiting import DAY, FREED, HOUR, LATE, MINUTE, TICK, UNDO, WISHES, Waiting, put_wish
from tests.world import REASON, Api, World

NOTE = {"note": "They cannot come."}
CANCEL = {"charge_fee": False, "reason": NOTE}


async def wait_for_group(waiting: Waiting, group_id: UUID) -> None:
    """Let staff enter Ana's wish for a seat of a group."""
    wish = {"client_id": str(waiting.world.client_id), "group_id": str(group_id)}
    assert (await waiting.staff.post(WISHES, wish)).status_code == 201


async def move_group(waiting: Waiting, group_id: UUID, start: datetime, **to: str) -> None:
    """Move a group as staff."""
    body = {"start": start.isoformat(), "force": True, "reason": NOTE} | to
    moved = await waiting.staff.post(f"/v1/practice/groups/{group_id}/move", body)
    assert moved.status_code == 200, moved.text


async def test_a_freed_seat_is_offered_to_a_later_seat_and_kept(
    waiting: Waiting, world: World
) -> None:
    soon = await add_group(world, FREED + DAY, seats=1)
    later = await add_group(world, LATE + DAY, seats=2)
    taken = await add_seat(world, soon, client_id=waiting.other_id)
    own = await add_seat(world, later, client_id=world.client_id)
    assert (await put_wish(waiting.api, own)).status_code == 201
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.session_id, offer.starts_at) == (soon, own, FREED + DAY)
    (held,) = await world.rows(HeldTime)
    assert (held.group_id, held.offer_id) == (soon, offer.id)
    book = {"group_id": str(soon), "client_id": str(waiting.other_id)}
    refused = await waiting.staff.post("/v1/practice/sessions", book)
    assert refused.json()["code"] == "slot-unavailable"
    own_move = {"group_id": str(soon), "reason": REASON}
    moved = await waiting.api.post(f"/v1/sessions/{own}/reschedule", own_move)
    assert moved.json()["detail"].startswith("This time is offered to you: accept the offer")
    done = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (row,) = await world.rows(Session, id=own)
    assert (row.group_id, row.seat, row.starts_at) == (soon, 1, FREED + DAY)
    assert row.client_moves == 0
    full = await waiting.staff.post("/v1/practice/sessions", book)
    assert full.json()["code"] == "group-full"


async def test_who_waits_for_a_full_group_is_offered_a_seat_of_it(
    waiting: Waiting, world: World, api: Api
) -> None:
    group_id = await add_group(world, FREED + DAY, seats=1)
    taken = await add_seat(world, group_id, client_id=waiting.other_id)
    wish = {"client_id": str(world.client_id), "group_id": str(group_id)}
    made = await waiting.staff.post(WISHES, wish)
    assert made.status_code == 201, made.text
    assert made.json()["service_id"] == str(world.service_id)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.price_minor, offer.holds) == (group_id, 12000, True)
    done = await api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (row,) = await world.rows(Session, id=done.json()["booked_session_id"])
    assert (row.group_id, row.seat, row.format) == (group_id, 1, Format.IN_PERSON)
    again = await waiting.staff.post(WISHES, wish)
    assert again.json()["errors"][0]["pointer"] == "/group_id"


async def test_a_freed_seat_is_offered_though_its_client_has_booked_another_group(
    waiting: Waiting, world: World, api: Api
) -> None:
    """They do so before the worker looks at their cancellation."""
    await world.add_policy({"cancel": {}, "rebook": {"days": 30, "fee": "stands"}})
    full = await add_group(world, FREED + DAY, seats=1)
    another = await add_group(world, LATE + DAY, seats=3)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    await wait_for_group(waiting, full)
    own = api.signed_in(world.token(waiting.other_id))
    assert (await own.cancel(seat)).status_code == 200
    booked = await own.post(
        f"/v1/sessions/{seat}/reschedule", {"reason": REASON, "group_id": str(another)}
    )
    assert booked.status_code == 200, booked.text
    await waiting.work()
    await waiting.work(api.clock.now + UNDO + MINUTE)
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.starts_at) == (full, FREED + DAY)


async def test_a_seat_that_is_added_is_offered(waiting: Waiting, world: World) -> None:
    group_id = await add_group(world, FREED + DAY, seats=1)
    await add_seat(world, group_id, client_id=waiting.other_id)
    await wait_for_group(waiting, group_id)
    changed = await waiting.staff.patch(f"/v1/practice/groups/{group_id}", {"seats": 2})
    assert changed.status_code == 200, changed.text
    await waiting.work()
    assert [row.state for row in await world.rows(Offer)] == ["open"]


@pytest.mark.parametrize(
    ("change", "offered"),
    [({"min_seats": 1, "decide_hours": 1}, 0), ({"seats": 3}, 0), ({"seats": 5}, 1)],
)
async def test_only_more_seats_of_a_group_are_offered(
    waiting: Waiting, world: World, change: dict[str, int], offered: int
) -> None:
    """The free seats that it had before were free to everybody."""
    soon = await add_group(world, FREED + DAY, seats=4)
    later = await add_group(world, LATE + DAY, seats=2)
    own = await add_seat(world, later, client_id=world.client_id)
    assert (await put_wish(waiting.api, own)).status_code == 201
    done = await waiting.staff.patch(f"/v1/practice/groups/{soon}", change)
    assert done.status_code == 200, done.text
    await waiting.work()
    assert len(await world.rows(Offer)) == offered


async def test_an_older_entry_about_a_group_s_rules_may_have_added_seats(
    waiting: Waiting, world: World, api: Api
) -> None:
    """It does not say how many seats there were before."""
    soon = await add_group(world, FREED + DAY, seats=4)
    later = await add_group(world, LATE + DAY, seats=2)
    own = await add_seat(world, later, client_id=world.client_id)
    assert (await put_wish(waiting.api, own)).status_code == 201
    start = FREED + DAY
    time = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    details = {"seats": 4} | time
    entry = {"subject": "group", "subject_id": soon, "kind": "updated", "details": details}
    await world.add(Change, actor="practice", at=api.clock.now, command_id=uuid4(), **entry)
    await waiting.work()
    assert len(await world.rows(Offer)) == 1


async def test_a_cancelled_group_ends_the_offer_and_frees_its_time(
    waiting: Waiting, world: World
) -> None:
    group_id = await add_group(world, FREED + DAY, seats=1)
    taken = await add_seat(world, group_id, client_id=waiting.other_id)
    await wait_for_group(waiting, group_id)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", CANCEL)).is_success
    await waiting.work()
    await waiting.wish()
    path = f"/v1/practice/groups/{group_id}/cancel"
    assert (await waiting.staff.post(path, {"reason": {"note": "x"}})).is_success
    await waiting.work()
    assert await world.rows(Offer, group_id=group_id, state="open") == []
    assert sorted(row.state for row in await world.rows(Wish)) == ["lapsed", "offered"]
    (offer,) = await world.rows(Offer, state="open")
    assert (offer.session_id, offer.starts_at) == (waiting.session_id, FREED + DAY)
    assert await world.rows(Notification, kind="wish_paused") == []
    assert len(await world.rows(Notification, kind="offer_gone")) == 1


@pytest.mark.parametrize("end", ["start", "cancelled"])
async def test_a_wish_for_a_seat_lapses_with_its_group_and_is_shown_so_at_once(
    waiting: Waiting, world: World, end: str
) -> None:
    group_id = await add_group(world, FREED + DAY, seats=1)
    await add_seat(world, group_id, client_id=waiting.other_id)
    wish = {"client_id": str(world.client_id), "group_id": str(group_id)}
    path = f"{WISHES}/{(await waiting.staff.post(WISHES, wish)).json()['id']}"
    assert (await waiting.staff.get(path)).json()["state"] == "waiting"
    if end == "start":
        waiting.api.clock.now = FREED + DAY
    else:
        cancel = f"/v1/practice/groups/{group_id}/cancel"
        assert (await waiting.staff.post(cancel, {"reason": {"note": "x"}})).is_success
    assert (await waiting.staff.get(path)).json()["state"] == "lapsed"
    for active, count in ((True, 0), (False, 1)):
        listed = (await waiting.staff.get(WISHES, active=active)).json()["items"]
        assert len(listed) == count
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    await waiting.work()
    recorded = "waiting" if end == "start" else "lapsed"
    assert [row.state for row in await world.rows(Wish)] == [recorded]
    await waiting.work(waiting.api.clock.now + STILL_WAITING)
    assert [row.state for row in await world.rows(Wish)] == ["lapsed"]


async def test_without_formats_a_seat_waits_for_its_own_place(
    waiting: Waiting, world: World
) -> None:
    elsewhere = await world.add(Location, name="Pier", address="3 Pier Road")
    soon = await add_group(world, FREED + DAY, seats=1, location_id=elsewhere)
    later = await add_group(world, LATE + DAY, seats=2)
    taken = await add_seat(world, soon, client_id=waiting.other_id)
    own = await add_seat(world, later, client_id=world.client_id)
    assert (await put_wish(waiting.api, own)).status_code == 201
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", CANCEL)).is_success
    await waiting.work()
    assert await world.rows(Offer) == []


@pytest.mark.parametrize("waits_with", ["a seat", "nothing"])
@pytest.mark.parametrize("inactive", [Practitioner, Location])
async def test_a_seat_whose_place_or_practitioner_is_off_offer_is_gone(
    waiting: Waiting,
    world: World,
    waits_with: str,
    inactive: type[Practitioner] | type[Location],
) -> None:
    soon = await add_group(world, FREED + DAY, seats=1)
    taken = await add_seat(world, soon, client_id=waiting.other_id)
    if waits_with == "a seat":
        later = await add_group(world, LATE + DAY, seats=2)
        own = await add_seat(world, later, client_id=world.client_id)
        assert (await put_wish(waiting.api, own)).status_code == 201
    else:
        await wait_for_group(waiting, soon)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    ids = {Practitioner: world.practitioner_id, Location: world.location_id}
    await world.change(inactive, ids[inactive], active=False)
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await world.change(inactive, ids[inactive], active=True)
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200


async def test_a_group_that_moves_frees_no_seat_of_a_later_group_at_its_old_time(
    waiting: Waiting, world: World, api: Api
) -> None:
    moves = await add_group(world, FREED + DAY, seats=3)
    for number in range(2):
        client_id = await world.add_client(name=f"N{number}", email=f"n{number}@client.example")
        await add_seat(world, moves, client_id=client_id)
    later = await add_group(world, LATE + DAY, seats=2)
    own = await add_seat(world, later, client_id=world.client_id)
    assert (await put_wish(waiting.api, own)).status_code == 201
    body = {"start": (FREED + DAY - 3 * HOUR).isoformat(), "force": True, "reason": NOTE}
    moved = await waiting.staff.post(f"/v1/practice/groups/{moves}/move", body)
    assert moved.status_code == 200, moved.text
    await waiting.work()
    await add_group(world, FREED + DAY, seats=8)
    await waiting.work(api.clock.now + MINUTE)
    assert await world.rows(Offer) == []
    assert {row.group_id for row in await world.rows(FreedTime)} == {None}


@pytest.mark.parametrize("given_up", ["staff", "client", "cancelled"])
async def test_a_seat_is_offered_though_its_group_moves_before_the_worker_looks(
    waiting: Waiting, world: World, api: Api, given_up: str
) -> None:
    full = await add_group(world, FREED + DAY, seats=1)
    another = await add_group(world, LATE + DAY, seats=3)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    await wait_for_group(waiting, full)
    if given_up == "cancelled":
        left = await waiting.staff.post(f"/v1/practice/sessions/{seat}/cancel", CANCEL)
    elif given_up == "staff":
        order = {"group_id": str(another), "charge_fee": False, "reason": NOTE}
        left = await waiting.staff.post(f"/v1/practice/sessions/{seat}/reschedule", order)
    else:
        left = await api.signed_in(world.token(waiting.other_id)).post(
            f"/v1/sessions/{seat}/reschedule", {"group_id": str(another), "reason": REASON}
        )
    assert left.status_code == 200, left.text
    entry = max(await world.rows(Change, session_id=seat), key=lambda row: row.session_version)
    assert entry.details == {"left_group": str(full)}
    start = FREED + DAY + 3 * HOUR
    body = {"start": start.isoformat(), "force": True, "reason": NOTE}
    moved = await waiting.staff.post(f"/v1/practice/groups/{full}/move", body)
    assert moved.status_code == 200, moved.text
    await waiting.work()
    await waiting.work(api.clock.now + UNDO + MINUTE)
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.starts_at) == (full, start)


async def test_a_missed_seat_is_offered_once_its_client_has_booked_another_group(
    waiting: Waiting, world: World, api: Api
) -> None:
    """A missed seat stays taken until then."""
    await world.add_policy({"cancel": {}, "rebook": {"days": 30, "fee": "stands"}})
    full = await add_group(world, FREED + DAY, seats=1)
    another = await add_group(world, LATE + DAY, seats=3)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    await wait_for_group(waiting, full)
    missed = await waiting.staff.post(f"/v1/practice/sessions/{seat}/noshow", CANCEL)
    assert missed.status_code == 200, missed.text
    await waiting.work()
    assert await world.rows(FreedTime) == []
    own = api.signed_in(world.token(waiting.other_id))
    order = {"reason": REASON, "group_id": str(another)}
    booked = await own.post(f"/v1/sessions/{seat}/reschedule", order)
    assert booked.status_code == 200, booked.text
    await waiting.work(api.clock.now + UNDO + MINUTE)
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.starts_at) == (full, FREED + DAY)


async def test_a_move_that_is_taken_back_frees_the_seat_of_the_other_group(
    waiting: Waiting, world: World, api: Api
) -> None:
    first = await add_group(world, LATE + DAY, seats=3)
    full = await add_group(world, FREED + DAY, seats=1)
    seat = await add_seat(world, first, client_id=waiting.other_id)
    own = api.signed_in(world.token(waiting.other_id))
    order = {"reason": REASON, "group_id": str(full)}
    moved = await own.post(f"/v1/sessions/{seat}/reschedule", order)
    assert moved.status_code == 200, moved.text
    await wait_for_group(waiting, full)
    api.clock.now += MINUTE
    undone = await own.post(f"/v1/sessions/{seat}/undo", {})
    assert undone.status_code == 200, undone.text
    await waiting.work(api.clock.now + UNDO + MINUTE)
    (offer,) = await world.rows(Offer)
    assert (offer.group_id, offer.starts_at) == (full, FREED + DAY)


async def test_a_group_that_changes_its_place_and_then_moves_frees_its_time_once(
    waiting: Waiting, world: World, api: Api
) -> None:
    """The change of place alone frees nothing, though the group is elsewhere when it is found."""
    group_id = await add_group(world, FREED + DAY, seats=2)
    await waiting.wish()
    path = f"/v1/practice/groups/{group_id}/move"
    for start, place in ((FREED + DAY, {"format": "video"}), (FREED + DAY - 2 * HOUR, {})):
        body = {"start": start.isoformat(), "reason": NOTE} | place
        moved = await waiting.staff.post(path, body)
        assert moved.status_code == 200, moved.text
        api.clock.now += TICK
    await waiting.work()
    (freed,) = await world.rows(FreedTime)
    assert freed.starts_at == FREED + DAY


async def test_a_seat_that_was_offered_is_not_freed_again_when_its_group_moves(
    waiting: Waiting, world: World, api: Api
) -> None:
    """The worker reads the last minutes of the audit log again."""
    full = await add_group(world, FREED + DAY, seats=1)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    await wait_for_group(waiting, full)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{seat}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert (await api.post(f"/v1/offers/{offer.id}/decline", {})).status_code == 200
    api.clock.now += MINUTE
    await move_group(waiting, full, FREED + DAY + 3 * HOUR)
    await waiting.work()
    assert len(await world.rows(FreedTime, group_id=full)) == 1
    assert [row.state for row in await world.rows(Offer)] == ["declined"]


async def test_a_freed_seat_is_offered_to_nobody_who_is_elsewhere_when_its_group_has_moved(
    waiting: Waiting, world: World, api: Api
) -> None:
    full = await add_group(world, FREED + DAY, seats=2)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    await wait_for_group(waiting, full)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{seat}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    away, practitioner = FREED + 5 * DAY, await world.add_practitioner()
    await world.book(away, practitioner_id=practitioner)
    await move_group(waiting, full, away)
    await waiting.work(api.clock.now + MINUTE)
    assert [(row.id, row.state) for row in await world.rows(Offer)] == [(offer.id, "withdrawn")]


async def test_a_seat_that_was_freed_at_night_is_offered_though_its_group_was_moved_to_later(
    waiting: Waiting, world: World, api: Api
) -> None:
    """Its client is asked in the day, when the time at which the seat was freed is over."""
    night = FREED + 9 * HOUR
    full = await add_group(world, night + 11 * HOUR, seats=1)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    api.clock.now = night
    await wait_for_group(waiting, full)
    assert (await waiting.staff.post(f"/v1/practice/sessions/{seat}/cancel", CANCEL)).is_success
    await waiting.work()
    await waiting.work(night + 11 * MINUTE)
    assert await world.rows(Offer) == []
    await move_group(waiting, full, FREED + 3 * DAY)
    api.clock.now += 12 * HOUR
    await waiting.work()
    assert [row.starts_at for row in await world.rows(Offer)] == [FREED + 3 * DAY]


@pytest.mark.parametrize("waits_for", ["the group", "an earlier one"])
async def test_a_seat_whose_group_has_another_format_than_was_offered_is_gone(
    waiting: Waiting, world: World, api: Api, waits_for: str
) -> None:
    """At the same time: nobody who has accepted a class in a room is booked by video."""
    full = await add_group(world, FREED + DAY, seats=1)
    seat = await add_seat(world, full, client_id=waiting.other_id)
    if waits_for == "the group":
        await wait_for_group(waiting, full)
    else:
        later = await add_group(world, LATE + DAY, seats=2)
        own = await add_seat(world, later, client_id=world.client_id)
        assert (await put_wish(waiting.api, own)).status_code == 201
    assert (await waiting.staff.post(f"/v1/practice/sessions/{seat}/cancel", CANCEL)).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert offer.format == Format.IN_PERSON
    await move_group(waiting, full, FREED + DAY, format="video")
    answer = await api.post(f"/v1/offers/{offer.id}/accept", {})
    assert answer.json()["code"] == "offer-gone"
    await waiting.work()
    assert [row.state for row in await world.rows(Offer)] == ["withdrawn"]
