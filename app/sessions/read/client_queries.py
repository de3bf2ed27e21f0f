"""List a client's sessions, in pages."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select, true, tuple_
from sqlalchemy.orm import aliased

from app.database.lists import Part
from app.database.statements import Read, Source
from app.domain.errors import UnauthorizedError
from app.domain.session import Status
from app.identity.tokens.access import Caller
from app.sessions.read.records import SessionSummaryRecord
from app.sessions.read.rows import to_summary
from app.sessions.read.statements import SessionJoins
from app.tables.joins import PRACTICE, of_practice
from app.tables.own_session import ABOUT_CLIENT
from app.tables.practices import Client
from app.tables.sessions import Session


class When(StrEnum):
    """Which sessions to list: `upcoming` are booked and not ended, `past` are all others."""

    UPCOMING = "upcoming"
    PAST = "past"
    ALL = "all"


class ClientListPosition(NamedTuple):
    """The position of a session in a client's list. `instant` is the time of the first page."""

    instant: datetime
    starts_at: datetime
    session_id: UUID


async def list_sessions(
    db: Source,
    caller: Caller,
    when: When,
    instant: datetime,
    part: Part[ClientListPosition],
) -> Sequence[SessionSummaryRecord]:
    """List a client's sessions: upcoming ones earliest first, others latest first.

    `instant`, the time of the first page, decides which sessions are upcoming.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    parameters: dict[str, object] = {
        "practice_id": caller.practice_id,
        "client_id": caller.client_id,
        "limit": part.limit,
    }
    if when is not When.ALL:
        parameters |= {"instant": instant}
    if part.after is not None:
        parameters |= {"after_start": part.after.starts_at, "after_id": part.after.session_id}
    rows = await _list_read(when, continued=part.after is not None).rows(db, parameters)
    if not rows:
        raise UnauthorizedError
    first = rows[0]
    caller.confirm(first["token_generation"], first["address_generation"], None)
    return [to_summary(row) for row in rows if row["id"] is not None]


@lru_cache(maxsize=6)
def _list_read(when: When, *, continued: bool) -> Read:
    coming = and_(Session.status == Status.BOOKED, Session.ends_at > bindparam("instant"))
    key = tuple_(Session.starts_at, Session.id)
    last = tuple_(bindparam("after_start"), bindparam("after_id"))
    page = select(Session).where(of_practice(PRACTICE, Session, Session.client_id == Client.id))
    if when is When.UPCOMING:
        page = page.where(coming).order_by(Session.starts_at, Session.id)
        page = page.where(key > last) if continued else page
    else:
        page = page.order_by(Session.starts_at.desc(), Session.id.desc())
        page = page.where(key < last) if continued else page
        page = page.where(~coming) if when is When.PAST else page
    source = page.correlate(Client).limit(bindparam("limit")).lateral("session_page")
    session = aliased(Session, source)
    joins = SessionJoins(session, source, true(), all_booked=when is When.UPCOMING)
    order = (session.starts_at, session.id)
    return Read(
        select(*joins.columns)
        .select_from(joins.source)
        .where(ABOUT_CLIENT)
        .order_by(*(order if when is When.UPCOMING else (part.desc() for part in order)))
    )
