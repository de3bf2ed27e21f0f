"""The model's service, practitioners, sessions, groups and series.

Buffers and durations are in minutes.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
Rules = dict[str, Any]
Place = tuple[str, UUID | None]  # a format, and the location where one is visited


class Carried(NamedTuple):
    """The minimum cost of cancelling, because of moves: a fee, or the credit."""

    fee: int
    forfeits: bool


@dataclass
class Service:
    """The service as offered now. Spans are in minutes."""

    duration: int
    before: int
    after: int
    step: int
    notice: int
    horizon: int
    price: int


@dataclass(eq=False)
class Practitioner:
    """Hours are (start minute, end minute, format or None, location or None)."""

    id: UUID
    zone: ZoneInfo
    weekly: dict[int, list[tuple[int, int, str | None, UUID | None]]]
    overrides: dict[date, list[tuple[int, int, str | None, UUID | None]]]
    days: tuple[date, date]
    holidays: set[date]
    per_day: int | None = None
    per_week: int | None = None
    closed_weekdays: set[int] = field(default_factory=set)
    off: list[tuple[datetime, datetime]] = field(default_factory=list)

    @cache  # noqa: B019 - as short-lived as its run
    def openings(self, place: Place) -> dict[datetime, datetime]:
        """Return, for each working minute on the wall clock, the start of its unbroken interval."""
        found: dict[datetime, datetime] = {}
        day, last = self.days
        while day < last:
            is_closed = day in self.holidays or day.isoweekday() in self.closed_weekdays
            weekly = [] if is_closed else self.weekly.get(day.isoweekday(), [])
            of_day = self.overrides.get(day, weekly)
            worked = {
                number
                for start, end, kind, where in of_day
                if kind in (None, place[0]) and where in (None, place[1])
                for number in range(start, end)
            }
            for number in sorted(worked):
                minute = datetime.combine(day, time()) + number * MINUTE
                found[minute] = found.get(minute - MINUTE, minute)
            day += DAY
        return found

    def works(self, instant: datetime, place: Place) -> bool:
        shown = wall(instant, self.zone).replace(second=0, microsecond=0)
        return shown in self.openings(place)


@dataclass(eq=False)
class Group:
    """A time that several sessions share. It takes its practitioner's time, and no client's."""

    id: UUID
    practitioner: Practitioner
    starts_at: datetime
    place: Place
    duration: int
    before: int
    after: int
    seats: int
    status: str = "scheduled"
    version: int = 1
    client: None = None
    group: None = None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration * MINUTE

    @property
    def takes_until(self) -> datetime:
        return self.starts_at if self.status == "cancelled" else self.ends_at

    @property
    def gap_after(self) -> int:
        return self.after


@dataclass
class Before:
    """A session before its client's last change, which they may take back until `until`.

    `values` are its fields of then. `fees` were recorded by then.
    """

    until: datetime
    values: dict[str, Any]
    steps: list[Any]
    fees: int


@dataclass(eq=False)
class Series:
    """Sessions of one client, in the order of their dates."""

    sessions: "list[Session]"
    id: UUID | None = None


@dataclass(eq=False)
class Session:
    """`duration`, buffers, price, rules and zone are those of the booking, or of the group.

    `asked_until`: the practice asks its client to move it, and waits for an answer until then. If
    it was cancelled for that, its client may still move it. `proposals` are starts that the
    practice proposes.
    `ended_at`, `ended_by`: when and by whom it was cancelled or missed. `due_fee` is the fee of
    that end, and `owed` its place in the fees; `spent`: the end has forfeited the credit.
    `absent`: its client has said that they cannot come. `has_package`: a credit has paid for it.
    `by_practice`: the practice moved it after its client last did. `grace_from`: when it was
    booked; None once it was booked again. `rhythm` is its date in the series. `undoes` is what its
    client's last change has left behind.
    """

    id: UUID
    client: UUID
    practitioner: Practitioner
    starts_at: datetime
    place: Place
    duration: int
    before: int
    after: int
    price: int
    rules: Rules
    booked_for: datetime
    status: str = "booked"
    version: int = 1
    sequence: int = 0
    moves: int = 0
    carried: Carried | None = None
    paid: bool = False
    missed_at: datetime | None = None
    by_practice: bool = False
    grace_from: datetime | None = None
    asked_until: datetime | None = None
    proposals: tuple[datetime, ...] = ()
    request: "dict[Session, str] | None" = field(default=None, repr=False)
    group: Group | None = None
    series: Series | None = field(default=None, repr=False)
    rhythm: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    owed: int | None = None
    due_fee: int = 0
    spent: bool = False
    absent: bool = False
    has_package: bool = False
    undoes: Before | None = field(default=None, repr=False)

    @property
    def rebook_until(self) -> datetime | None:
        """Return until when its policy lets its client book it again; None: never."""
        rule = self.rules.get("rebook")
        if not rule or self.ended_at is None:
            return None
        since = self.starts_at if self.status == "noshow" else self.ended_at
        return since + timedelta(days=rule["days"])

    @property
    def is_credited(self) -> bool:
        return bool((self.rules.get("rebook") or {}).get("fee") == "credited")

    def rebooks(self, now: datetime) -> bool:
        """Tell whether a move books it again by its policy, and not because the practice asks."""
        return self.rebook_until is not None and not self.is_asked(now)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration * MINUTE

    @property
    def takes_until(self) -> datetime:
        """Return the end of the time that the session takes; its start if it takes none."""
        if self.status == "cancelled":
            return self.starts_at
        if self.status == "noshow" and self.missed_at is not None:
            return min(self.ends_at, max(self.starts_at, self.missed_at))
        return self.ends_at

    def is_asked(self, now: datetime) -> bool:
        """Tell whether the practice still waits for an answer: at the latest until the start."""
        is_in_time = self.asked_until is not None and now <= self.asked_until
        return is_in_time and now < self.starts_at

    def may_be_booked_again(self, now: datetime) -> bool:
        """Tell whether the practice has cancelled it to have it moved, and still waits."""
        return self.status == "cancelled" and self.is_asked(now)

    @property
    def gap_after(self) -> int:
        return 0 if self.status == "noshow" else self.after


Taker = Session | Group  # what takes time


@lru_cache(maxsize=200_000)
def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
