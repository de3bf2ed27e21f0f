"""OpenAPI components of problems, built from the problem catalogue."""

from typing import Any

from app.operations.openapi.examples.problems import MEMBERS_OF_PROBLEM, PROBLEM_MEMBERS
from app.web.problems.catalogue import CATALOGUE, ProblemType, component_name
from app.web.problems.handlers import MAX_ERRORS

_Json = dict[str, Any]

# No operation can answer it: it is the answer to a method that the path does not have.
UNDOCUMENTED = {"method-not-allowed"}

_FIELD_ERROR: _Json = {
    "type": "object",
    "title": "FieldError",
    "description": "An invalid field, and the reason.",
    "required": ["pointer", "in", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "JSON pointer to the field. Empty: the request as a whole.",
        },
        "in": {
            "$ref": "#/components/schemas/FieldPlace",
            "description": "The part of the request that contains the field.",
        },
        "detail": {
            "type": "string",
            "description": "The reason, to show beside the field: `must be a date, like "
            "2026-12-03`, or a sentence.",
        },
        "record_id": {
            "type": "string",
            "format": "uuid",
            "description": "If an `external_ref` is already used: the record that has it.",
        },
    },
}

_PROBLEM: _Json = {
    "type": "object",
    "title": "Problem",
    "description": "The members of all problems (RFC 9457). More members may be added.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "URL of a page that explains the code to people.",
        },
        "title": {"type": "string", "description": "The code in a few words."},
        "status": {"type": "integer", "description": "The HTTP status of the response."},
        "code": {"$ref": "#/components/schemas/ProblemCode"},
        "detail": {"type": "string", "description": "A sentence to show to the client."},
        "request_id": {
            "type": "string",
            "description": "The id of the request in the logs and in the header `X-Request-Id`.",
        },
    },
}

# The members that only some codes have.
_MEMBERS: dict[str, _Json] = {
    "errors": {
        "type": "array",
        "maxItems": MAX_ERRORS,
        "description": "One entry for each invalid field, for the first 100.",
        "items": {"$ref": "#/components/schemas/FieldError"},
    },
    "alternatives": {
        "type": "array",
        "description": "The nearest free slots, three at most, the nearest first.",
        "items": {"$ref": "#/components/schemas/SlotView"},
    },
    "held_until": {
        "type": "string",
        "format": "date-time",
        "description": "Set if the time is held until then: for somebody else, or for the client "
        "by an offer, as `detail` says. It may be free afterwards.",
    },
    "conflicts": {
        "type": "array",
        "description": "Each date that is not free, with the nearest free slots.",
        "items": {"$ref": "#/components/schemas/ConflictView"},
    },
    "decision": {
        "description": "For one session: the current decision, with a new quote. Else null.",
        "$ref": "#/components/schemas/DecisionView",
    },
    "preview": {
        "description": "For several sessions: what the command would do now, with a new quote. "
        "Else null.",
        "$ref": "#/components/schemas/ScopeView",
    },
    "refusal": {
        "description": "Why the policy refuses the action for this session.",
        "$ref": "#/components/schemas/RefusalCode",
    },
    "deadline": {
        "type": "string",
        "format": "date-time",
        "description": "The deadline that was missed.",
    },
    "contact": {
        "description": "Contact for the client.",
        "$ref": "#/components/schemas/ContactView",
    },
    "session_id": {
        "type": "string",
        "format": "uuid",
        "description": "The session that the problem is about.",
    },
    "booked_sessions": {
        "type": "integer",
        "description": "How many booked sessions of the client have not ended.",
    },
    "due_fees": {"type": "integer", "description": "How many fees of the client are due."},
}
_UUID: _Json = {"type": "string", "format": "uuid"}
# The members whose meaning depends on the code.
_MEMBERS_OF: dict[str, dict[str, _Json]] = {
    "seats-conflict": {
        "conflicts": {
            "type": "array",
            "description": "Each seat whose client has another session at that time.",
            "items": {
                "type": "object",
                "required": ["session_id", "client_id", "other_session_id"],
                "properties": {
                    "session_id": {**_UUID, "description": "The session that is the seat."},
                    "client_id": _UUID,
                    "other_session_id": {
                        **_UUID,
                        "description": "The client's session at that time.",
                    },
                },
            },
        }
    },
}

_HEADERS: dict[str, _Json] = {
    "X-Request-Id": {
        "description": "The id of the request in the logs of the service.",
        "schema": {"type": "string"},
        "example": "5f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f",
    },
    "Content-Language": {
        "description": "The language of the texts for people.",
        "schema": {"type": "string"},
        "example": "en",
    },
    "ETag": {
        "description": "The session's version, for `If-Match`; of a feed, what its "
        "content is, for `If-None-Match`.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Idempotency-Replayed": {
        "description": "`true` if this is the stored answer of the first request with this "
        "`Idempotency-Key`. Otherwise the header is missing.",
        "schema": {"type": "string"},
        "example": "true",
    },
    "Retry-After": {
        "description": "Seconds to wait before repeating the request.",
        "schema": {"type": "integer"},
        "example": 2,
    },
    "Content-Disposition": {
        "description": "A name for the file. Pages from another origin cannot read it.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="session.ics"',
    },
    "WWW-Authenticate": {
        "description": "The authentication scheme.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}


def problem_components() -> dict[str, _Json]:
    """Return the schemas, examples and headers that operations refer to."""
    documented = {code: kind for code, kind in CATALOGUE.items() if code not in UNDOCUMENTED}
    schemas = {component_name(code): _schema(code, kind) for code, kind in documented.items()}
    return {
        "schemas": {
            "Problem": _PROBLEM,
            "ProblemCode": {
                "type": "string",
                "description": "The code of the problem.",
                "enum": list(CATALOGUE),
            },
            "FieldError": _FIELD_ERROR,
            "FieldPlace": {"type": "string", "enum": ["body", "query", "path", "header"]},
            **schemas,
        },
        "examples": {
            component_name(code): _example(code, kind) for code, kind in documented.items()
        },
        "headers": _HEADERS,
    }


def _schema(code: str, kind: ProblemType) -> _Json:
    """Return the schema of a problem: the common members, its code, and its own members."""
    known = _MEMBERS | _MEMBERS_OF.get(code, {})
    own = {name: known[name] for name in kind.members}
    may_have = {name: _or_null(known[name]) for name in kind.optional}
    return {
        "title": component_name(code),
        "description": kind.wording().explanation,
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {
                "type": "object",
                "required": ["code", *own],
                # An enum of one value: code generators do not support `const`.
                "properties": {"code": {"type": "string", "enum": [code]}, **own, **may_have},
            },
        ],
    }


def _or_null(schema: _Json) -> _Json:
    if "$ref" in schema:
        return {
            "description": schema["description"],
            "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}],
        }
    return {**schema, "type": [schema["type"], "null"]}


def _example(code: str, kind: ProblemType) -> _Json:
    own = MEMBERS_OF_PROBLEM.get(code, {})
    members = PROBLEM_MEMBERS | own
    return {
        "summary": kind.wording().title,
        "value": {
            "type": f"https://reslot.example/problems/{code}",
            "title": kind.wording().title,
            "status": kind.status.value,
            "code": code,
            "detail": kind.wording().detail,
            "request_id": _HEADERS["X-Request-Id"]["example"],
            **{name: members[name] for name in kind.members},
            **{name: own.get(name) for name in kind.optional},
        },
    }
