"""Deadlines that count working days, and their instants for one session (product.md section 2)."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.policy.rules import Policy, WorkingDays
from app.domain.zones import latest_reading

# A deadline lies so many days before the date of the start at most. If the practice has too few
# working days in that time, the deadline is on the first of these days: never earlier than the
# working days say, so never to the client's disadvantage.
MOST_DAYS_BEFORE = 366

_DAY = timedelta(days=1)


class ClosedDays(NamedTuple):
    """The days on which a practice does not work: ISO weekdays (1 is Monday), and local dates."""

    weekdays: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Tell whether the practice works on a date. A practitioner's own hours do not matter."""
        return day.isoweekday() not in self.weekdays and day not in self.dates


NEVER_CLOSED = ClosedDays()


class FrozenDeadline(NamedTuple):
    """A deadline in working days, and its instant (UTC) for one start of one session.

    The instant is calculated when the session is booked, and whenever its start changes. Holidays
    that are written later do not change it.
    """

    deadline: WorkingDays
    instant: datetime


def working_day_deadlines(policy: Policy) -> list[WorkingDays]:
    """List the different deadlines of a policy that count working days."""
    rules = (policy.cancel, policy.reschedule, policy.change_format)
    deadlines = [
        *(rule.closes for rule in rules),
        *(tier.deadline for rule in rules for tier in rule.fees or ()),
    ]
    found = {deadline for deadline in deadlines if isinstance(deadline, WorkingDays)}
    return sorted(found, key=lambda deadline: (deadline.days, deadline.at))


def freeze_deadlines(
    policy: Policy, starts_at: datetime, zone: ZoneInfo, closed: ClosedDays
) -> tuple[FrozenDeadline, ...]:
    """Calculate the instants of a policy's deadlines in working days, for one start.

    They are at the latest the start. A wall time that a DST change skips or repeats uses the
    reading that favours the client.
    """
    starts_at = starts_at.astimezone(UTC)
    starts_on = starts_at.astimezone(zone).date()
    frozen = []
    for deadline in working_day_deadlines(policy):
        day = _working_day_before(starts_on, deadline.days, closed)
        instant = min(latest_reading(day, deadline.at, zone), starts_at)
        frozen.append(FrozenDeadline(deadline, instant))
    return tuple(frozen)


def _working_day_before(starts_on: date, count: int, closed: ClosedDays) -> date:
    """Find the date that is `count` working days before another one, which may be closed itself."""
    day, first = starts_on, starts_on - MOST_DAYS_BEFORE * _DAY
    left = count
    while left > 0 and day > first:
        day -= _DAY
        left -= closed.is_working_day(day)
    return day
