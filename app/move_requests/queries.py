"""Read move requests, and the sessions that a new one names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, from_instant, in_order, matching
from app.domain.errors import NotFoundError
from app.domain.session import Status
from app.move_requests.records import AskedSession, MoveRequestRecord, SessionsOfRange
from app.outbox.due import due_in_open_practices
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.practices import Client
from app.tables.sessions import Session
from app.web.cursors import TimePosition


def _open_is(wanted: tuple[bool, datetime]) -> ColumnElement[bool]:
    """Match requests by whether a client can still answer, also if the worker is late."""
    is_open, now = wanted
    of_request = of_practice(
        PRACTICE,
        MoveRequestSession,
        MoveRequestSession.move_request_id == MoveRequest.id,
        MoveRequestSession.state == "asked",
    )
    to_come = and_(referred(Session, MoveRequestSession.session_id), Session.starts_at > now)
    found = and_(MoveRequest.answer_by >= now, exists().where(of_request, to_come))
    return found if is_open else not_(found)


FILTERS: Mapping[str, Filter] = {
    "open_is": _open_is,
    "since": from_instant(MoveRequest.asked_at),
    "until": before_instant(MoveRequest.asked_at),
}


async def read_move_request(
    db: AsyncConnection, practice_id: UUID, request_id: UUID
) -> MoveRequestRecord:
    """Read a move request with its sessions.

    Raises:
        NotFoundError: the practice has no such request.
    """
    wanted = _requests().where(MoveRequest.id == request_id)
    found = await _with_sessions(db, practice_id, wanted)
    if not found:
        raise NotFoundError
    return found[0]


async def list_move_requests(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], now: datetime
) -> list[MoveRequestRecord]:
    """List move requests of the practice with their sessions, the latest first.

    `open` are those that a client can still answer at `now`.
    """
    filters = dict(part.filters)
    if "open" in filters:
        filters["open_is"] = filters.pop("open"), now
    part = replace(part, filters=filters)
    return await _with_sessions(db, practice_id, list_statement(part))


def list_statement(part: Part[TimePosition]) -> Select[Any]:
    """Build the statement that reads one page of the list, without the sessions."""
    return in_order(
        _requests().where(*matching(FILTERS, part.filters)),
        (MoveRequest.asked_at, MoveRequest.id),
        part.after,
        part.limit,
        latest_first=True,
    )


def _requests() -> Select[Any]:
    columns: list[Any] = [
        MoveRequest.id,
        MoveRequest.note,
        MoveRequest.answer_by,
        MoveRequest.meanwhile,
        MoveRequest.asked_at,
        MoveRequest.withdrawn_at,
        MoveRequest.told_at,
    ]
    return select(*columns).where(of_practice(PRACTICE, MoveRequest))


async def _with_sessions(
    db: AsyncConnection, practice_id: UUID, wanted: Select[Any]
) -> list[MoveRequestRecord]:
    requests = (await db.execute(wanted, {"practice_id": practice_id})).all()
    sessions: dict[UUID, list[AskedSession]] = {row.id: [] for row in requests}
    if sessions:
        for row in await _sessions_of(db, practice_id, list(sessions)):
            sessions[row.move_request_id].append(_asked_session(row))
    return [
        MoveRequestRecord(
            row.id,
            row.note,
            row.answer_by,
            row.meanwhile,
            row.asked_at,
            row.withdrawn_at,
            row.told_at,
            sessions[row.id],
        )
        for row in requests
    ]


async def _sessions_of(
    db: AsyncConnection, practice_id: UUID, request_ids: Sequence[UUID]
) -> Sequence[Row[Any]]:
    asked = MoveRequestSession
    found = await db.execute(
        select(
            asked.move_request_id,
            asked.session_id,
            asked.state,
            asked.starts_at,
            asked.proposals,
            asked.answered_at,
            Session.client_id,
            Session.practitioner_id,
            Session.status,
            Session.starts_at.label("present_start"),
            Client.name.label("client_name"),
        )
        .select_from(asked)
        .join(Session, referred(Session, asked.session_id))
        .join(Client, referred(Client, Session.client_id))
        .where(of_practice(PRACTICE, asked, asked.move_request_id.in_(request_ids)))
        .order_by(asked.starts_at, asked.session_id),
        {"practice_id": practice_id},
    )
    return found.all()


def _asked_session(row: Row[Any]) -> AskedSession:
    return AskedSession(
        row.session_id,
        row.client_id,
        row.client_name,
        row.practitioner_id,
        row.starts_at,
        row.state,
        row.answered_at,
        [datetime.fromisoformat(start) for start in row.proposals],
        Status(row.status),
        row.present_start,
    )


async def ids_in_range(
    db: AsyncConnection, practice_id: UUID, within: SessionsOfRange, now: datetime, most: int
) -> list[UUID]:
    """Find the booked sessions of a range that have not started, soonest first, up to `most`."""
    found = await db.scalars(
        select(Session.id)
        .where(
            of_practice(
                practice_id,
                Session,
                Session.practitioner_id == within.practitioner_id,
                Session.status == Status.BOOKED,
                Session.starts_at >= within.since,
                Session.starts_at < within.until,
                Session.starts_at > now,
            )
        )
        .order_by(Session.starts_at, Session.id)
        .limit(most)
    )
    return list(found.all())


_SESSIONS = (
    "SELECT FROM move_request_sessions o"
    " JOIN sessions s ON s.practice_id = practices.practice_id AND s.id = o.session_id"
    " WHERE o.practice_id = practices.practice_id AND o.move_request_id = r.id"
)
_DUE = due_in_open_practices(
    "SELECT r.practice_id, r.id FROM move_requests r"  # noqa: S608 - constants only
    " WHERE r.practice_id = practices.practice_id"
    " AND r.told_at IS NULL AND r.withdrawn_at IS NULL AND (r.answer_by < :now"
    f" OR EXISTS ({_SESSIONS} AND o.state = 'asked' AND s.starts_at <= :now)"
    f" OR NOT EXISTS ({_SESSIONS} AND s.starts_at > :now))"
    " ORDER BY r.answer_by LIMIT :most"
)


async def list_due_requests(
    db: AsyncConnection, now: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List requests of all practices that can be closed, for a session at least.

    Gives practice id and request id.
    """
    due = await db.execute(_DUE, {"now": now, "most": most})
    return [(row.practice_id, row.id) for row in due]
