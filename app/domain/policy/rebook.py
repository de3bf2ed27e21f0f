"""Booking a session again after it was cancelled or missed (product.md section 10, "Rebooking")."""

from datetime import UTC, datetime, timedelta

from app.domain.money import Money, minor_of
from app.domain.policy.free import is_asked
from app.domain.policy.rules import Policy
from app.domain.session import Carried, SessionFacts, Status


def rebook_until(policy: Policy, facts: SessionFacts) -> datetime | None:
    """Give the last instant (UTC) at which the session may be booked again; None: it never may.

    The days are elapsed days. They count from the cancellation, or from the missed start.
    """
    ended = facts.ended
    if policy.rebook is None or ended is None:
        return None
    since = facts.starts_at if facts.status is Status.NOSHOW else ended.at
    return since.astimezone(UTC) + timedelta(days=policy.rebook.days)


def may_be_booked_again(policy: Policy, facts: SessionFacts) -> bool:
    """Tell whether a move can book an ended session again: by the policy, or for the practice."""
    return facts.ended is not None and (policy.rebook is not None or facts.answer_by is not None)


def is_rebooking(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move at `now` books the session again by the policy's rule.

    While the practice asks the client for another time, the move is an answer instead, which has
    no conditions.
    """
    return rebook_until(policy, facts) is not None and not is_asked(facts, now)


def carried_by_rebooking(policy: Policy, facts: SessionFacts) -> Carried | None:
    """Give the cost of the end that the session carries once it is booked again.

    If the policy credits it: the fee that is still due, or the forfeited credit, which then pays
    again. A fee that was settled is paid, so nothing is carried; a waived one is not owed.
    """
    ended = facts.ended
    if policy.rebook is None or not policy.rebook.credited or ended is None:
        return None
    if ended.forfeits_credit:
        return Carried(fee=None, forfeits_credit=True)
    return None if ended.due is None else Carried(ended.due, forfeits_credit=False)


def paid_by_rebooking(policy: Policy, facts: SessionFacts, now: datetime) -> Money | None:
    """Give what counts as paid for earlier ends once a session is booked, perhaps again.

    If the policy credits the cost of the end, a settled fee of it counts from then on.
    """
    ended, rebook = facts.ended, policy.rebook
    is_credited = rebook is not None and rebook.credited and is_rebooking(policy, facts, now)
    if not is_credited or ended is None or ended.due is not None or ended.settled is None:
        return facts.paid_before
    paid = minor_of(facts.paid_before) + ended.settled.amount_minor
    return Money(paid, ended.settled.currency)
