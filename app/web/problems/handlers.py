"""Exception handlers: every exception of a request becomes a problem (RFC 9457)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database.transactions import (
    DEADLOCK,
    EXCLUSION_VIOLATION,
    SERIALIZATION_FAILURE,
    sqlstate,
)
from app.domain.errors import (
    DomainError,
    EraseRefusedError,
    ExplainedError,
    InvalidInputError,
    RateLimitedError,
    RefTakenError,
    SessionChangedError,
    SessionNotBookedError,
    UnavailableError,
)
from app.domain.policy.decide import Refusal
from app.domain.refusals import (
    ActionRefusedError,
    ConfirmationRefusedError,
    GroupUnavailableError,
    ScopeConflictsError,
    ScopeRefusedError,
    SeatsConflictError,
    SlotUnavailableError,
)
from app.observability.frames import name_frames
from app.observability.metrics.counts import count_refusal
from app.texts.catalogue import ENGLISH, Texts
from app.texts.refusals import refusal_text
from app.web.json import as_json
from app.web.languages import language_headers
from app.web.problems.catalogue import CATALOGUE, MEDIA_TYPE
from app.web.problems.messages import describe_error, member_of, pointer_to
from app.web.problems.routes import routes_at
from app.web.request_headers import texts_of
from app.web.views import (
    present_conflicts,
    present_contact,
    present_group_slots,
    present_seat_conflicts,
    present_slots,
)

RETRY_AFTER_SECONDS = 2
# Of the entries of a problem. A body of unknown fields has an entry for each.
MAX_ERRORS = 100
_HEADERS = {
    "unauthorized": {"WWW-Authenticate": "Bearer"},
    "service-unavailable": {"Retry-After": str(RETRY_AFTER_SECONDS)},
}

log = structlog.get_logger()
_BY_STATUS = {
    400: "validation-failed",
    404: "not-found",
    405: "method-not-allowed",
    413: "payload-too-large",
    415: "unsupported-media-type",
}
# SQLSTATEs for which a retry can succeed. 08, 53, 57P0x: the connection is lost, or the server is
# full, stopping or starting. 42P01: a migration has not run yet. 25006: a standby that is not yet
# promoted. 55P03, 57014, 25P03: a lock, a statement or an idle transaction timed out
# (docs/decisions/0021-bounds-of-waiting.md).
_UNAVAILABLE = (
    "08",
    "53",
    "57P01",
    "57P02",
    "57P03",
    "42P01",
    "25006",
    "55P03",
    "57014",
    "25P03",
)
_LOST = (
    OSError,
    PoolTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # the server closed the connection while a statement was sent
)


def problem(
    request: Request,
    code: str,
    *,
    texts: Texts | None = None,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """Build the response of a problem code. `members` are added to its JSON object.

    The texts are in the language that the request asks for, unless `texts` is given.
    """
    kind, texts = CATALOGUE[code], texts or texts_of(request)
    wording = kind.wording(texts)
    public_url: str = request.app.state.settings.public_url
    body = {
        "type": f"{public_url}/problems/{code}",
        "title": wording.title,
        "status": kind.status.value,
        "code": code,
        "detail": detail or wording.detail,
        "request_id": request.state.request_id,
        **members,
    }
    structlog.contextvars.bind_contextvars(problem=code)
    count_refusal(code)
    return Response(
        as_json(body),
        status_code=kind.status.value,
        media_type=MEDIA_TYPE,
        headers={
            "Cache-Control": "no-store",
            **(headers or {}),
            **language_headers(texts.language),
        },
    )


class DefectGuard:
    """The innermost middleware: answers an unexpected exception with `internal-error`.

    The framework's own handler runs outside all middleware: its answer has no request id and no
    CORS headers, and it raises again, so that the server would log the exception's message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - no exception may reach the server
            answer = await _on_defect(Request(scope), error)
            if not started:
                await answer(scope, receive, send)


def install_handlers(app: FastAPI) -> None:
    """Install handlers that turn every exception of a request into a problem.

    Call this before other middleware is added: `DefectGuard` has to be the innermost.
    """
    app.add_middleware(DefectGuard)
    app.add_exception_handler(DomainError, on_domain_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_unreadable_body)
    for lost in (DBAPIError, asyncpg.PostgresError, *_LOST):
        app.add_exception_handler(lost, on_database_error)
    app.add_exception_handler(Exception, _on_defect)


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Turn an error of the business rules into its problem."""
    assert isinstance(error, DomainError)  # noqa: S101 - registered for it
    code, detail, texts = error.code, None, texts_of(request)
    headers = _HEADERS.get(code)
    members = _members_of(error)
    match error:
        case InvalidInputError():
            members["errors"] = [_entry_of(error, texts)]
        case ExplainedError() if error.explanation is not None:
            detail = texts.explain(error.explanation)
        case UnavailableError():
            texts, detail = ENGLISH, error.detail
        case SessionChangedError() | SessionNotBookedError() if error.session_id is not None:
            members["session_id"] = error.session_id
        case SlotUnavailableError() if error.held_until is not None:
            why = "offered" if error.is_offered else "held"
            detail = texts(f"problem.slot-unavailable.{why}")
        case RateLimitedError():
            headers = {"Retry-After": str(error.retry_after)}
        case ActionRefusedError(decision=decision) if decision.refusal is not None:
            code = decision.refusal.code
            detail, members = _refusal(decision.refusal, error.zone, texts)
        case ConfirmationRefusedError(refusal=refusal):
            code = refusal.code
            detail, members = _refusal(refusal, error.zone, texts)
        case ScopeRefusedError(decision=decision) if decision.refusal is not None:
            detail, members = _refusal(decision.refusal, error.zone, texts)
            members |= {"session_id": error.session_id, "refusal": decision.refusal.code}
    return problem(request, code, texts=texts, detail=detail, headers=headers, **members)


def _refusal(refusal: Refusal, zone: ZoneInfo, texts: Texts) -> tuple[str | None, dict[str, Any]]:
    """Present why the policy refuses an action: the sentence, and what to act on."""
    return refusal_text(refusal.code, refusal.contact.name, texts), {
        "deadline": _iso(refusal.deadline, zone),
        "contact": present_contact(refusal.contact),
    }


def _members_of(error: DomainError) -> dict[str, Any]:
    """Present what is in the way of a command, or the nearest times that are free."""
    match error:
        case GroupUnavailableError():
            slots = present_group_slots(error.groups, error.zone, error.fees)
            return {"alternatives": slots, "held_until": _iso(error.held_until, error.zone)}
        case SlotUnavailableError():
            slots = present_slots(error.alternatives, error.duration, error.zone, error.fees)
            return {"alternatives": slots, "held_until": _iso(error.held_until, error.zone)}
        case SeatsConflictError():
            return {"conflicts": present_seat_conflicts(error.conflicts)}
        case EraseRefusedError():
            return {"booked_sessions": error.booked_sessions, "due_fees": error.due_fees}
        case ScopeConflictsError():
            return {"conflicts": present_conflicts(error.conflicts, error.zone)}
    return {}


def _entry_of(error: InvalidInputError, texts: Texts) -> dict[str, str]:
    detail = texts.explain(error.explanation)
    entry = {"pointer": error.pointer, "in": error.where, "detail": detail}
    if isinstance(error, RefTakenError):
        entry["record_id"] = str(error.record_id)
    return entry


def _iso(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else instant.astimezone(zone).isoformat()


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Turn what is wrong with the fields of a request into its problem: the first `MAX_ERRORS`."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    texts = texts_of(request)
    entries = [_entry(found, texts) for found in error.errors()[:MAX_ERRORS]]
    return problem(request, "validation-failed", errors=entries)


def _entry(found: Mapping[str, Any], texts: Texts) -> dict[str, str]:
    where, *path = found["loc"]
    if found["type"] == "json_invalid":
        path = []
    if path[-1:] == ["[key]"] and found["type"] != "extra_forbidden":
        # Pydantic adds this to the path of a member whose name is invalid.
        path.pop()
    if (member := member_of(found)) is not None:
        path.append(member)
    return {"pointer": pointer_to(path), "in": str(where), "detail": describe_error(found, texts)}


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = _BY_STATUS.get(error.status_code, "internal-error")
    if code == "validation-failed":
        return await _on_unreadable_body(request, error)
    headers = dict(error.headers or {})
    if code == "method-not-allowed" and (methods := _methods_at(request)):
        headers["Allow"] = ", ".join(methods)
    if code == "payload-too-large":
        # The rest of the body stays unread, so the connection cannot be used again.
        headers["Connection"] = "close"
    return problem(request, code, headers=headers)


async def _on_unreadable_body(request: Request, _: Exception) -> Response:
    entry = {"pointer": "", "in": "body", "detail": texts_of(request)("input.unreadable")}
    return problem(request, "validation-failed", errors=[entry])


def _methods_at(request: Request) -> list[str]:
    """List the methods of all operations at the request's path (RFC 9110 section 15.5.6).

    The framework lists only the methods of the first matching route. A path that is written out is
    not also the path of a record: no record's id is `open`.
    """
    found = routes_at(request)
    if not found:
        return []
    own = min(found, key=lambda route: len(route.param_convertors)).path
    methods = {method for route in found if route.path == own for method in route.methods or ()}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def on_database_error(request: Request, error: Exception) -> Response:
    """Turn an error of the database into its problem."""
    state = sqlstate(error)
    if state == EXCLUSION_VIOLATION:
        return problem(request, "slot-unavailable", alternatives=[], held_until=None)
    retryable = state in {DEADLOCK, SERIALIZATION_FAILURE}
    down = (state or "").startswith(_UNAVAILABLE) or isinstance(error, _LOST)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # SQLAlchemy wraps the driver's error twice.
    orig = getattr(error, "orig", None)
    lost = lost or isinstance(orig, _LOST) or isinstance(getattr(orig, "__cause__", None), _LOST)
    if retryable or down or lost:
        log.warning("database_unavailable", error=type(error).__name__, sqlstate=state)
        code = "service-unavailable"
        return problem(request, code, headers=_HEADERS[code])
    return await _on_defect(request, error)


async def _on_defect(request: Request, error: Exception) -> Response:
    way = name_frames(error.__traceback__)
    log.error("internal_error", error=type(error).__name__, way=way)
    return problem(request, "internal-error")
