"""The cancellation policy (product.md section 2): what a client may do, until when, at what cost.

A policy version, the facts of a session and an instant go in; a decision comes out. Every place
that tells a client about a rule (details, availability, emails, commands) asks this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.session import Carried, Contact, SessionFacts, Status
from app.domain.zones import latest_reading, start_of_day, to_seconds


class Action(StrEnum):
    """What a client can do to a session. `change_format` keeps the time."""

    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    CHANGE_FORMAT = "change_format"


class Credit(StrEnum):
    """What becomes of the package credit that pays for a session."""

    RETURNED = "returned"
    FORFEITED = "forfeited"
    KEPT = "kept"


class RefusalCode(StrEnum):
    """Why a client may not do an action. Each is a problem code as well."""

    SESSION_NOT_BOOKED = "session-not-booked"
    SESSION_STARTED = "session-started"
    ACTION_DISABLED = "action-disabled"
    NOTICE_TOO_SHORT = "notice-too-short"
    RESCHEDULE_LIMIT_REACHED = "reschedule-limit-reached"


@dataclass(frozen=True, slots=True)
class ElapsedNotice:
    """A deadline that lies a span of elapsed time before the start, whatever the clocks do."""

    before: timedelta


@dataclass(frozen=True, slots=True)
class WallClock:
    """A deadline at a wall time, some calendar days before the start's own day."""

    days_before: int
    at: time


Deadline = ElapsedNotice | WallClock

UNTIL_THE_START = ElapsedNotice(timedelta())


@dataclass(frozen=True, slots=True)
class FixedFee:
    """A fee in minor units of the practice's currency."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class PercentFee:
    """A fee in percent (0 to 100) of the price the session was booked at."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """What an action costs once `deadline` has passed."""

    deadline: Deadline
    fee: FixedFee | PercentFee


@dataclass(frozen=True, slots=True)
class CancelRule:
    """`closes` None: open until the start. `late_credit` applies once any tier is passed."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()
    late_credit: Credit = Credit.RETURNED


@dataclass(frozen=True, slots=True)
class RescheduleRule:
    """`closes` or `fees` None: that of `cancel`, so that a move is no way around either."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] | None = None
    limit: int | None = None
    max_days_from_original: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeFormatRule:
    """Another format, or another location, at the same time."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One immutable version of a cancellation policy. As constructed: free until the start."""

    cancel: CancelRule = field(default_factory=CancelRule)
    reschedule: RescheduleRule = field(default_factory=RescheduleRule)
    change_format: ChangeFormatRule = field(default_factory=ChangeFormatRule)


FREE_UNTIL_THE_START = Policy()


@dataclass(frozen=True, slots=True)
class Cost:
    """What an action costs a client: a fee or none, and what becomes of a credit that pays.

    `carries` is what a move makes a later cancellation cost at least; None for other actions.
    """

    fee: Money | None
    credit: Credit | None
    carries: Carried | None = None

    @property
    def is_free(self) -> bool:
        """Tell whether the client loses nothing, now or by a later cancellation."""
        return self.fee is None and self.credit is not Credit.FORFEITED and self.carries is None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a code, a sentence, and whom to contact. `deadline`: the one missed, if any."""

    code: RefusalCode
    message: str
    deadline: datetime | None
    contact: Contact


@dataclass(frozen=True, slots=True)
class Term:
    """What an action costs up to and including the instant `until`."""

    until: datetime
    cost: Cost


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one action on one session at one instant.

    `cost` is None exactly where there is a `refusal`. `timeline` is what `terms` gives.
    """

    action: Action
    cost: Cost | None
    timeline: Sequence[Term]
    refusal: Refusal | None

    @property
    def allowed(self) -> bool:
        """Tell whether the client may do it now."""
        return self.refusal is None

    @property
    def free_until(self) -> datetime | None:
        """Give the end of the term that costs nothing, also when past; None where there is none.

        There is none where the action is disabled, and where a carried cost leaves no free term.
        """
        if not self.timeline or not self.timeline[0].cost.is_free:
            return None
        return self.timeline[0].until

    @property
    def closes_at(self) -> datetime | None:
        """Give the end of the last term, also when past; None where the action is disabled."""
        return self.timeline[-1].until if self.timeline else None


_SENTENCES = {
    RefusalCode.SESSION_NOT_BOOKED: "This session is no longer booked, so it cannot be changed.",
    RefusalCode.SESSION_STARTED: (
        "This session has already started, so it cannot be changed online."
    ),
    RefusalCode.ACTION_DISABLED: (
        "This cannot be done online for this session. Please contact {name}."
    ),
    RefusalCode.NOTICE_TOO_SHORT: (
        "It is too close to the session to do this online. Please contact {name}."
    ),
    RefusalCode.RESCHEDULE_LIMIT_REACHED: (
        "This session has already been moved as often as it can be online. Please contact {name}."
    ),
}


def decide(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    *,
    quoted: Cost | None = None,
) -> Decision:
    """Say whether the client may do `action` at `now`, and what it costs.

    `quoted` is the cost of a quote that still counts: it lifts the deadline, and of fee, credit and
    carried cost each the better for the client of quoted and now due applies. It never lifts the
    status, the start, `enabled` or the limit. Source: product.md section 2, "No fee without a
    quote".
    """
    closes_at = _closes_at(policy, action, facts)
    steps = _steps(policy, action, facts)
    code = _refusal_code(policy, action, facts, now, late=now > closes_at and quoted is None)
    cost = None
    if code is None:
        cost = _cost(steps, now)
        if quoted is not None:
            cost = _honoured(policy, facts, now, quoted, cost)
    return Decision(
        action=action,
        cost=cost,
        timeline=_timeline(steps, closes_at) if _rule(policy, action).enabled else (),
        refusal=None if code is None else _refusal(code, closes_at, facts.contact),
    )


def is_allowed(policy: Policy, action: Action, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether `decide` would allow the action, without its cost."""
    late = now > _closes_at(policy, action, facts)
    return _refusal_code(policy, action, facts, now, late=late) is None


def keeps_place(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move at `now` must keep the session's format and location.

    It must unless a change of format is allowed and free at that instant: a move to another time
    and back would else get around `change_format`. Source: product.md section 10, "Moves and
    formats".
    """
    cost = decide(policy, Action.CHANGE_FORMAT, facts, now).cost
    return cost is None or not cost.is_free


def cost_by_staff(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime, *, charged: bool
) -> Cost:
    """Give what an action of the practice's own costs the client.

    Where it is `charged`, what the policy asks at `now`, whatever the policy lets clients do, with
    what earlier moves of the client carry along; else nothing, and a credit comes back. A move of
    the practice's own carries nothing. Source: product.md section 2, "Rules bind clients".
    """
    if charged:
        return _cost(_charging_steps(policy, action, facts), now)
    return Cost(None, _credit(policy, action, facts, late=False))


def terms(policy: Policy, action: Action, facts: SessionFacts) -> list[Term]:
    """Give the timeline of what `action` costs until when; empty where it is disabled.

    Instants are UTC, rising; the last is when the option closes. Neighbours that cost the same are
    one term. Limits and the session's status are not part of it.
    """
    if not _rule(policy, action).enabled:
        return []
    return _timeline(_steps(policy, action, facts), _closes_at(policy, action, facts))


def move_window(policy: Policy, facts: SessionFacts) -> Interval | None:
    """Give the seconds since the epoch between which a new start must lie; None: no such rule.

    `max_days_from_original` is a distance in practitioner-local dates from the booked start.
    Source: product.md section 10, "Counting".
    """
    days = policy.reschedule.max_days_from_original
    if days is None:
        return None
    booked_on = facts.booked_starts_at.astimezone(facts.zone).date()
    first = start_of_day(booked_on - timedelta(days=days), facts.zone)
    after_last = start_of_day(booked_on + timedelta(days=days + 1), facts.zone)
    return Interval(to_seconds(first), to_seconds(after_last))


def deadline_instant(deadline: Deadline, starts_at: datetime, zone: ZoneInfo) -> datetime:
    """Turn a deadline into an instant (UTC), never after the start.

    Elapsed notice is counted in UTC, so that a DST change never shortens it. A wall-clock deadline
    that is skipped or repeated by the clocks takes the reading that favours the client.
    """
    starts_at = starts_at.astimezone(UTC)
    if isinstance(deadline, ElapsedNotice):
        return starts_at - deadline.before
    day = starts_at.astimezone(zone).date() - timedelta(days=deadline.days_before)
    return min(latest_reading(day, deadline.at, zone), starts_at)


def _rule(policy: Policy, action: Action) -> CancelRule | RescheduleRule | ChangeFormatRule:
    if action is Action.CANCEL:
        return policy.cancel
    if action is Action.RESCHEDULE:
        return policy.reschedule
    return policy.change_format


def _tiers(policy: Policy, action: Action) -> tuple[Tier, ...]:
    own = _rule(policy, action).fees
    return policy.cancel.fees if own is None else own


def _instant(deadline: Deadline, facts: SessionFacts) -> datetime:
    return deadline_instant(deadline, facts.starts_at, facts.zone)


def _closes_at(policy: Policy, action: Action, facts: SessionFacts) -> datetime:
    closes = _rule(policy, action).closes
    if closes is None and action is Action.RESCHEDULE:
        closes = policy.cancel.closes
    return _instant(UNTIL_THE_START if closes is None else closes, facts)


def _refusal_code(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime, *, late: bool
) -> RefusalCode | None:
    limit = policy.reschedule.limit
    if facts.status is not Status.BOOKED:
        return RefusalCode.SESSION_NOT_BOOKED
    if now >= facts.starts_at.astimezone(UTC):  # within one zone Python compares wall times
        return RefusalCode.SESSION_STARTED
    if not _rule(policy, action).enabled:
        return RefusalCode.ACTION_DISABLED
    if late:
        return RefusalCode.NOTICE_TOO_SHORT
    if action is Action.RESCHEDULE and limit is not None and facts.client_moves >= limit:
        return RefusalCode.RESCHEDULE_LIMIT_REACHED
    return None


def _refusal(code: RefusalCode, closes_at: datetime, contact: Contact) -> Refusal:
    return Refusal(
        code=code,
        message=_SENTENCES[code].format(name=contact.name),
        deadline=closes_at if code is RefusalCode.NOTICE_TOO_SHORT else None,
        contact=contact,
    )


class _Step(NamedTuple):
    """An instant from which on, exclusively, an action costs this, whatever it cost before."""

    passed_at: datetime
    cost: Cost


_ALWAYS = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def _steps(policy: Policy, action: Action, facts: SessionFacts) -> list[_Step]:
    """Order what an action costs from when on; a move also carries a cost along."""
    steps = _charging_steps(policy, action, facts)
    if action is Action.RESCHEDULE:
        return _carrying_steps(steps, _steps_of_giving_up(policy, facts), facts.price)
    return steps


def _charging_steps(policy: Policy, action: Action, facts: SessionFacts) -> list[_Step]:
    """Order the tiers as they are passed, after the time before them all, which is free.

    Of two at one instant the cheaper comes last. A cancellation costs at least what is carried.
    """
    tiers = [
        (_instant(tier.deadline, facts), _fee(tier, facts.price)) for tier in _tiers(policy, action)
    ]
    tiers.sort(key=lambda passed: (passed[0], -passed[1].amount_minor))
    credit = _credit(policy, action, facts, late=True)
    is_charged = credit is not Credit.FORFEITED
    steps = [
        _Step(_ALWAYS, Cost(None, _credit(policy, action, facts, late=False))),
        *(
            _Step(passed_at, Cost(fee if is_charged and fee.amount_minor > 0 else None, credit))
            for passed_at, fee in tiers
        ),
    ]
    carried = facts.carried
    if action is not Action.CANCEL or carried is None:
        return steps
    return [_Step(passed_at, _at_least(cost, carried)) for passed_at, cost in steps]


def _at_least(cost: Cost, carried: Carried) -> Cost:
    """Give the dearer of two costs of a cancellation. A forfeited credit replaces the fee."""
    if cost.credit is Credit.FORFEITED or (carried.forfeits_credit and cost.credit is not None):
        return Cost(None, Credit.FORFEITED)
    fees = [fee for fee in (cost.fee, carried.fee) if fee is not None]
    return Cost(max(fees, key=lambda fee: fee.amount_minor, default=None), cost.credit)


def _steps_of_giving_up(policy: Policy, facts: SessionFacts) -> list[_Step]:
    """Order what a client owes for giving a time up: what cancelling it costs.

    Where cancelling is refused, that is what it would cost after the start, so after all tiers.
    """
    steps = _charging_steps(policy, Action.CANCEL, facts)
    if not policy.cancel.enabled:
        return [_Step(_ALWAYS, steps[-1].cost)]
    closes_at = _closes_at(policy, Action.CANCEL, facts)
    in_time = [step for step in steps if step.passed_at < closes_at]
    return [*in_time, _Step(closes_at, steps[-1].cost)]


def _carrying_steps(moving: list[_Step], giving_up: list[_Step], price: Money) -> list[_Step]:
    """Add to what a move costs what it carries along. Either changes at instants of its own."""
    if all(step.cost.is_free for step in giving_up):
        return moving
    steps: list[_Step] = []
    for passed_at in sorted({step.passed_at for step in (*moving, *giving_up)}):
        cost = _cost(moving, passed_at + _TICK)
        carries = _carried(_cost(giving_up, passed_at + _TICK), cost.fee, price)
        steps.append(_Step(passed_at, Cost(cost.fee, cost.credit, carries)))
    return steps


def _carried(giving_up: Cost, charged: Money | None, price: Money) -> Carried | None:
    """Say what a move carries along: what giving the time up costs, less what the move charges.

    A credit is worth the session's price: a move that charges as much carries no forfeit, one that
    charges less carries all of it. Source: product.md section 10, "Carried cost".
    """
    paid = 0 if charged is None else charged.amount_minor
    if giving_up.credit is Credit.FORFEITED:
        is_paid = charged is not None and paid >= price.amount_minor
        return None if is_paid else Carried(fee=None, forfeits_credit=True)
    left = 0 if giving_up.fee is None else giving_up.fee.amount_minor - paid
    return Carried(Money(left, price.currency), forfeits_credit=False) if left > 0 else None


def _cost(steps: list[_Step], now: datetime) -> Cost:
    """Give what the action costs at `now`, where exactly on a deadline is still in time.

    The tightest tier that has been passed applies, which is the last one.
    """
    return next(step.cost for step in reversed(steps) if step.passed_at < now)


def _timeline(steps: list[_Step], closes_at: datetime) -> list[Term]:
    timeline: list[Term] = []
    ends = [*(step.passed_at for step in steps[1:]), closes_at]
    for step, end in zip(steps, ends, strict=True):
        until = min(end, closes_at)
        if until <= step.passed_at:
            continue
        if timeline and timeline[-1].cost == step.cost:
            timeline.pop()
        timeline.append(Term(until, step.cost))
    return timeline


def _credit(policy: Policy, action: Action, facts: SessionFacts, *, late: bool) -> Credit | None:
    if not facts.paid_by_credit:
        return None
    if action is not Action.CANCEL:
        return Credit.KEPT
    return policy.cancel.late_credit if late else Credit.RETURNED


def _fee(tier: Tier, price: Money) -> Money:
    if isinstance(tier.fee, PercentFee):
        return price.percent(tier.fee.percent)
    return Money(tier.fee.amount_minor, price.currency)


def _honoured(policy: Policy, facts: SessionFacts, now: datetime, quoted: Cost, due: Cost) -> Cost:
    """Take fee, credit and carried cost one by one, each the better for the client.

    What is due to be carried depends on the fee that is charged in the end.
    """
    fee = _lower(quoted.fee, due.fee)
    credit = quoted.credit if due.credit is Credit.FORFEITED else due.credit
    if quoted.carries is None:  # nothing was shown, or it is no move
        return Cost(fee, credit)
    giving_up = _cost(_steps_of_giving_up(policy, facts), now)
    carries = _better_carried(quoted.carries, _carried(giving_up, fee, facts.price))
    return Cost(fee, credit, carries)


def _better_carried(quoted: Carried, due: Carried | None) -> Carried | None:
    """Take carried fee and forfeit one by one, each the better for the client."""
    if due is None:
        return None
    fee = _lower(quoted.fee, due.fee)
    forfeits = quoted.forfeits_credit and due.forfeits_credit
    return None if fee is None and not forfeits else Carried(fee, forfeits)


def _lower(one: Money | None, other: Money | None) -> Money | None:
    if one is None or other is None:
        return None
    return min(one, other, key=lambda fee: fee.amount_minor)
