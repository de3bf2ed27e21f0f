"""`/v1/practice/sessions`: what staff do with sessions."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.auth.keys import Staff
from app.context import (
    AppSettings,
    CursorSigner,
    Now,
    ReadEngine,
    Reading,
    StaffReader,
    StaffWriter,
    StaffWriting,
    json_answer,
)
from app.cursors import Cursors
from app.database.idempotency import StoredAnswer
from app.inputs import RecordId
from app.practices.fields import RefInPath
from app.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.request_headers import IfMatch
from app.sessions.client_api.presenter import notes_for_staff
from app.sessions.client_api.schemas import Reason as ReasonBody
from app.sessions.commands.attendance import mark_fulfilled, mark_noshow
from app.sessions.commands.book import book_by_staff
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.meeting import Wish
from app.sessions.commands.orders import Reason, StaffOrder, StaffOutcome
from app.sessions.commands.reschedule import reschedule_by_staff
from app.sessions.commands.undo import undo
from app.sessions.read.for_staff import (
    Filters,
    StaffSession,
    find_by_ref,
    list_for_staff,
    read_for_staff,
)
from app.sessions.staff_api.presenter import (
    present_staff_outcome,
    present_staff_page,
    present_staff_session,
)
from app.sessions.staff_api.schemas import (
    BookRequest,
    FulfilledRequest,
    NoshowRequest,
    PracticeSession,
    PracticeSessionPage,
    StaffCancelRequest,
    StaffCommandAnswer,
    StaffListQuery,
    StaffRescheduleRequest,
    UndoRequest,
)
from app.wire import as_json

router = APIRouter(prefix="/v1/practice/sessions", tags=["Practice: sessions"])

COMMAND_PROBLEMS = ("session-not-booked", "version-mismatch", *WRITING_BY_STAFF, "not-found")


@router.post(
    "",
    status_code=201,
    summary="Book a session",
    response_model=StaffCommandAnswer,
    responses=responses("slot-unavailable", "credit-unavailable", *WRITING_BY_STAFF, "not-found"),
)
async def book_session(
    body: BookRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Book a session for a client, at any time within working hours that is free.

    With `force` also outside working hours, over time off and busy times from elsewhere, but never
    over another session of the practitioner (with buffers) or of the client. Minimum notice,
    horizon, step and daily limits bind clients, not staff. The session keeps the policy version,
    price, duration and buffers of this moment, whatever is changed later.

    Client and practitioner get an email, unless `notify` is false; an `external_ref` is your own id
    for the session. To write a session again and again under that id, use
    `PUT /v1/practice/sessions/by-ref/{external_ref}`.
    """
    return await write(
        lambda db: book_by_staff(
            db,
            staff,
            body.booking(body.external_ref),
            force=body.force,
            now=now,
            notify=body.notify,
        ),
        lambda outcome: answer(outcome, status=201),
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
    """List sessions by their start, a page at a time; filters that are named together all hold.

    Follow `next_cursor` until it is null, with the same filters. With a `read` key, `code` and
    `note` of a reason are null.
    """
    filters = Filters(
        query.practitioner,
        query.client,
        query.service,
        query.location,
        query.status,
        query.since,
        query.until,
    )
    cursor = Cursors(cursors, "staff-sessions", staff.practice_id, query.order, filters)
    found = await list_for_staff(
        db,
        staff.practice_id,
        filters,
        latest_first=query.order == "latest",
        after=cursor.read_place(query.cursor),
        limit=query.limit + 1,
    )
    zone = None if query.time_zone is None else ZoneInfo(query.time_zone)
    notes = notes_for_staff(staff.scope)
    return json_answer(present_staff_page(found, query.limit, cursor, zone, notes=notes))


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
    """Show all that staff see of the session that was booked with this `external_ref`."""
    session_id = await find_by_ref(db, staff.practice_id, external_ref)
    return _show(await read_for_staff(db, staff.practice_id, session_id), staff)


@router.get(
    "/{session_id}",
    summary="Show a session to staff",
    response_model=PracticeSession,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_session(
    session_id: RecordId, staff: StaffReader, engine: ReadEngine
) -> Response:
    """Show all that staff see of a session: its client, its policy's terms, its fees.

    Why it was cancelled is shown to keys with `write` only: with `read`, `code` and `note` of the
    reason are null.

    Times are in the practitioner's zone; `starts_at_utc` and `ends_at_utc` are the same in UTC.
    """
    return _show(await read_for_staff(engine, staff.practice_id, session_id), staff)


@router.post(
    "/{session_id}/cancel",
    summary="Cancel a session for the practice",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def cancel_practice_session(
    session_id: RecordId,
    body: StaffCancelRequest,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Cancel a booked session at any time: its time is free at once, and the client is told.

    The policy's deadlines do not bind you. `charge_fee` says whether the client is charged what the
    policy asks at this moment. Cancelling a cancelled session does nothing.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: cancel_by_staff(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        answer,
    )


@router.post(
    "/{session_id}/reschedule",
    summary="Move a session for the practice",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS, "slot-unavailable", "no-change"),
)
async def reschedule_practice_session(
    session_id: RecordId,
    body: StaffRescheduleRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Move a booked session in place, or change its format; the client is told.

    The time has to be free as for a booking, or with `force` free of other sessions. Your moves do
    not count against the client's limit, and how far he may move it himself counts from the new
    start. The same `start` with another `format` is a change of format.
    """
    wish = Wish(body.start, body.format, body.location_id)
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: reschedule_by_staff(
            db, staff, session_id, wish=wish, force=body.force, order=order, now=now
        ),
        answer,
    )


@router.post(
    "/{session_id}/fulfilled",
    summary="Mark a session as having taken place",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def mark_session_fulfilled(
    session_id: RecordId,
    body: FulfilledRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Write down that a booked session took place. Nobody gets a mail; webhooks are told.

    A package credit that pays for it is used up. Marking it again does nothing; one that was marked
    by mistake is set right with `undo`.
    """
    reason = _reason(body.reason)
    return await write(
        lambda db: mark_fulfilled(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        answer,
    )


@router.post(
    "/{session_id}/noshow",
    summary="Mark a session as missed by its client",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def mark_session_noshow(
    session_id: RecordId,
    body: NoshowRequest,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Write down that the client did not come, with or without the policy's fee; he is told.

    `charge_fee` asks of him what the policy asks for a cancellation after the start: its fee, or
    the credit. Marking it again does nothing; a mistake is set right with `undo`.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: mark_noshow(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        answer,
    )


@router.post(
    "/{session_id}/undo",
    summary="Undo a cancellation, or a mark",
    response_model=StaffCommandAnswer,
    responses=responses(
        *(code for code in COMMAND_PROBLEMS if code != "session-not-booked"),
        "slot-unavailable",
        "credit-unavailable",
        "no-change",
    ),
)
async def undo_session_end(
    session_id: RecordId,
    body: UndoRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Set a cancelled, fulfilled or missed session back to booked, while its time is still free.

    A fee that the cancellation or the mark caused is void, even where it was settled: giving money
    back is yours. A package credit pays for the session again; where it is gone meanwhile, the
    answer is `credit-unavailable` and nothing has changed. The client is told, except where the
    session was marked as having taken place. A session that is booked is `no-change`.
    """
    reason = Reason(body.reason.code, body.reason.note)
    return await write(
        lambda db: undo(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        answer,
    )


def answer(outcome: StaffOutcome, *, status: int = 200) -> StoredAnswer:
    """Show the session as it is after a command, to be sent and to be kept with its key."""
    shown = present_staff_outcome(outcome.found, outcome.cost)
    return StoredAnswer(status, outcome.found.session.etag, as_json(shown))


def _show(found: StaffSession, staff: Staff) -> Response:
    shown = present_staff_session(found, None, notes=notes_for_staff(staff.scope))
    return json_answer(shown, etag=found.session.etag)


def _reason(body: ReasonBody | None) -> Reason | None:
    return None if body is None else Reason(body.code, body.note)
