"""Read one session in one statement, restricted to the viewer's practice and client."""

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

# A client, or, for staff, the id of the practice whose sessions they may all see.
Viewer = Caller | UUID

_DETAILS = details_statement()
_WITH_LOCALE = details_statement(Client.locale.label("client_locale"))


async def read_session(db: Source, viewer: Viewer, session_id: UUID) -> SessionRecord:
    """Read all details of a session.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    return to_record(await read_row(db, _DETAILS, viewer, session_id))


class CalendarPublisher(NamedTuple):
    """The practice that publishes a calendar file, and the language of the file."""

    name: str
    email: str
    locale: str


async def read_with_practice(
    db: Source, viewer: Viewer, session_id: UUID
) -> tuple[SessionRecord, CalendarPublisher]:
    """Read all details of a session, and the practice's data for its calendar file.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    row = await read_row(db, _WITH_LOCALE, viewer, session_id)
    publisher = CalendarPublisher(row["practice_name"], row["practice_email"], row["client_locale"])
    return to_record(row), publisher


async def read_row(
    db: Source, statement: OneSession, viewer: Viewer, session_id: UUID, **more: object
) -> Row:
    """Run a statement about one session and give its first row; see `read_rows`."""
    return (await read_rows(db, statement, viewer, session_id, **more))[0]


async def read_rows(
    db: Source, statement: OneSession, viewer: Viewer, session_id: UUID, **more: object
) -> Sequence[Row]:
    """Run a statement about one session, and check that the viewer may see the session.

    The statement must select from the client, and have the columns of the token generations and the
    session's id as `found_id`. Returns at least one row.

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
