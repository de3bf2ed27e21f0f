"""`/v1/practice/sessions/{session_id}/…`: commands of staff on an existing session."""

from fastapi import APIRouter, Response

from app.domain.scope import SeriesScope
from app.identity.staff_dependencies import StaffWriter, StaffWriting
from app.sessions.commands.attendance import mark_fulfilled, mark_noshow
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.cancel_following import cancel_following_by_staff
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, StaffOrder
from app.sessions.commands.reschedule import reschedule_by_staff
from app.sessions.commands.reschedule_following import reschedule_following_by_staff
from app.sessions.commands.undo import undo
from app.sessions.staff_api.presenter import (
    staff_command_answer,
    staff_scope_answer,
)
from app.sessions.staff_api.schemas import (
    FulfilledRequest,
    NoshowRequest,
    StaffCancelRequest,
    StaffCommandAnswer,
    StaffRescheduleRequest,
    UndoRequest,
)
from app.web.app_settings import AppSettings
from app.web.dependencies import Now
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.request_headers import IfMatch
from app.web.types import RecordId
from app.web.views import Reason

router = APIRouter(prefix="/v1/practice/sessions", tags=["Practice: sessions"])

COMMAND_PROBLEMS = ("session-not-booked", "version-mismatch", *WRITING_BY_STAFF, "not-found")


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
    """Cancel a booked session: its time is free at once, and the client is notified.

    The policy's deadlines do not bind staff. `charge_fee` decides whether the client pays the
    policy's cost at this time. Cancelling a cancelled session does nothing.

    With `scope: this_and_following` the sessions that follow in its series are cancelled too; those
    that are cancelled, finished or were moved alone stay.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    if body.scope is SeriesScope.THIS_AND_FOLLOWING:
        return await write(
            lambda db: cancel_following_by_staff(
                db,
                staff,
                session_id,
                order=order,
                choice=body.choice(),
                now=now,
                credit_grace=settings.credit_grace,
            ),
            staff_scope_answer,
        )
    return await write(
        lambda db: cancel_by_staff(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        staff_command_answer,
    )


@router.post(
    "/{session_id}/reschedule",
    summary="Move a session for the practice",
    response_model=StaffCommandAnswer,
    responses=responses(
        *COMMAND_PROBLEMS, "slot-unavailable", "scope-conflicts", "no-change", "client-erased"
    ),
)
async def reschedule_practice_session(
    session_id: RecordId,
    body: StaffRescheduleRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Move a booked session, or change its format, and notify the client. The session keeps its id.

    The new time must be free as for a booking; with `force` it only must be free of other sessions.
    Moves by staff do not count towards the client's limit, and `max_days_from_original` counts from
    the new start. The same `start` with another `format` is a change of format.

    A seat moves to another group of its service and practitioner: send `group_id`, or the group's
    `start` and `format`. It needs a free seat.

    With `scope: this_and_following` the sessions that follow in its series move by the same number
    of local days to the same local time: all of them, or none (`scope-conflicts`).
    """
    requested = WantedMove(body.start, body.format, body.location_id, body.group_id)
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    if body.scope is SeriesScope.THIS_AND_FOLLOWING:
        return await write(
            lambda db: reschedule_following_by_staff(
                db,
                staff,
                session_id,
                requested=requested,
                overrides=body.overriding(),
                force=body.force,
                order=order,
                choice=body.choice(),
                now=now,
            ),
            staff_scope_answer,
        )
    return await write(
        lambda db: reschedule_by_staff(
            db, staff, session_id, requested=requested, force=body.force, order=order, now=now
        ),
        staff_command_answer,
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
    """Record that a booked session took place. Sends webhooks, but no email.

    It is possible at any time, also before the session's start. A package credit that pays for the
    session is used up. Marking the session again does nothing. `undo` reverts a mistake.
    """
    reason = _reason(body.reason)
    return await write(
        lambda db: mark_fulfilled(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        staff_command_answer,
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
    """Record that the client missed the session, with or without a fee, and notify the client.

    It is possible at any time, also before the session's start. With `charge_fee` the client pays
    the policy's cost of a cancellation after the start: its fee, or the credit. Marking the session
    again does nothing. `undo` reverts a mistake.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: mark_noshow(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        staff_command_answer,
    )


@router.post(
    "/{session_id}/undo",
    summary="Undo a cancellation or an attendance mark",
    response_model=StaffCommandAnswer,
    responses=responses(
        *(code for code in COMMAND_PROBLEMS if code != "session-not-booked"),
        "slot-unavailable",
        "group-full",
        "group-cancelled",
        "credit-unavailable",
        "no-change",
        "client-erased",
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
    """Set a cancelled, fulfilled or missed session back to booked, if its time is still free.

    The fee of the cancellation or the mark becomes void, even if it was settled; refunding it is up
    to the practice. A package credit pays for the session again; if the package has no usable
    credit, the response is `credit-unavailable` and nothing changes. The client is notified, except
    if the session was marked as fulfilled. A booked session gives `no-change`.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    return await write(
        lambda db: undo(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        staff_command_answer,
    )


def _reason(body: Reason | None) -> ChangeReason | None:
    return None if body is None else ChangeReason(body.code, body.note)
