"""What a client owes and has, read from the database, and what a shown cost does to it.

The books know no rule of a policy. They add up what the client was shown.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import CreditRedemption, Fee, Refill
from app.tables.sessions import Session as SessionTable
from tests.world import World


@dataclass(frozen=True)
class Account:
    """One session's costs, in minor units and numbers of credits.

    `paying` and `lost` are credits that pay and that are forfeited; `uses` those of the client's
    allowance by this session; `to_refund` what was settled and others have refilled.
    """

    status: str = "booked"
    due: int = 0
    settled: int = 0
    to_refund: int = 0
    paying: int = 0
    lost: int = 0
    uses: int = 0
    carried: tuple[int, bool] = (0, False)
    paid_before: int = 0

    def after(self, status: str, cost: "Shown") -> "Account":
        """Give the account after an action of this cost, which leads to this status."""
        moved = {"returned": (-1, 0), "forfeited": (-1, 1), "redeemed": (1, 0)}
        paying, lost = moved.get(cost.credit or "kept", (0, 0))
        if cost.credit == "kept" and self.status != "booked":
            paying, lost = 1, -1  # A forfeited credit pays again.
        return replace(
            self,
            status=status,
            due=self.due + cost.fee,
            paying=self.paying + paying,
            lost=self.lost + lost,
            uses=self.uses + cost.uses,
        )


@dataclass(frozen=True)
class Shown:
    """What an action costs, as the client was shown it."""

    fee: int = 0
    credit: str | None = None
    carries: tuple[int, bool] = (0, False)
    uses: bool = False

    @property
    def is_free(self) -> bool:
        """Tell whether the action needs no quote."""
        return not (self.fee or self.credit == "forfeited" or any(self.carries) or self.uses)

    def covers(self, other: "Shown") -> bool:
        """Tell whether nothing of another cost is more than this one."""
        return (
            other.fee <= self.fee
            and (other.credit != "forfeited" or self.credit == "forfeited")
            and other.carries[0] <= self.carries[0]
            and other.carries[1] <= self.carries[1]
            and other.uses <= self.uses
        )


def minor(money: Any) -> int:
    return 0 if money is None else int(money["amount_minor"])


def carries_of(shown: Any) -> tuple[int, bool]:
    return (0, False) if shown is None else (minor(shown["fee"]), shown["credit"] == "forfeited")


def cost_of(shown: Any, *, uses: bool = False) -> Shown:
    """Read a cost: a decision's, a reason's, a term's, or what it is instead of a use."""
    return Shown(minor(shown["fee"]), shown["credit"], carries_of(shown["carries"]), uses)


def decided_cost(decision: Any) -> Shown:
    """Read the cost of a decision, with the use that it would make of the allowance."""
    return cost_of(decision, uses=decision["free_because"] == "allowance")


def usual_cost(decision: Any) -> Shown:
    """Read what a decision costs without a use of the allowance."""
    allowance = decision["allowance"]
    return cost_of(allowance["instead"] if allowance else decision)


async def read_accounts(world: World) -> dict[UUID, Account]:
    """Read the account of each session of the practice."""
    sessions = await world.rows(SessionTable)
    refilled = {row.id for row in await world.rows(Refill, state="refilled")}
    found = {
        row.id: Account(
            status=row.status,
            carried=(row.carried_fee_minor, row.carried_forfeit),
            paid_before=row.paid_before_minor,
        )
        for row in sessions
    }
    for fee in await world.rows(Fee):
        one = found[fee.session_id]
        if fee.status == "due":
            found[fee.session_id] = replace(one, due=one.due + fee.amount_minor)
        elif fee.status == "settled" and fee.change_id in refilled:
            found[fee.session_id] = replace(one, to_refund=one.to_refund + fee.amount_minor)
        elif fee.status == "settled":
            found[fee.session_id] = replace(one, settled=one.settled + fee.amount_minor)
    for credit in await world.rows(CreditRedemption):
        one = found[credit.session_id]
        if credit.forfeited_at is not None:
            found[credit.session_id] = replace(one, lost=one.lost + 1)
        elif credit.returned_at is None:
            found[credit.session_id] = replace(one, paying=one.paying + 1)
    for use in await world.rows(AllowanceUse, given_back_at=None):
        if use.session_id is not None:
            one = found[use.session_id]
            found[use.session_id] = replace(one, uses=one.uses + 1)
    return found
