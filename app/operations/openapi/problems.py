"""The components of the OpenAPI file that describe problems: all are made of the catalogue."""

from typing import Any

from app.operations.openapi.examples.problems import PROBLEM_MEMBERS
from app.web.problems.catalogue import CATALOGUE, ProblemType, component_name

_Json = dict[str, Any]

# Answers a method that no operation has.
UNDOCUMENTED = {"method-not-allowed"}

_FIELD_ERROR: _Json = {
    "type": "object",
    "title": "FieldError",
    "description": "A field that cannot be used, and why.",
    "required": ["pointer", "in", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer to the field."},
        "in": {
            "$ref": "#/components/schemas/FieldPlace",
            "description": "Where the field stands in the request.",
        },
        "detail": {"type": "string", "description": "What is wrong with it."},
        "record_id": {
            "type": "string",
            "format": "uuid",
            "description": "Where an `external_ref` is used already: the record that has it.",
        },
    },
}

_PROBLEM: _Json = {
    "type": "object",
    "title": "Problem",
    "description": "What all problems have (RFC 9457). More members may be added.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "The address of a page that explains the code to a person.",
        },
        "title": {"type": "string", "description": "The code in a few words."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "code": {"$ref": "#/components/schemas/ProblemCode"},
        "detail": {"type": "string", "description": "A sentence that a client can read."},
        "request_id": {
            "type": "string",
            "description": "Finds the request in the logs; also in the header `X-Request-Id`.",
        },
    },
}

# The members that only some codes have.
_MEMBERS: dict[str, _Json] = {
    "errors": {
        "type": "array",
        "description": "One entry for each bad field.",
        "items": {"$ref": "#/components/schemas/FieldError"},
    },
    "alternatives": {
        "type": "array",
        "description": "The nearest slots that are still open, three at most, the nearest first.",
        "items": {"$ref": "#/components/schemas/SlotView"},
    },
    "decision": {
        "description": "The present decision, with a fresh quote.",
        "$ref": "#/components/schemas/DecisionView",
    },
    "deadline": {
        "type": "string",
        "format": "date-time",
        "description": "The deadline that was missed.",
    },
    "contact": {
        "description": "Whom to ask instead.",
        "$ref": "#/components/schemas/ContactView",
    },
    "session_id": {
        "type": "string",
        "format": "uuid",
        "description": "The session that was written by its `external_ref`.",
    },
}

_HEADERS: dict[str, _Json] = {
    "X-Request-Id": {
        "description": "Finds the request in the logs of the service.",
        "schema": {"type": "string"},
        "example": "5f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f",
    },
    "ETag": {
        "description": "The session's version, for `If-Match`.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Idempotency-Replayed": {
        "description": "`true` where the answer is that of the first request with this "
        "`Idempotency-Key`; else the header is absent.",
        "schema": {"type": "string"},
        "example": "true",
    },
    "Retry-After": {
        "description": "How many seconds to wait before the request is repeated.",
        "schema": {"type": "integer"},
        "example": 2,
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}


def problem_components() -> dict[str, _Json]:
    """Make the schemas, examples and headers that operations refer to."""
    documented = {code: kind for code, kind in CATALOGUE.items() if code not in UNDOCUMENTED}
    schemas = {component_name(code): _schema(code, kind) for code, kind in documented.items()}
    return {
        "schemas": {
            "Problem": _PROBLEM,
            "ProblemCode": {
                "type": "string",
                "description": "Why the answer is no.",
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
    """Describe a problem: what all have, its own code, and its own members."""
    own = {name: _MEMBERS[name] for name in kind.members}
    may_have = {name: _or_null(_MEMBERS[name]) for name in kind.optional}
    return {
        "title": component_name(code),
        "description": kind.wording().explanation,
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {
                "type": "object",
                "required": ["code", *own],
                # One value tells the members of a union apart; `const` is unknown to generators.
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
    return {
        "summary": kind.wording().title,
        "value": {
            "type": f"https://reslot.example/problems/{code}",
            "title": kind.wording().title,
            "status": kind.status.value,
            "code": code,
            "detail": kind.wording().detail,
            "request_id": _HEADERS["X-Request-Id"]["example"],
            **{name: PROBLEM_MEMBERS[name] for name in kind.members},
            **dict.fromkeys(kind.optional),
        },
    }
