"""A second, simple and slow implementation of product.md sections 2, 3 and 10.

It uses nothing of app/domain, so both are independent readings of the contract. Time is checked
minute by minute, and deadlines one by one.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
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


@dataclass(frozen=True)
class Cost:
    """`carries` is the minimum cost of a later cancellation, because of a move."""

    fee: int | None
    credit: str | None
    carries: Carried | None = None


@dataclass(frozen=True)
class Verdict:
    """`missed` is the deadline that a refusal names."""

    refusal: str | None
    cost: Cost | None
    free_until: datetime | None
    closes_at: datetime | None
    missed: datetime | None


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
    off: list[tuple[datetime, datetime]] = field(default_factory=list)

    @cache  # noqa: B019 - as short-lived as its run
    def openings(self, place: Place) -> dict[datetime, datetime]:
        """Return, for each working minute on the wall clock, the start of its unbroken interval."""
        found: dict[datetime, datetime] = {}
        day, last = self.days
        while day < last:
            weekly = [] if day in self.holidays else self.weekly.get(day.isoweekday(), [])
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
class Session:
    """`duration`, buffers, price, rules and zone are those of the booking."""

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

    @property
    def gap_after(self) -> int:
        return 0 if self.status == "noshow" else self.after


@lru_cache(maxsize=200_000)
def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def reading(day: date, at: str, zone: ZoneInfo) -> datetime:
    """Find the instant of a local time: the later of two, and the later side of a gap."""
    wanted = datetime.combine(day, time.fromisoformat(at))
    # With the UTC offsets of the day before and of the day after.
    readings = [
        (wanted + shift).replace(tzinfo=zone).astimezone(UTC) - shift for shift in (-DAY, DAY)
    ]
    return max([found for found in readings if wall(found, zone) == wanted] or readings)


def deadline(rule: Rules, session: Session) -> datetime:
    if "before_minutes" in rule:
        return session.starts_at - timedelta(minutes=rule["before_minutes"])
    zone = session.practitioner.zone
    day = wall(session.starts_at, zone).date() - rule["days_before"] * DAY
    return min(reading(day, rule["at"], zone), session.starts_at)


def rule_of(session: Session, action: str, name: str) -> Any:
    """Look up a rule: a move inherits that of `cancel`, unless it has its own, possibly null."""
    own = session.rules.get(action, {})
    if action == "reschedule" and name not in own:
        return rule_of(session, "cancel", name)
    return own.get(name)


def tiers(session: Session, action: str) -> list[Rules]:
    return rule_of(session, action, "fees") or []


def closing(session: Session, action: str) -> datetime:
    closes = rule_of(session, action, "closes")
    return session.starts_at if closes is None else deadline(closes, session)


def amount(tier: Rules, price: int) -> int:
    if "percent" in tier:
        return min(round(Fraction(price) * Fraction(tier["percent"]) / 100), price)
    return int(tier["amount_minor"])


def cost(session: Session, action: str, now: datetime) -> Cost:
    """Return an action's cost at `now`, with the carried cost: exactly on a deadline is in time."""
    alone, carried = cost_alone(session, action, now), session.carried
    if action == "reschedule":
        return Cost(alone.fee, alone.credit, carries(session, alone.fee, now))
    if action == "change_format" or carried is None:
        return alone
    if carried.forfeits or alone.credit == "forfeited":
        return Cost(None, "forfeited")
    return Cost(max(alone.fee or 0, carried.fee) or None, alone.credit)


def carries(session: Session, charged: int | None, now: datetime) -> Carried | None:
    """Return what a move carries: the cost of cancelling, or after the start if that is refused."""
    enabled = session.rules.get("cancel", {}).get("enabled", True)
    is_refused = not enabled or now > closing(session, "cancel")
    given_up = cost(session, "cancel", session.starts_at + TICK if is_refused else now)
    if given_up.credit == "forfeited":
        is_paid = charged is not None and charged >= session.price
        return None if is_paid else Carried(0, forfeits=True)
    left = (given_up.fee or 0) - (charged or 0)
    return Carried(left, forfeits=False) if left > 0 else None


def cost_alone(session: Session, action: str, now: datetime) -> Cost:
    """Return an action's cost by the rules at `now`, without the carried cost."""
    passed = [tier for tier in tiers(session, action) if now > deadline(tier["deadline"], session)]
    credit = ("returned" if action == "cancel" else "kept") if session.paid else None
    if credit == "returned" and passed:
        credit = session.rules["cancel"].get("late_credit", "returned")
    if not passed or credit == "forfeited":
        return Cost(None, credit)
    tightest = max(deadline(tier["deadline"], session) for tier in passed)
    fees = [
        amount(tier, session.price)
        for tier in passed
        if deadline(tier["deadline"], session) == tightest
    ]
    return Cost(min(fees) or None, credit)


def is_free(costs: Cost) -> bool:
    return costs.fee is None and costs.credit != "forfeited" and costs.carries is None


def keeps_place(session: Session, now: datetime) -> bool:
    """Tell whether a move must keep format and location, as a change is refused or not free."""
    change = verdict(session, "change_format", now)
    return change.cost is None or not is_free(change.cost)


def verdict(session: Session, action: str, now: datetime, quoted: Cost | None = None) -> Verdict:
    """Decide. `quoted` lifts the deadline, and gives the better fee and credit of the two."""
    rule = session.rules.get(action, {})
    starts, closes_at, limit = session.starts_at, closing(session, action), rule.get("limit")
    is_late = now > closes_at and quoted is None
    refusals = {
        "session-not-booked": session.status != "booked",
        "session-started": now >= starts,
        "action-disabled": not rule.get("enabled", True),
        "notice-too-short": is_late,
        "reschedule-limit-reached": limit is not None and session.moves >= limit,
    }
    refusal = next((code for code, applies in refusals.items() if applies), None)
    due = None if refusal else cost(session, action, now)
    if due and quoted:
        fee = None if None in (due.fee, quoted.fee) else min(due.fee or 0, quoted.fee or 0)
        credit = quoted.credit if due.credit == "forfeited" else due.credit
        due = Cost(fee, credit, shown(quoted.carries, session, fee, now))
    if refusals["action-disabled"]:
        return Verdict(refusal, due, None, None, None)
    missed = closes_at if refusal == "notice-too-short" else None
    return Verdict(refusal, due, free_until(session, action, closes_at), closes_at, missed)


def shown(
    quoted: Carried | None, session: Session, charged: int | None, now: datetime
) -> Carried | None:
    """Carry the due cost, and never more than a quote has shown."""
    due = quoted and carries(session, charged, now)
    if quoted is None or due is None:
        return None
    least = Carried(min(quoted.fee, due.fee), quoted.forfeits and due.forfeits)
    return least if any(least) else None


def free_until(session: Session, action: str, closes_at: datetime) -> datetime | None:
    """Try each end in turn. What a move carries changes when the cost of cancelling changes."""
    asked = {action, "cancel"} if action == "reschedule" else {action}
    ends = sorted(
        [deadline(tier["deadline"], session) for name in asked for tier in tiers(session, name)]
        + [closing(session, name) for name in asked]
    )
    last = None
    for instant in [*(end for end in ends if end < closes_at), closes_at]:
        if not is_free(cost(session, action, instant)):
            break
        last = instant
    return last
