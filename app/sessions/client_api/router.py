"""`/v1/sessions`: what a client reads of the client's own sessions."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.identity.client_dependencies import AnyCall, ClientCall
from app.sessions.client_api.calendar_file import (
    CALENDAR_EXAMPLE,
    CalendarResponse,
    calendar_response,
)
from app.sessions.client_api.history_presenter import present_change
from app.sessions.client_api.presenter import present_details, present_own_sessions
from app.sessions.client_api.preview_schemas import ScopeQuery, ScopeView
from app.sessions.client_api.problems import READ_PROBLEMS
from app.sessions.client_api.reasons import reasons_for
from app.sessions.client_api.schemas import (
    ChangePage,
    SessionDetails,
    SessionPage,
)
from app.sessions.client_api.scope_presenter import (
    present_scope,
)
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.reschedule_following import preview_following
from app.sessions.read.client_queries import ClientListPosition, When, list_sessions
from app.sessions.read.history_queries import list_changes
from app.sessions.read.queries import read_session, read_with_practice
from app.web.pagination import ListQuery, PageRequest
from app.web.problems.catalogue import responses
from app.web.responses import json_answer
from app.web.types import NextCursor, PageLimit, QueryParameters, SessionId, ZoneName

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])


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

    `fee` is the sum. The `quote` is for these sessions, in their present versions; send it with the
    command, which may leave some out by `keep`. Changes nothing. A session without a series is
    alone in its scope; an absence is always about one session.

    With the link of a session, it is `forbidden` if the links of another session that would change
    were revoked later. The commands with `scope: this_and_following` are as well.
    """
    preview = await preview_following(
        call.engine,
        call.caller,
        session_id,
        query.action,
        query.covered_scope,
        query.choice(),
        requested=WantedMove(query.start, query.format, query.location_id),
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
