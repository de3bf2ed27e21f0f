"""Issue the link of a session, and revoke all links issued so far (product.md section 5)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.domain.errors import ClientErasedError, NotFoundError
from app.identity.tokens.link import LinkTokens
from app.links.queries import read_link
from app.links.repository import raise_generation


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A link's token, and the current end (UTC) of the session that it opens."""

    token: str
    session_ends_at: datetime


async def sign_link(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, links: LinkTokens
) -> SignedLink:
    """Sign a token that opens a session. Writes nothing to the database.

    Raises:
        NotFoundError: the practice has no such session.
        ClientErasedError: its client was erased.
    """
    found = await read_link(db, practice_id, session_id)
    if found is None:
        raise NotFoundError
    if found.is_erased:
        raise ClientErasedError
    return SignedLink(links.sign(found.link), found.session_ends_at)


async def issue_link(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    links: LinkTokens,
    actor: Actor,
    now: datetime,
) -> SignedLink:
    """Issue the same link that emails about this session contain, and record it in the audit log.

    Raises:
        NotFoundError, ClientErasedError: see `sign_link`.
    """
    signed = await sign_link(db, practice_id, session_id, links)
    await write_change(
        db, practice_id, actor, now, subject="link", subject_id=session_id, kind="issued"
    )
    return signed


async def revoke_links(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, actor: Actor, now: datetime
) -> datetime:
    """Revoke all links of a session issued so far, and the access tokens obtained with them.

    Returns the instant of the revocation.

    Raises:
        NotFoundError: the practice has no such session.
    """
    generation = await raise_generation(db, practice_id, session_id)
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
