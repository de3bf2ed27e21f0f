"""Builders of test data: a test sets what its rule needs, everything else has an ordinary value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.availability import (
    BusySession,
    Calendar,
    CurrentMeeting,
    HoursInterval,
    Offer,
    SlotRules,
    SlotSearch,
    WorkingHours,
    offer,
)
from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.policy.rules import (
    Deadline,
    ElapsedNotice,
    FixedFee,
    PercentFee,
    Tier,
    WallClock,
)
from app.domain.session import Carried, Contact, Format, SessionFacts, Status
from app.domain.zones import from_seconds, to_seconds

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
AUCKLAND = ZoneInfo("Pacific/Auckland")
HONOLULU = ZoneInfo("Pacific/Honolulu")
HAVANA = ZoneInfo("America/Havana")

MICROSECOND = timedelta(microseconds=1)
MINUTE = 60
HOUR = 3600

WEDNESDAY = "2026-06-10"
DR_WU = Contact(name="Dr Wu", email="wu@example.com", phone="+1 555 0100")
MAIN_STREET = UUID(int=1)
HARBOUR = UUID(int=2)


# Time


def at(text: str) -> datetime:
    """Parse an RFC 3339 instant."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return instant


def seconds(text: str) -> int:
    """Parse an RFC 3339 instant into seconds since the epoch."""
    return to_seconds(at(text))


def span(start: str, end: str) -> Interval:
    """Parse two RFC 3339 instants into a half-open interval."""
    return Interval(seconds(start), seconds(end))


def local_day(text: str, zone: ZoneInfo, days: int = 1) -> Interval:
    """Return the interval of one or more calendar days in a zone."""
    first = date.fromisoformat(text)
    start = datetime.combine(first, time(0), tzinfo=zone)
    end = datetime.combine(first + timedelta(days=days), time(0), tzinfo=zone)
    return Interval(to_seconds(start), to_seconds(end))


# Policy


def hours_before(hours: float) -> ElapsedNotice:
    return ElapsedNotice(timedelta(hours=hours))


def wall_clock(days_before: int, clock: str) -> WallClock:
    return WallClock(days_before, time.fromisoformat(clock))


def fixed(deadline: Deadline, amount_minor: int) -> Tier:
    return Tier(deadline, FixedFee(amount_minor))


def percent(deadline: Deadline, of_price: str) -> Tier:
    return Tier(deadline, PercentFee(Decimal(of_price)))


def usd(amount_minor: int) -> Money:
    return Money(amount_minor, "USD")


def session(
    starts_at: str = "2026-06-10T15:00Z",
    *,
    booked_for: str | None = None,
    zone: ZoneInfo = NEW_YORK,
    status: Status = Status.BOOKED,
    price: int = 12_000,
    paid_by_credit: bool = False,
    client_moves: int = 0,
    carried: Carried | None = None,
) -> SessionFacts:
    """Build a session's facts; `booked_for` is the start at booking, if it has moved since."""
    return SessionFacts(
        status=status,
        starts_at=at(starts_at),
        booked_starts_at=at(booked_for or starts_at),
        zone=zone,
        price=usd(price),
        paid_by_credit=paid_by_credit,
        client_moves=client_moves,
        carried=carried,
        contact=DR_WU,
    )


# Availability


def opening(
    text: str, format_: Format | None = None, location_id: UUID | None = None
) -> HoursInterval:
    """Parse "09:00-17:00"; "24:00" is the end of the day."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (text[:5], text[6:]))
    return HoursInterval(start, end, format_, location_id)


def hours(
    zone: ZoneInfo,
    *daily: str | HoursInterval,
    weekly: Mapping[int, Sequence[str]] | None = None,
    overrides: Mapping[str, Sequence[str]] | None = None,
) -> WorkingHours:
    """Build working hours: `daily` on all seven days, or `weekly` by ISO weekday."""
    by_weekday = dict.fromkeys(range(1, 8), daily) if weekly is None else weekly
    return WorkingHours(
        zone=zone,
        weekly={weekday: _openings(texts) for weekday, texts in by_weekday.items()},
        overrides={
            date.fromisoformat(day): _openings(texts) for day, texts in (overrides or {}).items()
        },
    )


def _openings(texts: Iterable[str | HoursInterval]) -> list[HoursInterval]:
    return [opening(text) if isinstance(text, str) else text for text in texts]


def busy(start: str, end: str, *, before: int = 0, after: int = 0) -> BusySession:
    """Build another session of the practitioner; buffers in minutes."""
    return BusySession(seconds(start), seconds(end), before * MINUTE, after * MINUTE)


def rules(
    *,
    duration: int = 60,
    step: int = 60,
    before: int = 0,
    after: int = 0,
    notice: int = 0,
    horizon_days: int = 366,
) -> SlotRules:
    """Build slot rules; all spans in minutes."""
    return SlotRules(
        duration=duration * MINUTE,
        buffer_before=before * MINUTE,
        buffer_after=after * MINUTE,
        step=step * MINUTE,
        minimum_notice=notice * MINUTE,
        horizon_days=horizon_days,
    )


FAR_AWAY = CurrentMeeting(start=seconds("2026-12-31T12:00Z"), format=Format.VIDEO, location_id=None)


def request(
    format_: Format = Format.VIDEO,
    *,
    locations: Sequence[UUID | None] = (None,),
    present: CurrentMeeting = FAR_AWAY,
    may_move: bool = True,
    may_change_format: bool = True,
    move_window: Interval | None = None,
) -> SlotSearch:
    """Build a client's search; by default their session is at a distant time."""
    return SlotSearch(format_, locations, present, may_move, may_change_format, move_window)


@dataclass(frozen=True)
class Scene:
    """All input of `offer`: a practitioner's time, a service, a client's request, a range.

    By default the present time is 1 January 2026, and the service takes an hour and starts on the
    hour.
    """

    hours: WorkingHours
    window: Interval
    sessions: Sequence[BusySession] = ()
    blocked: Sequence[Interval] = ()
    per_day: int | None = None
    per_week: int | None = None
    rules: SlotRules = field(default_factory=rules)
    request: SlotSearch = field(default_factory=request)
    now: str = "2026-01-01T00:00Z"

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.hours, self.sessions, self.blocked, self.per_day, self.per_week)

    def offer(self) -> Offer:
        return offer(self.calendar, self.rules, self.request, self.window, seconds(self.now))

    def starts(self) -> list[str]:
        """Return the offered starts in the practitioner's local time, with offset."""
        return [
            from_seconds(slot.start).astimezone(self.hours.zone).isoformat(timespec="minutes")
            for slot in self.offer().slots
        ]

    def clocks(self) -> list[str]:
        """Return the offered starts in the practitioner's local time, as "HH:MM"."""
        return [text[11:16] for text in self.starts()]


def day_in_new_york(*daily: str | HoursInterval, day: str = WEDNESDAY) -> Scene:
    """Build a search in one day of a practitioner in New York with the same hours every day."""
    return Scene(hours(NEW_YORK, *daily), local_day(day, NEW_YORK))


def sessions_at(*starts: str) -> list[BusySession]:
    return [BusySession(seconds(start), seconds(start) + HOUR, 0, 0) for start in starts]
