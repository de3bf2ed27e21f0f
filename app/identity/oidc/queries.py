"""Queries that find the practice and the client of a token of a practice's own sign-in."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.oidc.records import KnownClient, Match, Provider
from app.identity.queries import has_address
from app.standards.addresses import mailbox_key
from app.tables.identity import SignInProvider
from app.tables.practices import Client, Practice

_FIELDS = (
    SignInProvider.issuer,
    SignInProvider.audience,
    SignInProvider.client_claim,
    SignInProvider.match,
    SignInProvider.own_links,
)


async def find_providers(
    db: AsyncConnection, issuer: str, audiences: Sequence[str]
) -> list[tuple[UUID, Provider]]:
    """Find the open practices whose clients use this issuer with one of these audiences."""
    rows = await db.execute(
        select(SignInProvider.practice_id, *_FIELDS)
        .join(Practice, Practice.practice_id == SignInProvider.practice_id)
        .where(
            SignInProvider.issuer == issuer,
            SignInProvider.audience.in_(audiences),
            Practice.closed_at.is_(None),
        )
    )
    return [(row.practice_id, _record(row)) for row in rows]


async def find_users(db: AsyncConnection, issuer: str, audience: str) -> Sequence[UUID]:
    """Find the practices that use an issuer with this audience, closed ones too."""
    rows = await db.scalars(
        select(SignInProvider.practice_id).where(
            SignInProvider.issuer == issuer, SignInProvider.audience == audience
        )
    )
    return rows.all()


async def read_provider(db: AsyncConnection, practice_id: UUID) -> Provider | None:
    """Read the practice's own sign-in. None: it has none."""
    own = SignInProvider.practice_id == practice_id
    row = (await db.execute(select(*_FIELDS).where(own))).one_or_none()
    return None if row is None else _record(row)


async def find_client(
    db: AsyncConnection, practice_id: UUID, match: Match, value: str
) -> KnownClient | None:
    """Find the one active client whom the value of a claim names. None: there is none, or several.

    The database compares addresses by its own rules, so each is compared again with `mailbox_key`.
    """
    named = Client.external_ref == value if match is Match.EXTERNAL_REF else has_address(value)
    rows = (
        await db.execute(
            select(Client.id, Client.email, Client.token_generation, Client.tokens_ended_at).where(
                Client.practice_id == practice_id, named, Client.active
            )
        )
    ).all()
    if match is Match.EMAIL:
        rows = [row for row in rows if mailbox_key(row.email) == mailbox_key(value)]
    if len(rows) != 1:
        return None
    return KnownClient(rows[0].id, rows[0].token_generation, rows[0].tokens_ended_at)


def _record(row: Any) -> Provider:  # noqa: ANN401 - a row with `_FIELDS`
    match = Match(row.match)
    return Provider(row.issuer, row.audience, row.client_claim, match, row.own_links)
