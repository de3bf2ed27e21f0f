"""When clients are told that cancelling is free for a short while more (product.md section 10).

Source: "Nudge". The mail goes before the session's own `free_until`, where a cost follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from app.domain.nights import before_night
from app.domain.policy.costs import Cost, cost_at, cost_steps
from app.domain.policy.decide import terms
from app.domain.policy.rules import Action, Policy
from app.domain.session import SessionFacts, Status

DEFAULT_NUDGE_HOURS = 24
# A client who has booked or moved a session has just read its deadlines.
AFTER_CHANGE = timedelta(hours=12)
# A reminder and a nudge that are due so close together are one mail.
MERGED_WITHIN = timedelta(hours=6)

# `reminder_nudge` is one mail that reminds of the session and is a nudge too.
ReminderKind = Literal["reminder", "nudge", "reminder_nudge"]


@dataclass(frozen=True, slots=True)
class EndOfFree:
    """Cancelling is free up to and including `until` (UTC), and costs `then` afterwards.

    `closes`: afterwards the client cannot cancel any more, and `then` is the cost of a missed
    session.
    """

    until: datetime
    then: Cost
    closes: bool


class PlannedMail(NamedTuple):
    """A reminder, a nudge, or both in one, that is due at `at`."""

    kind: ReminderKind
    at: datetime


def end_of_free(policy: Policy, facts: SessionFacts) -> EndOfFree | None:
    """Give until when cancelling a booked session is free, if it costs something afterwards.

    None: it is never free or never allowed, it is free until the start, or nothing follows.
    """
    timeline = terms(policy, Action.CANCEL, facts)
    if facts.status is not Status.BOOKED or not timeline or not timeline[0].cost.is_free:
        return None
    until = timeline[0].until
    if until >= facts.starts_at.astimezone(UTC):
        return None
    closes = len(timeline) == 1
    then = cost_at(cost_steps(policy, Action.ABSENCE, facts), until) if closes else timeline[1].cost
    return None if then.is_free else EndOfFree(until, then, closes)


def nudge_at(
    policy: Policy, facts: SessionFacts, hours_before: int | None, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """Give the instant of the nudge of a session that is booked or moved at `now`; None: none.

    `hours_before` None: the service has no nudge. `zone` is the client's: at night the nudge goes
    in the evening before.
    """
    end = None if hours_before is None else end_of_free(policy, facts)
    if end is None or hours_before is None:
        return None
    at = before_night(end.until - timedelta(hours=hours_before), zone)
    return at if at - now >= AFTER_CHANGE else None


def plan_reminders(
    starts_at: datetime, offsets_minutes: Sequence[int], now: datetime, nudge: datetime | None
) -> list[PlannedMail]:
    """Give a reminder for each offset that is in the future, and the nudge, soonest first.

    The nudge and the reminder nearest to it are one mail if they are due within six hours. It goes
    when the first of them is due, so neither is late.
    """
    times = {starts_at - timedelta(minutes=minutes) for minutes in offsets_minutes}
    planned = [PlannedMail("reminder", at) for at in times if at > now]
    if nudge is not None:
        near = [one for one in planned if abs(one.at - nudge) <= MERGED_WITHIN]
        nearest = min(near, key=lambda one: (abs(one.at - nudge), one.at), default=None)
        if nearest is None:
            planned.append(PlannedMail("nudge", nudge))
        else:
            planned.remove(nearest)
            planned.append(PlannedMail("reminder_nudge", min(nudge, nearest.at)))
    return sorted(planned, key=lambda one: one.at)
