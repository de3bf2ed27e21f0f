"""Holds every answer that a test gets against the OpenAPI description: status, type, shape."""

import json
import re
from functools import cache
from typing import Any

from httpx import Response
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from app.main import create_app
from app.settings import Settings

# Codes that no single operation documents, and why.
GENERAL = {
    "method-not-allowed": "answers a method that no operation has",
    "internal-error": "a defect, not something to build on",
}


@cache
def description() -> dict[str, Any]:
    """Describe the API as it is now."""
    settings = Settings(
        database_url="postgresql://role@/reslot", secret_keys=("k" * 32,), _env_file=None
    )
    return create_app(settings).openapi()


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Check a value against a schema that refers to the description's components."""
    _validator(json.dumps(schema)).validate(value)


@cache
def _validator(schema: str) -> Draft202012Validator:
    checker = FormatChecker(["date", "date-time", "uuid"])
    local = json.loads(schema.replace('"#/', '"urn:api#/'))
    return Draft202012Validator(local, registry=_registry(), format_checker=checker)


@cache
def _registry() -> Registry[Any]:
    resource = DRAFT202012.create_resource(description())
    found: Registry[Any] = Registry().with_resource("urn:api", resource)
    return found


def same_fields(value: Any, schema: dict[str, Any]) -> None:
    """Compare the names of a value's fields with those of its schema, all the way down."""
    if "$ref" in schema:
        schema = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema and value is not None:
        schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
        same_fields(value, schema)
    elif isinstance(value, list):
        for item in value:
            same_fields(item, schema["items"])
    elif isinstance(value, dict) and "properties" in schema:
        assert value.keys() == schema["properties"].keys()
        assert set(schema["required"]) == value.keys()
        for name, part in value.items():
            same_fields(part, schema["properties"][name])


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Match paths to operations; those without parameters first, as the router does."""
    paths = sorted(description()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), found) for path, found in paths]


def is_as_described(answer: Response) -> None:
    """Fail where an operation answers something that its description does not tell of."""
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
    assert documented is not None, f"{where}: not described. {answer.text[:300]}"
    if not answer.content:
        assert "content" not in documented, where
        return
    content = documented["content"][media_type]
    if media_type == "text/calendar":
        return
    value = answer.json()
    validate(value, content["schema"])
    if media_type == "application/problem+json":
        assert value["code"] in content["examples"], f"{where}: {value['code']} is not described"
    else:
        same_fields(value, content["schema"])
