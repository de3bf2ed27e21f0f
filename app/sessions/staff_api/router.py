"""`/v1/practice/sessions`: staff book, list and read sessions."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.directory.fields import RefInPath
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.sessions.client_api.reasons import reasons_for_staff
from app.sessions.commands.book_seat import book_anything
from app.sessions.read.staff_queries import (
    find_by_ref,
    list_for_staff,
    read_for_staff,
)
from app.sessions.staff_api.presenter import (
    present_staff_sessions,
    show_to_staff,
    staff_command_answer,
)
from app.sessions.staff_api.schemas import (
    BookRequest,
    PracticeSession,
    PracticeSessionPage,
    StaffCommandAnswer,
    StaffListQuery,
)
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, ReadEngine, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/sessions", tags=["Practice: sessions"])


@router.post(
    "",
    status_code=201,
    summary="Book a session",
    response_model=StaffCommandAnswer,
    responses=responses(
        "slot-unavailable",
        "group-full",
        "group-cancelled",
        "credit-unavailable",
        *WRITING_BY_STAFF,
    ),
)
async def book_session(
    body: BookRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Book a session for a client, at a free time within working hours.

    `force` also permits times outside working hours, in time off and in imported busy times, but
    never a time that overlaps another session of the practitioner (with buffers) or of the client.
    Minimum notice, horizon, step and limits bind clients, not staff. The session keeps the current
    policy version, price, duration and buffers; later changes do not affect it.

    With `group_id` the session is a seat of that group: it takes the lowest free seat, and has the
    group's time, format and location. A full group is `group-full`. A client who has another
    session then, perhaps a seat of the same group, is `slot-unavailable`.

    The client and the practitioner get an email, unless `notify` is false. `external_ref` is your
    own id for the session. To write a session repeatedly under that id, use
    `PUT /v1/practice/sessions/by-ref/{external_ref}`.
    """
    wanted = body.booking(body.external_ref)
    return await write(
        lambda db: book_anything(db, staff, wanted, force=body.force, now=now, notify=body.notify),
        lambda outcome: staff_command_answer(outcome, status=201),
    )


@router.get(
    "",
    summary="List the practice's sessions",
    response_model=PracticeSessionPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_sessions(
    query: Annotated[StaffListQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List sessions by their start, in pages. Several filters are combined with AND.

    Follow `next_cursor` until it is null, with the same filters. With a `read` key, `code` and
    `note` of a reason are null.
    """
    asked = PageRequest(
        cursors, query, TimePosition, "staff-sessions", staff.practice_id, query.order
    )
    found = await list_for_staff(
        db, staff.practice_id, asked.part, latest_first=query.order == "latest"
    )
    page = asked.paginate(found, lambda last: TimePosition(last.session.starts_at, last.session.id))
    zone = None if query.time_zone is None else ZoneInfo(query.time_zone)
    return json_answer(present_staff_sessions(page, zone, reasons_for_staff(staff.scope)))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a session by your own id",
    response_model=PracticeSession,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_session_by_ref(
    external_ref: RefInPath,
    staff: StaffReader,
    db: Reading,
) -> Response:
    """Show all details of the session that was booked with this `external_ref`."""
    session_id = await find_by_ref(db, staff.practice_id, external_ref)
    return show_to_staff(await read_for_staff(db, staff.practice_id, session_id), staff)


@router.get(
    "/{session_id}",
    summary="Show a session to staff",
    response_model=PracticeSession,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_session(
    session_id: RecordId, staff: StaffReader, engine: ReadEngine
) -> Response:
    """Show all details of a session for staff: its client, its policy's terms, its fees.

    Only a key with `write` sees why the session was cancelled: with `read`, `code` and `note` of
    the reason are null.

    Times are in the practitioner's zone; `starts_at_utc` and `ends_at_utc` are the same in UTC.
    """
    return show_to_staff(await read_for_staff(engine, staff.practice_id, session_id), staff)
