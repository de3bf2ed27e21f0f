"""The OpenAPI description: what FastAPI cannot know by itself is added here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.examples import EXAMPLES
from app.problems.catalogue import CATALOGUE

DESCRIPTION = """
Reslot lets the clients of a health or wellness practice cancel and reschedule their own sessions,
under the practitioner's cancellation policy.

**Who calls.** Send `Authorization: Bearer …` with a client's access token, or with the one that
`POST /v1/links/open` gives for the link in an email, which is good for that one session only. A
client sees his own sessions and nothing else: any other id is a 404.

**What it costs.** Every action in a session's details comes with a decision and a signed `quote`.
Show the cost, and send the quote back with the command: nobody pays what he was not shown.

**Times** are RFC 3339 with an offset, dates `YYYY-MM-DD`, money whole minor units of a currency.
Fields without a value are `null`. Enumerations and objects may grow: tolerate what you do not know.

**Repeating.** Every command takes an `Idempotency-Key`: the same key with the same request gets
the first answer again, for 24 hours, marked `Idempotency-Replayed: true`.

**When the answer is no** it is an `application/problem+json` (RFC 9457) with a stable `code`, a
`detail` that a client can read, and the data to act on it. `GET /problems/{code}` explains each.
"""

TAGS = [
    {"name": "Sessions", "description": "A client's sessions, and what he can do with them."},
    {"name": "Client", "description": "Who is calling, and his packages."},
    {"name": "Links", "description": 'The "Need to reschedule?" link of an email.'},
    {"name": "Operations", "description": "For the machines that watch the service."},
]

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Why the answer is no (RFC 9457). More members may be added.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "Explains the code to a person.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable. One of: " + ", ".join(CATALOGUE) + "."},
        "detail": {"type": "string", "description": "A sentence that a client can read."},
        "request_id": {"type": "string", "description": "Finds the request in the logs."},
        "errors": {
            "type": "array",
            "description": "With `validation-failed`: each bad field.",
            "items": {
                "type": "object",
                "required": ["pointer", "in", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field."},
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "detail": {"type": "string"},
                },
            },
        },
        "alternatives": {
            "type": "array",
            "description": "With `slot-unavailable`: the three nearest slots still open.",
            "items": {"$ref": "#/components/schemas/SlotView"},
        },
        "decision": {
            "description": "With `quote-required` and `quote-stale`: the present decision.",
            "$ref": "#/components/schemas/DecisionView",
        },
        "deadline": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "With a refusal: the deadline that was missed, if one was.",
        },
        "contact": {
            "description": "With a refusal: whom to ask instead.",
            "$ref": "#/components/schemas/ContactView",
        },
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Build the description once, with the problem component and an example for every answer."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Reslot",
            version=app.version,
            summary="Clients cancel and reschedule their own sessions.",
            description=DESCRIPTION.strip(),
            routes=app.routes,
            tags=TAGS,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            servers=[{"url": "/", "description": "This installation"}],
        )
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        for operations in schema["paths"].values():
            for operation in operations.values():
                _add_example(operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _add_example(operation: dict[str, Any]) -> None:
    content = operation["responses"]["200"].get("content", {})
    if "application/json" in content:
        content["application/json"]["example"] = EXAMPLES[operation["operationId"]]
