"""Queries that find the client or practice of a token, an API key or an email address."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.domain.errors import UnauthorizedError
from app.identity.tokens.access import Caller
from app.standards.addresses import spellings
from app.tables.joins import NO_ID, of_practice
from app.tables.own_session import ABOUT_CLIENT, OWN_SESSION
from app.tables.practices import Client, Practice
from app.tables.sessions import Session

MOST_LINKS = 20
_GENERATIONS = Read(
    select(Client.token_generation, Client.address_generation, Session.link_generation)
    .outerjoin(Session, OWN_SESSION)
    .where(ABOUT_CLIENT)
)


async def confirm_caller(db: AsyncConnection, caller: Caller) -> None:
    """Check that the caller's token has not been revoked since it was signed.

    Raises:
        UnauthorizedError: the token was revoked, or the client does not exist.
    """
    asked = {
        "practice_id": caller.practice_id,
        "client_id": caller.client_id,
        "session_id": caller.session_id or NO_ID,
    }
    row = await _GENERATIONS.one(db, asked)
    if row is None:
        raise UnauthorizedError
    caller.confirm(row["token_generation"], row["address_generation"], row["link_generation"])


@dataclass(frozen=True, slots=True)
class PracticeRecord:
    """Name, contact and currency of a practice."""

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


def select_clients_with(address: str) -> Select[UUID, str, UUID, str, str, str, int]:
    """Select the active clients with an email address, of all open practices.

    A lateral join: each practice is searched by its own part of the index.
    """
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
    """Match clients by email address, with the domain in Unicode and in Punycode."""
    return func.lower(Client.email).in_([func.lower(same) for same in spellings(address)])


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client and their practice."""

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
    """Read a client, who must exist, and their practice."""
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
