"""Records of sessions, complete as one statement reads them.

SessionRecord and SessionSummaryRecord are made anew for each request, and are not frozen. Their
parts may be cached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.policy.working_days import FrozenDeadline
from app.domain.session import (
    Carried,
    Contact,
    Ended,
    FeeStatus,
    Format,
    SessionFacts,
    Status,
)
from app.domain.waiver import Question, ask_until
from app.policies.stored import StoredPolicy


@dataclass(frozen=True, slots=True)
class SessionLocation:
    """The location of an in-person session. `time_zone` null: that of the practitioner."""

    id: UUID
    name: str
    address: str
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class OfferedFormat:
    """A format in which a service is available; `location` only in person."""

    kind: Format
    location: SessionLocation | None
    instructions: str | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """When, by which kind of actor and why a session was cancelled."""

    at: datetime
    by: str
    reason_code: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Absence:
    """When and why the client announced that they cannot come; the change that says so.

    `frees_time`: they have given up their time with it, which cancelled the session.
    """

    change_id: UUID
    at: datetime
    frees_time: bool
    reason_code: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class PackageUse:
    """The package that pays, or last paid, for a session, with its remaining credits."""

    id: UUID
    name: str
    credits_left: int


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """The group in which a session is one seat."""

    id: UUID
    seats: int
    seats_left: int


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """A session's place in its series: its position from 1, of so many dates.

    `starts_at` is the start in the series' rhythm. A session that starts at another time was moved
    alone.
    """

    id: UUID
    position: int
    of: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class AskedToMove:
    """An open move request: the practice asks the client for another time, until `answer_by`.

    `is_cancelled`: the practice has cancelled the session meanwhile. `proposals` are the starts
    that the practice proposes.
    """

    id: UUID
    note: str | None
    answer_by: datetime
    is_cancelled: bool
    proposals: tuple[datetime, ...]


class SessionHold(NamedTuple):
    """The time, or the seat of a group, that a session has held last; `until` may have passed."""

    starts_at: datetime
    format: Format
    location_id: UUID | None
    group_id: UUID | None
    until: datetime


@dataclass(frozen=True, slots=True)
class SessionFee:
    """A fee caused by a change of the session, and what its client asks about it."""

    id: UUID
    amount: Money
    status: FeeStatus
    recorded_at: datetime
    collect_after: datetime | None
    question: Question | None

    def ask_until(self, now: datetime) -> datetime | None:
        """Give the last instant at which the client can ask for a waiver; None: they cannot."""
        is_due = self.status == "due"
        return ask_until(self.recorded_at, self.question, now) if is_due else None


@dataclass(slots=True)
class SessionSummaryRecord:
    """The fields of a session in a list. Datetimes are UTC.

    `contact` is the contact for the client: the practitioner's, else the practice's. `photo` is
    the path of the practitioner's photo.
    """

    id: UUID
    client_zone: ZoneInfo
    status: Status
    version: int
    starts_at: datetime
    ends_at: datetime
    service_id: UUID
    service_name: str
    practitioner_id: UUID
    practitioner_name: str
    practitioner_zone: ZoneInfo
    photo: str | None
    contact: Contact
    format: Format
    location: SessionLocation | None
    join_url: str | None
    instructions: str | None
    price: Money
    package: PackageUse | None
    cancellation: Cancellation | None
    group: SessionGroup | None
    series: SeriesPlace | None
    absence: Absence | None
    confirmed_at: datetime | None

    @property
    def etag(self) -> str:
        """Give the version as an entity tag (RFC 9110 section 8.8.3)."""
        return f'"{self.version}"'

    @property
    def location_id(self) -> UUID | None:
        """Give the location's id, if any."""
        return None if self.location is None else self.location.id

    @property
    def rhythm(self) -> datetime:
        """Give the start in the rhythm of the series; without a series, the start."""
        return self.starts_at if self.series is None else self.series.starts_at


@dataclass
class SessionRecord(SessionSummaryRecord):
    """All details of a session, for the details page, availability and commands.

    `undo_until`: until then the client may take back the last change, which was their own.
    `release_until`: until then the time is given up if somebody takes it; it may have passed.
    `has_waitlist`: whoever waits for the service is asked for freed times. `is_waited_for`: others
    wait for a time of the practitioner, or of the service with any practitioner.
    """

    practice_id: UUID
    client_id: UUID
    link_generation: int
    client_name: str
    client_email: str
    video_url: str | None
    policy: StoredPolicy | None
    policy_zone: ZoneInfo
    paid_by_credit: bool
    booked_starts_at: datetime
    client_moves: int
    carried: Carried | None
    carried_since: int | None
    calendar_sequence: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int
    reminder_minutes: list[int]
    nudge_hours_before: int | None
    formats: Sequence[OfferedFormat]
    moved_by_practice: bool
    grace_from: datetime | None
    move_request: AskedToMove | None
    hold: SessionHold | None
    undo_until: datetime | None
    ended: Ended | None
    has_paid_by_credit: bool
    paid_before: Money | None
    release_until: datetime | None
    has_waitlist: bool
    is_waited_for: bool
    frozen_deadlines: tuple[FrozenDeadline, ...]
    allowance_uses: tuple[datetime, ...]
    fees: Sequence[SessionFee]

    @property
    def group_id(self) -> UUID | None:
        """Give the id of the group in which the session is a seat; None: a single session."""
        return None if self.group is None else self.group.id

    @property
    def held_until(self) -> datetime | None:
        """Give the end of the last hold, which may have passed."""
        return None if self.hold is None else self.hold.until

    @property
    def own_format(self) -> OfferedFormat:
        """Give the session's format, with its location and instructions."""
        return OfferedFormat(self.format, self.location, self.instructions)

    @cached_property
    def facts(self) -> SessionFacts:
        """Give the facts on which the policy depends."""
        return SessionFacts(
            status=self.status,
            starts_at=self.starts_at,
            booked_starts_at=self.booked_starts_at,
            zone=self.policy_zone,
            price=self.price,
            paid_by_credit=self.paid_by_credit,
            client_moves=self.client_moves,
            carried=self.carried,
            contact=self.contact,
            is_seat=self.group is not None,
            moved_by_practice=self.moved_by_practice,
            grace_from=self.grace_from,
            answer_by=None if self.move_request is None else self.move_request.answer_by,
            ended=self.ended,
            has_paid_by_credit=self.has_paid_by_credit,
            paid_before=self.paid_before,
            frozen_deadlines=self.frozen_deadlines,
            allowance_uses=self.allowance_uses,
        )
