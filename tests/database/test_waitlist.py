"""What the database guarantees of wishes, freed times and offers, whatever the application does."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer, Wish
from tests.world import NOW, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


async def add_wish(world: World, session_id: UUID | None, **values: Any) -> UUID:
    record: dict[str, Any] = {
        "client_id": world.client_id,
        "session_id": session_id,
        "service_id": world.service_id,
        "state": "waiting",
        "weekdays": [],
        "formats": [],
        "notice_hours": 0,
        "made_at": NOW,
        "unanswered": 0,
    }
    return await world.add(Wish, **(record | values))


async def add_time(world: World, **values: Any) -> UUID:
    (change, *_) = await world.rows(Change, kind="booked")
    record = {
        "change_id": change.id,
        "practitioner_id": world.practitioner_id,
        "starts_at": START,
        "ends_at": START + HOUR,
        "freed_at": NOW,
        "look_at": NOW,
    }
    return await world.add(FreedTime, **(record | values))


async def add_offer(world: World, wish_id: UUID, time_id: UUID, **values: Any) -> UUID:
    record = {
        "wish_id": wish_id,
        "freed_time_id": time_id,
        "client_id": world.client_id,
        "service_id": world.service_id,
        "practitioner_id": world.practitioner_id,
        "state": "open",
        "holds": True,
        "starts_at": START,
        "ends_at": START + HOUR,
        "format": "video",
        "made_at": NOW,
        "answer_by": NOW + HOUR,
    }
    return await world.add(Offer, **(record | values))


async def test_a_session_has_one_wish_that_has_not_ended(world: World) -> None:
    session_id = await world.book(START)
    await add_wish(world, session_id, state="lapsed", ended_at=NOW)
    await add_wish(world, session_id)
    with pytest.raises(IntegrityError, match="uq_wishes_session"):
        await add_wish(world, session_id)


async def test_an_entry_frees_a_time_once(world: World) -> None:
    await world.book(START)
    await add_time(world)
    await add_time(world, starts_at=START + HOUR, ends_at=START + 2 * HOUR)
    with pytest.raises(IntegrityError, match="uq_freed_times_once"):
        await add_time(world)


async def test_a_time_is_held_for_one_and_nobody_is_asked_twice(world: World) -> None:
    await world.book(START)
    time_id = await add_time(world)
    one, other = await add_wish(world, None), await add_wish(world, None)
    offer_id = await add_offer(world, one, time_id)
    with pytest.raises(IntegrityError, match="uq_offers_held"):
        await add_offer(world, other, time_id)
    await add_offer(world, other, time_id, holds=False)
    await world.change(Offer, offer_id, state="declined", ended_at=NOW)
    with pytest.raises(IntegrityError, match="uq_offers_once"):
        await add_offer(world, one, time_id)
    second = await add_time(world, starts_at=START + HOUR, ends_at=START + 2 * HOUR)
    with pytest.raises(IntegrityError, match="uq_offers_open"):
        await add_offer(world, other, second)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "accepted", "ended_at": NOW},
        {"state": "open", "ended_at": NOW},
        {"state": "expired", "ended_at": None},
    ],
)
async def test_an_offer_has_ended_or_not(world: World, values: dict[str, Any]) -> None:
    await world.book(START)
    time_id, wish_id = await add_time(world), await add_wish(world, None)
    with pytest.raises(IntegrityError, match="ck_offers_"):
        await add_offer(world, wish_id, time_id, **values)


@pytest.mark.parametrize("by", ["client", "offer"])
async def test_a_hold_is_a_session_s_or_an_offer_s(world: World, by: str) -> None:
    session_id = await world.book(START)
    offer_id = await add_offer(world, await add_wish(world, None), await add_time(world))
    record = {
        "practitioner_id": world.practitioner_id,
        "client_id": world.client_id,
        "starts_at": START,
        "ends_at": START + HOUR,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "format": "video",
        "held_by": by,
        "first_held_at": NOW,
        "expires_at": NOW + HOUR,
        "new_since": NOW,
        "new_count": 1,
        "span_before": Range(START, START + HOUR),
        "span_after": Range(START, START + HOUR),
    }
    holders = {"client": {"session_id": session_id}, "offer": {"offer_id": offer_id}}
    wrong = holders["offer" if by == "client" else "client"]
    for holder in ({}, wrong, holders["client"] | holders["offer"]):
        with pytest.raises(IntegrityError, match="ck_held_times_h"):
            await world.add(HeldTime, id=uuid4(), **record, **holder)
    await world.add(HeldTime, id=uuid4(), **record, **holders[by])


async def test_a_session_releases_its_time_once_at_a_time(world: World) -> None:
    session_id = await world.book(START)
    released = {"session_id": session_id, "released": True}
    await add_time(world, **released, ended_at=NOW)
    await add_time(world, **released, starts_at=START + HOUR / 2)
    with pytest.raises(IntegrityError, match="uq_freed_times_released"):
        await add_time(world, **released, starts_at=START + HOUR / 4)
    with pytest.raises(IntegrityError, match="ck_freed_times_released"):
        await add_time(world, released=True, starts_at=START + HOUR / 4)


async def test_only_a_booked_single_session_that_is_to_come_is_released(world: World) -> None:
    session_id = await world.book(START)
    await world.change(Session, session_id, release_until=START - TICK)
    for values in (
        {"release_until": START},
        {"status": "cancelled", "taken_until": None},
    ):
        with pytest.raises(IntegrityError, match="ck_sessions_release"):
            await world.change(Session, session_id, **values)
