"""Read the data in a session's link, and the session that a link opens."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import LinkExpiredError, LinkInvalidError
from app.identity.queries import PRACTICE_COLUMNS, PracticeRecord, has_address, to_practice
from app.identity.tokens.access import Caller
from app.identity.tokens.link import Link
from app.tables.joins import of_practice
from app.tables.practices import Client, Practice
from app.tables.sessions import Session


class OpenedBy(NamedTuple):
    """A caller with access to the one session of a link, and the practice of the session."""

    caller: Caller
    practice: PracticeRecord


async def open_link(
    db: AsyncConnection, link: Link, now: datetime, lifetime: timedelta
) -> OpenedBy:
    """Open a link.

    A link expires `lifetime` after the current end of its session; it stays valid when the session
    moves.

    Raises:
        LinkInvalidError: the session does not exist, the client's email address has changed, or
            staff revoked the link.
        LinkExpiredError: the session ended too long ago, or its practice is closed.
    """
    row = (
        await db.execute(
            select(
                Session.client_id,
                Session.ends_at,
                Session.link_generation,
                Client.address_generation,
                Practice.closed_at,
                *PRACTICE_COLUMNS,
            )
            .select_from(Session)
            .join(Practice, of_practice(link.practice_id, Practice))
            .join(Client, of_practice(link.practice_id, Client, Client.id == Session.client_id))
            .where(Session.practice_id == link.practice_id, Session.id == link.session_id)
        )
    ).one_or_none()
    if row is None:
        raise LinkInvalidError
    present = (row.address_generation, row.link_generation)
    if present != (link.address_generation, link.link_generation):
        raise LinkInvalidError
    if row.closed_at is not None or now > row.ends_at + lifetime:
        raise LinkExpiredError
    caller = Caller(
        practice_id=link.practice_id,
        client_id=row.client_id,
        generation=row.address_generation,
        session_id=link.session_id,
        link_generation=row.link_generation,
    )
    return OpenedBy(caller, to_practice(row))


class PresentLink(NamedTuple):
    """The current link of a session, the session's end, and whether its client was erased."""

    link: Link
    session_ends_at: datetime
    is_erased: bool


async def read_link(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> PresentLink | None:
    """Read the current link of a session; None: there is no such session."""
    row = (
        await db.execute(
            select(
                Client.address_generation,
                Client.erased_at,
                Session.link_generation,
                Session.ends_at,
            )
            .join(Client, of_practice(practice_id, Client, Client.id == Session.client_id))
            .where(of_practice(practice_id, Session, Session.id == session_id))
        )
    ).one_or_none()
    if row is None:
        return None
    link = Link(practice_id, session_id, row.address_generation, row.link_generation)
    return PresentLink(link, row.ends_at, row.erased_at is not None)


def clients_with(address: str) -> Select[UUID, UUID, int, str, str]:
    """Select the active clients with an address, at all open practices."""
    return (
        select(Client.practice_id, Client.id, Client.token_generation, Client.email, Practice.name)
        .join(Practice, Practice.practice_id == Client.practice_id)
        .where(has_address(address), Client.active, Practice.closed_at.is_(None))
        .order_by(Practice.name, Client.practice_id, Client.id)
    )


def practice_of(session_id: UUID) -> Select[UUID, datetime | None]:
    """Select the practice of a session that is named by its id alone."""
    return (
        select(Practice.practice_id, Practice.closed_at)
        .join(Session, Session.practice_id == Practice.practice_id)
        .where(Session.id == session_id)
    )
