"""Wishes, offers and freed times, as they are ordered and as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.policy.after import CancelAfter, OfferedSession
from app.domain.session import Format, Status
from app.domain.waitlist import OfferState, WaitingSession, WishState, present_state
from app.sessions.read.records import SessionLocation


@dataclass(frozen=True, slots=True)
class WishedTimes:
    """The times that a client wishes for, as the request says."""

    until: datetime | None = None
    weekdays: Sequence[int] = ()
    from_time: time | None = None
    to_time: time | None = None
    formats: Sequence[Format] = ()
    notice_hours: int = 0

    @property
    def are_out_of_order(self) -> bool:
        """Tell whether `to_time` is before `from_time`."""
        first, last = self.from_time, self.to_time
        return first is not None and last is not None and last < first

    def columns(self) -> dict[str, Any]:
        """Give the values of the columns of a wish."""
        return {
            "until": self.until,
            "weekdays": list(self.weekdays),
            "from_time": self.from_time,
            "to_time": self.to_time,
            "formats": [str(one) for one in self.formats],
            "notice_hours": self.notice_hours,
        }


@dataclass(frozen=True, slots=True)
class NewWish:
    """A wish that staff enter: for a client's session, or for a new one.

    `group_id` is a group whose seats are all taken. Accepting an offer for a wish without a session
    books one, with a credit of `package_id` if set.
    """

    times: WishedTimes
    urgent: bool
    session_id: UUID | None
    client_id: UUID | None
    service_id: UUID | None
    practitioner_id: UUID | None
    group_id: UUID | None
    package_id: UUID | None


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An offer, with the names of what it is for. Times are UTC.

    `offered` is the session after a yes; None: no yes is possible any more.
    """

    id: UUID
    wish_id: UUID
    freed_time_id: UUID
    client_id: UUID
    client_name: str
    client_zone: ZoneInfo
    session_id: UUID | None
    service_id: UUID
    service_name: str
    practitioner_id: UUID
    practitioner_name: str
    practitioner_zone: ZoneInfo
    group_id: UUID | None
    package_id: UUID | None
    package_name: str | None
    price: Money | None
    state: OfferState
    holds: bool
    starts_at: datetime
    ends_at: datetime
    format: Format
    location: SessionLocation | None
    old_starts_at: datetime | None
    booked_session_id: UUID | None
    made_at: datetime
    answer_by: datetime
    ended_at: datetime | None
    offered: OfferedSession | None

    @property
    def location_id(self) -> UUID | None:
        """Give the location's id, if any."""
        return None if self.location is None else self.location.id

    def state_at(self, now: datetime) -> OfferState:
        """Give the state at `now`, also if the worker has not yet recorded that it expired."""
        return "expired" if self.state == "open" and now > self.answer_by else self.state

    def cancel_after(self, now: datetime) -> CancelAfter | None:
        """Give what cancelling costs right after a yes at `now`; None: no yes is possible."""
        is_open = self.state_at(now) == "open"
        return self.offered.cancel_after(now) if is_open and self.offered is not None else None


@dataclass(frozen=True, slots=True)
class WishRecord:
    """A wish with its client, and its session, or its group, as it is now. Times are UTC."""

    practice_id: UUID
    id: UUID
    client_id: UUID
    client_name: str
    client_zone: ZoneInfo
    session_id: UUID | None
    service_id: UUID
    practitioner_id: UUID | None
    group_id: UUID | None
    package_id: UUID | None
    state: WishState
    urgent: bool
    times: WishedTimes
    made_at: datetime
    ended_at: datetime | None
    paused_at: datetime | None
    unanswered: int
    session: WaitingSession | None
    group: WaitingSession | None
    offer: OfferRecord | None = field(default=None)

    def columns(self) -> dict[str, Any]:
        """Give the values of the columns that name the wish, or that the audit log tells of."""
        return {
            "practice_id": self.practice_id,
            "id": self.id,
            "client_id": self.client_id,
            "session_id": self.session_id,
            "service_id": self.service_id,
            "practitioner_id": self.practitioner_id,
            "group_id": self.group_id,
            "state": self.state,
            "urgent": self.urgent,
            "paused_at": self.paused_at,
            **self.times.columns(),
        }

    def state_at(self, now: datetime) -> WishState:
        """Give the state at `now`, also if the worker has not yet recorded that it lapsed."""
        until = self.times.until
        return present_state(self.state, self.session or self.group, until, now)


@dataclass(frozen=True, slots=True)
class WishOutcome:
    """A wish after a command. `command_id` None: the command changed nothing."""

    wish: WishRecord
    command_id: UUID | None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class OfferOutcome:
    """An offer after a command, and the session that it has moved or booked."""

    offer: OfferRecord
    session_id: UUID | None
    command_id: UUID | None


@dataclass(frozen=True, slots=True)
class FreedTime:
    """A time that was given up, by `session_id` if a session did.

    With `group_id` it is a seat of that group, at its present time. `released`: the session still
    takes the time.
    """

    practice_id: UUID
    id: UUID
    change_id: UUID
    practitioner_id: UUID
    service_id: UUID | None
    session_id: UUID | None
    group_id: UUID | None
    released: bool
    starts_at: datetime
    ends_at: datetime
    look_at: datetime
    first_offered_at: datetime | None
    ended_at: datetime | None


def waiting_session(row: Any) -> WaitingSession | None:  # noqa: ANN401 - a row
    """Build the session that a wish is for from the wish's row; None if it is for a new one."""
    if row.session_id is None:
        return None
    return WaitingSession(row.session_status == Status.BOOKED, row.session_start)


def waited_group(row: Any) -> WaitingSession | None:  # noqa: ANN401 - a row
    """Build the group for a seat of which a wish is from the wish's row; None: it is for none.

    Whoever waits for a seat waits on when the practice moves the group.
    """
    if row.group_id is None:
        return None
    return WaitingSession(row.group_status == "scheduled", row.group_start)
