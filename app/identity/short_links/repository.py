"""Write and delete short links, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.short_links.codes import hash_code
from app.identity.tokens.link import Link
from app.identity.tokens.offer import OfferLink
from app.tables.joins import of_practice
from app.tables.sessions import Session
from app.tables.short_links import ShortLink
from app.tables.waitlist import Offer, Wish


async def store_link(
    db: AsyncConnection, code: str, key: str, link: Link | OfferLink, now: datetime
) -> None:
    """Store a code's hash by a key, with the link that it is for. A repetition changes nothing."""
    practice_id, record_id, address_generation, link_generation = link
    to_session = isinstance(link, Link)
    await db.execute(
        insert(ShortLink)
        .values(
            practice_id=practice_id,
            code_hash=hash_code(code, key),
            session_id=record_id if to_session else None,
            offer_id=None if to_session else record_id,
            address_generation=address_generation,
            link_generation=link_generation,
            made_at=now,
        )
        .on_conflict_do_nothing()
    )


async def delete_links_of_client(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> None:
    """Delete the short links that went to a client's telephone: it is theirs no more."""
    of_session = exists().where(
        of_practice(
            practice_id, Session, Session.id == ShortLink.session_id, Session.client_id == client_id
        )
    )
    of_offer = exists().where(
        of_practice(practice_id, Offer, Offer.id == ShortLink.offer_id),
        of_practice(practice_id, Wish, Wish.id == Offer.wish_id, Wish.client_id == client_id),
    )
    own = of_practice(practice_id, ShortLink, or_(of_session, of_offer))
    await db.execute(delete(ShortLink).where(own))


async def delete_links_until(db: AsyncConnection, until: datetime) -> None:
    """Delete the short links of all practices that open nothing any more.

    Those are the links to sessions, and to offered times, that had ended at `until`.
    """
    for table, column in ((Session, ShortLink.session_id), (Offer, ShortLink.offer_id)):
        ended = (
            delete(ShortLink)
            .where(ShortLink.practice_id == table.practice_id, column == table.id)
            .where(table.ends_at < until)
        )
        await db.execute(ended)
