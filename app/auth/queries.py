"""Comparing a token's generations with the present ones, and reading whose a key is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.tokens import Caller
from app.database.reading import Read
from app.domain.errors import UnauthorizedError
from app.practices.models import Client, Practice
from app.sessions.models import Session
from app.sessions.read.statements import ABOUT_CLIENT, OWN_SESSION

_GENERATIONS = Read(
    select(Client.token_generation, Client.address_generation, Session.link_generation)
    .outerjoin(Session, OWN_SESSION)
    .where(*ABOUT_CLIENT)
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
