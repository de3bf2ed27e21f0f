"""`/v1/sessions`: a client's requests on the client's own sessions."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.domain.scope import Scope
from app.identity.client_dependencies import AnyCall, ClientCall, Writing
from app.sessions.client_api.calendar_file import (
    CALENDAR_EXAMPLE,
    CalendarResponse,
    calendar_response,
)
from app.sessions.client_api.history_presenter import present_change
from app.sessions.client_api.presenter import command_answer, present_details, present_own_sessions
from app.sessions.client_api.preview_schemas import ScopeQuery, ScopeView
from app.sessions.client_api.reasons import reasons_for
from app.sessions.client_api.schemas import (
    AbsenceRequest,
    CancelRequest,
    ChangePage,
    CommandAnswer,
    RescheduleRequest,
    SessionDetails,
    SessionPage,
)
from app.sessions.client_api.scope_presenter import (
    present_scope,
    scope_answer,
)
from app.sessions.commands.absence import announce_absence
from app.sessions.commands.cancel import cancel
from app.sessions.commands.cancel_following import cancel_following
from app.sessions.commands.meeting import MoveRequest
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.commands.reschedule import reschedule
from app.sessions.commands.reschedule_following import preview_following, reschedule_following
from app.sessions.commands.undo import undo_by_client
from app.sessions.read.client_queries import ClientListPosition, When, list_sessions
from app.sessions.read.history_queries import list_changes
from app.sessions.read.queries import read_session, read_with_practice
from app.web.app_settings import AppSettings
from app.web.pagination import ListQuery, PageRequest
from app.web.problems.catalogue import responses
from app.web.request_headers import IfMatch
from app.web.responses import json_answer
from app.web.types import NextCursor, PageLimit, QueryParameters, SessionId, ZoneName

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])

READ_PROBLEMS = ("unauthorized", "not-found", "validation-failed", "service-unavailable")
COMMAND_PROBLEMS = (
    *READ_PROBLEMS,
    "action-disabled",
    "notice-too-short",
    "session-started",
    "session-not-booked",
    "quote-required",
    "quote-stale",
    "quote-invalid",
    "version-mismatch",
    "idempotency-key-reused",
    "idempotency-key-in-use",
    "payload-too-large",
    "unsupported-media-type",
)
# The problems of commands on several sessions.
SCOPE_PROBLEMS = ("forbidden", "scope-refused")


class SessionsQuery(ListQuery):
    """Filters and page of a list of sessions."""

    not_filters = ListQuery.not_filters | {"when", "time_zone"}
    when: Annotated[
        When,
        Field(
            description="`upcoming`: booked and not ended, earliest first. `past`: all others, "
            "latest first. `all`: all, latest first."
        ),
    ] = When.UPCOMING
    limit: PageLimit = 20
    cursor: NextCursor = None
    time_zone: Annotated[
        ZoneName | None, Field(description="IANA time zone for all times. Default: the client's.")
    ] = None


class DetailsQuery(QueryParameters):
    """How to show a session."""

    time_zone: Annotated[
        ZoneName | None, Field(description="IANA time zone for all times. Default: the client's.")
    ] = None


@router.get(
    "",
    summary="List the client's sessions",
    response_model=SessionPage,
    responses=responses("unauthorized", "forbidden", "validation-failed", "service-unavailable"),
)
async def list_own_sessions(query: Annotated[SessionsQuery, Query()], call: ClientCall) -> Response:
    """List the sessions of the signed-in client, in pages.

    Follow `next_cursor` until it is null. All pages use the time of the first page; a session that
    moves while you read the pages may appear twice or not at all.
    """
    caller, own = call.caller, (call.caller.practice_id, call.caller.client_id)
    asked = PageRequest(call.cursors, query, ClientListPosition, "sessions", *own, query.when)
    after = asked.part.after
    instant = call.now if after is None else after.instant
    found = await list_sessions(call.engine, caller, query.when, instant, asked.part)
    page = asked.paginate(found, lambda last: ClientListPosition(instant, last.starts_at, last.id))
    zone = None if query.time_zone is None else ZoneInfo(query.time_zone)
    return json_answer(present_own_sessions(page, zone))


@router.get(
    "/{session_id}",
    summary="Show a session",
    response_model=SessionDetails,
    responses=responses(*READ_PROBLEMS),
)
async def get_session(
    session_id: SessionId,
    query: Annotated[DetailsQuery, Query()],
    call: AnyCall,
) -> Response:
    """Show all details of a session, including its policy and the current decisions.

    `actions` has a decision for each action: whether it is allowed, what it costs now, until when
    it is free, and when it closes. An allowed action has a `quote`. Show the cost to the client,
    and send the quote with the command.

    `policy.terms` is a timeline of the costs of each action. The response's `ETag` is the session's
    version, for `If-Match`.
    """
    record = await read_session(call.engine, call.caller, session_id)
    zone = record.client_zone if query.time_zone is None else ZoneInfo(query.time_zone)
    reasons = reasons_for(call.caller)
    shown = present_details(record, zone, call.quotes, call.now, reasons=reasons, texts=call.texts)
    return json_answer(shown, etag=record.etag, texts=call.texts)


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

    Cancelling a cancelled session does nothing and gives the same 200 response.

    With `scope: this_and_following` the sessions that follow in its series are cancelled too: all
    of them, or none. Sessions that are cancelled, finished or were moved alone stay. Show the
    preview (`GET …/scope`) first, and send its `quote`. If the policy refuses one of the sessions,
    the response is `scope-refused`; list that session in `keep`, or cancel the sessions singly.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    order = ClientOrder(reason, body.quote, if_match, settings.undo_window)
    if body.scope is Scope.THIS_AND_FOLLOWING:
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

    The same `start` with another `format` (or another location) is a change of format, with its own
    rules and quote (`actions.change_format`). A package credit keeps paying. The old time is free.

    A slot that was taken meanwhile is `slot-unavailable`, with the three nearest slots. While a
    `move_request` is open, a move is free, and books again what the practice has cancelled. With
    `rebook` in its policy, a move also books a cancelled or missed session again.

    A seat of a `group` moves to another group: send the `group_id` and the `start` of a slot. It
    has the format of its group (`action-disabled` for another). With `scope: this_and_following`
    the sessions that follow in its series move by the same number of local days to the same local
    time: all of them, or none (`scope-conflicts`).
    """
    requested = MoveRequest(body.start, body.format, body.location_id, body.group_id)
    reason = ChangeReason(body.reason.code, body.reason.note)
    order = ClientOrder(reason, body.quote, if_match, settings.undo_window)
    if body.scope is Scope.THIS_AND_FOLLOWING:
        return await write(
            lambda db: reschedule_following(
                db,
                call.caller,
                session_id,
                requested=requested.for_single(),
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
    reason = ChangeReason(body.reason.code, body.reason.note)
    order = ClientOrder(reason, body.quote, if_match, settings.undo_window)
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


@router.get(
    "/{session_id}/scope",
    summary="Preview a command on a session and those that follow it",
    response_model=ScopeView,
    responses=responses(*READ_PROBLEMS, "forbidden"),
)
async def get_session_scope(
    session_id: SessionId, query: Annotated[ScopeQuery, Query()], call: AnyCall
) -> Response:
    """Show which sessions of the series a command would change, with a decision about each.

    `fee` is the sum. The `quote` is for exactly these sessions, in their present versions; send it
    with the command. Changes nothing. A session without a series is alone in its scope.
    """
    preview = await preview_following(
        call.engine,
        call.caller,
        session_id,
        query.action,
        query.scope,
        query.choice(),
        start=query.start,
        now=call.now,
    )
    named = preview.sessions.named
    zone = named.client_zone if query.time_zone is None else ZoneInfo(query.time_zone)
    shown = present_scope(preview, zone, call.quotes, call.now, call.texts)
    return json_answer(shown, texts=call.texts)


@router.get(
    "/{session_id}/changes",
    summary="Show a session's history",
    response_model=ChangePage,
    responses=responses(*READ_PROBLEMS),
)
async def list_session_changes(session_id: SessionId, call: AnyCall) -> Response:
    """List the changes of a session, oldest first: who, when, the state before and after, and why.

    Notes are private: the signed-in client sees their own notes, the holder of a link sees none.
    """
    zone, changes = await list_changes(call.engine, call.caller, session_id)
    shown = [present_change(change, zone, reasons=reasons_for(call.caller)) for change in changes]
    return json_answer(ChangePage(items=shown, next_cursor=None))


@router.get(
    "/{session_id}/calendar.ics",
    summary="Download a session as a calendar file",
    response_class=CalendarResponse,
    responses=responses(*READ_PROBLEMS) | CALENDAR_EXAMPLE,
)
async def get_session_calendar(session_id: SessionId, call: AnyCall) -> Response:
    """Download an iCalendar file with one VEVENT.

    Its UID never changes, and its SEQUENCE increases with every change that calendars show, so that
    a later file replaces an earlier one.
    """
    record, publisher = await read_with_practice(call.engine, call.caller, session_id)
    return calendar_response(record, publisher, call.now)
