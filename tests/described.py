"""Compares every response that a test gets with the OpenAPI description: status, type, schema."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from httpx import Response
from jsonschema_rs import Draft202012Validator, Registry

STORED = Path(__file__).parents[1] / "openapi" / "openapi.json"
# Codes that no operation documents, and why.
GENERAL = {"method-not-allowed": "answers a method that no operation has"}
# Headers that callers rely on, spelled as in responses.
HEADERS = (
    "Content-Language",
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
# A report has a name for its file only as CSV.
SOMETIMES = {"Content-Disposition", "Idempotency-Replayed"}


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description as it is stored: `make openapi` after a change of the API."""
    stored: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Check a value against a schema that refers to the description's components."""
    _validator(json.dumps(schema)).validate(value)


@cache
def _validator(schema: str) -> Draft202012Validator:
    local = json.loads(schema.replace('"#/', '"urn:api#/'))
    return Draft202012Validator(local, registry=_registry(), validate_formats=True)


@cache
def _registry() -> Registry:
    return Registry([("urn:api", description())])


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the description; if it is a reference, the component that it refers to."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    found: dict[str, Any] = description()["components"][kind][name]
    return found


def json_body(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an operation's body; empty if it takes none, or no JSON object."""
    content = operation.get("requestBody", {}).get("content", {})
    return resolved(content["application/json"]["schema"]) if "application/json" in content else {}


def parameters_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of an operation, with those shared by its path."""
    return [resolved(parameter) for parameter in operation.get("parameters", ())]


def example_of(content: dict[str, Any]) -> Any:
    """Return the example of the success response. There is exactly one, inline or by reference."""
    if "example" in content:
        return content["example"]
    [named] = content["examples"].values()
    return resolved(named)["value"]


def same_fields(value: Any, schema: dict[str, Any]) -> None:
    """Compare the names of a value's fields with those of its schema, at every level."""
    schema = resolved(schema)
    if "anyOf" in schema and value is not None:
        schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
        same_fields(value, schema)
    elif isinstance(value, list):
        for item in value:
            same_fields(item, schema["items"])
    elif isinstance(value, dict) and "properties" in schema:
        assert set(schema["required"]) <= value.keys() <= schema["properties"].keys()
        for name, part in value.items():
            same_fields(part, schema["properties"][name])


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Build patterns that match paths to operations; paths without parameters come first."""
    paths = sorted(description()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), found) for path, found in paths]


def is_as_described(answer: Response) -> None:
    """Fail if a response is not described by its operation."""
    path, method = answer.request.url.path, answer.request.method.lower()
    operation = next(
        (found.get(method) for pattern, found in _patterns() if pattern.fullmatch(path)), None
    )
    if operation is None:
        return
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type == "application/problem+json" and answer.json()["code"] in GENERAL:
        return
    documented = operation["responses"].get(str(answer.status_code))
    where = f"{method} {path} answers {answer.status_code}"
    assert documented is not None, f"{where}: not described. `make openapi`? {answer.text[:300]}"
    documented = resolved(documented)
    _same_headers(answer, documented["headers"].keys(), where)
    if not answer.content:
        assert "content" not in documented, where
        return
    content = documented["content"][media_type]
    plain = {"application/x-ndjson", "text/calendar", "text/csv", "text/xml"}
    if media_type in plain or media_type.startswith("image/"):
        return
    value = answer.json()
    validate(value, content["schema"])
    if media_type == "application/problem+json":
        code = value["code"]
        assert code in codes_of(content), f"{where}: {code} is not described"
        _same_members(value, resolved({"$ref": codes_of(content)[code]}))
    else:
        same_fields(value, content["schema"])


def codes_of(content: dict[str, Any]) -> dict[str, str]:
    """Return the schema of each problem that a response can contain, by its code."""
    schema = resolved(content["schema"])
    if "discriminator" in schema:
        mapping: dict[str, str] = schema["discriminator"]["mapping"]
        assert [{"$ref": name} for name in mapping.values()] == schema["oneOf"]
        return mapping
    [code] = schema["allOf"][1]["properties"]["code"]["enum"]
    return {code: content["schema"]["$ref"]}


def is_event_as_described(body: str) -> None:
    """Fail if a webhook endpoint receives something that is not described."""
    event = json.loads(body)
    posted = description()["webhooks"][event["type"]]["post"]
    schema = posted["requestBody"]["content"]["application/json"]["schema"]
    validate(event, schema)
    same_fields(event, schema["allOf"][0] if "allOf" in schema else schema)


def _same_headers(answer: Response, documented: Iterable[str], where: str) -> None:
    sent = {name for name in HEADERS if name in answer.headers}
    assert sent <= set(documented), f"{where}: headers are not described"
    assert set(documented) - SOMETIMES <= sent, f"{where}: headers are missing"


def _same_members(problem: dict[str, Any], schema: dict[str, Any]) -> None:
    """Fail if a problem has members that the description of its code does not have."""
    common = description()["components"]["schemas"]["Problem"]["properties"]
    own = schema["allOf"][1]["properties"]
    assert problem.keys() <= common.keys() | own.keys()
    for name in problem.keys() & own.keys() - {"code"}:
        same_fields(problem[name], own[name])
