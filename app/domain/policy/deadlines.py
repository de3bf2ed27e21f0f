"""The instants of a policy's deadlines, for one session (product.md section 2)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.intervals import Interval
from app.domain.policy.rules import (
    Action,
    Deadline,
    ElapsedNotice,
    Policy,
    WallClock,
    WorkingDays,
    closes_of,
)
from app.domain.session import SessionFacts
from app.domain.zones import latest_reading, start_of_day, to_seconds


def deadline_instant(
    deadline: ElapsedNotice | WallClock, starts_at: datetime, zone: ZoneInfo
) -> datetime:
    """Turn a deadline into an instant (UTC), at the latest the start.

    Elapsed notice counts in UTC, so a DST change never shortens it. A wall-clock deadline that a
    DST change skips or repeats uses the reading that favours the client.
    """
    starts_at = starts_at.astimezone(UTC)
    if isinstance(deadline, ElapsedNotice):
        return starts_at - deadline.before
    day = starts_at.astimezone(zone).date() - timedelta(days=deadline.days_before)
    return min(latest_reading(day, deadline.at, zone), starts_at)


def before_midnight(deadline: WallClock | WorkingDays) -> timedelta:
    """Give how long before the date of the start begins a deadline usually passes.

    As if every day were a working day, without a change of clocks. Negative on the date itself.
    """
    days = deadline.days_before if isinstance(deadline, WallClock) else deadline.days
    return timedelta(days=days, hours=-deadline.at.hour, minutes=-deadline.at.minute)


def instant_of(deadline: Deadline, facts: SessionFacts) -> datetime:
    """Give the instant (UTC) of a deadline for this session.

    Raises:
        KeyError: the session was booked without the instant of a deadline in working days.
    """
    if isinstance(deadline, WorkingDays):
        return dict(facts.frozen_deadlines)[deadline]
    return deadline_instant(deadline, facts.starts_at, facts.zone)


def closing_of(policy: Policy, action: Action, facts: SessionFacts) -> datetime:
    """Give the instant (UTC) after which clients cannot do an action; by default the start."""
    return instant_of(closes_of(policy, action), facts)


def move_window(policy: Policy, facts: SessionFacts, *, asked: bool = False) -> Interval | None:
    """Give the interval that must contain a new start, in seconds since the epoch; None: no limit.

    There is no limit either while the practice asks for a move (`asked`).

    `max_days_from_original` counts dates in the practitioner's zone from the booked start.
    Source: product.md section 10, "Counting".
    """
    days = policy.reschedule.max_days_from_original
    if days is None or asked:
        return None
    booked_on = facts.booked_starts_at.astimezone(facts.zone).date()
    first = start_of_day(booked_on - timedelta(days=days), facts.zone)
    after_last = start_of_day(booked_on + timedelta(days=days + 1), facts.zone)
    return Interval(to_seconds(first), to_seconds(after_last))
