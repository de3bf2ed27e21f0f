"""Read the link that a code stands for."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import LinkInvalidError
from app.identity.short_links.codes import hash_code, is_code
from app.identity.tokens.link import Link, LinkTokens
from app.identity.tokens.offer import OfferLink, OfferTokens
from app.tables.practices import Practice
from app.tables.short_links import ShortLink


async def read_session_link(db: AsyncConnection, token: str, tokens: LinkTokens) -> Link:
    """Read the link to a session: the token of an email, or the code of a text message.

    Raises:
        LinkInvalidError: the token is malformed or not signed by us, or there is no such code.
    """
    if not is_code(token):
        return tokens.read(token)
    found = await _find(db, token, tokens.keys)
    if found is None or found.session_id is None:
        raise LinkInvalidError
    return Link(
        found.practice_id, found.session_id, found.address_generation, found.link_generation
    )


async def read_offer_link(db: AsyncConnection, token: str, tokens: OfferTokens) -> OfferLink:
    """Read the link to an offer, as `read_session_link` reads one to a session.

    Raises:
        LinkInvalidError: the token is malformed or not signed by us, or there is no such code.
    """
    if not is_code(token):
        return tokens.read(token)
    found = await _find(db, token, tokens.keys)
    if found is None or found.offer_id is None:
        raise LinkInvalidError
    return OfferLink(
        found.practice_id, found.offer_id, found.address_generation, found.link_generation
    )


async def _find(db: AsyncConnection, code: str, keys: Sequence[str]) -> Row[Any] | None:
    hashes = [hash_code(code, key) for key in keys]
    # By practice: the code names none, and each index begins with it.
    found = (
        select(ShortLink.__table__)
        .select_from(Practice)
        .join(ShortLink, ShortLink.practice_id == Practice.practice_id)
        .where(ShortLink.code_hash.in_(hashes))
    )
    return (await db.execute(found)).one_or_none()
