"""Time that a practitioner is not there, as it is read and written."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from app.practices.hours.misfits import Misfits

Entry = TypeVar("Entry")

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


class Window(NamedTuple):
    """Instants `[since, until)`; without `until` it has no end."""

    since: datetime
    until: datetime | None


class Following(NamedTuple):
    """Where a list in the order of starts goes on: after this entry, in the first page's window."""

    window: Window
    starts_at: datetime
    id: UUID


class Asked(NamedTuple):
    """Which part of a list: local dates of the practitioner, both inclusive, or the next page."""

    first: date | None
    last: date | None
    following: Following | None
    limit: int


@dataclass(frozen=True, slots=True)
class Found(Generic[Entry]):
    """A page of a list, and one entry more where there is a next one."""

    window: Window
    entries: list[Entry]


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
