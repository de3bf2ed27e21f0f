"""Row locks that serialise changes to a calendar (docs/decisions/0005-overlap.md).

Every command locks in one order, which prevents deadlocks: practitioners, groups, sessions,
clients, packages, and of each kind in ascending order of their ids. A session's and a group's
practitioner never change. A seat's group changes only under the practitioner's lock.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.domain.errors import NotFoundError
from app.domain.session import Status
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Client, Practitioner
from app.tables.sessions import Session

# The most sessions that one command changes.
MAX_SESSIONS = 100

_SESSION = (
    select(Session.id)
    .join(
        Practitioner,
        of_practice(PRACTICE, Practitioner, Practitioner.id == Session.practitioner_id),
    )
    .join(Client, of_practice(PRACTICE, Client, Client.id == Session.client_id))
    .where(
        of_practice(
            PRACTICE, Session, Session.id == bindparam("session_id"), Session.group_id.is_(None)
        )
    )
    .with_for_update(key_share=True, of=(Practitioner, Session, Client))
)
_LOCK = Read(_SESSION)
_LOCK_OF_CLIENT = Read(_SESSION.where(Session.client_id == bindparam("client_id")))

_IDS = ARRAY(Uuid)
_OF_CLIENT = bindparam("client_id", type_=Uuid)
_AMONG_SESSIONS = of_practice(
    PRACTICE,
    Session,
    Session.id == func.any(bindparam("session_ids", type_=_IDS)),
    or_(_OF_CLIENT.is_(None), Session.client_id == _OF_CLIENT),
)
_LOCK_PRACTITIONERS = Read(
    select(Practitioner.id)
    .where(
        of_practice(
            PRACTICE,
            Practitioner,
            Practitioner.id.in_(select(Session.practitioner_id).where(_AMONG_SESSIONS)),
        )
    )
    .order_by(Practitioner.id)
    .with_for_update(key_share=True)
)
_LOCK_NAMED_PRACTITIONERS = Read(
    select(Practitioner.id)
    .where(
        of_practice(
            PRACTICE,
            Practitioner,
            Practitioner.id == func.any(bindparam("practitioner_ids", type_=_IDS)),
        )
    )
    .order_by(Practitioner.id)
    .with_for_update(key_share=True)
)
_LOCK_GROUPS = Read(
    select(Group.id)
    .where(
        of_practice(
            PRACTICE,
            Group,
            or_(
                Group.id == func.any(bindparam("group_ids", type_=_IDS)),
                Group.id.in_(select(Session.group_id).where(_AMONG_SESSIONS)),
            ),
        )
    )
    .order_by(Group.id)
    .with_for_update(key_share=True)
)
_LOCK_SESSIONS = Read(
    select(Session.id, Session.client_id)
    .where(_AMONG_SESSIONS)
    .order_by(Session.id)
    .with_for_update(key_share=True)
)
_LOCK_CLIENTS = Read(
    select(Client.id)
    .where(
        of_practice(PRACTICE, Client, Client.id == func.any(bindparam("client_ids", type_=_IDS)))
    )
    .order_by(Client.id)
    .with_for_update(key_share=True)
)
_LOCK_PRACTITIONER, _LOCK_CLIENT = (
    Read(
        select(table.id)
        .where(of_practice(PRACTICE, table, table.id == bindparam("id")))
        .with_for_update(key_share=True)
    )
    for table in (Practitioner, Client)
)
_LOCK_GROUP = Read(
    select(Group.id)
    .join(
        Practitioner, of_practice(PRACTICE, Practitioner, Practitioner.id == Group.practitioner_id)
    )
    .where(of_practice(PRACTICE, Group, Group.id == bindparam("group_id")))
    .with_for_update(key_share=True, of=(Practitioner, Group))
)
_LOCK_SEATS = Read(
    select(Session.id, Session.client_id)
    .where(
        of_practice(
            PRACTICE,
            Session,
            Session.group_id == bindparam("group_id"),
            Session.status == Status.BOOKED,
        )
    )
    .order_by(Session.id)
    .with_for_update(key_share=True)
)


async def lock_session(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, client_id: UUID | None = None
) -> None:
    """Lock the practitioner, then the session, then its client, until the transaction ends.

    Of a seat, also its group. With `client_id`, only that client's sessions are found; staff leave
    it out.

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
        await lock_sessions(db, practice_id, [session_id], client_id=client_id)


async def lock_sessions(
    db: AsyncConnection,
    practice_id: UUID,
    session_ids: Collection[UUID],
    *,
    client_id: UUID | None = None,
    group_ids: Sequence[UUID] = (),
    more_clients: Sequence[UUID] = (),
) -> None:
    """Lock sessions, at most `MAX_SESSIONS`, with their practitioners, groups and clients.

    With `client_id`, only that client's sessions are found. `group_ids` are more groups to lock:
    those to which seats move. `more_clients` are clients to lock who may have none of the sessions.

    Raises:
        NotFoundError: the practice, or the client, does not have all of these sessions.
    """
    if len(session_ids) > MAX_SESSIONS:
        raise ValueError("a command changes too many sessions")
    of_sessions = {
        "practice_id": practice_id,
        "session_ids": list(session_ids),
        "client_id": client_id,
    }
    if not await _LOCK_PRACTITIONERS.rows(db, of_sessions):
        raise NotFoundError
    await _LOCK_GROUPS.rows(db, of_sessions | {"group_ids": list(group_ids)})
    locked = await _LOCK_SESSIONS.rows(db, of_sessions)
    if len(locked) < len(set(session_ids)):
        raise NotFoundError
    await _lock_clients(db, practice_id, [row["client_id"] for row in locked] + [*more_clients])


async def lock_all_of_client(
    db: AsyncConnection,
    practice_id: UUID,
    client_id: UUID,
    session_ids: Sequence[UUID],
    practitioner_ids: Sequence[UUID],
) -> None:
    """Lock a client with all their sessions, however many, and their groups and practitioners.

    Raises:
        NotFoundError: the practice has no such client.
    """
    named = {"practice_id": practice_id, "practitioner_ids": list(practitioner_ids)}
    await _LOCK_NAMED_PRACTITIONERS.rows(db, named)
    of_sessions = {
        "practice_id": practice_id,
        "session_ids": list(session_ids),
        "client_id": client_id,
    }
    await _LOCK_GROUPS.rows(db, of_sessions | {"group_ids": []})
    await _LOCK_SESSIONS.rows(db, of_sessions)
    await lock_client(db, practice_id, client_id)


async def lock_group(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> list[UUID]:
    """Lock a group with its practitioner, its booked seats and their clients.

    Returns the ids of the booked seats, in ascending order.

    Raises:
        NotFoundError: the practice has no such group.
    """
    await lock_group_alone(db, practice_id, group_id)
    seats = await _LOCK_SEATS.rows(db, {"practice_id": practice_id, "group_id": group_id})
    await _lock_clients(db, practice_id, [row["client_id"] for row in seats])
    return [row["id"] for row in seats]


async def lock_group_alone(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> None:
    """Lock a practitioner, then the group, but not its seats. No seat is taken or freed meanwhile.

    Raises:
        NotFoundError: the practice has no such group.
    """
    if await _LOCK_GROUP.one(db, {"practice_id": practice_id, "group_id": group_id}) is None:
        raise NotFoundError


async def _lock_clients(db: AsyncConnection, practice_id: UUID, client_ids: list[UUID]) -> None:
    ids = list(set(client_ids))
    await _LOCK_CLIENTS.rows(db, {"practice_id": practice_id, "client_ids": ids})


async def lock_practitioner(db: AsyncConnection, practice_id: UUID, practitioner_id: UUID) -> None:
    """Lock a practitioner's row until the transaction ends.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    asked = {"practice_id": practice_id, "id": practitioner_id}
    if await _LOCK_PRACTITIONER.one(db, asked) is None:
        raise NotFoundError


async def lock_client(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> None:
    """Lock a client's row until the transaction ends; lock the practitioner first.

    Raises:
        NotFoundError: the practice has no such client.
    """
    if await _LOCK_CLIENT.one(db, {"practice_id": practice_id, "id": client_id}) is None:
        raise NotFoundError
