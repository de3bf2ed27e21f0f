"""Where the sessions of a series go when one of them moves with those that follow it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.calendar.held_times import read_times_held_by
from app.database.statements import Source
from app.domain.availability import (
    BusySession,
    Calendar,
    CurrentMeeting,
    SlotRules,
    SlotSearch,
    is_on_offer,
)
from app.domain.errors import InvalidInputError
from app.domain.placing import ALTERNATIVE_DAYS, Check, Wanted, find_conflicts, is_free, without
from app.domain.policy.allowance import with_uses
from app.domain.policy.target_fees import target_fees
from app.domain.refusals import TimeConflict
from app.domain.series import shift_between
from app.domain.session import Format, Status
from app.domain.zones import seconds_up, to_seconds
from app.policies.stored import rules_of
from app.sessions.commands.meeting import (
    Meeting,
    MeetingRequest,
    WantedMove,
    action_of,
    is_same_format_and_location,
    is_same_time,
    meeting_of,
    requested_meeting,
)
from app.sessions.commands.reschedule import search_for
from app.sessions.commands.scope import ScopeSessions
from app.sessions.commands.slots import owner_of
from app.sessions.read.calendar import read_calendar, slot_rules, slot_rules_for_client
from app.sessions.read.records import SessionRecord
from app.tables.joins import NO_ID

_MARGIN = timedelta(days=ALTERNATIVE_DAYS)
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Override:
    """Another start than the rhythm's, or another format, for one of the following sessions."""

    start: datetime
    format: Format | None
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Move:
    """A covered session, its meeting after the command, and its new start in the rhythm.

    `under` is the place in the request that names its format and location.
    """

    record: SessionRecord
    to: Meeting
    rhythm: datetime
    under: str = ""

    @property
    def changes(self) -> bool:
        """Tell whether the session changes: it may be booked at that time already."""
        record, to = self.record, self.to
        if record.status is not Status.BOOKED:
            return True
        return not (is_same_time(record, to) and is_same_format_and_location(record, to))

    @property
    def length(self) -> timedelta:
        """Give the duration after the command."""
        return self.to.ends_at - self.to.starts_at


def check_no_seat(record: SessionRecord, *, where: str = "body") -> None:
    """Check that a session may move with others: a seat of a group is moved alone.

    Raises:
        InvalidInputError: the session is a seat.
    """
    if record.group_id is not None:
        raise InvalidInputError("/scope", "field.seat-alone", where=where)


def wanted_meeting(record: SessionRecord, requested: WantedMove) -> Meeting:
    """Give the meeting to which a command moves the session that it names.

    Raises:
        InvalidInputError: the session is a seat, or the request does not name a start and exactly
            one available format.
    """
    check_no_seat(record)
    return requested_meeting(record, requested.for_single())


def previewed_meeting(record: SessionRecord, start: datetime, requested: WantedMove) -> Meeting:
    """Give the meeting to which a preview moves a session; its own format need not be named.

    Raises:
        InvalidInputError: the request names a format or location, but not exactly one that is
            available.
    """
    if requested.format is None and requested.location_id is None:
        return _at(record, start)
    wanted = MeetingRequest(start, requested.format or record.format, requested.location_id)
    return requested_meeting(record, wanted, where="query")


def plan_moves(
    sessions: ScopeSessions,
    to: Meeting,
    overrides: Mapping[UUID, Override],
    *,
    where: str = "body",
) -> list[Move]:
    """Move the named session to a meeting, and the others by the same number of local days.

    The others get the same local time. A session that was moved alone, if it is covered, returns to
    the rhythm. If the format or location of the named session changes, that of the others does too.
    `where` is the part of the request that names the format.

    Raises:
        InvalidInputError: the service has no such format, or an override is for another session.
    """
    named, followers = sessions.named, sessions.covered[1:]
    if not overrides.keys() <= {record.id for record in followers}:
        raise InvalidInputError("/overrides", "field.not-following")
    under = {session_id: f"/overrides/{index}" for index, session_id in enumerate(overrides)}
    shift = shift_between(named.rhythm, to.starts_at, named.policy_zone)
    moves = [Move(named, to, to.starts_at)]
    keeps_format = is_same_format_and_location(named, to)
    for record in followers:
        rhythm, override = shift.of(record.rhythm), overrides.get(record.id)
        if override is not None:
            kind = override.format or record.format
            location_id = override.location_id
            if override.format is None and location_id is None:
                location_id = record.location_id
            wanted = MeetingRequest(override.start, kind, location_id)
            place = under[record.id]
            meeting = requested_meeting(record, wanted, under=place)
            moves.append(Move(record, meeting, rhythm, place))
        elif keeps_format:
            moves.append(Move(record, _at(record, rhythm), rhythm))
        else:
            wanted = MeetingRequest(rhythm, to.format, to.location_id)
            moves.append(Move(record, requested_meeting(record, wanted, where=where), rhythm))
    return moves


def _at(record: SessionRecord, start: datetime) -> Meeting:
    """Give the session's meeting at another start, also in a format that is no longer offered."""
    length = record.ends_at - record.starts_at
    return replace(meeting_of(record), starts_at=start, ends_at=start + length)


async def find_conflicts_for_client(
    db: Source, moves: Sequence[Move], uses: Collection[UUID], now: datetime
) -> list[TimeConflict]:
    """Find the moves whose time is not on offer to the client, by the rules of availability.

    `uses` are the sessions that use one of the client's allowance.

    The horizon binds the named session. It does not bind the others up to the end of the series:
    they keep their distance, and may lie beyond it already.
    """
    instant = seconds_up(now)
    end_of_series = (max(move.rhythm for move in moves) + _MARGIN - now).days

    def on_offer(calendar: Calendar, wanted: Wanted) -> bool:
        return is_on_offer(calendar, wanted.rules, wanted.search, wanted.start, instant)

    def search(move: Move) -> SlotSearch:
        return search_for(move.record, move.to, action_of(move.record, move.to), now)

    wanted = [
        _wanted(
            move,
            search(move),
            slot_rules_for_client(move.record, move.length, now).with_horizon(
                0 if move is moves[0] else end_of_series
            ),
        )
        for move in moves
        if move.changes
    ]
    return _with_fees(await _conflicts(db, moves, wanted, on_offer, now), moves, uses, now)


def _with_fees(
    conflicts: Sequence[TimeConflict], moves: Sequence[Move], uses: Collection[UUID], now: datetime
) -> list[TimeConflict]:
    """Give the conflicts with what their alternatives cost; no use of an allowance counts twice."""
    records = {move.record.id: move.record for move in moves}
    found = []
    for conflict in conflicts:
        assert conflict.session_id is not None  # noqa: S101 - it is the time of a move
        record = records[conflict.session_id]
        others = sum(session_id != record.id for session_id in uses)
        facts = with_uses(record.facts, now, others)
        fees = target_fees(rules_of(record.policy), facts, now)
        found.append(replace(conflict, fees=fees))
    return found


async def find_conflicts_for_staff(
    db: Source, moves: Sequence[Move], now: datetime, *, force: bool
) -> list[TimeConflict]:
    """Find the moves whose time is not free, by the rules for staff."""
    wanted = [
        _wanted(move, _any_time(move), slot_rules(move.record, move.length))
        for move in moves
        if move.changes
    ]
    return await _conflicts(db, moves, wanted, is_free, now, forced=force)


async def _conflicts(
    db: Source,
    moves: Sequence[Move],
    wanted: Sequence[Wanted],
    check: Check,
    now: datetime,
    *,
    forced: bool = False,
) -> list[TimeConflict]:
    """Find the conflicts in a calendar from which all moving sessions are taken away first.

    A session that has ended is not in the calendar: its former time may be somebody else's now.
    """
    changing = [move for move in moves if move.changes]
    if not changing:
        return []
    starts = [move.to.starts_at for move in changing]
    first, last = (min(starts) - _MARGIN).date(), (max(starts) + _MARGIN).date()
    # The calendar is read with the times of all sessions.
    owner = owner_of(moves[0].record)._replace(own_id=NO_ID)
    calendar = await read_calendar(db, owner, first, last, now, forced=forced)
    booked = [move.record for move in changing if move.record.status is Status.BOOKED]
    calendar = without(calendar, [_time_of(record) for record in booked])
    if calendar.held:
        ids = [move.record.id for move in changing]
        own = await read_times_held_by(db, owner.practice_id, ids, now)
        calendar = replace(calendar, held=[held for held in calendar.held if held not in own])
    found = find_conflicts(calendar, wanted, check, seconds_up(now))
    return [
        TimeConflict(
            changing[conflict.index].record.id,
            changing[conflict.index].to.starts_at,
            conflict.alternatives,
            changing[conflict.index].to.ends_at - changing[conflict.index].to.starts_at,
        )
        for conflict in found
    ]


def _wanted(move: Move, search: SlotSearch, rules: SlotRules) -> Wanted:
    to = move.to
    return Wanted(to_seconds(to.starts_at), to.format, to.location_id, rules, search)


def _any_time(move: Move) -> SlotSearch:
    record, to = move.record, move.to
    return SlotSearch(
        format=to.format,
        location_ids=[to.location_id],
        present=CurrentMeeting(to_seconds(record.starts_at), record.format, record.location_id),
        may_move=True,
        may_change_format=True,
    )


def _time_of(record: SessionRecord) -> BusySession:
    return BusySession(
        to_seconds(record.starts_at),
        seconds_up(record.ends_at),
        record.buffer_before_minutes * _MINUTE,
        record.buffer_after_minutes * _MINUTE,
    )
