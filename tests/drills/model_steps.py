"""No sequence of a client's actions costs less than its most expensive necessary step.

Checked on the charges of the service: each time that a client gave up is compared with all charges
from then until the session was cancelled.
"""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from tests.drills.model_rules import Cost, closing, cost, cost_alone, effect_of, free_because
from tests.drills.model_things import TICK, Session
from tests.world import REASON


class Step(NamedTuple):
    """A move by the client: the cost of cancelling instead, the charge, and what made it free."""

    instead: int
    charged: int
    because: str | None = None


def step(session: Session, due: Cost, now: datetime) -> Step:
    """Record a move. If a quote made it cheaper than now, the quote's cost is the expected one."""
    charged, because = due.fee or 0, free_because(session, "reschedule", now)
    if because:
        return Step(0 if free_because(session, "cancel", now) else session.price, 0, because)
    if is_lifted(session) and due.carries is None:
        return Step(0, 0, "reason")
    if due != cost(session, "reschedule", now):
        carries = due.carries or (0, False)
        return Step(charged + (session.price if carries[1] else carries[0]), charged)
    plain = replace(session, carried=None)
    enabled = session.rules.get("cancel", {}).get("enabled", True)
    is_refused = not enabled or now > closing(session, "cancel")
    at = session.starts_at + TICK if is_refused else now
    return Step(worth(plain, cost_alone(plain, "cancel", at)), charged)


def check_dearest(session: Session, steps: list[Step], end: Cost, now: datetime) -> None:
    """Check, at the cancellation, that the client has paid for each time given up.

    Whatever was saved, a named rule of the contract has made free.
    """
    ended_free = free_because(session, "cancel", now)
    for number, one in enumerate(steps):
        paid = sum(later.charged for later in steps[number:]) + worth(session, end)
        freed = {later.because for later in steps[number:]} | {ended_free}
        freed |= {"reason"} if is_lifted(session) else set()
        is_named = freed & {"move_request", "practice_move", "grace", "reason"}
        assert paid >= one.instead or is_named, f"moves got around the policy: {steps}, then {end}"


def is_lifted(session: Session) -> bool:
    """Tell whether the reason that all clients of a story give lifts what an action costs."""
    return effect_of(session, REASON["code"]) == "none"


def worth(session: Session, paid: Cost) -> int:
    """Convert a cost to money: a credit is worth the session's price."""
    return (paid.fee or 0) + (session.price if paid.credit == "forfeited" else 0)
