"""Read what a client has used of their allowance, and what is left for their sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.allowance.records import SessionAllowance, UseRecord
from app.database.lists import Part, in_order
from app.domain.errors import NotFoundError
from app.domain.policy.allowance import allowance_left
from app.domain.session import Status
from app.policies.stored import parsed
from app.sessions.read.rows import uses_of
from app.tables.allowance_uses import AllowanceUse, allowance_uses_of
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import Client, PolicyVersion, Service
from app.tables.sessions import Session
from app.web.cursors import TimePosition

# The most sessions for which the answer says what is left.
MAX_SESSIONS = 50

_SESSIONS = (
    select(
        Session.id,
        Session.starts_at,
        Session.service_id,
        Session.policy_time_zone,
        Service.name,
        PolicyVersion.number,
        cast(PolicyVersion.rules, Text).label("rules"),
        allowance_uses_of(Session.client_id).label("uses"),
    )
    .join(PolicyVersion, referred(PolicyVersion, Session.policy_version_id))
    .join(Service, referred(Service, Session.service_id))
    .where(
        of_practice(
            PRACTICE,
            Session,
            Session.client_id == bindparam("client_id"),
            Session.status == Status.BOOKED,
            Session.starts_at > bindparam("now"),
        ),
        PolicyVersion.rules.has_key("allowance"),
    )
    .order_by(Session.starts_at, Session.id)
    .limit(MAX_SESSIONS)
)


async def read_sessions(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, now: datetime
) -> list[SessionAllowance]:
    """Read what is left for each session to come whose policy has an allowance, soonest first."""
    asked = {"practice_id": practice_id, "client_id": client_id, "now": now}
    found = []
    for row in await db.execute(_SESSIONS, asked):
        allowance, zone = parsed(row.rules).allowance, ZoneInfo(row.policy_time_zone)
        assert allowance is not None  # noqa: S101 - the statement asks for it
        left = allowance_left(allowance, uses_of(row.uses), zone, now)
        about = row.id, row.starts_at, row.service_id, row.name, row.number
        found.append(SessionAllowance(*about, zone, left))
    return found


async def list_uses(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, part: Part[TimePosition]
) -> Sequence[UseRecord]:
    """List what a client has used, the latest first, also what was given back.

    Raises:
        NotFoundError: the practice has no such client.
    """
    client = select(Client.id).where(of_practice(practice_id, Client, Client.id == client_id))
    if await db.scalar(client) is None:
        raise NotFoundError
    uses = _uses(practice_id).where(AllowanceUse.client_id == client_id)
    order = (AllowanceUse.used_at, AllowanceUse.id)
    page = in_order(uses, order, part.after, part.limit, latest_first=True)
    return [UseRecord(*row) for row in await db.execute(page)]


async def read_use(db: AsyncConnection, practice_id: UUID, use_id: UUID) -> UseRecord:
    """Read one use, which exists."""
    found = await db.execute(_uses(practice_id).where(AllowanceUse.id == use_id))
    return UseRecord(*found.one())


def _uses(practice_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            AllowanceUse.id,
            AllowanceUse.used_at,
            Change.kind,
            AllowanceUse.session_id,
            AllowanceUse.given_back_at,
            AllowanceUse.given_back_by,
        )
        .join(Change, of_practice(practice_id, Change, Change.id == AllowanceUse.id))
        .where(of_practice(practice_id, AllowanceUse))
    )
