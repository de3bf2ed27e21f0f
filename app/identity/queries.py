"""Reading whose a token, a key or an address is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.domain.errors import UnauthorizedError
from app.identity.tokens.access import Caller
from app.standards.addresses import spellings
from app.tables.joins import ABOUT_CLIENT, OWN_SESSION, of_practice
from app.tables.practices import Client, Practice
from app.tables.sessions import Session

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


def has_address(address: str) -> ColumnElement[bool]:
    """Compare the clients' addresses with this one, in both spellings of its domain."""
    return func.lower(Client.email).in_([func.lower(same) for same in spellings(address)])


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client and the practice he belongs to."""

    id: UUID
    name: str
    email: str
    phone: str | None
    time_zone: str
    locale: str
    practice_id: UUID
    practice_name: str
    practice_email: str
    practice_phone: str | None
    currency: str


async def client_record(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> ClientRecord:
    """Read a client who is known to exist, and his practice."""
    row = (
        await db.execute(
            select(
                Client.id,
                Client.name,
                Client.email,
                Client.phone,
                Client.time_zone,
                Client.locale,
                Practice.practice_id,
                Practice.name,
                Practice.email,
                Practice.phone,
                Practice.currency,
            )
            .select_from(Client)
            .join(Practice, of_practice(practice_id, Practice))
            .where(Client.practice_id == practice_id, Client.id == client_id)
        )
    ).one()
    return ClientRecord(*row)
