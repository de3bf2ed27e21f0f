"""`POST /v1/sessions/{session_id}/…`: what a client does with the client's own sessions."""

from fastapi import APIRouter, Response

from app.configuration.settings import Settings
from app.domain.scope import SeriesScope
from app.identity.client_dependencies import AnyCall, Writing
from app.sessions.client_api.presenter import command_answer
from app.sessions.client_api.problems import COMMAND_PROBLEMS, READ_PROBLEMS, SCOPE_PROBLEMS
from app.sessions.client_api.schemas import (
    AbsenceRequest,
    CancelRequest,
    CommandAnswer,
    RescheduleRequest,
)
from app.sessions.client_api.scope_presenter import (
    scope_answer,
)
from app.sessions.commands.absence import announce_absence
from app.sessions.commands.cancel import cancel
from app.sessions.commands.cancel_following import cancel_following
from app.sessions.commands.confirm import confirm
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.commands.reschedule import reschedule
from app.sessions.commands.reschedule_following import reschedule_following
from app.sessions.commands.undo import undo_by_client
from app.web.app_settings import AppSettings
from app.web.problems.catalogue import responses
from app.web.request_headers import IfMatch
from app.web.types import SessionId

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])


@router.post(
    "/{session_id}/cancel",
    summary="Cancel a session",
    response_model=CommandAnswer,
    responses=responses(*COMMAND_PROBLEMS, *SCOPE_PROBLEMS),
)
async def cancel_session(
    session_id: SessionId,
    body: CancelRequest,
    call: AnyCall,
    settings: AppSettings,
    write: Writing,
    if_match: IfMatch,
) -> Response:
    """Cancel a session: its time is free at once, and the client and the practitioner get an email.

    If cancelling costs a fee or a package credit, send the `quote` of `actions.cancel` that the
    client was shown; without it the response is `quote-required`. The client pays the lower of the
    quoted and the due cost, even if a deadline has passed since the quote was made. A fee is
    recorded as due; the practice collects it.

    Cancelling a cancelled session does nothing and gives the same 200 response. If the practice has
    cancelled it and asks for another time (`move_request`), it answers that the client needs none.

    With `scope: this_and_following` the sessions that follow in its series are cancelled too: all
    of them, or none. Sessions that are cancelled, finished or were moved alone stay. Show the
    preview (`GET …/scope`) first, and send its `quote`. If the policy refuses one of the sessions,
    the response is `scope-refused`; list that session in `keep`, or cancel the sessions singly.
    """
    order = _order(body, if_match, settings)
    if body.scope is SeriesScope.THIS_AND_FOLLOWING:
        return await write(
            lambda db: cancel_following(
                db,
                call.caller,
                session_id,
                order=order,
                choice=body.choice(),
                quotes=call.quotes,
                now=call.now,
                credit_grace=settings.credit_grace,
            ),
            lambda outcome: scope_answer(outcome, call),
        )
    return await write(
        lambda db: cancel(
            db,
            call.caller,
            session_id,
            order=order,
            quotes=call.quotes,
            now=call.now,
            credit_grace=settings.credit_grace,
        ),
        lambda outcome: command_answer(outcome, call),
    )


@router.post(
    "/{session_id}/reschedule",
    summary="Move a session or change its format",
    response_model=CommandAnswer,
    responses=responses(
        *COMMAND_PROBLEMS,
        *SCOPE_PROBLEMS,
        "reschedule-limit-reached",
        "slot-unavailable",
        "scope-conflicts",
        "no-change",
        "credit-unavailable",
    ),
)
async def reschedule_session(
    session_id: SessionId,
    body: RescheduleRequest,
    call: AnyCall,
    settings: AppSettings,
    write: Writing,
    if_match: IfMatch,
) -> Response:
    """Move a session to an available slot. It keeps its id; its version increases by one.

    The same `start` with another `format` or location is a change of format, with its own rules and
    quote (`actions.change_format`). A slot that was taken meanwhile is `slot-unavailable`, with the
    three nearest slots. While a `move_request` is open, a move is free, and books again what the
    practice has cancelled; by the policy's `rebook` a move books any ended session again.

    A seat of a `group` moves to another group: send the `group_id` and the `start` of a slot. It
    has the format of its group: another one is `action-disabled` at the same start, and
    `validation-failed` with a `group_id`. With `scope: this_and_following`
    the sessions that follow in its series move by the same number of local days to the same local
    time: all of them, or none (`scope-conflicts`).
    """
    requested = WantedMove(body.start, body.format, body.location_id, body.group_id)
    order = _order(body, if_match, settings)
    if body.scope is SeriesScope.THIS_AND_FOLLOWING:
        return await write(
            lambda db: reschedule_following(
                db,
                call.caller,
                session_id,
                requested=requested,
                overrides=body.overriding(),
                order=order,
                choice=body.choice(),
                quotes=call.quotes,
                now=call.now,
            ),
            lambda outcome: scope_answer(outcome, call),
        )
    return await write(
        lambda db: reschedule(
            db,
            call.caller,
            session_id,
            requested=requested,
            order=order,
            quotes=call.quotes,
            now=call.now,
        ),
        lambda outcome: command_answer(outcome, call),
    )


@router.post(
    "/{session_id}/undo",
    summary="Take back the last change",
    response_model=CommandAnswer,
    responses=responses(
        *READ_PROBLEMS,
        "undo-unavailable",
        "slot-unavailable",
        "group-full",
        "group-cancelled",
        "credit-unavailable",
        "version-mismatch",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def undo_change(
    session_id: SessionId, call: AnyCall, write: Writing, if_match: IfMatch
) -> Response:
    """Take back the client's own cancellation, move or change of format, within a few minutes.

    `actions.undo` says until when. The session is then as it was before: nothing is owed for the
    change, a credit pays again, and a move does not count. If the change was one of several of a
    series, only this session goes back. The practice's changes cannot be taken back.

    The old time was open to all meanwhile: if it is taken, the response is `slot-unavailable` (for
    a seat of a group `group-full`), without alternatives, and nothing changes.
    """
    return await write(
        lambda db: undo_by_client(db, call.caller, session_id, if_match=if_match, now=call.now),
        lambda outcome: command_answer(outcome, call),
    )


@router.post(
    "/{session_id}/confirm",
    summary="Say that the client is coming",
    response_model=CommandAnswer,
    responses=responses(
        *READ_PROBLEMS,
        "session-not-booked",
        "session-started",
        "absence-announced",
        "version-mismatch",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def confirm_session(
    session_id: SessionId, call: AnyCall, write: Writing, if_match: IfMatch
) -> Response:
    """Say that the client is coming to a booked session, until it starts.

    The practice sees `confirmed_at`, and webhooks get `session.confirmed`; nobody gets an email.
    Nothing else changes: the version, the quotes and the policy's costs stay, and a session that
    was never confirmed is never cancelled for that. A move to another start, a cancellation and the
    announcement of an absence end it.

    Confirming again does nothing and gives the same 200 response. After an announced absence the
    response is `absence-announced`: the client has to talk to the practice.
    """
    return await write(
        lambda db: confirm(db, call.caller, session_id, if_match=if_match, now=call.now),
        lambda outcome: command_answer(outcome, call),
    )


@router.post(
    "/{session_id}/absence",
    summary="Announce that the client cannot come",
    response_model=CommandAnswer,
    responses=responses(*COMMAND_PROBLEMS, "cancellation-open"),
)
async def announce_session_absence(
    session_id: SessionId,
    body: AbsenceRequest,
    call: AnyCall,
    settings: AppSettings,
    write: Writing,
    if_match: IfMatch,
) -> Response:
    """Tell the practitioner that the client cannot come, after it is too late to cancel.

    This is open from the deadline for cancelling until the start (`actions.absence`); before it the
    response is `cancellation-open`. The practitioner gets an email at once, with the reason.

    With `free_time: false` the session stays booked, and nothing is owed now: the practice may mark
    it as missed later. With `free_time: true` the session is cancelled, its time is free at once,
    and it costs what a missed session costs: send the `quote` of `actions.absence` that the client
    was shown.

    Announcing it again does nothing and gives the same 200 response. `free_time: true` may follow.
    """
    order = _order(body, if_match, settings)
    return await write(
        lambda db: announce_absence(
            db,
            call.caller,
            session_id,
            free_time=body.free_time,
            order=order,
            quotes=call.quotes,
            now=call.now,
            credit_grace=settings.credit_grace,
        ),
        lambda outcome: command_answer(outcome, call),
    )


def _order(
    body: CancelRequest | RescheduleRequest | AbsenceRequest,
    if_match: str | None,
    settings: Settings,
) -> ClientOrder:
    given = body.reason
    reason = None if given is None else ChangeReason(given.code, given.note)
    ask_waiver = None if body.ask_waiver is None else body.ask_waiver.note
    undo_window, use_allowance = settings.undo_window, body.use_allowance
    return ClientOrder(reason, body.quote, if_match, undo_window, ask_waiver, use_allowance)
