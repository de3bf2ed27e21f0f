"""Who may see and answer an offer: its client signed in, or a link to its session or to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.errors import LinkExpiredError, LinkInvalidError, NotFoundError, UnauthorizedError
from app.identity.queries import confirm_caller
from app.identity.tokens.access import Caller
from app.identity.tokens.offer import OfferLink
from app.waitlist.queries import offers_of_client, read_generations, read_offer
from app.waitlist.records import OfferRecord


@dataclass(frozen=True, slots=True)
class OfferCaller:
    """The caller of a request about offers: an access token, or the link of one offer.

    The link of an offer has expired if the offered time ended before `oldest_end`.
    """

    by: Caller | OfferLink
    oldest_end: datetime
    origin: str | None = None

    @property
    def practice_id(self) -> UUID:
        """The caller's practice."""
        return self.by.practice_id

    @property
    def scope(self) -> str:
        """The scope of the caller's idempotency keys."""
        if isinstance(self.by, OfferLink):
            return f"offer:{self.by.offer_id}"
        return self.by.scope

    @property
    def actor(self) -> Actor:
        """The actor that the audit log names."""
        return self.by.actor if isinstance(self.by, Caller) else Actor("link", origin=self.origin)


async def confirm_offer_caller(db: AsyncConnection, caller: OfferCaller) -> None:
    """Check that the caller's token has not been revoked since it was signed.

    Raises:
        UnauthorizedError: it was revoked.
    """
    if isinstance(caller.by, Caller):
        await confirm_caller(db, caller.by)
        return
    try:
        await check_offer_link(db, caller.by, caller.oldest_end)
    except (LinkInvalidError, LinkExpiredError):
        raise UnauthorizedError from None


async def check_offer_link(db: AsyncConnection, link: OfferLink, oldest_end: datetime) -> None:
    """Check the link of an offer.

    Raises:
        LinkInvalidError: the offer does not exist, the client's email address has changed, or staff
            revoked the links of the session that is to move, or that the offer has booked.
        LinkExpiredError: the offered time ended before `oldest_end`, or the practice is closed.
    """
    row = await read_generations(db, link.practice_id, link.offer_id)
    if row is None:
        raise LinkInvalidError
    if (row.address_generation, row.link_generation or 0) != (
        link.address_generation,
        link.link_generation,
    ):
        raise LinkInvalidError
    if row.closed_at is not None or row.ends_at < oldest_end:
        raise LinkExpiredError


async def find_own_offer(db: AsyncConnection, caller: OfferCaller, offer_id: UUID) -> OfferRecord:
    """Read an offer that the caller may see.

    Raises:
        UnauthorizedError: the caller's token was revoked.
        NotFoundError: there is no such offer for this caller.
    """
    await confirm_offer_caller(db, caller)
    by = caller.by
    if isinstance(by, OfferLink) and by.offer_id != offer_id:
        raise NotFoundError
    offer = await read_offer(db, caller.practice_id, offer_id)
    if isinstance(by, Caller):
        is_own = offer.client_id == by.client_id
        if not is_own or (by.is_link and offer.session_id != by.session_id):
            raise NotFoundError
    return offer


async def list_own_offers(db: AsyncConnection, caller: Caller, now: datetime) -> list[OfferRecord]:
    """List the open offers to a client.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    return await offers_of_client(db, caller.practice_id, caller.client_id, now)
