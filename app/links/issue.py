"""Making tokens, and ending them, from the command line."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.tokens import AccessTokens, Caller
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.domain.errors import NotFoundError
from app.links.tokens import Link, LinkTokens, link_url
from app.practices.models import Client, Practice
from app.sessions.models import Session
from app.settings import Settings, SettingsError


async def issue_access_token(
    settings: Settings, email: str, practice: str | None, now: datetime
) -> str:
    """Make an access token for the client with this address.

    Raises:
        NotFoundError: nobody who is active has it.
        SettingsError: several clients have it.
    """
    found = (
        select(Client.practice_id, Client.id, Client.token_generation)
        .join(Practice, Practice.practice_id == Client.practice_id)
        .where(Client.email == email, Client.active)
    )
    if practice is not None:
        found = found.where(Practice.name == practice)
    async with brief_engine(settings.service_url) as engine, engine.connect() as db:
        rows = (await db.execute(found)).all()
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise SettingsError("Several clients have this address: say which with --practice.")
    expires_at = now + timedelta(minutes=settings.access_token_minutes)
    return AccessTokens(settings.keys).sign(Caller(*rows[0]), expires_at)


async def issue_link(settings: Settings, session_id: UUID) -> str:
    """Make the link that a mail about this session carries.

    Raises:
        NotFoundError: there is no such session.
    """
    async with brief_engine(settings.service_url) as engine, engine.connect() as db:
        token = await link_token(db, settings, session_id)
    return link_url(settings.portal_url, token)


async def link_token(db: AsyncConnection, settings: Settings, session_id: UUID) -> str:
    """Sign the token that opens a session, as of now.

    Raises:
        NotFoundError: there is no such session.
    """
    row = (
        await db.execute(
            select(
                Session.practice_id,
                Session.id,
                Client.address_generation,
                Session.link_generation,
            )
            .join(
                Client,
                and_(Client.practice_id == Session.practice_id, Client.id == Session.client_id),
            )
            .where(Session.id == session_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return LinkTokens(settings.keys).sign(Link(*row))


async def revoke_links(settings: Settings, session_id: UUID) -> None:
    """End every link of a session that was sent so far, and the access tokens made from them.

    Raises:
        NotFoundError: there is no such session.
    """
    statement = (
        update(Session)
        .where(Session.id == session_id)
        .values(link_generation=Session.link_generation + 1)
    )
    async with brief_engine(settings.service_url) as engine:
        revoked = (await transact(engine, lambda db: db.execute(statement))).rowcount
    if not revoked:
        raise NotFoundError
