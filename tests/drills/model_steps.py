"""No sequence of a client's actions costs less than its dearest necessary step.

Asked of what the service has charged: each time that a client gave up is compared with all that was
paid from then on until the session was cancelled.
"""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from tests.drills.model_rules import TICK, Cost, Session, closing, cost, cost_alone


class Step(NamedTuple):
    """A move by the client: what cancelling instead would have cost, and what was charged."""

    instead: int
    charged: int


def step(session: Session, due: Cost, now: datetime) -> Step:
    """Note a move. Where a quote made it cheaper than it is now, that is what it had to cost."""
    charged = due.fee or 0
    if due != cost(session, "reschedule", now):
        carries = due.carries or (0, False)
        return Step(charged + (session.price if carries[1] else carries[0]), charged)
    plain = replace(session, carried=None)
    enabled = session.rules.get("cancel", {}).get("enabled", True)
    is_refused = not enabled or now > closing(session, "cancel")
    at = session.starts_at + TICK if is_refused else now
    return Step(worth(plain, cost_alone(plain, "cancel", at)), charged)


def check_dearest(session: Session, steps: list[Step], end: Cost) -> None:
    """Look whether the client has paid for each time that was given up, by its cancellation."""
    for number, one in enumerate(steps):
        paid = sum(later.charged for later in steps[number:]) + worth(session, end)
        assert paid >= one.instead, f"moves got around the policy: {steps}, then {end}"


def worth(session: Session, paid: Cost) -> int:
    """Value a cost in money: a credit is worth the session's price."""
    return (paid.fee or 0) + (session.price if paid.credit == "forfeited" else 0)
