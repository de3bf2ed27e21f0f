"""Read what decides whether a freed time was filled again, as it was at the freed start."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    cast,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.intervals import Interval
from app.domain.refill import FreedTime, Standing
from app.domain.zones import to_seconds
from app.fees.queries import ENDS
from app.outbox.due import due_in_open_practices
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.sessions import Fee, Refill, Session
from app.tables.state_at import entries_until, state_at

_DUE = due_in_open_practices(
    "SELECT practice_id, id FROM refills WHERE practice_id = practices.practice_id"
    " AND state = 'pending' AND starts_at <= :until ORDER BY starts_at LIMIT :most"
)


async def list_due_refills(
    db: AsyncConnection, until: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List pending cancellations of all practices with a freed start until then: their ids."""
    due = await db.execute(_DUE, {"until": until, "most": most})
    return [(row.practice_id, row.id) for row in due]


class PendingRefill(NamedTuple):
    """A cancellation that waits for the judgement, and its fee, if it charged one."""

    session_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    freed: FreedTime
    fee_id: UUID | None
    fee_status: str | None


async def session_of_refill(db: AsyncConnection, practice_id: UUID, refill_id: UUID) -> UUID:
    """Give the session that was cancelled."""
    found = await db.execute(
        select(Refill.session_id).where(of_practice(practice_id, Refill, Refill.id == refill_id))
    )
    session_id: UUID = found.scalar_one()
    return session_id


async def read_pending(
    db: AsyncConnection, practice_id: UUID, refill_id: UUID
) -> PendingRefill | None:
    """Read a cancellation; None: it was judged, or undone."""
    fee = of_practice(practice_id, Fee, Fee.change_id == Refill.id)
    found = await db.execute(
        _refills(practice_id)
        .add_columns(Refill.session_id, Fee.id.label("fee_id"), Fee.status.label("fee_status"))
        .outerjoin(Fee, fee)
        .where(Refill.id == refill_id, Refill.state == "pending")
    )
    row = found.one_or_none()
    if row is None:
        return None
    return PendingRefill(
        row.session_id,
        row.practitioner_id,
        row.starts_at,
        row.ends_at,
        _freed(row),
        row.fee_id,
        row.fee_status,
    )


async def read_others(
    db: AsyncConnection, practice_id: UUID, pending: PendingRefill
) -> tuple[list[FreedTime], set[UUID]]:
    """Read the cancellations whose freed times overlap: those to be judged, and what covers others.

    The second part is the ids of the sessions that cover a time which was judged before.
    """
    found = await db.execute(
        _refills(practice_id)
        .add_columns(Refill.state, Refill.covered_by)
        .where(
            Refill.practitioner_id == pending.practitioner_id,
            Refill.id != pending.freed.id,
            Refill.starts_at < pending.ends_at,
            Refill.ends_at > pending.starts_at,
        )
    )
    rows = found.all()
    used = {session_id for row in rows for session_id in row.covered_by}
    return [_freed(row) for row in rows if row.state == "pending"], used


async def read_standing(
    db: AsyncConnection, practice_id: UUID, pending: PendingRefill
) -> list[Standing]:
    """Read the practitioner's sessions in a freed time, as they were at the freed start.

    The latest entry of each session until then counts, so that a late worker reads the same.
    """
    at = pending.starts_at
    moved_since = select(Change.session_id).where(
        of_practice(
            practice_id,
            Change,
            Change.session_id.is_not(None),
            Change.at > at,
            Change.old_starts_at < pending.ends_at,
            Change.old_ends_at > at,
        )
    )
    last = state_at(practice_id, at)
    found = await db.execute(
        select(
            Session.id,
            Session.client_id,
            last.c.starts_at,
            last.c.ends_at,
            _came_at(practice_id, at),
        )
        .select_from(Session)
        .join(last, true())
        .where(
            of_practice(
                practice_id,
                Session,
                Session.practitioner_id == pending.practitioner_id,
                Session.id != pending.session_id,
                or_(
                    (Session.starts_at < pending.ends_at) & (Session.ends_at > at),
                    Session.id.in_(moved_since),
                ),
                last.c.starts_at < pending.ends_at,
                last.c.ends_at > at,
                last.c.kind.not_in(ENDS),
            )
        )
        .order_by(Session.id)
    )
    return [Standing(row.id, row.client_id, _interval(row), row.since) for row in found]


def _came_at(practice_id: UUID, at: datetime) -> ColumnElement[datetime]:
    """Select when a session had come to the time that it has at an instant."""
    came = or_(
        Change.kind.in_(("booked", "restored")),
        Change.old_starts_at != Change.starts_at,
        # Booked again, perhaps where it was before.
        Change.details.has_key("rebooked"),
    )
    since = select(func.max(Change.at)).where(entries_until(practice_id, at), came)
    return since.correlate(Session).scalar_subquery().label("since")


def _refills(practice_id: UUID) -> Select[Any]:
    columns: list[Any] = [
        Refill.id,
        Refill.client_id,
        Refill.practitioner_id,
        Refill.starts_at,
        Refill.ends_at,
        Refill.cancelled_at,
        Refill.covered_percent,
        func.coalesce(_seats_then(practice_id), Group.seats).label("seats"),
        _is_lost(practice_id).label("is_lost"),
    ]
    return (
        select(*columns)
        .select_from(Refill)
        .outerjoin(Group, of_practice(practice_id, Group, Group.id == Refill.group_id))
        .where(Refill.practice_id == practice_id)
    )


def _entries_of_group(practice_id: UUID) -> ColumnElement[bool]:
    return of_practice(
        practice_id,
        Change,
        Change.session_id.is_(None),
        Change.subject == "group",
        Change.subject_id == Refill.group_id,
    )


def _seats_then(practice_id: UUID) -> ColumnElement[int | None]:
    """Select how many seats a group had at the freed start; null: as many as now."""
    return (
        select(cast(Change.details["seats_before"].astext, Integer))
        .where(
            _entries_of_group(practice_id),
            Change.kind == "updated",
            Change.at > Refill.starts_at,
        )
        .order_by(Change.at, Change.id)
        .limit(1)
        .correlate(Refill)
        .scalar_subquery()
    )


def _is_lost(practice_id: UUID) -> ColumnElement[bool]:
    """Tell whether a group was cancelled, or moved to another start, until the freed start."""
    new_start = cast(Change.details["starts_at"].astext, DateTime(timezone=True))
    return (
        exists()
        .where(
            _entries_of_group(practice_id),
            or_(
                Change.kind == "cancelled",
                (Change.kind == "moved") & (Change.old_starts_at != new_start),
            ),
            Change.at >= Refill.cancelled_at,
            Change.at <= Refill.starts_at,
        )
        .correlate(Refill)
    )


def _freed(row: Row[Any]) -> FreedTime:
    return FreedTime(
        row.id,
        row.client_id,
        _interval(row),
        row.cancelled_at,
        row.covered_percent,
        row.seats,
        row.is_lost,
    )


def _interval(row: Any) -> Interval:  # noqa: ANN401 - a row
    return Interval(to_seconds(row.starts_at), to_seconds(row.ends_at))
