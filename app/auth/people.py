"""Finding whose address it is that was typed to sign in."""

import string
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.practices.models import Client, Practice

MOST_LINKS = 20
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Person:
    """One client of one practice, who may sign in. `locale` is a BCP 47 tag."""

    practice_id: UUID
    practice_name: str
    client_id: UUID
    name: str
    email: str
    locale: str
    token_generation: int


async def find_people(db: AsyncConnection, address: str) -> list[Person]:
    """Find the active clients with this address at all open practices, at most twenty.

    Capitals do not matter. Those of other scripts do: what a database takes for the same letter
    may be another's mailbox.
    """
    rows = (await db.execute(people_with(address))).all()
    same = [row for row in rows if _small(row.email) == _small(address)]
    return [Person(*row) for row in same[:MOST_LINKS]]


def people_with(address: str) -> Select[UUID, str, UUID, str, str, str, int]:
    """Ask practice by practice: the limit inside keeps it to the index of each."""
    of_one = (
        select(Client.id, Client.name, Client.email, Client.locale, Client.token_generation)
        .where(
            Client.practice_id == Practice.practice_id,
            func.lower(Client.email) == func.lower(address),
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


def _small(text: str) -> str:
    return text.translate(_SMALL)
