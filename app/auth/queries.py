"""Comparing a token's generations with the present ones, and reading whose a key is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.tokens import Caller
from app.domain.errors import UnauthorizedError
from app.practices.models import Client, Practice
from app.sessions.models import Session


async def confirm_caller(db: AsyncConnection, caller: Caller) -> None:
    """Make sure that the caller's token has not been revoked since it was made.

    Raises:
        UnauthorizedError: it has.
    """
    row = (
        await db.execute(
            select(Client.token_generation, Client.address_generation, Session.link_generation)
            .outerjoin(
                Session,
                and_(
                    Session.practice_id == Client.practice_id,
                    Session.client_id == Client.id,
                    Session.id == caller.session_id,
                ),
            )
            .where(Client.practice_id == caller.practice_id, Client.id == caller.client_id)
        )
    ).one_or_none()
    if row is None:
        raise UnauthorizedError
    caller.confirm(*row)


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
