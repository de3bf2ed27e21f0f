"""Reading one session, in one statement, bound to the caller's practice and client."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from app.database.statements import Read, Row, Source
from app.domain.errors import NotFoundError, UnauthorizedError
from app.identity.tokens.access import Caller
from app.sessions.read.records import SessionRecord
from app.sessions.read.rows import to_record
from app.sessions.read.statements import OneSession, details_statement
from app.tables.practices import Client

# Who looks: a client, or staff, who see every session of the practice with this id.
Viewer = Caller | UUID

_DETAILS = details_statement()
_WITH_LOCALE = details_statement(Client.locale.label("client_locale"))


async def read_session(db: Source, viewer: Viewer, session_id: UUID) -> SessionRecord:
    """Read everything about a session of the client's, or for staff of the practice's.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    return to_record(await read_row(db, _DETAILS, viewer, session_id))


class Publisher(NamedTuple):
    """Whose calendar file it is, and the language that it is in."""

    name: str
    email: str
    locale: str


async def read_with_practice(
    db: Source, viewer: Viewer, session_id: UUID
) -> tuple[SessionRecord, Publisher]:
    """Read everything about a session, and what its calendar file says of the practice.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    row = await read_row(db, _WITH_LOCALE, viewer, session_id)
    publisher = Publisher(row["practice_name"], row["practice_email"], row["client_locale"])
    return to_record(row), publisher


async def read_row(
    db: Source, statement: OneSession, viewer: Viewer, session_id: UUID, **more: object
) -> Row:
    """Run a details statement for a viewer and make sure that he may see what it found."""
    return (await read_rows(db, statement, viewer, session_id, **more))[0]


async def read_rows(
    db: Source, statement: OneSession, viewer: Viewer, session_id: UUID, **more: object
) -> Sequence[Row]:
    """Run a statement about one session, and make sure that the viewer may see what it found.

    The statement starts from the client, has the generations, and the session's id as `found_id`.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    if isinstance(viewer, Caller):
        return await _rows_for_client(db, statement.for_client, viewer, session_id, **more)
    parameters = {"practice_id": viewer, "session_id": session_id, **more}
    rows = await statement.for_staff.rows(db, parameters)
    if not rows:
        raise NotFoundError
    return rows


async def _rows_for_client(
    db: Source, statement: Read, caller: Caller, session_id: UUID, **more: object
) -> Sequence[Row]:
    if caller.is_link and caller.session_id != session_id:
        raise NotFoundError
    parameters = {
        "practice_id": caller.practice_id,
        "client_id": caller.client_id,
        "session_id": session_id,
        **more,
    }
    rows = await statement.rows(db, parameters)
    if not rows:
        raise UnauthorizedError
    first = rows[0]
    caller.confirm(first["token_generation"], first["address_generation"], first["link_generation"])
    if first["found_id"] is None:
        raise NotFoundError
    return rows
