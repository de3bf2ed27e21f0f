"""The error catalogue: every problem code with its status, title and explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """`detail` is a sentence that a client can read; `explanation` is for developers.

    `members` are the fields that it always has besides those of all problems, `optional` those
    that may be null or absent; app/problems/description.py has a schema and an example for each.
    `headers` are the response headers that come with it.
    """

    status: HTTPStatus
    title: str
    detail: str
    explanation: str
    members: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


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
        "The request has no bearer token, or one that is malformed, forged, expired or revoked. Or "
        "its refresh token is, or was replaced before: then the whole sign-in is over.",
        headers=("WWW-Authenticate",),
    ),
    "forbidden": ProblemType(
        HTTPStatus.FORBIDDEN,
        "Not allowed with this sign-in",
        "A link in an email opens one session only. Please sign in to see more.",
        "The token is good, but its scope does not reach this: an access token that came from a "
        "link is for one session, and gives no lists and no packages; an API key reaches as far as "
        "its scope (`read`, `write`, `admin`), and nowhere while its practice is closed.",
    ),
    "validation-failed": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not valid",
        "Something in the request is missing or wrong.",
        "`errors` has one entry for each bad field: `in` says where it was (body, query, path or "
        "header), `pointer` is a JSON pointer to it, `detail` what is wrong. Nothing was changed.",
        members=("errors",),
    ),
    "action-disabled": ProblemType(
        HTTPStatus.FORBIDDEN,
        "Not possible online",
        "This cannot be done online for this session.",
        "The policy of this session never lets its client do this himself. `contact` is whom to "
        "ask instead.",
        members=("contact",),
        optional=("deadline",),
    ),
    "notice-too-short": ProblemType(
        HTTPStatus.CONFLICT,
        "Too late to do this online",
        "It is too close to the session to do this online.",
        "The policy's deadline for this action has passed. `deadline` says when it was, `contact` "
        "whom to ask instead. A quote made before the deadline is still honoured until it expires.",
        members=("deadline", "contact"),
    ),
    "session-started": ProblemType(
        HTTPStatus.CONFLICT,
        "The session has started",
        "This session has already started, so it cannot be changed online.",
        "From its start on, a session can be neither cancelled nor moved by its client.",
        members=("contact",),
        optional=("deadline",),
    ),
    "session-not-booked": ProblemType(
        HTTPStatus.CONFLICT,
        "The session is not booked",
        "This session is no longer booked, so it cannot be changed.",
        "The session was cancelled, or has taken place, or its client did not come. A client is "
        "also told in `contact` whom to ask instead.",
        optional=("deadline", "contact", "session_id"),
    ),
    "session-changed": ProblemType(
        HTTPStatus.CONFLICT,
        "The client has changed the session",
        "The client has changed this session since it was last written under this reference.",
        "Practice software wrote a session by its `external_ref` with a new time, duration, format "
        "or location, but the client has moved the session or changed its format since the last "
        "write. `session_id` names the session. Read it, and then send the request again with "
        "`If-Match` and its present `ETag`, or with `force`, to overrule the client; or keep what "
        "the client chose. Nothing was changed.",
        members=("session_id",),
    ),
    "reschedule-limit-reached": ProblemType(
        HTTPStatus.CONFLICT,
        "Moved too often",
        "This session has already been moved as often as it can be online.",
        "The policy limits how many times a client may move one session. Moves by the practice "
        "and changes of format do not count.",
        members=("contact",),
        optional=("deadline",),
    ),
    "quote-required": ProblemType(
        HTTPStatus.CONFLICT,
        "The cost has to be shown first",
        "This has a cost that you have not been shown yet. Please look at it and confirm.",
        "The action costs a fee or a package credit, and the request carries no quote that still "
        "counts. `decision` is the present one, with a fresh quote: show it to the client, and "
        "send the command again with that quote.",
        members=("decision",),
    ),
    "quote-stale": ProblemType(
        HTTPStatus.CONFLICT,
        "The session has changed meanwhile",
        "The session has changed since you looked at it. Please look again.",
        "The quote was made for an earlier version of the session. `decision` is the present one, "
        "with a fresh quote.",
        members=("decision",),
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
        members=("alternatives",),
    ),
    "no-change": ProblemType(
        HTTPStatus.CONFLICT,
        "Nothing would change",
        "The session already has this time and format.",
        "The request names the time, format and location that the session has, or undoes what is "
        "not done.",
    ),
    "credit-unavailable": ProblemType(
        HTTPStatus.CONFLICT,
        "No credit to use",
        "The package has no credit that can be used.",
        "All credits of the package are in use, or it has expired. `detail` says which.",
    ),
    "fee-not-due": ProblemType(
        HTTPStatus.CONFLICT,
        "The fee is not due",
        "This fee is not due any more.",
        "The fee was waived, settled, or is void because what caused it was undone.",
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
        "The token is malformed, forged, or revoked, or it is of a sign-in link that was used "
        "before. Whether a session or a client exists is not said.",
    ),
    "link-expired": ProblemType(
        HTTPStatus.GONE,
        "The link has expired",
        "This link has expired.",
        "The token was good, but its session lies too far in the past, or its practice is closed; "
        "or a sign-in link was used too late.",
    ),
    "notice-finished": ProblemType(
        HTTPStatus.CONFLICT,
        "The notice is done with",
        "This message was sent already, or is no longer needed.",
        "A notice that was sent or dropped is not sent again. Only one that failed, or waits for "
        "its next try, can be tried again.",
    ),
    "rate-limited": ProblemType(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "That was a little too often. Please wait a moment.",
        "Wait as long as `Retry-After` says.",
        headers=("Retry-After",),
    ),
    "payload-too-large": ProblemType(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is too large",
        "The request is too large.",
        "A body may have 64 KiB at most, one sent to `/v1/practice/…` 1 MiB.",
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
        headers=("Retry-After",),
    ),
    "internal-error": ProblemType(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "Something went wrong on our side. Please try again.",
        "A defect of the service. `request_id` finds it in the logs.",
    ),
}


# What every operation of the practice's software can answer: those that look, those that write.
READING_BY_STAFF = ("unauthorized", "forbidden", "validation-failed", "service-unavailable")
WRITING_BY_STAFF = (
    *READING_BY_STAFF,
    "idempotency-key-reused",
    "idempotency-key-in-use",
    "payload-too-large",
    "unsupported-media-type",
)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Document the problems that an operation can answer, for `responses=`.

    Every operation can meet a defect of the service.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*codes, "internal-error"):
        by_status.setdefault(CATALOGUE[code].status.value, []).append(code)
    return {status: _documented(found) for status, found in sorted(by_status.items())}


def _documented(codes: Sequence[str]) -> dict[str, Any]:
    """Refer to the components that app/problems/description.py makes of the catalogue."""
    schemas = {code: f"#/components/schemas/{component_name(code)}" for code in codes}
    one_of = [{"$ref": schema} for schema in schemas.values()]
    union = {
        "oneOf": one_of,
        "discriminator": {"propertyName": "code", "mapping": schemas},
    }
    return {
        "description": " ".join(f"`{code}`: {CATALOGUE[code].title}." for code in codes),
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for code in codes
            for name in ("X-Request-Id", *CATALOGUE[code].headers)
        },
        "content": {
            MEDIA_TYPE: {
                "schema": union if len(codes) > 1 else one_of[0],
                "examples": {
                    code: {"$ref": f"#/components/examples/{component_name(code)}"}
                    for code in codes
                },
            }
        },
    }


def component_name(code: str) -> str:
    """Name the component that describes a problem: `QuoteRequiredProblem` for `quote-required`."""
    return "".join(word.capitalize() for word in code.split("-")) + "Problem"
