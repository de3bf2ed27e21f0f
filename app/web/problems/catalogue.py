"""The problem catalogue: every problem code with its status, members and headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from app.texts.catalogue import ENGLISH, Texts

MEDIA_TYPE = "application/problem+json"


class Wording(NamedTuple):
    """The texts of a problem in one language.

    `detail` is a sentence to show to the client; `explanation` is for developers.
    """

    title: str
    detail: str
    explanation: str


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem code. Its texts are in the catalogue of texts (app/texts).

    `members` are the fields that it always has in addition to the fields of every problem;
    `optional` fields may be null or absent. `headers` are response headers. Schemas and examples
    are in app/operations/openapi/problems.py.
    """

    code: str
    status: HTTPStatus
    members: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    def wording(self, texts: Texts = ENGLISH) -> Wording:
        """Return the title, detail and explanation; by default in English, for OpenAPI."""
        return Wording(
            title=texts(f"problem.{self.code}.title"),
            detail=texts(f"problem.{self.code}.detail"),
            explanation=texts(f"problem.{self.code}.explanation"),
        )


CATALOGUE: Mapping[str, ProblemType] = {
    kind.code: kind
    for kind in (
        ProblemType("not-found", HTTPStatus.NOT_FOUND),
        ProblemType("unauthorized", HTTPStatus.UNAUTHORIZED, headers=("WWW-Authenticate",)),
        ProblemType("forbidden", HTTPStatus.FORBIDDEN),
        ProblemType("validation-failed", HTTPStatus.UNPROCESSABLE_ENTITY, members=("errors",)),
        ProblemType(
            "action-disabled", HTTPStatus.FORBIDDEN, members=("contact",), optional=("deadline",)
        ),
        ProblemType("notice-too-short", HTTPStatus.CONFLICT, members=("deadline", "contact")),
        ProblemType(
            "session-started", HTTPStatus.CONFLICT, members=("contact",), optional=("deadline",)
        ),
        ProblemType(
            "session-not-booked",
            HTTPStatus.CONFLICT,
            optional=("deadline", "contact", "session_id"),
        ),
        ProblemType(
            "cancellation-open",
            HTTPStatus.CONFLICT,
            members=("contact",),
            optional=("deadline",),
        ),
        ProblemType(
            "absence-announced",
            HTTPStatus.CONFLICT,
            members=("contact",),
            optional=("deadline",),
        ),
        ProblemType("session-changed", HTTPStatus.CONFLICT, members=("session_id",)),
        ProblemType(
            "reschedule-limit-reached",
            HTTPStatus.CONFLICT,
            members=("contact",),
            optional=("deadline",),
        ),
        ProblemType("quote-required", HTTPStatus.CONFLICT, optional=("decision", "preview")),
        ProblemType("quote-stale", HTTPStatus.CONFLICT, optional=("decision", "preview")),
        ProblemType("quote-invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
        ProblemType(
            "slot-unavailable",
            HTTPStatus.CONFLICT,
            members=("alternatives",),
            optional=("held_until",),
        ),
        ProblemType("group-full", HTTPStatus.CONFLICT),
        ProblemType("group-cancelled", HTTPStatus.CONFLICT),
        ProblemType("seats-conflict", HTTPStatus.CONFLICT, members=("conflicts",)),
        ProblemType(
            "scope-refused",
            HTTPStatus.CONFLICT,
            members=("session_id", "refusal", "contact"),
            optional=("deadline",),
        ),
        ProblemType("scope-conflicts", HTTPStatus.CONFLICT, members=("conflicts",)),
        ProblemType("offer-expired", HTTPStatus.CONFLICT),
        ProblemType("offer-gone", HTTPStatus.CONFLICT),
        ProblemType("waitlist-off", HTTPStatus.CONFLICT),
        ProblemType("release-unavailable", HTTPStatus.CONFLICT),
        ProblemType("no-change", HTTPStatus.CONFLICT),
        ProblemType("undo-unavailable", HTTPStatus.CONFLICT),
        ProblemType("credit-unavailable", HTTPStatus.CONFLICT),
        ProblemType("fee-not-due", HTTPStatus.CONFLICT),
        ProblemType("waiver-unavailable", HTTPStatus.CONFLICT),
        ProblemType("erase-refused", HTTPStatus.CONFLICT, members=("booked_sessions", "due_fees")),
        ProblemType("client-erased", HTTPStatus.CONFLICT),
        ProblemType("version-mismatch", HTTPStatus.PRECONDITION_FAILED),
        ProblemType("idempotency-key-reused", HTTPStatus.UNPROCESSABLE_ENTITY),
        ProblemType("idempotency-key-in-use", HTTPStatus.CONFLICT),
        ProblemType("link-invalid", HTTPStatus.UNPROCESSABLE_ENTITY),
        ProblemType("link-expired", HTTPStatus.GONE),
        ProblemType("notification-finished", HTTPStatus.CONFLICT),
        ProblemType("issuer-taken", HTTPStatus.CONFLICT),
        ProblemType("rate-limited", HTTPStatus.TOO_MANY_REQUESTS, headers=("Retry-After",)),
        ProblemType("payload-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ProblemType("unsupported-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ProblemType("method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED),
        ProblemType(
            "service-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, headers=("Retry-After",)
        ),
        ProblemType("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR),
    )
}


# The problems of every staff operation: of reads, and of writes.
READING_BY_STAFF = ("unauthorized", "forbidden", "validation-failed", "service-unavailable")
WRITING_BY_STAFF = (
    *READING_BY_STAFF,
    "idempotency-key-reused",
    "idempotency-key-in-use",
    "payload-too-large",
    "unsupported-media-type",
)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the problems of an operation, for `responses=`.

    `internal-error` is added: any operation can meet a defect of the service.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*codes, "internal-error"):
        by_status.setdefault(CATALOGUE[code].status.value, []).append(code)
    return {status: _documented(found) for status, found in sorted(by_status.items())}


def _documented(codes: Sequence[str]) -> dict[str, Any]:
    """Refer to the components that app/operations/openapi/problems.py adds."""
    schemas = {code: f"#/components/schemas/{component_name(code)}" for code in codes}
    one_of = [{"$ref": schema} for schema in schemas.values()]
    union = {
        "oneOf": one_of,
        "discriminator": {"propertyName": "code", "mapping": schemas},
    }
    return {
        "description": " ".join(f"`{code}`: {CATALOGUE[code].wording().title}." for code in codes),
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for code in codes
            for name in ("X-Request-Id", "Content-Language", *CATALOGUE[code].headers)
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
    """Return the OpenAPI component's name: `QuoteRequiredProblem` for `quote-required`."""
    return "".join(word.capitalize() for word in code.split("-")) + "Problem"
