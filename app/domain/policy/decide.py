"""Decide what a client may do, until when, and at what cost (product.md section 2).

A decision depends on a policy version, the facts of a session and an instant. Everything that shows
or applies a rule (details, availability, emails, commands) uses this module.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.intervals import Interval
from app.domain.policy.allowance import AllowanceChoice, allowance_choice, lifted
from app.domain.policy.costs import (
    Cost,
    CostStep,
    Promised,
    apply_quote,
    cost_at,
    cost_steps,
)
from app.domain.policy.free import FreeBecause, free_times, is_to_book_again, why_free
from app.domain.policy.open_time import OpenTime, is_enabled, open_time_of
from app.domain.policy.rebook import is_rebooking, rebook_until
from app.domain.policy.rules import GIVING_UP, Action, Policy
from app.domain.policy.targets import free_targets, is_free_target
from app.domain.session import Contact, SessionFacts, Status


class RefusalCode(StrEnum):
    """Why a client may not do an action. Each code is also a problem code."""

    SESSION_NOT_BOOKED = "session-not-booked"
    SESSION_STARTED = "session-started"
    ACTION_DISABLED = "action-disabled"
    NOTICE_TOO_SHORT = "notice-too-short"
    RESCHEDULE_LIMIT_REACHED = "reschedule-limit-reached"
    CANCELLATION_OPEN = "cancellation-open"
    ABSENCE_ANNOUNCED = "absence-announced"


class Refusal(NamedTuple):
    """Why an action is refused, and whom to contact. `deadline` is the missed one, if any."""

    code: RefusalCode
    deadline: datetime | None
    contact: Contact


class Term(NamedTuple):
    """The cost of an action up to and including the instant `until`."""

    until: datetime
    cost: Cost


class FreeTargets(NamedTuple):
    """The starts to which a move costs no fee, in seconds since the epoch, and its cost then."""

    starts: Interval
    cost: Cost


class Decision(NamedTuple):
    """The policy's decision about one action on one session at one instant.

    `cost` is None if and only if there is a `refusal`. `timeline` is the result of `terms`.
    `free_because` says what makes an allowed action free, whatever its fees; None: nothing does.
    `forgiven_if_refilled`: what the action costs falls away if others take the freed time.

    Where the fee of a move depends on its target: a decision about all targets has the cost of the
    dearest one, and `free_targets`. A decision about one target has the cost of that one, and
    `is_free_target` says which kind it is; else that is None.

    `allowance` is set if the action costs something that the client's allowance would lift. If it
    does, `cost` is that with the allowance; what moves to `free_targets` cost stays, because they
    do not use it.
    """

    action: Action
    cost: Cost | None
    timeline: Sequence[Term]
    refusal: Refusal | None
    free_because: FreeBecause | None = None
    forgiven_if_refilled: bool = False
    free_targets: FreeTargets | None = None
    is_free_target: bool | None = None
    allowance: AllowanceChoice | None = None

    @property
    def allowed(self) -> bool:
        """Tell whether the client may do the action now."""
        return self.refusal is None

    @property
    def free_until(self) -> datetime | None:
        """Give the end of the free term, even if it has passed; None without a free term.

        A disabled action has no free term. A carried cost can leave none either.
        """
        if not self.timeline or not self.timeline[0].cost.is_free:
            return None
        return self.timeline[0].until

    @property
    def closes_at(self) -> datetime | None:
        """Give the end of the last term, even if it has passed; None if the action is disabled."""
        return self.timeline[-1].until if self.timeline else None

    @property
    def promised(self) -> Promised:
        """Give the costs that a quote with this decision promises: what the decision shows.

        They are those without the allowance, and whether one of it would be used.
        """
        cost = self.cost_without_allowance
        other, free = cost, cost if self.free_targets is None else self.free_targets.cost
        if self.is_free_target is not None:
            other, free = (None, free) if self.is_free_target else (other, None)
        return Promised(other, free, self.uses_allowance)

    @property
    def cost_without_allowance(self) -> Cost | None:
        """Give the cost of the action if it uses up none of the client's allowance."""
        return self.cost if self.allowance is None else self.allowance.instead

    @property
    def without_allowance(self) -> "Decision":
        """Give what is decided if the client pays, and keeps their allowance."""
        if self.allowance is None or not self.allowance.would_use:
            return self
        kept = replace(self.allowance, would_use=False)
        return self._replace(cost=kept.instead, free_because=None, allowance=kept)

    @property
    def uses_allowance(self) -> bool:
        """Tell whether the action uses up one of the client's allowance."""
        return self.allowance is not None and self.allowance.would_use

    @property
    def needs_quote(self) -> bool:
        """Tell whether the client has to agree to what the action costs, or uses up."""
        return self.uses_allowance or (self.cost is not None and not self.cost.is_free)


def decide(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    *,
    quoted: Cost | None = None,
    target: datetime | None = None,
    use_allowance: bool = True,
    promised_use: bool = False,
) -> Decision:
    """Decide whether the client may do `action` at `now`, and what it costs.

    `target` is the start to which a move leads. None: whatever it is, so it is the dearest.
    Without `use_allowance` the client pays what the action costs, and keeps their allowance.
    `promised_use`: the client's quote showed a use of it for this kind of target, so a saved fee
    does not replace it.

    `quoted` is the cost of a quote that is still valid. It lifts the closing deadline. For fee,
    credit and carried cost each, the better of the quoted and the due value for the client applies.
    It does not lift the conditions on status, start, `enabled` and limit. Source: product.md
    section 2, "No fee without a quote".
    """
    times = free_times(policy, action, facts)
    open_time = open_time_of(policy, action, facts, times)
    to_free = is_free_target(policy, facts, target)
    steps = cost_steps(policy, action, facts, to_free_target=to_free)
    because = why_free(times, now)
    is_late = open_time is not None and now > open_time.until and quoted is None
    code = _refusal_code(policy, action, facts, now, because, open_time, late=is_late)
    is_named = code is RefusalCode.NOTICE_TOO_SHORT or _ends_rebooking(policy, action, facts)
    cost = None if code is not None else cost_at(steps, now)
    if cost is not None and quoted is not None and because is None:
        cost = apply_quote(policy, facts, now, quoted, cost)
    decision = Decision(
        action=action,
        cost=cost,
        timeline=() if open_time is None else _timeline(steps, open_time.until),
        refusal=None
        if code is None
        else _refusal(code, open_time, facts.contact, names_deadline=is_late and is_named),
        free_because=because if code is None else None,
        forgiven_if_refilled=action in GIVING_UP
        and cost is not None
        and share_to_refill(policy, facts, cost) is not None,
    )
    if not promised_use:
        decision = _by_target(decision, policy, facts, now, None if target is None else to_free)
    return _by_allowance(decision, policy, facts, now, use=use_allowance)


def _by_allowance(
    decision: Decision, policy: Policy, facts: SessionFacts, now: datetime, *, use: bool
) -> Decision:
    """Say what the allowance has to do with the action, and let it lift the cost.

    It is the last that makes an action free: whatever else does, uses none of it.
    """
    action, cost = decision.action, decision.cost
    if policy.allowance is None or cost is None or decision.free_because is not None:
        return decision
    choice = allowance_choice(policy, action, facts, now, cost, use=use)
    if choice is None or not choice.would_use:
        return decision._replace(allowance=choice)
    cost = lifted(policy.allowance, action, cost)
    because = FreeBecause.ALLOWANCE
    return decision._replace(allowance=choice, cost=cost, free_because=because)


def _by_target(
    decision: Decision,
    policy: Policy,
    facts: SessionFacts,
    now: datetime,
    is_free_target: bool | None,  # noqa: FBT001 - None: the decision is about all targets
) -> Decision:
    """Say what depends on the target of a move, if the fee that is due now does."""
    starts = free_targets(policy, decision.action, facts)
    if starts is None or decision.cost is None or decision.free_because is not None:
        return decision
    if cost_at(cost_steps(policy, decision.action, facts), now).fee is None:
        return decision
    if is_free_target is not None:
        because = FreeBecause.TARGET if is_free_target else None
        return decision._replace(is_free_target=is_free_target, free_because=because)
    cost = cost_at(cost_steps(policy, decision.action, facts, to_free_target=True), now)
    return decision._replace(free_targets=FreeTargets(starts, cost))


def share_to_refill(policy: Policy, facts: SessionFacts, cost: Cost) -> int | None:
    """Give the percentage of the freed time that others must take to forgive a cancellation's cost.

    None: the cost stays, or there is none. A carried cost stays: its client gave up another time.
    Source: product.md section 10, "Refill".
    """
    return None if cost.is_free or facts.carried is not None else policy.cancel.refilled


def is_allowed(policy: Policy, action: Action, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether `decide` would allow the action, without calculating its cost."""
    times = free_times(policy, action, facts)
    open_time = open_time_of(policy, action, facts, times)
    is_late = open_time is not None and now > open_time.until
    because = why_free(times, now)
    return _refusal_code(policy, action, facts, now, because, open_time, late=is_late) is None


def terms(
    policy: Policy, action: Action, facts: SessionFacts, *, to_free_target: bool = False
) -> list[Term]:
    """Give the costs of `action` as a timeline; empty if clients may never do it.

    Those of a move are those to the dearest target, or to a free one. Instants are UTC, ascending;
    the last one is when the action closes. Adjacent terms with the same cost are one term. Limits
    and the session's status are ignored.
    """
    open_time = open_time_of(policy, action, facts, free_times(policy, action, facts))
    if open_time is None:
        return []
    steps = cost_steps(policy, action, facts, to_free_target=to_free_target)
    return _timeline(steps, open_time.until)


def _refusal_code(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    because: FreeBecause | None,
    open_time: OpenTime | None,
    *,
    late: bool,
) -> RefusalCode | None:
    limit = policy.reschedule.limit
    rebooks = action is Action.RESCHEDULE and is_rebooking(policy, facts, now)
    is_answer = action is Action.RESCHEDULE and is_to_book_again(facts, now)
    code = None if rebooks or is_answer else why_not_open(facts, now)
    if code is not None:
        return code
    if because is not FreeBecause.MOVE_REQUEST and not is_enabled(policy, action, facts):
        return RefusalCode.ACTION_DISABLED
    if late:
        return RefusalCode.SESSION_NOT_BOOKED if rebooks else RefusalCode.NOTICE_TOO_SHORT
    if action is Action.ABSENCE:
        may_cancel = open_time is None or (open_time.after is not None and now <= open_time.after)
        return RefusalCode.CANCELLATION_OPEN if may_cancel else None
    is_counted = action is Action.RESCHEDULE and _counts(facts, because)
    if is_counted and limit is not None and facts.client_moves >= limit:
        return RefusalCode.RESCHEDULE_LIMIT_REACHED
    return None


def why_not_open(facts: SessionFacts, now: datetime) -> RefusalCode | None:
    """Tell whether a session is not booked, or has started; None: it is still to come."""
    if facts.status is not Status.BOOKED:
        return RefusalCode.SESSION_NOT_BOOKED
    # Converted to UTC: Python compares two datetimes of the same zone by their wall times.
    return RefusalCode.SESSION_STARTED if now >= facts.starts_at.astimezone(UTC) else None


def counts_as_move(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a client's move to another start counts towards the limit, and is bound by it.

    A move that something makes free does not; nor one that books a session again that the practice
    has cancelled.
    """
    return _counts(facts, why_free(free_times(policy, Action.RESCHEDULE, facts), now))


def _counts(facts: SessionFacts, because: FreeBecause | None) -> bool:
    is_cancelled = facts.ended is not None and facts.status is Status.CANCELLED
    by_practice = is_cancelled and facts.ended is not None and facts.ended.by_practice
    return because is None and not by_practice


def _refusal(
    code: RefusalCode, open_time: OpenTime | None, contact: Contact, *, names_deadline: bool
) -> Refusal:
    deadline = open_time.until if open_time is not None and names_deadline else None
    return Refusal(code, deadline, contact)


def _ends_rebooking(policy: Policy, action: Action, facts: SessionFacts) -> bool:
    """Tell whether the deadline of the action is that of booking the session again."""
    return action is Action.RESCHEDULE and rebook_until(policy, facts) is not None


def _timeline(steps: list[CostStep], closes_at: datetime) -> list[Term]:
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
