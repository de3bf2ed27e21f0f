"""The error catalogue: every problem code, its status, title and explanation, and the handlers.

The wire format is RFC 9457 (`application/problem+json`).
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from traceback import extract_tb
from typing import Any

import asyncpg
import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database.transactions import (
    DEADLOCK,
    EXCLUSION_VIOLATION,
    SERIALIZATION_FAILURE,
    sqlstate,
)
from app.domain.errors import (
    ActionRefusedError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    SlotUnavailableError,
)
from app.sessions.errors import QuoteRequiredError
from app.sessions.presenter import present_contact, present_decision, present_slot
from app.sessions.quotes import Quotes

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
FRAMES_LOGGED = 12
_HEADERS = {
    "unauthorized": {"WWW-Authenticate": "Bearer"},
    "service-unavailable": {"Retry-After": str(RETRY_AFTER_SECONDS)},
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProblemType:
    """`detail` is a sentence that a client can read; `explanation` is for developers."""

    status: HTTPStatus
    title: str
    detail: str
    explanation: str


CATALOGUE: Mapping[str, ProblemType] = {
    "not-found": ProblemType(
        HTTPStatus.NOT_FOUND,
        "Not found",
        "There is nothing here for you.",
        "The address, or the id in it, names nothing that this caller may see. An id that exists "
        "for somebody else gets the same answer as one that does not exist.",
    ),
    "unauthorized": ProblemType(
        HTTPStatus.UNAUTHORIZED,
        "Not signed in",
        "Please sign in again, or open the link in your email once more.",
        "The request has no bearer token, or one that is malformed, forged, expired or revoked.",
    ),
    "forbidden": ProblemType(
        HTTPStatus.FORBIDDEN,
        "Not allowed with this sign-in",
        "A link in an email opens one session only. Please sign in to see more.",
        "The token is good, but its scope does not reach this: an access token that came from a "
        "link is for one session, and gives no lists and no packages.",
    ),
    "validation-failed": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not valid",
        "Something in the request is missing or wrong.",
        "`errors` has one entry for each bad field: `in` says where it was (body, query, path or "
        "header), `pointer` is a JSON pointer to it, `detail` what is wrong. Nothing was changed.",
    ),
    "action-disabled": ProblemType(
        HTTPStatus.FORBIDDEN,
        "Not possible online",
        "This cannot be done online for this session.",
        "The policy of this session never lets its client do this himself. `contact` is whom to "
        "ask instead.",
    ),
    "notice-too-short": ProblemType(
        HTTPStatus.CONFLICT,
        "Too late to do this online",
        "It is too close to the session to do this online.",
        "The policy's deadline for this action has passed. `deadline` says when it was, `contact` "
        "whom to ask instead. A quote made before the deadline is still honoured until it expires.",
    ),
    "session-started": ProblemType(
        HTTPStatus.CONFLICT,
        "The session has started",
        "This session has already started, so it cannot be changed online.",
        "From its start on, a session can be neither cancelled nor moved by its client.",
    ),
    "session-not-booked": ProblemType(
        HTTPStatus.CONFLICT,
        "The session is not booked",
        "This session is no longer booked, so it cannot be changed.",
        "The session was cancelled, or has taken place, or its client did not come.",
    ),
    "reschedule-limit-reached": ProblemType(
        HTTPStatus.CONFLICT,
        "Moved too often",
        "This session has already been moved as often as it can be online.",
        "The policy limits how many times a client may move one session. Moves by the practice "
        "and changes of format do not count.",
    ),
    "quote-required": ProblemType(
        HTTPStatus.CONFLICT,
        "The cost has to be shown first",
        "This has a cost that you have not been shown yet. Please look at it and confirm.",
        "The action costs a fee or a package credit, and the request carries no quote that still "
        "counts. `decision` is the present one, with a fresh quote: show it to the client, and "
        "send the command again with that quote.",
    ),
    "quote-stale": ProblemType(
        HTTPStatus.CONFLICT,
        "The session has changed meanwhile",
        "The session has changed since you looked at it. Please look again.",
        "The quote was made for an earlier version of the session. `decision` is the present one, "
        "with a fresh quote.",
    ),
    "quote-invalid": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Not a valid quote",
        "The request carries a quote that is not valid.",
        "The quote was not made by this service, or it is for another action or session.",
    ),
    "slot-unavailable": ProblemType(
        HTTPStatus.CONFLICT,
        "This time is not available",
        "This time is not available any more. Please choose another one.",
        "The start is not among the slots on offer, or was taken a moment ago. `alternatives` are "
        "the three nearest slots still open, the nearest first. Nothing was changed.",
    ),
    "no-change": ProblemType(
        HTTPStatus.CONFLICT,
        "Nothing would change",
        "The session already has this time and format.",
        "The request names the time, format and location that the session has.",
    ),
    "version-mismatch": ProblemType(
        HTTPStatus.PRECONDITION_FAILED,
        "The session has changed meanwhile",
        "The session has changed since you looked at it. Please look again.",
        "`If-Match` does not name the session's present `ETag`. Read it again and decide anew.",
    ),
    "idempotency-key-reused": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Idempotency key used before",
        "This request could not be repeated. Please try again.",
        "The `Idempotency-Key` was used within 24 hours with another method, address or body.",
    ),
    "idempotency-key-in-use": ProblemType(
        HTTPStatus.CONFLICT,
        "The first request is still running",
        "Your request is being worked on. Please wait a moment.",
        "A request with this `Idempotency-Key` has not finished yet. Repeat it a little later to "
        "get its answer.",
    ),
    "link-invalid": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The link is not valid",
        "This link does not work. Please use the link in your latest email.",
        "The token is malformed, forged, or revoked. Whether a session exists is not said.",
    ),
    "link-expired": ProblemType(
        HTTPStatus.GONE,
        "The link has expired",
        "This link has expired.",
        "The token was good, but its session lies too far in the past.",
    ),
    "rate-limited": ProblemType(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "That was a little too often. Please wait a moment.",
        "Wait as long as `Retry-After` says.",
    ),
    "payload-too-large": ProblemType(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is too large",
        "The request is too large.",
        "A body may have 64 KiB at most.",
    ),
    "unsupported-media-type": ProblemType(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Not JSON",
        "The request has to be JSON.",
        "A body must be sent with `Content-Type: application/json`.",
    ),
    "method-not-allowed": ProblemType(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "This cannot be done here.",
        "The address exists, but not for this method; `Allow` lists those that it knows.",
    ),
    "service-unavailable": ProblemType(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Unavailable for a moment",
        "The service is not available for a moment. Please try again.",
        "The database cannot be reached. Wait as long as `Retry-After` says and repeat the "
        "request, with the same `Idempotency-Key` where it changes something.",
    ),
    "internal-error": ProblemType(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "Something went wrong on our side. Please try again.",
        "A defect of the service. `request_id` finds it in the logs.",
    ),
}

_BY_STATUS = {
    400: "validation-failed",
    404: "not-found",
    405: "method-not-allowed",
    413: "payload-too-large",
    415: "unsupported-media-type",
}
# Classes 08, 53 and 57P0x: the connection is gone, the server is full, or on its way down or up.
# 42P01: the schema is not there yet, a migration is still to come.
_UNAVAILABLE = ("08", "53", "57P01", "57P02", "57P03", "42P01")
_LOST = (OSError, PoolTimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


def problem(
    request: Request,
    code: str,
    *,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Build the answer for a code of the catalogue, with members that help to act on it."""
    kind = CATALOGUE[code]
    public_url: str = request.app.state.settings.public_url
    body = {
        "type": f"{public_url}/problems/{code}",
        "title": kind.title,
        "status": kind.status.value,
        "code": code,
        "detail": detail or kind.detail,
        "request_id": request.state.request_id,
        **members,
    }
    structlog.contextvars.bind_contextvars(problem=code)
    return JSONResponse(
        body,
        status_code=kind.status.value,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


class DefectGuard:
    """Answers a defect inside the other middleware, and lets nothing of it reach the server.

    The framework's own handler answers outside: without the request's id and without the headers
    that let a browser read it. And it raises again, so that the server logs the message.
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
        except Exception as error:  # noqa: BLE001 - whatever it is, this is where it ends
            answer = await _on_defect(Request(scope), error)
            if not started:
                await answer(scope, receive, send)


def install_handlers(app: FastAPI) -> None:
    """Turn every exception that can reach the edge into a problem.

    To be called before other middleware is added: the guard has to be the innermost.
    """
    app.add_middleware(DefectGuard)
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for lost in (DBAPIError, *_LOST):
        app.add_exception_handler(lost, _on_database_error)
    app.add_exception_handler(Exception, _on_defect)


async def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for it
    headers = _HEADERS.get(error.code)
    match error:
        case InvalidInputError():
            entry = {"pointer": error.pointer, "in": error.where, "detail": error.detail}
            return problem(request, error.code, errors=[entry])
        case ActionRefusedError(decision=decision) if decision.refusal is not None:
            refusal = decision.refusal
            return problem(
                request,
                refusal.code,
                detail=refusal.message,
                deadline=None if refusal.deadline is None else _iso(refusal.deadline, error),
                contact=present_contact(refusal.contact).model_dump(),
            )
        case QuoteRequiredError():
            quotes: Quotes = request.app.state.quotes
            record = error.record
            shown = present_decision(error.decision, record, record.client_zone, quotes, error.now)
            return problem(request, error.code, decision=shown.model_dump(mode="json"))
        case SlotUnavailableError():
            slots = [
                present_slot(slot, error.duration, error.zone).model_dump(mode="json")
                for slot in error.alternatives
            ]
            return problem(request, error.code, alternatives=slots)
    return problem(request, error.code, headers=headers)


def _iso(instant: Any, error: ActionRefusedError) -> str:  # noqa: ANN401
    return str(instant.astimezone(error.zone).isoformat())


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    entries = [_entry(found) for found in error.errors()]
    return problem(request, "validation-failed", errors=entries)


def _entry(found: Mapping[str, Any]) -> dict[str, str]:
    where, *path = found["loc"]
    if found["type"] == "json_invalid":
        path = []
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    return {"pointer": pointer, "in": str(where), "detail": _sentence(found["msg"])}


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = _BY_STATUS.get(error.status_code, "internal-error")
    if code == "validation-failed":
        entry = {"pointer": "", "in": "body", "detail": "the body cannot be read as JSON"}
        return problem(request, code, errors=[entry])
    headers = dict(error.headers or {})
    if code == "payload-too-large":
        # The rest of the body is not read.
        headers["Connection"] = "close"
    return problem(request, code, headers=headers)


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    state = sqlstate(error) if isinstance(error, DBAPIError) else None
    if state == EXCLUSION_VIOLATION:
        return problem(request, "slot-unavailable", alternatives=[])
    retryable = state in {DEADLOCK, SERIALIZATION_FAILURE}
    down = (state or "").startswith(_UNAVAILABLE) or isinstance(error, _LOST)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if retryable or down or lost or isinstance(getattr(error, "orig", None), _LOST):
        log.warning("database_unavailable", error=type(error).__name__, sqlstate=state)
        code = "service-unavailable"
        return problem(request, code, headers=_HEADERS[code])
    return await _on_defect(request, error)


async def _on_defect(request: Request, error: Exception) -> JSONResponse:
    # Messages of exceptions may hold what clients wrote; the way there is enough to find it.
    way = [
        f"{frame.name} ({frame.filename}:{frame.lineno})"
        for frame in extract_tb(error.__traceback__)
    ]
    log.error("internal_error", error=type(error).__name__, way=way[-FRAMES_LOGGED:])
    return problem(request, "internal-error")


router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("/{code}")
async def explain_problem(code: str) -> HTMLResponse:
    """Explain a problem code to a person."""
    kind = CATALOGUE.get(code)
    if kind is None:
        raise NotFoundError
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{html.escape(kind.title)}</title>"
        "<body style='font:1.1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem'>"
        f"<h1>{html.escape(kind.title)}</h1><p>{html.escape(kind.detail)}</p>"
        f"<p><code>{html.escape(code)}</code>, HTTP {kind.status.value}</p>"
        f"<p>{html.escape(kind.explanation)}</p></body></html>"
    )
    return HTMLResponse(page)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Document the problems that an operation can answer, for `responses=`."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CATALOGUE[code].status.value, []).append(code)
    return {status: _documented(found) for status, found in sorted(by_status.items())}


def _documented(codes: Sequence[str]) -> dict[str, Any]:
    examples = {
        code: {
            "summary": CATALOGUE[code].title,
            "value": {
                "type": f"https://reslot.example/problems/{code}",
                "title": CATALOGUE[code].title,
                "status": CATALOGUE[code].status.value,
                "code": code,
                "detail": CATALOGUE[code].detail,
                "request_id": "5f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f",
            },
        }
        for code in codes
    }
    return {
        "description": " ".join(CATALOGUE[code].explanation for code in codes),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        },
    }
