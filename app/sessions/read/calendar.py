"""Read a session, or the data of a new booking, with the practitioner's calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from app.calendar.groups import GROUPS, to_group_slots
from app.calendar.rows import to_calendar
from app.calendar.statements import CALENDAR, OF_SESSION, calendar_columns
from app.database.statements import Row, Source
from app.domain.availability import (
    MINUTE,
    Calendar,
    CurrentMeeting,
    OwnHold,
    SlotRules,
    SlotSearch,
)
from app.domain.errors import InvalidInputError
from app.domain.groups import GroupSlot
from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.policy.deadlines import move_window
from app.domain.policy.decide import is_allowed
from app.domain.policy.format_moves import must_keep_format_and_location
from app.domain.policy.free import is_asked
from app.domain.policy.rebook import is_rebooking
from app.domain.policy.rules import Action
from app.domain.session import Format, SessionFacts, Status
from app.domain.zones import EPOCH, to_seconds
from app.policies.stored import StoredPolicy, frozen_of, rules_of
from app.sessions.read.queries import Viewer, read_row
from app.sessions.read.records import AskedToMove, OfferedFormat, SessionHold, SessionRecord
from app.sessions.read.rows import (
    carried_of,
    contact_of,
    ended_of,
    formats_of,
    policy_of,
    to_asked,
    to_hold,
    to_record,
    uses_of,
)
from app.sessions.read.statements import details_statement
from app.tables.practices import Service

WITH_CALENDAR = details_statement(*calendar_columns(OF_SESSION))


class SessionToMove(NamedTuple):
    """The fields of a session that the search for slots needs; a subset of `SessionRecord`."""

    id: UUID
    group_id: UUID | None
    service_id: UUID
    practitioner_id: UUID
    client_zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    facts: SessionFacts
    policy: StoredPolicy | None
    formats: Sequence[OfferedFormat]
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int
    move_request: AskedToMove | None
    hold: SessionHold | None


def to_session_to_move(row: Row) -> SessionToMove:
    """Turn a row of app/availability/statements.py into a session."""
    starts_at, asked = row["starts_at"], to_asked(row["move_request"])
    facts = SessionFacts(
        status=Status(row["status"]),
        starts_at=starts_at,
        booked_starts_at=row["booked_starts_at"],
        zone=ZoneInfo(row["policy_time_zone"]),
        price=Money(row["price_minor"], row["currency"]),
        paid_by_credit=row["pays"],
        client_moves=row["client_moves"],
        carried=carried_of(row["carried_fee_minor"], row["currency"], row["carried_forfeit"]),
        contact=contact_of(row),
        is_seat=row["group_id"] is not None,
        moved_by_practice=row["moved_by_practice"],
        grace_from=row["grace_from"],
        answer_by=None if asked is None else asked.answer_by,
        ended=ended_of(row["ended"], row["currency"]),
        frozen_deadlines=frozen_of(row["frozen_deadlines"]),
        allowance_uses=uses_of(row["allowance_uses"]),
    )
    return SessionToMove(
        id=row["found_id"],
        group_id=row["group_id"],
        service_id=row["service_id"],
        practitioner_id=row["practitioner_id"],
        client_zone=ZoneInfo(row["client_zone"]),
        starts_at=starts_at,
        ends_at=row["ends_at"],
        format=Format(row["format"]),
        location_id=row["location_id"],
        facts=facts,
        policy=policy_of(row),
        formats=formats_of(row["formats"]),
        buffer_before_minutes=row["buffer_before_minutes"],
        buffer_after_minutes=row["buffer_after_minutes"],
        step_minutes=row["step_minutes"],
        minimum_notice_minutes=row["minimum_notice_minutes"],
        horizon_days=row["horizon_days"],
        move_request=asked,
        hold=to_hold(row["hold"]),
    )


# Weekly limits count whole ISO weeks, and a range of local dates may begin a day earlier in UTC.
MARGIN = timedelta(days=9)


# A session lasts at most one day, and each of its buffers does too.
LONGEST = timedelta(days=3)


class CalendarOwner(NamedTuple):
    """Whose calendar to read; a group has no `client_id`.

    The time that `own_id`, the session or group to place, takes already is ignored.
    """

    practice_id: UUID
    practitioner_id: UUID
    client_id: UUID | None
    own_id: UUID


# What a service has of `SlotSettings`, and its duration.
SLOT_SETTINGS = (
    Service.duration_minutes,
    Service.buffer_before_minutes,
    Service.buffer_after_minutes,
    Service.step_minutes,
    Service.minimum_notice_minutes,
    Service.horizon_days,
)


class SlotSettings(Protocol):
    """The settings, besides the duration, on which a session's slots depend."""

    @property
    def buffer_before_minutes(self) -> int: ...  # noqa: D102
    @property
    def buffer_after_minutes(self) -> int: ...  # noqa: D102
    @property
    def step_minutes(self) -> int: ...  # noqa: D102
    @property
    def minimum_notice_minutes(self) -> int: ...  # noqa: D102
    @property
    def horizon_days(self) -> int: ...  # noqa: D102


async def read_calendar(
    db: Source,
    owner: CalendarOwner,
    first: date,
    last: date,
    now: datetime,
    *,
    forced: bool = False,
) -> Calendar:
    """Read a practitioner's calendar around these dates, with what is held at `now`.

    `forced`: see `to_calendar`.

    The practitioner must exist; the caller has locked the row.
    """
    (row,) = await CALENDAR.rows(db, owner._asdict() | calendar_bounds(first, last, now))
    return to_calendar(row, forced=forced)


async def read_groups(
    db: Source,
    owner: CalendarOwner,
    service_id: UUID,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    takes_held: bool = False,
) -> tuple[list[GroupSlot], list[Interval]]:
    """Read the groups of a service around a range of starts, and the client's other times.

    Seats that others hold at `now` are not free, unless the caller `takes_held` seats.
    There are no groups if the practitioner is inactive. A session that starts after the range can
    overlap a group in it, so more than the range is read.
    """
    bounds = {"since": since, "sessions_since": since - LONGEST, "until": until + LONGEST}
    (row,) = await GROUPS.rows(
        db, owner._asdict() | {"service_id": service_id, "now": now} | bounds
    )
    groups = to_group_slots(row["groups"], takes_held=takes_held)
    return groups, [Interval(*time) for time in row["elsewhere"] or ()]


async def read_with_calendar(
    db: Source, viewer: Viewer, session_id: UUID, first: date, last: date, now: datetime
) -> tuple[SessionRecord, Calendar]:
    """Read a session and its practitioner's calendar around these dates, as they are at `now`.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    bounds = calendar_bounds(first, last, now)
    row = await read_row(db, WITH_CALENDAR, viewer, session_id, **bounds)
    return to_record(row), to_calendar(row)


def calendar_bounds(first: date, last: date, now: datetime) -> dict[str, date]:
    """Give the parameters of the calendar to read: a range of dates, and the instant `now`."""
    since = _midnight(first) - MARGIN
    return {
        "first_date": first - MARGIN,
        "last_date": last + MARGIN,
        "since": since,
        "sessions_since": since - LONGEST,
        "until": _midnight(last) + MARGIN,
        "now": now,
    }


def move_search(
    record: SessionRecord | SessionToMove, format_: Format, now: datetime
) -> SlotSearch:
    """Build the search for slots that the session's policy allows its client at `now`.

    Raises:
        InvalidInputError: the service is not available in this format.
    """
    choices = [choice for choice in record.formats if choice.kind is format_]
    # The session's own format may have been withdrawn from the service: it then has no slots.
    if not choices and format_ is not record.format:
        raise InvalidInputError("/format", "field.no-such-format", where="query")
    places = [None if choice.location is None else choice.location.id for choice in choices]
    return policy_search(record, format_, places, now)


def policy_search(
    record: SessionRecord | SessionToMove,
    format_: Format,
    location_ids: Sequence[UUID | None],
    now: datetime,
) -> SlotSearch:
    """Build the search for slots at some locations, with what the policy decides at `now`."""
    policy, facts = rules_of(record.policy), record.facts
    return SlotSearch(
        format=format_,
        location_ids=location_ids,
        present=CurrentMeeting(to_seconds(record.starts_at), record.format, record.location_id),
        may_move=is_allowed(policy, Action.RESCHEDULE, facts, now),
        may_change_format=is_allowed(policy, Action.CHANGE_FORMAT, facts, now),
        move_window=move_window(policy, facts, asked=is_asked(facts, now)),
        must_keep_format_and_location=must_keep_format_and_location(policy, facts, now),
        proposals=proposals_of(record, now),
        own_hold=_own_hold(record, now),
        books_again=is_rebooking(policy, facts, now),
    )


def live_hold(record: SessionRecord | SessionToMove, now: datetime) -> SessionHold | None:
    """Give the hold of a session if it has not expired; exactly at `until` it has."""
    return None if record.hold is None or record.hold.until <= now else record.hold


def _own_hold(record: SessionRecord | SessionToMove, now: datetime) -> OwnHold | None:
    hold = live_hold(record, now)
    if hold is None or hold.group_id is not None:
        return None
    return OwnHold(to_seconds(hold.starts_at), hold.format, hold.location_id)


def proposals_of(record: SessionRecord | SessionToMove, now: datetime) -> tuple[int, ...]:
    """Give the starts that the practice proposes while it asks for a move; else none."""
    asked = record.move_request
    if asked is None or not is_asked(record.facts, now):
        return ()
    return tuple(to_seconds(start) for start in asked.proposals)


def slot_rules(settings: SlotSettings, length: timedelta) -> SlotRules:
    """Build the rules for a session's slots; minutes become seconds.

    The session keeps its duration and buffers. Step, notice and horizon are the service's current
    ones (product.md section 10, "What a session keeps from its booking").
    """
    return SlotRules(
        duration=length // timedelta(seconds=1),
        buffer_before=settings.buffer_before_minutes * MINUTE,
        buffer_after=settings.buffer_after_minutes * MINUTE,
        step=settings.step_minutes * MINUTE,
        minimum_notice=settings.minimum_notice_minutes * MINUTE,
        horizon_days=settings.horizon_days,
    )


def slot_rules_for_client(
    session: SessionRecord | SessionToMove, length: timedelta, now: datetime
) -> SlotRules:
    """Build the rules for what a client is offered. A move that is asked for needs no notice."""
    rules = slot_rules(session, length)
    return replace(rules, minimum_notice=0) if is_asked(session.facts, now) else rules


def _midnight(day: date) -> datetime:
    return EPOCH + (day - EPOCH.date())
