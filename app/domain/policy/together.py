"""Decide about several sessions of one client at once, which share the client's allowance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.policy.allowance import with_uses
from app.domain.policy.decide import Decision, decide
from app.domain.policy.rules import Action, Policy
from app.domain.policy.ways_out import worth
from app.domain.session import SessionFacts


@dataclass(frozen=True, slots=True)
class OneOfSeveral:
    """A session that a command covers; `target` is the start to which a move leads, if known."""

    policy: Policy
    facts: SessionFacts
    target: datetime | None = None


def decide_together(
    sessions: Sequence[OneOfSeveral], action: Action, now: datetime
) -> list[Decision]:
    """Decide about each session. What is left of the allowance goes to the dearest ones.

    Of the same cost the first in the order of `sessions` gets it. No use is counted twice. What a
    decision says is left, is left after the sessions that came before it.
    """
    paid = [
        decide(one.policy, action, one.facts, now, target=one.target, use_allowance=False)
        for one in sessions
    ]
    found, used = list(paid), 0
    for index in sorted(range(len(paid)), key=lambda index: _dearest(sessions, paid, index)):
        if paid[index].allowance is None:
            continue
        one = sessions[index]
        facts = with_uses(one.facts, now, used)
        found[index] = decide(one.policy, action, facts, now, target=one.target)
        used += found[index].uses_allowance
    return found


def _dearest(
    sessions: Sequence[OneOfSeveral], paid: Sequence[Decision], index: int
) -> tuple[int, int]:
    cost = paid[index].cost
    if cost is None:
        return 0, 0
    at_once, later = worth(cost, sessions[index].facts.price)
    return -at_once, -later
