"""The OpenAPI description: FastAPI's own, with headers, examples, problems and webhooks added."""

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

**Clients** send `Authorization: Bearer …` with an access token. They sign in without a password:
`POST /v1/auth/sign-in-links` emails a link, and `POST /v1/auth/tokens` exchanges it for tokens.
`POST /v1/links/open` exchanges the link in an email for an access token for one session, and for
changing those that follow it in its series. A client sees their own sessions and nothing else: any
other id gets a 404.

**The practice's own software** sends an API key in the same header and calls `/v1/practice/…`. A
key belongs to one practice and has a scope: `read` reads everything except reasons; `write` also
reads reasons, books sessions and changes records; `admin` also changes policies, webhook endpoints
and API keys. Records and sessions have an `external_ref`, your own id:
`PUT …/by-ref/{external_ref}` creates or replaces one.

**Costs.** The details of a session contain a decision and a signed `quote` for each action. Show
the cost to the client, and send the quote back with the command: a client never pays more than
they were shown.

**Formats.** Times are RFC 3339 with an offset; dates are `YYYY-MM-DD`. Money is in minor units of a
currency: the amount is `amount_minor / 10 ** decimals`. Format it with exactly `decimals` decimals,
because a browser may use another number for the currency. Fields without a value are `null`. New
fields and new values of enumerations may be added: ignore fields and accept values that you do not
know. `x-extensible-enum` lists the current values. Fields of requests with a default may be left
out: run openapi-typescript with `--default-non-nullable=false`, else its types require them.

Times and dates lie between the years 1970 and 2200, and sessions start at a whole second.

**Reads.** `HEAD` returns the status and the headers of every `GET`. Write ids with hyphens, like
`3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f`: other notations get a 404 in a path, and a 422 elsewhere. An
operation with query parameters refuses others (422); one without ignores them. The pages of a list
have the same filters and order; `limit` and `time_zone` may change.

**Links.** A link in a message is `PORTAL_URL#TOKEN` for a session, or `PORTAL_URL#NAME=TOKEN`:
`NAME` is `sign-in`, `offer` or `waiver`. The token ends at the first `&`. Behind it may stand
`to=reschedule` or `to=cancel`, which is what the person wants to do, and `lang=de`, a language.
`POST /v1/links/open`, `/v1/auth/tokens`, `/v1/offers/open` and `/v1/waivers/open` take the tokens.

**Browsers.** A page from another origin may call this API if the operator has listed the origin in
`CORS_ORIGINS`. It can read the headers `ETag`, `Retry-After`, `Idempotency-Replayed` and
`X-Request-Id`.

**Idempotency.** Commands take an `Idempotency-Key`. For 24 hours, the same request with the same
key gets the first successful answer again, with the header `Idempotency-Replayed: true`. A request
that was refused runs again. The same means: method, path, query, and each byte of the body; a
request that differs is `idempotency-key-reused`. The answers with a new API key, an issued link or
the address of a feed are never stored, because they contain a secret.

**Problems** are `application/problem+json` (RFC 9457) with a stable `code`, a `detail` to show to
the client, and data to act on. Each operation lists its codes; `GET /problems/{code}` explains
each. A method that a path does not have is `method-not-allowed`.

**Languages.** Texts for people (`title`, `detail`, `message`, `reason`) are in English, French,
German or Spanish, according to `Accept-Language`; the default is English. Where an answer has such
texts, `Content-Language` names the language.

**Pictures.** `logo_url` and `photo_url` need no token, and can be cached for ever.
"""

TAGS = [
    {
        "name": "Sessions",
        "description": "A client's sessions: view, cancel, reschedule, change the format.",
    },
    {
        "name": "Waitlist",
        "description": "Wishes for an earlier time, and the offers of times that were given up.",
    },
    {"name": "Client", "description": "The calling client and their packages."},
    {
        "name": "Calendar feeds",
        "description": "Addresses at which calendar programs read booked sessions.",
    },
    {
        "name": "Waivers",
        "description": "The link with which a practitioner answers a client who asks for a waiver.",
    },
    {"name": "Sign-in", "description": "Sign-in of clients without a password."},
    {"name": "Links", "description": 'The "Need to reschedule?" link of an email.'},
    {
        "name": "Practice: records",
        "description": "Practitioners, clients, locations, services, packages, and the practice.",
    },
    {
        "name": "Practice: hours",
        "description": "Working hours, holidays, time off and busy times of practitioners.",
    },
    {"name": "Practice: policies", "description": "Cancellation policies and their versions."},
    {
        "name": "Practice: sessions",
        "description": "Book, reschedule and cancel sessions, and record attendance.",
    },
    {
        "name": "Practice: move requests",
        "description": "Ask clients to choose another time for their sessions.",
    },
    {
        "name": "Practice: groups",
        "description": "Classes and workshops: one time that several sessions share.",
    },
    {
        "name": "Practice: series",
        "description": "Sessions that are booked together, at regular dates.",
    },
    {
        "name": "Practice: waitlist",
        "description": "Who waits for a time, and what they were offered.",
    },
    {
        "name": "Practice: fees",
        "description": "Fees that are due, waived or settled; what clients used of an allowance.",
    },
    {"name": "Practice: in bulk", "description": "Import and export, line by line."},
    {"name": "Practice: reports", "description": "What has changed in a time, added up."},
    {
        "name": "Practice: notifications",
        "description": "Emails and webhooks: pending, sent and failed.",
    },
    {"name": "Practice: webhooks", "description": "Endpoints of your software for events."},
    {"name": "Practice: access", "description": "API keys, links, and the audit log."},
    {
        "name": "Text messages",
        "description": "What the gateway of text messages tells: receipts, and what clients write.",
    },
    {"name": "Events", "description": "Events that are sent to webhook endpoints."},
    {"name": "Operations", "description": "Liveness and readiness probes."},
]

_BUILD_LOCK = Lock()
_UNCHANGED = "304"
# `payload-too-large` and `unsupported-media-type`.
_OF_BODIES = ("413", "415")


def write_description(app: FastAPI) -> bytes:
    """Return the description as JSON, which is built once per process.

    The first call takes a second or more: do not run it in an event loop.
    """
    with _BUILD_LOCK:
        written: bytes | None = getattr(app.state, "written_description", None)
        if written is None:
            written = json.dumps(describe(app), ensure_ascii=False, separators=(",", ":")).encode()
            app.state.written_description = written
        return written


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description, which is built once per application."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Reslot",
            version=app.version,
            summary="Clients cancel and reschedule their own sessions.",
            description=DESCRIPTION.strip(),
            routes=app.routes,
            tags=TAGS,
            contact={"name": "The operator of this installation"},
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
                _lift_description(part)
        for operations in schema["paths"].values():
            for operation in operations.values():
                _complete_operation(operation)
                _drop_problems_of_bodies(operation)
                _add_headers(operation)
                add_example(operation, described["schemas"])
        open_enums(schema)
        share_repeated(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _complete_operation(operation: dict[str, Any]) -> None:
    """Add the needed scope to the description, and clean up the parameters' schemas.

    OpenAPI's own scopes are for OAuth only, so the scope of an API key is written as text.
    """
    for needed in operation.setdefault("security", []):
        for scope in set(needed.get("ApiKey", ())) - {Scope.READ}:
            operation["description"] += f"\n\nNeeds an API key with the scope `{scope}`."
        needed.update({scheme: [] for scheme in needed})
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        _drop_title(schema)
        # A parameter may be missing, but not null.
        schema.update(schema.pop("anyOf", [{}])[0])
        # Fields of query models have the same description in the parameter and in the schema.
        if "description" in parameter:
            schema.pop("description", None)


def _drop_problems_of_bodies(operation: _Json) -> None:
    """Drop the problems with a body where an operation takes none."""
    if "requestBody" not in operation:
        for status in _OF_BODIES:
            operation["responses"].pop(status, None)


def _add_headers(operation: _Json) -> None:
    """Document the headers of successes. Problem responses already have theirs."""
    parameters = [found["name"].lower() for found in operation.get("parameters", ())]
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if MEDIA_TYPE not in content:
            names = ["X-Request-Id"]
            names += ["Content-Language"] if _schema_name(content) in _IN_A_LANGUAGE else []
            names += ["Idempotency-Replayed"] if "idempotency-key" in parameters else []
            names += ["ETag"] if status == _UNCHANGED or _shows_session(content) else []
            names += ["Content-Disposition"] if _is_file(operation, content) else []
            answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _shows_session(content: _Json) -> bool:
    """Return whether an answer is one whole session or group, which has an `ETag`."""
    return "text/calendar" in content or _schema_name(content) in _WHOLE_SESSION


def _schema_name(content: _Json) -> str:
    """Return the name of an answer's schema; empty without one."""
    schema = content.get("application/json", {}).get("schema", {})
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name


def _is_file(operation: _Json, content: _Json) -> bool:
    """Return whether an answer has a file to save, and not one that a program reads again."""
    return "text/csv" in content or ("text/calendar" in content and bool(operation["security"]))


def _drop_title(schema: dict[str, Any]) -> None:
    """Drop a title that repeats a field's name: code generators would make a type of it."""
    schema.pop("title", None)


def _lift_description(field: dict[str, Any]) -> None:
    """Move the description of a field that may be null from its value to the field.

    Code generators and documentation pages read only the field's own.
    """
    said = [kind for kind in field.get("anyOf", ()) if "description" in kind]
    if "description" not in field and len(said) == 1:
        field["description"] = said[0].pop("description")


# Answers with texts for people. A test compares each answer's headers with these.
_IN_A_LANGUAGE = {
    "AvailabilityView",
    "CommandAnswer",
    "FreeTimesView",
    "NewPolicyVersion",
    "OpenedLink",
    "ResolvedPolicy",
    "ScopeView",
    "SessionDetails",
    "SignInLinkAnswer",
    "TrialAnswer",
}
_WHOLE_SESSION = {
    "CommandAnswer",
    "GroupCommandAnswer",
    "GroupView",
    "OpenedLink",
    "PracticeSession",
    "SessionDetails",
    "StaffCommandAnswer",
}
