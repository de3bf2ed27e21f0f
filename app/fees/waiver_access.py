"""Who may answer a waiver by the link of an email: whoever holds it, while it is valid."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.errors import LinkExpiredError, LinkInvalidError, UnauthorizedError
from app.fees.waiver_queries import read_link_facts
from app.identity.tokens.waiver import WaiverLink, mark_of


@dataclass(frozen=True, slots=True)
class WaiverCaller:
    """The caller of a request with the link of a waiver. `origin`: the network address."""

    link: WaiverLink
    origin: str | None = None

    @property
    def practice_id(self) -> UUID:
        """The practice of the link."""
        return self.link.practice_id

    @property
    def scope(self) -> str:
        """The scope of the caller's idempotency keys."""
        return f"waiver:{self.link.fee_id}"

    @property
    def actor(self) -> Actor:
        """The actor that the audit log names."""
        return Actor("practitioner_link", origin=self.origin)


async def confirm_waiver_caller(db: AsyncConnection, caller: WaiverCaller) -> None:
    """Check that the caller's link is still valid.

    Raises:
        UnauthorizedError: it is not.
    """
    try:
        await check_waiver_link(db, caller.link)
    except (LinkInvalidError, LinkExpiredError):
        raise UnauthorizedError from None


async def check_waiver_link(db: AsyncConnection, link: WaiverLink) -> None:
    """Check the link of a waiver.

    Raises:
        LinkInvalidError: there is no such question, staff revoked the links of the session, or the
            mails for its practitioner go to another address now.
        LinkExpiredError: the practice is closed.
    """
    facts = await read_link_facts(db, link.practice_id, link.fee_id)
    if facts is None:
        raise LinkInvalidError
    present = (facts.link_generation, mark_of(facts.address))
    if present != (link.link_generation, link.address_mark):
        raise LinkInvalidError
    if facts.is_closed:
        raise LinkExpiredError
