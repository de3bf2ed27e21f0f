"""The OpenAPI description: what FastAPI cannot know by itself is added here."""

import json
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.identity.api_keys.keys import Scope
from app.operations.openapi.examples import add_example
from app.operations.openapi.open_enums import open_enums
from app.operations.openapi.problems import problem_components
from app.operations.openapi.sharing import share_repeated
from app.operations.openapi.webhooks import event_schemas, webhooks
from app.web.problems.catalogue import MEDIA_TYPE

_Json = dict[str, Any]

DESCRIPTION = """
Reslot lets the clients of a health or wellness practice cancel and reschedule their own sessions,
under the practitioner's cancellation policy.

**Who calls.** Send `Authorization: Bearer …` with a client's access token, or with the one that
`POST /v1/links/open` gives for the link in an email, which is good for that one session only. A
client sees his own sessions and nothing else: any other id is a 404. He signs in without a
password: `POST /v1/auth/sign-in-links` mails him a link, `POST /v1/auth/tokens` exchanges it.

**The practice's own software** sends an API key the same way, and calls `/v1/practice/…`. A key
reaches one practice only, as far as its scope: `read` looks at everything but reasons, `write`
sees these too, books and keeps records, `admin` also changes policies, webhooks and keys. Records
and sessions take an `external_ref`, your own id: `PUT …/by-ref/{external_ref}` writes one whether
it is there already or not.

**What it costs.** Every action in a session's details comes with a decision and a signed `quote`.
Show the cost, and send the quote back with the command: nobody pays what he was not shown.

**Times** are RFC 3339 with an offset, dates `YYYY-MM-DD`, money whole minor units of a currency:
`amount_minor / 10 ** decimals`. Write it with exactly so many decimals, which may be other than
those that a browser has for the currency.
Fields without a value are `null`. Objects and enumerations may grow: tolerate what you do not know.
What an answer lists under `x-extensible-enum` are the values of today.

**Reading.** `HEAD` gives the status and headers of every `GET`. An id is spelled in one way,
`3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f`: others are unknown.

**Repeating.** Every command takes an `Idempotency-Key`: the same key with the same request gets
the first answer again, for 24 hours, marked `Idempotency-Replayed: true`. Only a new API key and
an issued link, whose answers are secrets, are never kept.

**When the answer is no** it is an `application/problem+json` (RFC 9457) with a stable `code`, a
`detail` that a client can read, and the data to act on it. Each answer lists the codes that it can
have; `GET /problems/{code}` explains each.

**Languages.** Sentences for people (`title`, `detail`, `message`, `reason`) are in English, French,
German or Spanish, as `Accept-Language` asks, and in English by default. `Content-Language` says
which.
"""

TAGS = [
    {"name": "Sessions", "description": "A client's sessions, and what he can do with them."},
    {"name": "Client", "description": "Who is calling, and his packages."},
    {"name": "Sign-in", "description": "How a client signs in, without a password."},
    {"name": "Links", "description": 'The "Need to reschedule?" link of an email.'},
    {"name": "Practice: records", "description": "Who works there, what can be booked, for whom."},
    {"name": "Practice: hours", "description": "When practitioners work, and when not."},
    {"name": "Practice: policies", "description": "Cancellation policies, version by version."},
    {"name": "Practice: sessions", "description": "Booking, moving, cancelling and closing."},
    {"name": "Practice: fees", "description": "Fees that are due, waived or settled."},
    {
        "name": "Practice: notifications",
        "description": "Which mails and webhooks went out, or did not.",
    },
    {"name": "Practice: webhooks", "description": "Where your software is told of changes."},
    {"name": "Practice: access", "description": "API keys, links, and the audit trail."},
    {"name": "Events", "description": "What webhook endpoints are sent."},
    {"name": "Operations", "description": "For the machines that watch the service."},
]

_ONE_AT_A_TIME = Lock()


def write_description(app: FastAPI) -> bytes:
    """Write the description as it is sent, once for each process.

    The first time takes a second or more: not for an event loop.
    """
    with _ONE_AT_A_TIME:
        written: bytes | None = getattr(app.state, "written_description", None)
        if written is None:
            written = json.dumps(describe(app), ensure_ascii=False, separators=(",", ":")).encode()
            app.state.written_description = written
        return written


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
            contact={"name": "Whoever runs this installation"},
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            servers=[{"url": "/", "description": "This installation"}],
        )
        described = schema["components"]
        for kind, components in problem_components().items():
            described.setdefault(kind, {}).update(components)
        described["schemas"].update(event_schemas())
        schema["webhooks"] = webhooks()
        for component in described["schemas"].values():
            for part in component.get("properties", {}).values():
                _drop_title(part)
        for operations in schema["paths"].values():
            for operation in operations.values():
                _mend_operation(operation)
                _add_headers(operation)
                add_example(operation, described["schemas"])
        open_enums(schema)
        share_repeated(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _mend_operation(operation: dict[str, Any]) -> None:
    """Say in words which scope a key needs: the scopes of OpenAPI are those of OAuth only."""
    for needed in operation.setdefault("security", []):
        for scope in set(needed.get("ApiKey", ())) - {Scope.READ}:
            operation["description"] += f"\n\nNeeds an API key with the scope `{scope}`."
        needed.update({scheme: [] for scheme in needed})
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        _drop_title(schema)
        # A parameter can be left out, but never null.
        schema.update(schema.pop("anyOf", [{}])[0])
        # Fields of query models have their description in both places.
        if "description" in parameter:
            schema.pop("description", None)


def _add_headers(operation: _Json) -> None:
    """Document the headers of a success; a problem's are documented with it."""
    parameters = [found["name"].lower() for found in operation.get("parameters", ())]
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if MEDIA_TYPE not in content:
            names = ["X-Request-Id"]
            names += ["Idempotency-Replayed"] if "idempotency-key" in parameters else []
            names += ["ETag"] if _shows_session(content) else []
            answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _shows_session(content: _Json) -> bool:
    """Tell whether an answer shows one session whole: it then carries the session's version."""
    schema = content.get("application/json", {}).get("schema", {})
    return "text/calendar" in content or schema.get("$ref", "").rpartition("/")[2] in _WHOLE_SESSION


def _drop_title(schema: dict[str, Any]) -> None:
    """Drop a title that only repeats a field's name: generators make names of types of it."""
    schema.pop("title", None)


_WHOLE_SESSION = {
    "CommandAnswer",
    "OpenedLink",
    "PracticeSession",
    "SessionDetails",
    "StaffCommandAnswer",
}
