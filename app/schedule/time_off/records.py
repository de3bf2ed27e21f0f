"""Time that a practitioner is not there, as it is read and written."""

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
    """Time taken in another calendar."""

    id: UUID
    source: str
    starts_at: datetime
    ends_at: datetime


Entry = TypeVar("Entry", Absence, BusyTime)


class Window(NamedTuple):
    """Instants `[since, until)`; without `until` it has no end."""

    since: datetime
    until: datetime | None


class Following(NamedTuple):
    """The position of an entry in a list by start, with the window of the list's first page."""

    since: datetime
    until: datetime | None
    starts_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Found(Generic[Entry]):
    """Entries of a list, and the window that they reach into."""

    window: Window
    entries: list[Entry]

    def position_of(self, entry: Entry) -> Following:
        """Give the position of an entry, after which the next page starts."""
        return Following(*self.window, entry.starts_at, entry.id)


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """Time off as it is now, whether it was made just now, and the sessions that do not fit."""

    absence: Absence
    created: bool
    misfits: Misfits


@dataclass(frozen=True, slots=True)
class NewBusyTimes:
    """How many intervals a source has now and how many took no time; sessions that do not fit."""

    source: str
    count: int
    dropped: int
    misfits: Misfits
