"""Issuing the link of a session, and ending those sent so far (product.md section 5)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.trail import Actor, write_change
from app.domain.errors import NotFoundError
from app.links.tokens import Link, LinkTokens
from app.practices.models import Client
from app.sessions.models import Session


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A link's token, and the present end of the session that it opens."""

    token: str
    session_ends_at: datetime


async def sign_link(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, links: LinkTokens
) -> SignedLink:
    """Sign the token that opens a session, as of now. Nothing is written.

    Raises:
        NotFoundError: the practice has no such session.
    """
    row = (
        await db.execute(
            select(Client.address_generation, Session.link_generation, Session.ends_at)
            .join(
                Client,
                and_(Client.practice_id == Session.practice_id, Client.id == Session.client_id),
            )
            .where(Session.practice_id == practice_id, Session.id == session_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    link = Link(practice_id, session_id, row.address_generation, row.link_generation)
    return SignedLink(links.sign(link), row.ends_at)


async def issue_link(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    links: LinkTokens,
    actor: Actor,
    now: datetime,
) -> SignedLink:
    """Give somebody the link that a mail about this session carries.

    Raises:
        NotFoundError: the practice has no such session.
    """
    signed = await sign_link(db, practice_id, session_id, links)
    await write_change(
        db, practice_id, actor, now, subject="link", subject_id=session_id, kind="issued"
    )
    return signed


async def revoke_links(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, actor: Actor, now: datetime
) -> datetime:
    """End every link of a session that was made so far, and the access tokens made from them.

    Gives the instant from which on they are dead.

    Raises:
        NotFoundError: the practice has no such session.
    """
    generation = await db.scalar(
        update(Session)
        .where(Session.practice_id == practice_id, Session.id == session_id)
        .values(link_generation=Session.link_generation + 1)
        .returning(Session.link_generation)
    )
    if generation is None:
        raise NotFoundError
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="link",
        subject_id=session_id,
        kind="revoked",
        details={"generation": generation},
    )
    return now
