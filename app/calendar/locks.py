"""Row locks that serialise changes to a calendar (docs/decisions/0005-overlap.md).

Every command that takes or frees time locks the practitioner first, then the session, then the
client. The fixed order prevents deadlocks.
"""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.domain.errors import NotFoundError
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Client, Practitioner
from app.tables.sessions import Session

_SESSION = (
    select(Session.id)
    .join(
        Practitioner,
        of_practice(PRACTICE, Practitioner, Practitioner.id == Session.practitioner_id),
    )
    .join(Client, of_practice(PRACTICE, Client, Client.id == Session.client_id))
    .where(of_practice(PRACTICE, Session, Session.id == bindparam("session_id")))
    .with_for_update(key_share=True, of=(Practitioner, Session, Client))
)
_LOCK = Read(_SESSION)
_LOCK_OF_CLIENT = Read(_SESSION.where(Session.client_id == bindparam("client_id")))


async def lock_session(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, client_id: UUID | None = None
) -> None:
    """Lock the practitioner, then the session, then its client, until the transaction ends.

    With `client_id`, only that client's sessions are found; staff leave it out.

    PostgreSQL locks rows in the order in which `of` names the tables. The lock on the client
    prevents two commands from moving two sessions of one client, with different practitioners, to
    the same time.

    Raises:
        NotFoundError: the practice, or the client, has no such session.
    """
    asked = {"practice_id": practice_id, "session_id": session_id}
    if client_id is None:
        locked = await _LOCK.one(db, asked)
    else:
        locked = await _LOCK_OF_CLIENT.one(db, asked | {"client_id": client_id})
    if locked is None:
        raise NotFoundError


async def lock_practitioner(db: AsyncConnection, practice_id: UUID, practitioner_id: UUID) -> None:
    """Lock a practitioner's row until the transaction ends.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    await _lock_person(db, Practitioner, practice_id, practitioner_id)


async def lock_client(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> None:
    """Lock a client's row until the transaction ends; lock the practitioner first.

    Raises:
        NotFoundError: the practice has no such client.
    """
    await _lock_person(db, Client, practice_id, client_id)


async def _lock_person(
    db: AsyncConnection,
    table: type[Practitioner] | type[Client],
    practice_id: UUID,
    person_id: UUID,
) -> None:
    locked = await db.scalar(
        select(table.id)
        .where(table.practice_id == practice_id, table.id == person_id)
        .with_for_update(key_share=True)
    )
    if locked is None:
        raise NotFoundError
