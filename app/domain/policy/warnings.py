"""What a practice may not have meant in its policy (product.md section 10, "Proof-reader").

Deadlines and costs are those of probe sessions, judged as any session is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.money import Money, minor_of
from app.domain.policy.after import facts_once_booked
from app.domain.policy.allowance import lifted
from app.domain.policy.costs import cost_at, cost_steps
from app.domain.policy.deadlines import before_midnight
from app.domain.policy.decide import terms
from app.domain.policy.reasons import ReasonEffect
from app.domain.policy.rules import (
    Action,
    Deadline,
    ElapsedNotice,
    FixedFee,
    Policy,
    Tier,
    WallClock,
    closes_of,
    is_hidden,
    rule_of,
)
from app.domain.policy.working_days import ClosedDays
from app.domain.session import SessionFacts


class WarningCode(StrEnum):
    """What may not be meant."""

    MOVE_CHEAPER = "move-cheaper"
    TIER_NEVER_APPLIES = "tier-never-applies"
    REMINDER_TOO_LATE = "reminder-too-late"
    FEE_ABOVE_PRICE = "fee-above-price"
    DEADLINE_ON_CLOSED_DAY = "deadline-on-closed-day"
    ALLOWANCE_NEVER_APPLIES = "allowance-never-applies"
    EVERY_REASON_FREE = "every-reason-free"


class ServiceTerms(NamedTuple):
    """A service to which the policy applies. `nudges`: a mail comes before cancelling costs."""

    id: UUID
    name: str
    price: Money
    reminder_minutes: Sequence[int]
    nudges: bool = False


class PolicyWarning(NamedTuple):
    """A warning, and the part of the request that it is about, as a JSON pointer.

    `service` is set if it is about one service, `fee` is its fixed fee. `weekdays` are ISO weekdays
    of sessions.
    """

    code: WarningCode
    pointer: str
    service: ServiceTerms | None = None
    fee: Money | None = None
    weekdays: Sequence[int] = ()


# A Wednesday at noon: a session whose deadlines all lie on its own or earlier dates.
_START = datetime(2030, 6, 12, 12, tzinfo=UTC)
_ZONE = ZoneInfo("UTC")
_TICK = timedelta(microseconds=1)
_USUAL_PRICE = 10_000
_ACTIONS = (Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT)
# The start may be at any time of its day, and clocks may change by two hours before it.
_DAY, _CHANGE = timedelta(days=1), timedelta(hours=2)


def warnings(
    policy: Policy, services: Sequence[ServiceTerms], closed: ClosedDays, currency: str
) -> list[PolicyWarning]:
    """Find what may not be meant, for these services and the practice's closed weekdays."""
    prices = [service.price.amount_minor for service in services]
    price = Money(max(prices, default=0) or _USUAL_PRICE, currency)
    found = list(_tiers_that_never_apply(policy))
    if _is_move_cheaper(policy, _probe(policy, price, closed)):
        found.append(PolicyWarning(WarningCode.MOVE_CHEAPER, "/rules/reschedule"))
    found += _deadlines_on_closed_days(policy, closed)
    if _is_allowance_idle(policy, _probe(policy, price, closed)):
        found.append(PolicyWarning(WarningCode.ALLOWANCE_NEVER_APPLIES, "/rules/allowance"))
    if _is_every_reason_free(policy):
        found.append(PolicyWarning(WarningCode.EVERY_REASON_FREE, "/rules/reasons"))
    for service in services:
        found += _fees_above_price(policy, service)
        if _is_reminder_late(policy, service, closed):
            code = WarningCode.REMINDER_TOO_LATE
            found.append(PolicyWarning(code, "/rules/cancel", service))
    return found


def _probe(policy: Policy, price: Money, closed: ClosedDays) -> SessionFacts:
    return facts_once_booked(
        policy,
        _START,
        _ZONE,
        price,
        closed,
        paid_by_credit=False,
        is_seat=False,
        booked_at=None,
    )


def _is_move_cheaper(policy: Policy, facts: SessionFacts) -> bool:
    """Tell whether a move costs less at once than a cancellation at the same time, both open."""
    open_until = [
        found[-1].until
        for action in (Action.CANCEL, Action.RESCHEDULE)
        if (found := terms(policy, action, facts))
    ]
    if len(open_until) < len((Action.CANCEL, Action.RESCHEDULE)):
        return False
    cancelling, moving = (
        cost_steps(policy, action, facts) for action in (Action.CANCEL, Action.RESCHEDULE)
    )
    instants = [step.passed_at + _TICK for step in (*cancelling, *moving)]
    return any(
        minor_of(cost_at(moving, at).fee) < minor_of(cost_at(cancelling, at).fee)
        for at in instants
        if at <= min(open_until)
    )


def _is_allowance_idle(policy: Policy, facts: SessionFacts) -> bool:
    """Tell whether nothing that clients can do costs anything that the allowance lifts.

    An absence does, where cancelling closes before the start.
    """
    allowance = policy.allowance
    if allowance is None:
        return False
    actions = (Action.CANCEL, Action.RESCHEDULE, Action.ABSENCE)
    probes = facts, replace(facts, paid_by_credit=True)
    costs = [
        term.cost
        for action in actions
        for probe in probes
        for term in terms(policy, action, probe)
        if lifted(allowance, action, term.cost) != term.cost
    ]
    return not costs


def _is_every_reason_free(policy: Policy) -> bool:
    """Tell whether there are fees, and every reason that the practice has listed lifts them."""
    listed = [one for one in policy.reasons or () if one.labels]
    has_fees = any(rule_of(policy, action).fees for action in _ACTIONS)
    return bool(listed) and has_fees and all(one.effect is ReasonEffect.NONE for one in listed)


def _tiers_that_never_apply(policy: Policy) -> Iterator[PolicyWarning]:
    for action in _ACTIONS:
        own = rule_of(policy, action).fees or ()
        for index, tier in enumerate(own):
            others = [*own[:index], *own[index + 1 :]]
            if is_hidden(tier, others) or _is_closed_before(policy, action, tier, others):
                pointer = f"/rules/{action}/fees/{index}"
                yield PolicyWarning(WarningCode.TIER_NEVER_APPLIES, pointer)


def _is_closed_before(policy: Policy, action: Action, tier: Tier, others: Sequence[Tier]) -> bool:
    """Tell whether clients can never do the action once the tier's deadline has passed.

    The last tier of `cancel` applies to missed sessions all the same.
    """
    if action is Action.CANCEL and not any(
        _is_never_before(other, tier.deadline) for other in others
    ):
        return False
    is_enabled = rule_of(policy, action).enabled
    return not is_enabled or _is_never_before(tier, closes_of(policy, action))


def _is_never_before(tier: Tier, deadline: Deadline) -> bool:
    """Tell whether a tier's deadline is at or after another one for every session."""
    if tier.deadline == deadline:
        return True
    return _notices(tier.deadline)[1] <= _notices(deadline)[0]


def _notices(deadline: Deadline) -> tuple[timedelta, timedelta]:
    """Give the shortest and the longest time between a deadline and the start."""
    if isinstance(deadline, ElapsedNotice):
        return deadline.before, deadline.before
    earliest = before_midnight(deadline)
    # Closed days make working days longer, without a bound that matters here.
    is_bounded = isinstance(deadline, WallClock) or deadline.days == 0
    longest = earliest + _DAY + _CHANGE if is_bounded else timedelta.max
    return max(earliest - _CHANGE, timedelta()), longest


def _fees_above_price(policy: Policy, service: ServiceTerms) -> Iterator[PolicyWarning]:
    for action in _ACTIONS:
        for index, tier in enumerate(rule_of(policy, action).fees or ()):
            if (
                isinstance(tier.fee, FixedFee)
                and tier.fee.amount_minor > service.price.amount_minor
            ):
                fee = Money(tier.fee.amount_minor, service.price.currency)
                pointer = f"/rules/{action}/fees/{index}/amount_minor"
                yield PolicyWarning(WarningCode.FEE_ABOVE_PRICE, pointer, service, fee)


def _is_reminder_late(policy: Policy, service: ServiceTerms, closed: ClosedDays) -> bool:
    """Tell whether the only reminders come after cancelling is no longer free."""
    is_nudged = service.nudges and bool(policy.cancel.fees)
    if is_nudged or not service.reminder_minutes:
        return False
    found = terms(policy, Action.CANCEL, _probe(policy, service.price, closed))
    if not found or not found[0].cost.is_free or found[0].until == _START:
        return False
    return _START - timedelta(minutes=max(service.reminder_minutes)) > found[0].until


def _deadlines_on_closed_days(policy: Policy, closed: ClosedDays) -> Iterator[PolicyWarning]:
    for action in _ACTIONS:
        rule = rule_of(policy, action)
        deadlines = {
            f"fees/{index}/deadline": tier.deadline for index, tier in enumerate(rule.fees or ())
        }
        for name, deadline in {"closes": rule.closes, **deadlines}.items():
            if not isinstance(deadline, WallClock):
                continue
            weekdays = [
                day
                for day in range(1, 8)
                if day not in closed.weekdays
                and (day - 1 - deadline.days_before) % 7 + 1 in closed.weekdays
            ]
            if weekdays:
                code = WarningCode.DEADLINE_ON_CLOSED_DAY
                yield PolicyWarning(code, f"/rules/{action}/{name}", weekdays=weekdays)
