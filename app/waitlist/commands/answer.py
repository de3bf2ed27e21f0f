"""Accept or decline an offer, by its client."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.queries import read_command_id
from app.audit.write import Actor
from app.calendar.held_times import read_seat_holds
from app.calendar.locks import lock_client, lock_group_alone, lock_practitioner, lock_sessions
from app.calendar.offer_holds import end_offer_holds
from app.domain.availability import Calendar, CurrentMeeting, SlotRules, SlotSearch, is_on_offer
from app.domain.errors import (
    GroupCancelledError,
    GroupFullError,
    InvalidInputError,
    OfferExpiredError,
    OfferGoneError,
)
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judged
from app.domain.policy.rules import Credit
from app.domain.refusals import GroupUnavailableError, SlotUnavailableError
from app.domain.session import Status
from app.domain.waitlist import ACTIVE
from app.domain.zones import seconds_up, to_seconds
from app.outbox.outbox import notifications_about
from app.sessions.commands.book import book
from app.sessions.commands.book_seat import book_seat
from app.sessions.commands.booking import Booking, SeatBooking
from app.sessions.commands.finish import finish, new_change
from app.sessions.commands.meeting import Meeting, MeetingRequest, requested_meeting
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.request_repository import end_request
from app.sessions.commands.seat_repository import SeatRepository
from app.sessions.commands.slots import owner_of
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.commands.wish_ending import end_wish
from app.sessions.commands.wish_trail import tell_of_offers
from app.sessions.read.calendar import (
    CalendarOwner,
    read_calendar,
    read_with_calendar,
    slot_rules,
)
from app.sessions.read.records import SessionRecord
from app.tables.joins import NO_ID
from app.waitlist.access import OfferCaller, find_own_offer
from app.waitlist.commands.offers import lock_offer
from app.waitlist.commands.release import take_released
from app.waitlist.freed_queries import read_freed_time
from app.waitlist.matching_queries import is_group_open
from app.waitlist.queries import active_wishes_of_client, read_offer, read_wish
from app.waitlist.records import FreedTime, OfferOutcome, OfferRecord, WishRecord
from app.waitlist.repository import WaitlistRepository


@dataclass(frozen=True, slots=True)
class _Placed:
    """The session that an acceptance has moved or booked, and the command that did it."""

    session_id: UUID
    command_id: UUID


async def accept_offer(
    db: AsyncConnection,
    caller: OfferCaller,
    offer_id: UUID,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> OfferOutcome:
    """Move the session to the offered time, or book one, in one transaction.

    A move is free of charge and does not count, whatever the policy's deadlines say; what the
    session carries from earlier moves stays. A released time is given up by its session, which is
    cancelled free of charge. Accepting again changes nothing.

    Raises:
        NotFoundError, UnauthorizedError: see `find_own_offer`.
        OfferExpiredError: it is too late.
        OfferGoneError: the offer has ended, its time is taken, or its session has changed.
        CreditUnavailableError: it would book a session, and the package has no usable credit.
    """
    practice_id, found = caller.practice_id, await find_own_offer(db, caller, offer_id)
    freed = await read_freed_time(db, practice_id, found.freed_time_id)
    await _lock(db, practice_id, found, freed)
    wishes = await active_wishes_of_client(db, practice_id, found.client_id, found.service_id)
    repository = WaitlistRepository(db, practice_id)
    await repository.lock_wishes([found.wish_id, *(wish.id for wish in wishes)])
    own = await find_own_offer(db, caller, offer_id)
    if own.state == "accepted":
        first = await read_command_id(db, practice_id, offer_id, "accepted")
        return OfferOutcome(own, own.booked_session_id, first)
    _check_open(own, now)
    wish = await read_wish(db, practice_id, own.wish_id)
    if wish.state_at(now) not in ACTIVE:
        raise OfferGoneError
    await end_offer_holds(db, practice_id, [offer_id])
    if freed.released:
        await take_released(db, practice_id, freed.id, now=now, credit_grace=credit_grace)
    placed = await _place(db, practice_id, own, caller.actor, now)
    await repository.end_offers([offer_id], "accepted", now, booked_session_id=placed.session_id)
    await repository.look_again(own.freed_time_id, now)
    return await _finish(db, caller, own, placed, wishes, now)


async def _finish(
    db: AsyncConnection,
    caller: OfferCaller,
    own: OfferRecord,
    placed: _Placed,
    wishes: Sequence[WishRecord],
    now: datetime,
) -> OfferOutcome:
    """Tell of the acceptance, and end the client's wishes for the service."""
    practice_id, command_id = caller.practice_id, placed.command_id
    accepted = await read_offer(db, practice_id, own.id)
    await tell_of_offers(
        db,
        practice_id,
        caller.actor,
        [accepted],
        "accepted",
        command_id,
        now,
        event="offer.accepted",
    )
    for wish in wishes:
        state: Literal["met", "lapsed"] = "met" if wish.id == own.wish_id else "lapsed"
        await end_wish(
            db,
            wish.columns(),
            state,
            actor=caller.actor,
            command_id=command_id,
            now=now,
        )
    return OfferOutcome(accepted, placed.session_id, command_id)


async def decline_offer(
    db: AsyncConnection, caller: OfferCaller, offer_id: UUID, *, now: datetime
) -> OfferOutcome:
    """Decline an offer; its wish waits for the next time. Declining again changes nothing.

    Raises:
        NotFoundError, UnauthorizedError: see `find_own_offer`.
        OfferExpiredError: it is too late.
        OfferGoneError: the offer has ended otherwise.
    """
    practice_id = caller.practice_id
    await find_own_offer(db, caller, offer_id)
    own = await lock_offer(db, practice_id, offer_id)
    if own.state == "declined":
        first = await read_command_id(db, practice_id, offer_id, "declined")
        return OfferOutcome(own, None, first)
    _check_open(own, now)
    repository, command_id = WaitlistRepository(db, practice_id), uuid4()
    await repository.end_offers([offer_id], "declined", now)
    await repository.wait_again([own.wish_id])
    await repository.change_wish(own.wish_id, unanswered=0)
    await repository.look_again(own.freed_time_id, now)
    declined = replace(own, state="declined", ended_at=now)
    await tell_of_offers(
        db,
        practice_id,
        caller.actor,
        [declined],
        "declined",
        command_id,
        now,
        event="offer.declined",
    )
    return OfferOutcome(declined, None, command_id)


def _check_open(offer: OfferRecord, now: datetime) -> None:
    """Check that an offer can be answered. Exactly at `answer_by` it still can.

    Raises:
        OfferExpiredError, OfferGoneError: it cannot.
    """
    state = offer.state_at(now)
    if state == "expired":
        raise OfferExpiredError
    if state != "open":
        raise OfferGoneError


async def _lock(
    db: AsyncConnection, practice_id: UUID, offer: OfferRecord, freed: FreedTime
) -> None:
    """Lock the practitioner, the groups, the session if there is one, and the client.

    Of a released time also the session that gives it up, and its client.
    """
    if freed.released and freed.session_id is not None:
        sessions = [one for one in (freed.session_id, offer.session_id) if one is not None]
        await lock_sessions(db, practice_id, sessions, more_clients=[offer.client_id])
        return
    if offer.session_id is not None:
        groups = [] if offer.group_id is None else [offer.group_id]
        await lock_sessions(db, practice_id, [offer.session_id], group_ids=groups)
        return
    if offer.group_id is not None:
        await lock_group_alone(db, practice_id, offer.group_id)
    else:
        await lock_practitioner(db, practice_id, offer.practitioner_id)
    await lock_client(db, practice_id, offer.client_id)


async def _place(
    db: AsyncConnection, practice_id: UUID, offer: OfferRecord, actor: Actor, now: datetime
) -> _Placed:
    group_id = offer.group_id
    if group_id is not None and not await is_group_open(db, practice_id, group_id):
        raise OfferGoneError
    if offer.session_id is None:
        return await _book(db, practice_id, offer, actor, now)
    return await _move(db, practice_id, offer, offer.session_id, actor, now)


async def _move(
    db: AsyncConnection,
    practice_id: UUID,
    own: OfferRecord,
    session_id: UUID,
    actor: Actor,
    now: datetime,
) -> _Placed:
    """Move the session. It counts neither as a client's move nor as one by the practice.

    Raises:
        OfferGoneError: the session is no longer booked or has changed, or the time is not free.
    """
    day = own.starts_at.date()
    record, calendar = await read_with_calendar(db, practice_id, session_id, day, day, now)
    is_open = record.status is Status.BOOKED and now < record.starts_at
    if not is_open or own.starts_at >= record.starts_at:
        raise OfferGoneError
    if own.group_id is None:
        to = _free_meeting(record, calendar, own, now)
    else:
        to = await _seat(db, record, own, own.group_id, now)
    answers = await end_request(db, record, "moved", actor, now)
    facts = await SessionRepository(db, practice_id).move(record, to)
    judged = Judged(Cost(None, Credit.KEPT if record.paid_by_credit else None))
    details, command_id = {"offer": str(own.id)}, uuid4()
    change = new_change(
        "rescheduled", actor, record, to=to, judged=judged, answers=answers, details=details
    )
    notifications = [
        *notifications_about("rescheduled", to.starts_at, now),
        *mails_to_come(record, facts, now, confirmed=False),
    ]
    change = replace(change, command_id=command_id)
    await finish(db, practice_id, session_id, change, notifications, now)
    return _Placed(session_id, command_id)


def _free_meeting(
    record: SessionRecord, calendar: Calendar, own: OfferRecord, now: datetime
) -> Meeting:
    """Give the session's meeting at the offered time, if availability still has it.

    Raises:
        OfferGoneError: it has not.
    """
    to = _meeting(record, own)
    present = CurrentMeeting(to_seconds(record.starts_at), record.format, record.location_id)
    rules = slot_rules(record, to.ends_at - to.starts_at)
    _check_on_offer(calendar, rules, present, own, now)
    return to


def _check_on_offer(
    calendar: Calendar, rules: SlotRules, present: CurrentMeeting, own: OfferRecord, now: datetime
) -> None:
    """Check that availability still has the offered time.

    The minimum notice was kept when the client was asked.

    Raises:
        OfferGoneError: it has not.
    """
    search = SlotSearch(
        own.format, [own.location_id], present, may_move=True, may_change_format=False
    )
    rules = replace(rules, minimum_notice=0)
    if not is_on_offer(calendar, rules, search, to_seconds(own.starts_at), seconds_up(now)):
        raise OfferGoneError


def _meeting(record: SessionRecord, own: OfferRecord) -> Meeting:
    """Give the session's meeting at the offered time; it keeps its duration.

    Raises:
        OfferGoneError: the format is no longer on offer there.
    """
    wanted = MeetingRequest(own.starts_at, own.format, own.location_id)
    try:
        return requested_meeting(record, wanted)
    except InvalidInputError:
        raise OfferGoneError from None


async def _seat(
    db: AsyncConnection, record: SessionRecord, own: OfferRecord, group_id: UUID, now: datetime
) -> Meeting:
    """Take the lowest free seat of the offered group.

    Raises:
        OfferGoneError: there is none at that time and place, or the client is elsewhere then.
    """
    group = await SeatRepository(db, record.practice_id).group(group_id)
    seat = None if group is None or not group.is_scheduled else group.free_seat
    if group is None or seat is None:
        raise OfferGoneError
    meeting = group.meeting(seat)
    there = meeting.starts_at, meeting.format, meeting.location_id
    if there != (own.starts_at, own.format, own.location_id):
        raise OfferGoneError
    overlap = await find_overlap(db, owner_of(record), meeting, None, now)
    holds = await read_seat_holds(db, record.practice_id, group_id, record.id, now)
    if overlap.is_taken or holds.seats >= group.seats_left:
        raise OfferGoneError
    return meeting


async def _check_free_to_book(
    db: AsyncConnection, practice_id: UUID, own: OfferRecord, now: datetime
) -> None:
    """Check that availability still has the offered time for a session that is yet to be booked.

    Raises:
        OfferGoneError: it has not.
    """
    settings = await WaitlistRepository(db, practice_id).slot_settings(own.service_id)
    owner = CalendarOwner(practice_id, own.practitioner_id, own.client_id, NO_ID)
    day = own.starts_at.date()
    calendar = await read_calendar(db, owner, day, day, now)
    rules = slot_rules(settings, timedelta(minutes=settings.duration_minutes))
    _check_on_offer(calendar, rules, CurrentMeeting(-1, own.format, None), own, now)


async def _book(
    db: AsyncConnection, practice_id: UUID, own: OfferRecord, actor: Actor, now: datetime
) -> _Placed:
    """Book a session at the offered time, at the price and with the credit that the offer names.

    Raises:
        OfferGoneError: the time is not free, or something that the session needs is inactive.
        CreditUnavailableError: the package has no usable credit.
    """
    try:
        if own.group_id is not None:
            seat = SeatBooking(
                own.client_id,
                own.group_id,
                {"start": own.starts_at, "format": own.format, "location_id": own.location_id},
                package_id=own.package_id,
                price=own.price,
            )
            booked = await book_seat(db, practice_id, seat, actor=actor, now=now)
        else:
            single = Booking(
                own.client_id,
                own.practitioner_id,
                own.service_id,
                own.starts_at,
                own.format,
                location_id=own.location_id,
                package_id=own.package_id,
                price=own.price,
            )
            # A booking by staff is not bound by limits and the horizon; an offer is.
            await _check_free_to_book(db, practice_id, own, now)
            booked = await book(db, practice_id, single, actor=actor, force=False, now=now)
    except (
        GroupCancelledError,
        GroupFullError,
        GroupUnavailableError,
        InvalidInputError,
        SlotUnavailableError,
    ):
        raise OfferGoneError from None
    assert booked.effect.command_id is not None  # noqa: S101 - a booking changes something
    return _Placed(booked.session_id, booked.effect.command_id)
