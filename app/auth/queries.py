"""Reading whose a token, a key or an address is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.tokens import Caller
from app.database.reading import Read
from app.domain.errors import UnauthorizedError
from app.practices.models import Client, Practice
from app.practices.search_queries import has_address
from app.sessions.models import Session
from app.sessions.read.statements import ABOUT_CLIENT, OWN_SESSION

MOST_LINKS = 20
_GENERATIONS = Read(
    select(Client.token_generation, Client.address_generation, Session.link_generation)
    .outerjoin(Session, OWN_SESSION)
    .where(ABOUT_CLIENT)
)


async def confirm_caller(db: AsyncConnection, caller: Caller) -> None:
    """Make sure that the caller's token has not been revoked since it was made.

    Raises:
        UnauthorizedError: it has.
    """
    asked = {
        "practice_id": caller.practice_id,
        "client_id": caller.client_id,
        "session_id": caller.session_id,
    }
    row = await _GENERATIONS.one(db, asked)
    if row is None:
        raise UnauthorizedError
    caller.confirm(row["token_generation"], row["address_generation"], row["link_generation"])


@dataclass(frozen=True, slots=True)
class PracticeRecord:
    """What a practice is called, and how it is reached."""

    name: str
    email: str
    phone: str | None
    currency: str


async def read_practice(db: AsyncConnection, practice_id: UUID) -> PracticeRecord:
    """Read the practice that a key belongs to."""
    row = (
        await db.execute(
            select(Practice.name, Practice.email, Practice.phone, Practice.currency).where(
                Practice.practice_id == practice_id
            )
        )
    ).one()
    return PracticeRecord(*row)


def people_with(address: str) -> Select[UUID, str, UUID, str, str, str, int]:
    """Select the active clients with an address, practice by practice, by the index of each."""
    of_one = (
        select(Client.id, Client.name, Client.email, Client.locale, Client.token_generation)
        .where(
            Client.practice_id == Practice.practice_id,
            has_address(address),
            Client.active,
        )
        .order_by(Client.name, Client.id)
        .limit(MOST_LINKS)
        .lateral("of_one")
    )
    found = of_one.c
    return (
        select(
            Practice.practice_id,
            Practice.name,
            found.id,
            found.name,
            found.email,
            found.locale,
            found.token_generation,
        )
        .join_from(Practice, of_one, true())
        .where(Practice.closed_at.is_(None))
        .order_by(Practice.name, Practice.practice_id, found.name, found.id)
    )
