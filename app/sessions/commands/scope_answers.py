"""Read the results of commands on several sessions of a series."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.money import total
from app.domain.policy.costs import Cost
from app.domain.scope import Stays
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.sessions.commands.orders import NO_COST, Effect, ScopeOutcome, StaffScopeOutcome, Touched
from app.sessions.commands.scope import ScopeSessions
from app.sessions.read.following_queries import read_following
from app.sessions.read.queries import Viewer
from app.sessions.read.staff_queries import read_for_staff


async def answer_client_scope(
    db: AsyncConnection,
    caller: Caller,
    sessions: ScopeSessions,
    costs: Mapping[UUID, Cost],
    command_id: UUID | None,
    *,
    changed: Collection[UUID],
) -> ScopeOutcome:
    """Give the result of a client's command, with the sessions after it."""
    touched = await _touched(db, caller, sessions, costs, changed)
    return ScopeOutcome(touched[0].record, Effect(_total(touched), command_id), touched)


async def answer_staff_scope(
    db: AsyncConnection,
    staff: Staff,
    sessions: ScopeSessions,
    costs: Mapping[UUID, Cost],
    command_id: UUID | None,
    *,
    changed: Collection[UUID],
) -> StaffScopeOutcome:
    """Give the result of a staff command, with the sessions after it."""
    touched = await _touched(db, staff.practice_id, sessions, costs, changed)
    found = await read_for_staff(db, staff.practice_id, sessions.named.id)
    return StaffScopeOutcome(found, Effect(_total(touched), command_id), touched)


async def _touched(
    db: AsyncConnection,
    viewer: Viewer,
    sessions: ScopeSessions,
    costs: Mapping[UUID, Cost],
    changed: Collection[UUID],
) -> list[Touched]:
    """Give each session of the scope after the command, in the order of the series.

    `costs` has the sessions that cost something now, or did so when they were cancelled before.
    """
    why: dict[UUID, Stays] = {record.id: stays for record, stays in sessions.staying}
    return [
        Touched(
            record,
            costs.get(record.id, NO_COST),
            why.get(record.id),
            changed=record.id in changed,
        )
        for record in await read_following(db, viewer, sessions.named.id)
    ]


def _total(touched: Sequence[Touched]) -> Cost:
    """Give the sum of the fees, with what happened to the credit of the named session."""
    return Cost(total(one.cost.fee for one in touched), touched[0].cost.credit)
