"""Queries that find the client or practice of a token, an API key or an email address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.domain.errors import ClientErasedError, UnauthorizedError
from app.identity.tokens.access import Caller
from app.standards.addresses import spellings
from app.tables.identity import SignInProvider
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
_ERASED = Read(select(Client.erased_at).where(ABOUT_CLIENT))


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
    """A practice as its clients see it: name, contact, currency and look."""

    id: UUID
    name: str
    email: str
    phone: str | None
    currency: str
    address: str | None
    website: str | None
    accent: str | None
    logo: str | None
    welcome: str | None
    footer: str | None


# The columns of a `PracticeRecord`, in its order.
PRACTICE_COLUMNS = (
    Practice.practice_id,
    Practice.name,
    Practice.email,
    Practice.phone,
    Practice.currency,
    Practice.address,
    Practice.website,
    Practice.accent,
    Practice.logo,
    Practice.welcome,
    Practice.footer,
)


def to_practice(columns: Sequence[Any]) -> PracticeRecord:
    """Make a record of the values of `PRACTICE_COLUMNS`, the last of `columns`."""
    return PracticeRecord(*columns[-len(PRACTICE_COLUMNS) :])


async def read_practice(db: AsyncConnection, practice_id: UUID) -> PracticeRecord:
    """Read a practice, which must exist, as its clients see it."""
    own = Practice.practice_id == practice_id
    return to_practice((await db.execute(select(*PRACTICE_COLUMNS).where(own))).one())


async def is_erased(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> bool:
    """Tell whether a client was erased."""
    row = await _ERASED.one(db, {"practice_id": practice_id, "client_id": client_id})
    return row is not None and row["erased_at"] is not None


async def check_not_erased(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> None:
    """Check that a client was not erased.

    Raises:
        ClientErasedError: they were.
    """
    if await is_erased(db, practice_id, client_id):
        raise ClientErasedError


_HAS_ONLY_ITS_OWN_SIGN_IN = exists().where(
    SignInProvider.practice_id == Practice.practice_id, SignInProvider.own_links.is_(False)
)


def select_clients_with(address: str) -> Select[UUID, str, UUID, str, str, str, int]:
    """Select the active clients with an email address, of all open practices.

    Practices whose own sign-in replaces emailed links are left out.

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
        .where(Practice.closed_at.is_(None), ~_HAS_ONLY_ITS_OWN_SIGN_IN)
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
    practice: PracticeRecord


async def client_record(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> ClientRecord:
    """Read a client, who must exist, and their practice."""
    row = (
        await db.execute(
            select(
                Client.id.label("client_id"),
                Client.name.label("client_name"),
                Client.email.label("client_email"),
                Client.phone.label("client_phone"),
                Client.time_zone,
                Client.locale,
                *PRACTICE_COLUMNS,
            )
            .select_from(Client)
            .join(Practice, of_practice(practice_id, Practice))
            .where(Client.practice_id == practice_id, Client.id == client_id)
        )
    ).one()
    return ClientRecord(
        row.client_id,
        row.client_name,
        row.client_email,
        row.client_phone,
        row.time_zone,
        row.locale,
        to_practice(row),
    )
