"""The facts of a session once it is booked or has another start, and what cancelling costs then.

Commands give their facts to the mails before the session, and clients are shown what cancelling
will cost before they agree. Source: product.md section 10, "What cancelling costs afterwards".
"""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.policy.allowance import with_uses
from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision, decide
from app.domain.policy.free import is_grace_over
from app.domain.policy.rebook import paid_by_rebooking
from app.domain.policy.rules import Action, Policy
from app.domain.policy.working_days import ClosedDays, FrozenDeadline, freeze_deadlines
from app.domain.session import NO_CONTACT, SessionFacts, Status


@dataclass(frozen=True, slots=True)
class CancelAfter:
    """What cancelling a session costs right after a change of it.

    `cost` None: the client can no longer cancel. `free_until` is that of the decision: it may have
    passed, and None means that cancelling is never free.
    """

    cost: Cost | None
    free_until: datetime | None
    uses_allowance: bool = False


@dataclass(frozen=True, slots=True)
class OfferedSession:
    """The session that an offer moves or books: its rules, and its facts after a yes.

    `is_new`: the yes books it, so its grace counts from then.
    """

    policy: Policy
    facts: SessionFacts
    is_new: bool

    def cancel_after(self, now: datetime) -> CancelAfter:
        """Give what cancelling costs right after a yes at `now`."""
        facts = replace(self.facts, grace_from=now) if self.is_new else self.facts
        return cancel_after(self.policy, facts, now)


def cancel_after(policy: Policy, facts: SessionFacts, now: datetime) -> CancelAfter:
    """Give what cancelling costs at `now`, by the facts after the change."""
    decision = decide(policy, Action.CANCEL, facts, now)
    return CancelAfter(decision.cost, decision.free_until, decision.uses_allowance)


def facts_once_booked(
    policy: Policy,
    starts_at: datetime,
    zone: ZoneInfo,
    price: Money,
    closed: ClosedDays,
    *,
    paid_by_credit: bool,
    is_seat: bool,
    booked_at: datetime | None,
) -> SessionFacts:
    """Give the facts of a new session. They name no contact, because nothing is refused."""
    return SessionFacts(
        status=Status.BOOKED,
        starts_at=starts_at,
        booked_starts_at=starts_at,
        zone=zone,
        price=price,
        paid_by_credit=paid_by_credit,
        client_moves=0,
        carried=None,
        contact=NO_CONTACT,
        is_seat=is_seat,
        grace_from=booked_at,
        frozen_deadlines=freeze_deadlines(policy, starts_at, zone, closed),
    )


def facts_once_moved(
    facts: SessionFacts,
    starts_at: datetime,
    frozen: tuple[FrozenDeadline, ...],
    *,
    by_client: bool | None = None,
    ends_grace: bool = False,
) -> SessionFacts:
    """Give the facts of a session that is booked at `starts_at`, perhaps again.

    `by_client`: who has moved it to another start; None: nobody has, or neither side. A move
    request ends with it. `ends_grace`: the grace after the booking is over for good.
    """
    return replace(
        facts,
        status=Status.BOOKED,
        starts_at=starts_at,
        moved_by_practice=facts.moved_by_practice if by_client is None else not by_client,
        answer_by=facts.answer_by if starts_at == facts.starts_at else None,
        ended=None,
        paid_by_credit=facts.paid_by_credit or facts.has_paid_by_credit,
        has_paid_by_credit=False,
        frozen_deadlines=frozen,
        grace_from=None if ends_grace else facts.grace_from,
    )


def facts_once_accepted(
    policy: Policy, facts: SessionFacts, starts_at: datetime, closed: ClosedDays
) -> SessionFacts:
    """Give the facts of a session after an accepted offer, which is neither side's move."""
    frozen = freeze_deadlines(policy, starts_at, facts.zone, closed)
    return facts_once_moved(facts, starts_at, frozen)


def facts_once_moved_by_client(
    policy: Policy,
    facts: SessionFacts,
    starts_at: datetime,
    closed: ClosedDays,
    move: Decision,
    now: datetime,
) -> SessionFacts:
    """Give the facts of a session after its client's move at `now`, which may book it again.

    `move` is the decision about it. At the same start it is a change of format, which leaves them.
    """
    if facts.ended is None and starts_at == facts.starts_at:
        return facts
    frozen = freeze_deadlines(policy, starts_at, facts.zone, closed)
    ends_grace = facts.ended is not None or is_grace_over(policy, facts, now)
    after = facts_once_moved(facts, starts_at, frozen, by_client=True, ends_grace=ends_grace)
    carried = None if move.cost is None else move.cost.carries
    paid = paid_by_rebooking(policy, facts, now)
    after = replace(after, carried=carried, paid_before=paid)
    return with_uses(after, now, int(move.uses_allowance))
