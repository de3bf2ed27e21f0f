"""Records of time off and busy times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from app.schedule.hours.misfits import Misfits

MAX_TIME_OFF = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Absence:
    """Time off. `external_ref` is its id in the practice's own software."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    external_ref: str | None


@dataclass(frozen=True, slots=True)
class BusyTime:
    """A busy time of another calendar. `source` names the calendar."""

    id: UUID
    source: str
    starts_at: datetime
    ends_at: datetime


Entry = TypeVar("Entry", Absence, BusyTime)


class Window(NamedTuple):
    """The instants from `since` to before `until`. None: without end."""

    since: datetime
    until: datetime | None


class Following(NamedTuple):
    """The position of an entry in a list by start, with the window of the first page."""

    since: datetime
    until: datetime | None
    starts_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Found(Generic[Entry]):
    """Entries of a list, and the window that they overlap."""

    window: Window
    entries: list[Entry]

    def position_of(self, entry: Entry) -> Following:
        """Return the position of an entry, for the cursor of the next page."""
        return Following(*self.window, entry.starts_at, entry.id)


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """Time off after a command, whether it is new, and the booked sessions that do not fit."""

    absence: Absence
    created: bool
    misfits: Misfits


@dataclass(frozen=True, slots=True)
class NewBusyTimes:
    """Busy times of a source after a command, and the booked sessions that do not fit.

    `count`: intervals that are stored. `dropped`: intervals of the request without length.
    """

    source: str
    count: int
    dropped: int
    misfits: Misfits
