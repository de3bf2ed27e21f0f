"""Offer a freed time to those who wait, and end offers that were not answered or are gone.

Only the worker makes and expires offers. Each command may run twice, or late: it looks at the rows
under their locks, and decides by `now`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.queries import read_command_id
from app.audit.write import SYSTEM
from app.calendar.locks import lock_group_alone, lock_practitioner
from app.calendar.offer_holds import OfferHold
from app.domain.nights import after_night
from app.domain.release import live_release
from app.domain.waitlist import (
    MOST_IN_TURN,
    answer_by,
    may_ask,
    offers_end_at,
)
from app.identity.api_keys.keys import Staff
from app.outbox.due import STILL_WAITING
from app.sessions.commands.wish_ending import expire_offers, withdraw_offers
from app.sessions.commands.wish_trail import tell_of_offers
from app.waitlist.freed_queries import (
    count_refused,
    held_until,
    read_freed_time,
    read_release_end,
)
from app.waitlist.matching import Match, matches
from app.waitlist.queries import open_offers_of_time, read_offer
from app.waitlist.records import FreedTime, OfferOutcome, OfferRecord
from app.waitlist.repository import WaitlistRepository

# Clients who are asked at once in one transaction; the others are asked by the next run.
AT_ONCE = 100
# How often the worker looks for clients who began to wait after the time was released.
_LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The matches to ask now, and the instant to look again; None: never, the time is open."""

    asked: Sequence[tuple[Match, datetime]]
    look_at: datetime | None


async def offer_freed_time(
    db: AsyncConnection, practice_id: UUID, freed_time_id: UUID, *, now: datetime
) -> None:
    """Ask the next client for a freed time, or all of them, as its service says.

    Nothing happens while a client is asked in turn. When nobody is left to ask and no offer is
    open, or it is too late, the time is open to all.

    Raises:
        NotFoundError: the practice has no such freed time.
    """
    repository = WaitlistRepository(db, practice_id)
    freed = await read_freed_time(db, practice_id, freed_time_id)
    if freed.group_id is None:
        await lock_practitioner(db, practice_id, freed.practitioner_id)
    else:
        await lock_group_alone(db, practice_id, freed.group_id)
    freed = await read_freed_time(db, practice_id, freed_time_id)
    if freed.ended_at is not None or freed.look_at > now:
        return
    before = await open_offers_of_time(db, practice_id, freed.id)
    asked = await _ask(db, freed, before, now)
    # Offers may be withdrawn without the practitioner's lock (sessions/commands/wish_ending.py).
    # Read after the freed time was written: whoever withdraws one later waits for the commit.
    offers = await open_offers_of_time(db, practice_id, freed.id)
    if not {one.id for one in before} <= {one.id for one in offers}:
        await repository.look_again(freed.id, now)
    made = [one for one in offers if one.wish_id in asked]
    await tell_of_offers(
        db, practice_id, SYSTEM, made, "made", uuid4(), now, mail="offer", event="offer.made"
    )


async def _ask(
    db: AsyncConnection, freed: FreedTime, open_offers: Sequence[OfferRecord], now: datetime
) -> set[UUID]:
    """Make the offers that are due, write when to look again, and give the wishes that are asked.

    `open_offers` are those of the time.
    """
    repository = WaitlistRepository(db, freed.practice_id)
    held = [one for one in open_offers if one.holds]
    if held:
        await repository.look_again(freed.id, held[0].answer_by + STILL_WAITING)
        return set()
    chosen = await _choose(db, freed, [one.answer_by for one in open_offers], now)
    waiting = await repository.lock_waiting([match.wish_id for match, _ in chosen.asked])
    asked = [(match, until) for match, until in chosen.asked if match.wish_id in waiting]
    rows = [_row(freed, match, until, now) for match, until in asked]
    # A released time needs no hold: its session keeps others away, and may still be moved itself.
    kept = [] if freed.released else zip(rows, asked, strict=True)
    holds = [_hold(row, match) for row, (match, _) in kept if row["holds"]]
    await repository.add_offers(rows, holds)
    if asked:
        first = freed.first_offered_at or now
        await repository.note_asked(freed.id, first, chosen.look_at or now)
    if len(asked) < len(chosen.asked):
        # A wish was changed meanwhile: choose again.
        await repository.look_again(freed.id, now)
    elif chosen.look_at is None:
        await repository.end_time(freed.id, now)
    elif not asked:
        await repository.look_again(freed.id, chosen.look_at)
    return {match.wish_id for match, _ in asked}


async def _choose(
    db: AsyncConnection, freed: FreedTime, open_until: Sequence[datetime], now: datetime
) -> _Chosen:
    """Choose whom to ask now. Clients whose zone has night are asked in the morning.

    A client whose offer of another time has expired is asked when that is recorded.

    `open_until` is when the open offers of the time end. While clients are asked all at once,
    nobody is asked in turn, because nothing can be held for them. The time is looked at again when
    the first of the others may be asked, when these offers have ended, or when a hold ends that may
    be in the way, whichever is first.
    """
    if freed.released:
        return await _choose_for_released(db, freed, now)
    if not may_ask(freed.ends_at, now):
        return _Chosen((), None)
    found = _Askable(await matches(db, freed, now), freed, now)
    first = next(found, None)
    if first is not None and first.mode == "in_turn" and not open_until:
        return await _choose_in_turn(db, freed, first, now)
    others = found if first is None else chain([first], found)
    asked = []
    for match in islice((one for one in others if one.mode == "all_at_once"), AT_ONCE):
        until = answer_by(match.time.start, now, match.offer_minutes)
        assert until is not None  # noqa: S101 - nothing bounds it
        asked.append((match, until))
    if len(asked) == AT_ONCE:
        return _Chosen(asked, now)
    last = max([*open_until, *(until for _, until in asked)], default=None)
    return _Chosen(asked, _first(found.later, last, await held_until(db, freed, now)))


async def _choose_in_turn(
    db: AsyncConnection, freed: FreedTime, first: Match, now: datetime
) -> _Chosen:
    """Choose the client whose turn it is, unless enough were asked or the time is over."""
    if await count_refused(db, freed.practice_id, freed.id) >= MOST_IN_TURN:
        return _Chosen((), None)
    ends_at = offers_end_at(first.time.start, freed.first_offered_at or now)
    until = answer_by(first.time.start, now, first.offer_minutes, ends_at)
    return _Chosen((), None) if until is None else _Chosen([(first, until)], until)


async def _choose_for_released(db: AsyncConnection, freed: FreedTime, now: datetime) -> _Chosen:
    """Choose whom to ask now for a time that its session still takes, while the release lasts.

    Nobody else can get the time meanwhile. So whoever suits is asked, however many said no before,
    and also those who have begun to wait since.
    """
    until = await read_release_end(db, freed)
    if until is None:
        return _Chosen((), None)
    if live_release(until, now) is None:
        # A yes that came in time needs the release: the worker ends both later.
        return _Chosen((), until + STILL_WAITING)
    found = _Askable(await matches(db, freed, now), freed, now)
    asked: list[tuple[Match, datetime]] = []
    for match in found:
        if asked and match.mode == "in_turn":
            continue
        last = answer_by(match.time.start, now, match.offer_minutes, until)
        if last is None:
            break
        asked.append((match, last))
        if match.mode == "in_turn":
            return _Chosen(asked, last)
        if len(asked) == AT_ONCE:
            return _Chosen(asked, now)
    return _Chosen(asked, _first(found.later, until, now + _LOOK_AGAIN))


class _Askable(Iterator[Match]):
    """The matches whose clients may be asked now. `later`: when the first other one may be.

    The first start that suits may be too near by then, but a later one in the freed time need not
    be: the look at that time finds it. A seat has the start of its group.
    """

    def __init__(self, found: Iterator[Match], freed: FreedTime, now: datetime) -> None:
        self._found = found
        self._freed = freed
        self._now = now
        self.later: datetime | None = None

    def __next__(self) -> Match:
        for match in self._found:
            expired_at = match.expired_at
            free_at = self._now if expired_at is None else expired_at + STILL_WAITING
            asked_at = after_night(max(self._now, free_at), match.client_zone)
            if expired_at is None and asked_at == self._now:
                return match
            is_seat = self._freed.group_id is not None
            if may_ask(match.time.start if is_seat else self._freed.ends_at, asked_at):
                self.later = _first(self.later, asked_at)
        raise StopIteration


def _first(*instants: datetime | None) -> datetime | None:
    """Give the first of the instants that are not None; None: there is none."""
    return min((one for one in instants if one is not None), default=None)


def _row(freed: FreedTime, match: Match, until: datetime, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "wish_id": match.wish_id,
        "freed_time_id": freed.id,
        "client_id": match.client_id,
        "session_id": match.session_id,
        "service_id": match.service_id,
        "practitioner_id": freed.practitioner_id,
        "group_id": freed.group_id,
        "package_id": match.package_id,
        "price_minor": match.price_minor,
        "holds": match.mode == "in_turn",
        "starts_at": match.time.start,
        "ends_at": match.ends_at,
        "format": match.time.format,
        "location_id": match.time.location_id,
        "old_starts_at": match.old_starts_at,
        "made_at": now,
        "answer_by": until,
    }


def _hold(row: dict[str, Any], match: Match) -> OfferHold:
    """Make the hold of an offer: for others its time is not free until `answer_by` has passed."""
    return OfferHold(
        offer_id=row["id"],
        practitioner_id=row["practitioner_id"],
        client_id=row["client_id"],
        group_id=row["group_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        buffer_before_minutes=match.buffer_before,
        buffer_after_minutes=match.buffer_after,
        format=match.time.format,
        location_id=row["location_id"],
        held_at=row["made_at"],
        last=row["answer_by"],
    )


async def expire_offer(
    db: AsyncConnection, practice_id: UUID, offer_id: UUID, *, now: datetime
) -> None:
    """End an offer that was not answered; the third in a row pauses the wish.

    Exactly at `answer_by` an answer is in time.

    Raises:
        NotFoundError: the practice has no such offer.
    """
    offer = await lock_offer(db, practice_id, offer_id)
    if offer.state != "open" or now <= offer.answer_by:
        return
    await expire_offers(db, practice_id, [offer], now=now)


async def withdraw_gone_offer(
    db: AsyncConnection, practice_id: UUID, offer_id: UUID, *, now: datetime
) -> None:
    """Withdraw an offer that its client cannot accept any more, and tell them.

    Raises:
        NotFoundError: the practice has no such offer.
    """
    offer = await lock_offer(db, practice_id, offer_id)
    if offer.state != "open":
        return
    await withdraw_offers(
        db,
        practice_id,
        [offer],
        actor=SYSTEM,
        command_id=uuid4(),
        now=now,
        tells_clients=True,
        gone=True,
    )


async def withdraw_offer(
    db: AsyncConnection, staff: Staff, offer_id: UUID, *, now: datetime
) -> OfferOutcome:
    """Withdraw an open offer for the practice, and tell its client.

    One that is not open stays as it is.

    Raises:
        NotFoundError: the practice has no such offer.
    """
    practice_id = staff.practice_id
    offer = await lock_offer(db, practice_id, offer_id)
    if offer.state == "withdrawn":
        first = await read_command_id(db, practice_id, offer_id, "withdrawn")
        return OfferOutcome(offer, None, first)
    if offer.state != "open" or now > offer.answer_by:
        return OfferOutcome(offer, offer.booked_session_id, None)
    command_id = uuid4()
    await withdraw_offers(
        db,
        practice_id,
        [offer],
        actor=staff.actor,
        command_id=command_id,
        now=now,
        tells_clients=True,
    )
    return OfferOutcome(await read_offer(db, practice_id, offer_id), None, command_id)


async def lock_offer(db: AsyncConnection, practice_id: UUID, offer_id: UUID) -> OfferRecord:
    """Lock the practitioner of an offer and its wish, then read it.

    Raises:
        NotFoundError: the practice has no such offer.
    """
    offer = await read_offer(db, practice_id, offer_id)
    await lock_practitioner(db, practice_id, offer.practitioner_id)
    await WaitlistRepository(db, practice_id).lock_wishes([offer.wish_id])
    return await read_offer(db, practice_id, offer_id)
