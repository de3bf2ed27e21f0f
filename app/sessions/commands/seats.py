"""Seats of groups: moving one to another group, and taking it again.

The caller holds the lock of the practitioner, without which no seat of the practitioner's groups is
taken or freed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import end_latest_of_group, read_seat_holds
from app.calendar.offer_holds import is_offered_to
from app.domain.availability import (
    CurrentMeeting,
    SlotRules,
    SlotSearch,
    bookable,
    nearest,
    search_ranges,
)
from app.domain.errors import GroupCancelledError, GroupFullError, InvalidInputError
from app.domain.groups import GroupSearch, HeldGroup, offer_groups
from app.domain.intervals import Interval
from app.domain.policy.rules import Action
from app.domain.policy.target_fees import target_fees
from app.domain.policy.targets import TargetFees
from app.domain.refusals import GroupUnavailableError
from app.domain.session import Format, Status
from app.domain.zones import from_seconds, seconds_up, to_seconds
from app.policies.stored import rules_of
from app.sessions.commands.meeting import (
    Meeting,
    WantedMove,
    is_bookable_again,
    meeting_of,
)
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.commands.seat_repository import GroupRecord, SeatRepository
from app.sessions.commands.slots import owner_of
from app.sessions.read.calendar import (
    live_hold,
    policy_search,
    read_groups,
    slot_rules_for_client,
)
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class SeatMove:
    """The group to which a seat is to move. `group` None: there is none at this start."""

    group: GroupRecord | None
    start: datetime
    format: Format

    def action(self, record: SessionRecord) -> Action:
        """Give the policy's action. A seat cannot change its format where it is."""
        is_same_time = self.start == record.starts_at and self.format is not record.format
        is_same = is_same_time and not is_bookable_again(record)
        return Action.CHANGE_FORMAT if is_same else Action.RESCHEDULE

    def is_own_group(self, record: SessionRecord) -> bool:
        """Tell whether it is the group in which the seat is already."""
        return self.group is not None and self.group.id == record.group_id


class _SeatSearch(NamedTuple):
    """Who looks for another group, by which rules. `zone` is that of whoever is answered.

    `takes_held`: also a seat that others hold. `fees`: what the client pays for each group, where
    that depends on the target. `by_client`: the client of the session looks, and not staff.
    """

    record: SessionRecord
    search: SlotSearch
    zone: ZoneInfo
    now: datetime
    takes_held: bool = False
    fees: TargetFees | None = None
    by_client: bool = False

    @property
    def rules(self) -> SlotRules:
        """Give the rules of the service; only notice and horizon matter for groups."""
        length = self.record.ends_at - self.record.starts_at
        return slot_rules_for_client(self.record, length, self.now)

    def bookable(self, window: Interval) -> Interval:
        """Give the part of a window in which the client may book."""
        zone, instant = self.record.practitioner_zone, seconds_up(self.now)
        return bookable(zone, self.rules, self.search, window, instant)


async def find_group(db: AsyncConnection, record: SessionRecord, requested: WantedMove) -> SeatMove:
    """Find the group that a request names by its id, or by its start and format.

    A group that starts at another time than the request says was moved meanwhile: it is not the one
    that was chosen.

    Raises:
        InvalidInputError: the service and the practitioner have no group with this id, or the
            request names another format or location than the group's.
    """
    seats = SeatRepository(db, record.practice_id)
    if requested.group_id is None:
        wished = requested.for_single()
        group = await seats.group_at(record, wished.start)
        if group is not None and _differing_field(group, requested):
            group = None
        return SeatMove(group, wished.start, wished.format)
    group = await seats.group(requested.group_id)
    own = (record.service_id, record.practitioner_id)
    if group is None or (group.service_id, group.practitioner_id) != own:
        raise InvalidInputError("/group_id", "field.no-such-group")
    if requested.start not in {None, group.starts_at}:
        return SeatMove(None, requested.start, requested.format or group.format)
    field = _differing_field(group, requested)
    if field is not None:
        raise InvalidInputError(f"/{field}", "field.not-time-of-group")
    return SeatMove(group, group.starts_at, group.format)


async def take_offered_seat(
    db: AsyncConnection, record: SessionRecord, move: SeatMove, now: datetime
) -> Meeting:
    """Take the lowest free seat of a group that availability offers; give the meeting.

    The policy has allowed the move already, perhaps because of a quote.

    Raises:
        GroupUnavailableError: availability does not offer the group.
    """
    search = replace(policy_search(record, move.format, (), now), may_move=True)
    fees = target_fees(rules_of(record.policy), record.facts, now)
    asked = _SeatSearch(record, search, record.client_zone, now, fees=fees, by_client=True)
    return await _take(db, asked, move, asked.bookable(_second_of(move.start)))


async def take_seat_for_staff(
    db: AsyncConnection, record: SessionRecord, move: SeatMove, now: datetime, *, force: bool
) -> Meeting:
    """Take the lowest free seat of a group for the practice; give the meeting.

    Neither the policy nor notice and horizon bind staff. With `force` a seat that others hold is
    free, and the latest hold ends if there is no other seat.

    Raises:
        GroupUnavailableError: the group is full or cancelled, or its client is elsewhere then.
    """
    asked = _search_of_staff(record, move.format, now)._replace(takes_held=force)
    meeting = await _take(db, asked, move, _second_of(move.start))
    assert move.group is not None  # noqa: S101 - a seat of it is free
    if force:
        await end_holds_beyond(db, record.practice_id, move.group, record.id, now)
    return meeting


async def take_seat_again(db: AsyncConnection, record: SessionRecord, now: datetime) -> Meeting:
    """Give the meeting of a seat whose end is undone, in its group as it is now.

    A cancelled seat takes the lowest free seat; a fulfilled or missed one still has its own. If the
    practice has moved the group meanwhile, the meeting names the seat in any case.

    Raises:
        GroupCancelledError: the group is cancelled.
        GroupFullError: no seat is free.
        GroupUnavailableError: its client is elsewhere then, or others hold all free seats.
    """
    assert record.group_id is not None  # noqa: S101 - it is a seat
    seats = SeatRepository(db, record.practice_id)
    group = await seats.group(record.group_id)
    assert group is not None  # noqa: S101 - a foreign key
    if not group.is_scheduled:
        raise GroupCancelledError
    meeting = meeting_of(record)
    if record.status is Status.CANCELLED:
        if group.free_seat is None:
            raise GroupFullError
        meeting = group.meeting(group.free_seat)
    elif not group.is_at(meeting):
        meeting = group.meeting(await seats.number_of(record.id))
    asked = _search_of_staff(record, record.format, now)
    overlap = await find_overlap(db, owner_of(record), meeting, None, now)
    if overlap.is_taken:
        raise await _unavailable(db, asked, meeting.starts_at)
    if record.status is Status.CANCELLED:
        holds = await read_seat_holds(db, record.practice_id, group.id, record.id, now)
        if holds.seats >= group.seats_left:
            raise await _unavailable(db, asked, meeting.starts_at, holds.until)
    return meeting


def _differing_field(group: GroupRecord, requested: WantedMove) -> str | None:
    """Name the first field of a request that differs from the group; None: there is none."""
    wished = {
        "format": (requested.format, group.format),
        "location_id": (requested.location_id, group.location_id),
    }
    return next((name for name, (one, own) in wished.items() if one not in {None, own}), None)


def _search_of_staff(record: SessionRecord, format_: Format, now: datetime) -> _SeatSearch:
    """Make a search for what a client without a policy would be offered."""
    present = CurrentMeeting(to_seconds(record.starts_at), record.format, record.location_id)
    search = SlotSearch(format_, (), present, may_move=True, may_change_format=False)
    return _SeatSearch(record, search, record.practitioner_zone, now)


async def _take(
    db: AsyncConnection, asked: _SeatSearch, move: SeatMove, bounds: Interval
) -> Meeting:
    group, held_until, is_offered = move.group, None, False
    seat = None if group is None else group.free_seat
    if group is not None and seat is not None:
        window = _second_of(move.start)
        if await _is_on_offer(db, asked, group, window, bounds):
            return group.meeting(seat)
        if await _is_on_offer(db, asked._replace(takes_held=True), group, window, bounds):
            record = asked.record
            holds = await read_seat_holds(db, record.practice_id, group.id, record.id, asked.now)
            held_until = holds.until
            is_offered = asked.by_client and await is_offered_to(
                db,
                record.practice_id,
                record.client_id,
                record.practitioner_id,
                group.id,
                move.start,
                asked.now,
            )
    raise await _unavailable(db, asked, move.start, held_until, is_offered=is_offered)


async def _is_on_offer(
    db: AsyncConnection, asked: _SeatSearch, group: GroupRecord, window: Interval, bounds: Interval
) -> bool:
    groups = await _read_groups(db, asked, window)
    return any(slot.group_id == group.id for slot in offer_groups(groups, window, bounds).slots)


async def end_holds_beyond(
    db: AsyncConnection, practice_id: UUID, group: GroupRecord, own_id: UUID, now: datetime
) -> None:
    """End the latest holds of a group for which there is no seat after one more is taken.

    `group` is as it was before.
    """
    holds = await read_seat_holds(db, practice_id, group.id, own_id, now)
    beyond = holds.seats - (group.seats_left - 1)
    if beyond > 0:
        await end_latest_of_group(db, practice_id, group.id, own_id, beyond, now)


async def _unavailable(
    db: AsyncConnection,
    asked: _SeatSearch,
    requested: datetime,
    held_until: datetime | None = None,
    *,
    is_offered: bool = False,
) -> GroupUnavailableError:
    """Make the error, with the groups that are nearest to the requested start."""
    second = to_seconds(requested)
    *_, everything = search_ranges(asked.rules, asked.search, second, seconds_up(asked.now))
    groups = await _read_groups(db, asked, everything)
    found = offer_groups(groups, everything, asked.bookable(everything))
    slots = nearest(found.slots, second)
    return GroupUnavailableError(
        slots, asked.zone, held_until=held_until, is_offered=is_offered, fees=asked.fees
    )


async def _read_groups(db: AsyncConnection, asked: _SeatSearch, window: Interval) -> GroupSearch:
    record = asked.record
    assert record.group_id is not None  # noqa: S101 - it is a seat
    since, until = (from_seconds(bound) for bound in window)
    groups, taken = await read_groups(
        db,
        owner_of(record),
        record.service_id,
        since,
        until,
        asked.now,
        takes_held=asked.takes_held,
    )
    hold, held = live_hold(record, asked.now), None
    if hold is not None and hold.group_id is not None:
        held = HeldGroup(hold.group_id, seconds_up(asked.now))
    return GroupSearch(record.group_id, groups, taken, asked.search, held)


def _second_of(start: datetime) -> Interval:
    return Interval(to_seconds(start), to_seconds(start) + 1)
