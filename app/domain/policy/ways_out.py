"""What a client can do now about a session that they cannot keep, cheapest first.

Source: product.md section 10, "Ways out".
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from app.domain.money import Money, minor_of
from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision
from app.domain.policy.rules import Action, Credit


class Way(StrEnum):
    """A way out, in the order in which those of the same cost are named."""

    CHANGE_FORMAT = "change_format"
    RELEASE = "release"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    ABSENCE = "absence"


class WayOut(NamedTuple):
    """A way out and its cost. `to_free_targets`: a move to starts that cost no fee.

    `uses_allowance`: it uses up one of the client's allowance.
    """

    way: Way
    cost: Cost
    to_free_targets: bool = False
    uses_allowance: bool = False


_RANK = {way: rank for rank, way in enumerate(Way)}


def ways_out(
    decisions: Sequence[Decision], price: Money, *, has_other_format: bool, release: Cost | None
) -> list[WayOut]:
    """List what the decisions allow, cheapest first; of the same cost in the order of `Way`.

    What is due at once counts before what a move carries along, and that before one of the
    allowance. A forfeited credit is worth the price. `release`: what giving up the time costs if
    somebody takes it; None: it is not possible.
    """
    ways = [] if release is None else [WayOut(Way.RELEASE, release)]
    for decision in decisions:
        if decision.action is Action.CHANGE_FORMAT and not has_other_format:
            continue
        if decision.cost is not None:
            way = Way(decision.action)
            ways.append(WayOut(way, decision.cost, uses_allowance=decision.uses_allowance))
        if decision.free_targets is not None:
            ways.append(
                WayOut(Way(decision.action), decision.free_targets.cost, to_free_targets=True)
            )
    return sorted(
        ways, key=lambda one: (*worth(one.cost, price), one.uses_allowance, _RANK[one.way])
    )


def worth(cost: Cost, price: Money) -> tuple[int, int]:
    """Give what is due at once, and what a move carries along, in minor units."""
    forfeited, carried = cost.credit is Credit.FORFEITED, cost.carries
    due = price if forfeited else cost.fee
    later = None if carried is None else price if carried.forfeits_credit else carried.fee
    return minor_of(due), minor_of(later)
