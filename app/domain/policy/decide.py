"""Decide what a client may do, until when, and at what cost (product.md section 2).

A decision depends on a policy version, the facts of a session and an instant. Everything that shows
or applies a rule (details, availability, emails, commands) uses this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from app.domain.policy.costs import Cost, CostStep, apply_quote, cost_at, cost_steps
from app.domain.policy.deadlines import closing_of
from app.domain.policy.rules import Action, Policy, rule_of
from app.domain.session import Contact, SessionFacts, Status


class RefusalCode(StrEnum):
    """Why a client may not do an action. Each code is also a problem code."""

    SESSION_NOT_BOOKED = "session-not-booked"
    SESSION_STARTED = "session-started"
    ACTION_DISABLED = "action-disabled"
    NOTICE_TOO_SHORT = "notice-too-short"
    RESCHEDULE_LIMIT_REACHED = "reschedule-limit-reached"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is refused, and whom to contact. `deadline` is the missed one, if any."""

    code: RefusalCode
    deadline: datetime | None
    contact: Contact


@dataclass(frozen=True, slots=True)
class Term:
    """The cost of an action up to and including the instant `until`."""

    until: datetime
    cost: Cost


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy's decision about one action on one session at one instant.

    `cost` is None if and only if there is a `refusal`. `timeline` is the result of `terms`.
    """

    action: Action
    cost: Cost | None
    timeline: Sequence[Term]
    refusal: Refusal | None

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


def decide(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    *,
    quoted: Cost | None = None,
) -> Decision:
    """Decide whether the client may do `action` at `now`, and what it costs.

    `quoted` is the cost of a quote that is still valid. It lifts the closing deadline. For fee,
    credit and carried cost each, the better of the quoted and the due value for the client applies.
    It does not lift the conditions on status, start, `enabled` and limit. Source: product.md
    section 2, "No fee without a quote".
    """
    closes_at = closing_of(policy, action, facts)
    steps = cost_steps(policy, action, facts)
    code = _refusal_code(policy, action, facts, now, late=now > closes_at and quoted is None)
    cost = None
    if code is None:
        cost = cost_at(steps, now)
        if quoted is not None:
            cost = apply_quote(policy, facts, now, quoted, cost)
    return Decision(
        action=action,
        cost=cost,
        timeline=_timeline(steps, closes_at) if _is_enabled(policy, action, facts) else (),
        refusal=None if code is None else _refusal(code, closes_at, facts.contact),
    )


def is_allowed(policy: Policy, action: Action, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether `decide` would allow the action, without calculating its cost."""
    late = now > closing_of(policy, action, facts)
    return _refusal_code(policy, action, facts, now, late=late) is None


def must_keep_format_and_location(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move at `now` must keep the session's format and location.

    True unless a change of format is allowed and free at `now`. Otherwise a move to another time
    and back would circumvent `change_format`. Source: product.md section 10, "Moves and formats".
    """
    facts = _as_single(facts)
    if not is_allowed(policy, Action.CHANGE_FORMAT, facts, now):
        return True
    return not cost_at(cost_steps(policy, Action.CHANGE_FORMAT, facts), now).is_free


def format_change_by_move(policy: Policy, facts: SessionFacts, now: datetime) -> Decision:
    """Decide whether a move to another time may also change the format or the location.

    This holds for seats too: a seat never changes its format where it is, but can move to a group
    with another one.
    """
    return decide(policy, Action.CHANGE_FORMAT, _as_single(facts), now)


def terms(policy: Policy, action: Action, facts: SessionFacts) -> list[Term]:
    """Give the costs of `action` as a timeline; empty if the action is disabled.

    Instants are UTC, ascending; the last one is when the action closes. Adjacent terms with the
    same cost are one term. Limits and the session's status are ignored.
    """
    if not _is_enabled(policy, action, facts):
        return []
    return _timeline(cost_steps(policy, action, facts), closing_of(policy, action, facts))


def _as_single(facts: SessionFacts) -> SessionFacts:
    return replace(facts, is_seat=False) if facts.is_seat else facts


def _is_enabled(policy: Policy, action: Action, facts: SessionFacts) -> bool:
    """Tell whether clients may ever do the action. A seat has the format of its group."""
    if facts.is_seat and action is Action.CHANGE_FORMAT:
        return False
    return rule_of(policy, action).enabled


def _refusal_code(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime, *, late: bool
) -> RefusalCode | None:
    limit = policy.reschedule.limit
    if facts.status is not Status.BOOKED:
        return RefusalCode.SESSION_NOT_BOOKED
    # Converted to UTC: Python compares two datetimes of the same zone by their wall times.
    if now >= facts.starts_at.astimezone(UTC):
        return RefusalCode.SESSION_STARTED
    if not _is_enabled(policy, action, facts):
        return RefusalCode.ACTION_DISABLED
    if late:
        return RefusalCode.NOTICE_TOO_SHORT
    if action is Action.RESCHEDULE and limit is not None and facts.client_moves >= limit:
        return RefusalCode.RESCHEDULE_LIMIT_REACHED
    return None


def _refusal(code: RefusalCode, closes_at: datetime, contact: Contact) -> Refusal:
    return Refusal(
        code=code,
        deadline=closes_at if code is RefusalCode.NOTICE_TOO_SHORT else None,
        contact=contact,
    )


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
