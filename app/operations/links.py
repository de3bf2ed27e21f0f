"""Operator commands on access tokens and links."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings, SettingsError
from app.database.engine import brief_engine
from app.database.transactions import transact
from app.domain.errors import ClientErasedError
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.link import LinkTokens, link_url
from app.links.commands import issue_link, revoke_links
from app.links.queries import clients_with, practice_of
from app.operations.practice_queries import ListedPractice
from app.operations.practices import choose_practice
from app.standards.addresses import mailbox_key


async def issue_access_token(
    settings: Settings, email: str, practice: str | None, now: datetime
) -> str:
    """Sign an access token for the client with this address.

    Raises:
        SettingsError: no active client of an open practice, or of this practice, has this address,
            or several have.
    """
    async with brief_engine(settings.service_url) as engine, engine.connect() as db:
        key = mailbox_key(email)
        found = await db.execute(clients_with(email))
        rows = [row for row in found if mailbox_key(row.email) == key]
    if not rows:
        raise SettingsError(
            "There is no active client with this address in a practice that is open."
        )
    practices = {row.practice_id: ListedPractice(row.practice_id, row.name, None) for row in rows}
    if practice is not None:
        which = " with a client of this address"
        chosen = choose_practice(practices.values(), practice, which=which).id
        rows = [row for row in rows if row.practice_id == chosen]
    elif len(practices) > 1:
        names = ", ".join(f"{known.id} ({known.name})" for known in practices.values())
        raise SettingsError(
            f"Several practices know this address: name one in --practice: {names}."
        )
    if len(rows) > 1:
        raise SettingsError("Several clients of this practice have this address.")
    [client] = rows
    expires_at = now + timedelta(minutes=settings.access_token_minutes)
    caller = Caller(client.practice_id, client.id, client.token_generation)
    return AccessTokens(settings.keys).sign(caller, expires_at)


async def print_link(settings: Settings, session_id: UUID, now: datetime) -> str:
    """Issue the link of a session and return its URL.

    Raises:
        SettingsError: there is no such session, its practice is closed, or its client was erased.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _practice_of(engine, session_id)
        command = partial(
            issue_link,
            practice_id=practice_id,
            session_id=session_id,
            links=LinkTokens(settings.keys),
            actor=OPERATOR,
            now=now,
        )
        try:
            issued = await transact(engine, command)
        except ClientErasedError:
            raise SettingsError("The client was erased: nothing opens their sessions.") from None
    return link_url(settings.portal_url, issued.token)


async def end_links(settings: Settings, session_id: UUID, now: datetime) -> None:
    """Revoke all links of a session, and the access tokens of these links.

    Raises:
        SettingsError: there is no such session, or its practice is closed.
    """
    async with brief_engine(settings.service_url) as engine:
        practice_id = await _practice_of(engine, session_id)
        command = partial(
            revoke_links, practice_id=practice_id, session_id=session_id, actor=OPERATOR, now=now
        )
        await transact(engine, command)


async def _practice_of(engine: AsyncEngine, session_id: UUID) -> UUID:
    async with engine.connect() as db:
        found = await db.execute(practice_of(session_id))
    row = found.one_or_none()
    if row is None:
        raise SettingsError("There is no session with this id.")
    practice_id, closed_at = row
    if closed_at is not None:
        raise SettingsError("The practice of this session is closed: its links are ended.")
    return practice_id
