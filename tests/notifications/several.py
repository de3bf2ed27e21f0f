"""Commands over several sessions, as those of series, groups and ill days make them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.database.transactions import transact
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judged
from app.domain.session import Status
from app.outbox.outbox import Done, reminders
from app.sessions.commands.finish import ChangedSession, finish_all, new_change
from app.sessions.commands.meeting import Meeting, meeting_of
from app.sessions.commands.orders import NO_COST, ChangeReason, Effect
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.queries import read_session
from tests.world import NOW, World

STAFF = Actor("practice", "Front desk")
ILL = ChangeReason("other", "Dr. Chen is ill.")


async def cancel_all(
    world: World,
    session_ids: Sequence[UUID],
    costs: Mapping[UUID, Cost] | None = None,
    **options: Any,
) -> list[Effect]:
    """Cancel sessions in one command; `options` are those of `finish_all`."""
    return await _change_all(world, session_ids, None, costs or {}, options)


async def move_all(
    world: World,
    session_ids: Sequence[UUID],
    by: timedelta,
    costs: Mapping[UUID, Cost] | None = None,
    **options: Any,
) -> list[Effect]:
    """Move sessions in one command, all by the same time."""
    return await _change_all(world, session_ids, by, costs or {}, options)


async def _change_all(
    world: World,
    session_ids: Sequence[UUID],
    by: timedelta | None,
    costs: Mapping[UUID, Cost],
    options: dict[str, Any],
) -> list[Effect]:
    actor, now = options.pop("actor", STAFF), options.pop("now", NOW)

    async def command(db: AsyncConnection) -> list[Effect]:
        changed = [
            await _change(db, world, session_id, by, costs.get(session_id, NO_COST), actor, now)
            for session_id in session_ids
        ]
        return await finish_all(db, changed, now, command_id=uuid4(), **options)

    return await transact(world.engine, command)


async def _change(
    db: AsyncConnection,
    world: World,
    session_id: UUID,
    by: timedelta | None,
    cost: Cost,
    actor: Actor,
    now: datetime,
) -> ChangedSession:
    record = await read_session(db, world.practice_id, session_id)
    sessions = SessionRepository(db, world.practice_id)
    to: Meeting | None = None
    done: Done = "cancelled"
    if by is None:
        await sessions.set_status(record, Status.CANCELLED, now, in_calendar=True)
    else:
        present, done = meeting_of(record), "rescheduled"
        to = replace(present, starts_at=present.starts_at + by, ends_at=present.ends_at + by)
        await sessions.move(record, to)
    change = new_change(done, actor, record, to=to, judged=Judged(cost), reason=ILL)
    to_come = [] if to is None else reminders(to.starts_at, [1440], now)
    return ChangedSession(record, change, done, to_come)
