"""Finding whose address it is that was typed to sign in."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.addresses import mailbox_key
from app.practices.models import Client, Practice
from app.practices.queries import has_address

MOST_LINKS = 20


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

    The database compares loosely: what it takes for the same letter may be another's mailbox. So
    each address is compared once more.
    """
    rows = (await db.execute(people_with(address))).all()
    key = mailbox_key(address)
    same = [row for row in rows if mailbox_key(row.email) == key]
    return [Person(*row) for row in same[:MOST_LINKS]]


def people_with(address: str) -> Select[UUID, str, UUID, str, str, str, int]:
    """Ask practice by practice: the limit inside keeps it to the index of each."""
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
