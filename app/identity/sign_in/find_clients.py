"""Find the clients of an email address that was entered to sign in."""

from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.queries import MOST_LINKS, select_clients_with
from app.standards.addresses import mailbox_key


@dataclass(frozen=True, slots=True)
class FoundClient:
    """A client of a practice who may sign in. `locale` is a BCP 47 tag."""

    practice_id: UUID
    practice_name: str
    client_id: UUID
    name: str
    email: str
    locale: str
    token_generation: int


async def find_clients(db: AsyncConnection, address: str) -> list[FoundClient]:
    """Find the active clients with this address at all open practices, at most 20.

    One of each practice comes before a second one of any, so that no practice takes all places.
    The database's comparison ignores case by its own rules and can match a different mailbox, so
    each address is compared again with `mailbox_key`.
    """
    rows = (await db.execute(select_clients_with(address))).all()
    key = mailbox_key(address)
    same = [FoundClient(*row) for row in rows if mailbox_key(row.email) == key]
    turns = [
        (turn, place)
        for _, of_one in groupby(enumerate(same), lambda one: one[1].practice_id)
        for turn, (place, _) in enumerate(of_one)
    ]
    return [same[place] for place in sorted(place for _, place in sorted(turns)[:MOST_LINKS])]
