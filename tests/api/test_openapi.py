"""The OpenAPI description says what the API does, completely, and as it is stored."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from app.main import create_app
from app.problems.catalogue import CATALOGUE
from app.settings import Settings
from tests.world import NOW, Api, TestClock, World, serve

STORED = Path(__file__).parents[2] / "openapi" / "openapi.json"
PROBLEM = "application/problem+json"
# Codes that no single operation documents, and why.
GENERAL = {
    "method-not-allowed": "answers a method that no operation has",
    "internal-error": "a defect, not something to build on",
    "rate-limited": "limits stand before the service; the code is kept for them",
}
OPEN = {"open_email_link", "get_health", "get_readiness"}


@cache
def description() -> dict[str, Any]:
    settings = Settings(database_url="postgresql://", secret_keys=("k" * 32,), _env_file=None)
    return create_app(settings).openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in description()["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


EVERY = pytest.mark.parametrize(
    "operation", [pytest.param(found, id=found["operationId"]) for _, _, found in operations()]
)


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Check a value against a schema that refers to the description's components."""
    resource = DRAFT202012.create_resource(description())
    registry: Registry[Any] = Registry().with_resource("urn:api", resource)
    schema = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
    checker = FormatChecker(["date", "date-time", "uuid"])
    Draft202012Validator(schema, registry=registry, format_checker=checker).validate(value)


def test_it_is_valid_openapi() -> None:
    assert description()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(description()).validate()


def test_the_stored_file_is_what_the_application_says() -> None:
    """`reslot openapi > openapi/openapi.json` brings it up to date."""
    printed = json.dumps(description(), indent=2, ensure_ascii=False) + "\n"
    assert STORED.read_text(encoding="utf-8") == printed


def test_operation_ids_are_names_for_generated_clients() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", found) for found in ids)


@EVERY
def test_an_operation_says_what_it_is(operation: dict[str, Any]) -> None:
    known = {tag["name"] for tag in description()["tags"]}
    assert len(operation["tags"]) == 1
    assert set(operation["tags"]) <= known
    assert operation["summary"]
    assert len(operation["description"]) > len(operation["summary"])


@EVERY
def test_the_answer_has_an_example_of_its_shape(operation: dict[str, Any]) -> None:
    ((media_type, content),) = operation["responses"]["200"]["content"].items()
    assert media_type in {"application/json", "text/calendar"}
    assert content["schema"], "an answer without a shape"
    validate(content["example"], content["schema"])


@EVERY
def test_the_example_leaves_no_field_out_and_makes_none_up(operation: dict[str, Any]) -> None:
    """Fields without a value are null, never absent: so all of them are required."""
    content = operation["responses"]["200"]["content"].get("application/json")
    if content is not None:
        _same_fields(content["example"], content["schema"])


def _same_fields(value: Any, schema: dict[str, Any]) -> None:
    """Compare the names of an example with those of its schema, all the way down."""
    if "$ref" in schema:
        schema = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema and value is not None:
        schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
        _same_fields(value, schema)
    elif isinstance(value, list):
        for item in value:
            _same_fields(item, schema["items"])
    elif isinstance(value, dict):
        assert value.keys() == schema["properties"].keys()
        assert set(schema["required"]) == value.keys()
        for name, part in value.items():
            _same_fields(part, schema["properties"][name])


@EVERY
def test_a_body_has_an_example_of_its_shape(operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        assert media_type == "application/json"
        schema = description()["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
        assert schema["additionalProperties"] is False
        assert schema["examples"]
        for example in schema["examples"]:
            validate(example, schema)


@EVERY
def test_every_other_answer_is_a_problem_with_an_example(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status == "200":
            continue
        assert answer["description"]
        assert list(answer["content"]) == [PROBLEM]
        content = answer["content"][PROBLEM]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        for code, example in content["examples"].items():
            assert example["value"]["code"] == code
            assert example["value"]["status"] == int(status) == CATALOGUE[code].status.value
            validate(example["value"], content["schema"])


def test_every_problem_is_documented_somewhere() -> None:
    documented = set(
        chain.from_iterable(
            answer["content"][PROBLEM]["examples"]
            for _, _, operation in operations()
            for answer in operation["responses"].values()
            if PROBLEM in answer.get("content", {})
        )
    )
    assert documented.isdisjoint(GENERAL)
    assert documented | GENERAL.keys() == CATALOGUE.keys()
    listed = description()["components"]["schemas"]["Problem"]["properties"]["code"]
    assert all(code in listed["description"] for code in CATALOGUE)


def test_nothing_answers_in_the_shape_of_the_framework() -> None:
    assert "ValidationError" not in json.dumps(description())


@EVERY
def test_what_needs_a_token_says_so(operation: dict[str, Any]) -> None:
    needs = operation["operationId"] not in OPEN
    assert operation.get("security") == ([{"AccessToken": []}] if needs else None)
    assert ("401" in operation["responses"]) is needs


def test_every_command_takes_a_key_and_a_version() -> None:
    for method, _, operation in operations():
        names = {found["name"].lower() for found in operation.get("parameters", [])}
        is_command = method == "post" and operation["operationId"] not in OPEN
        assert ({"idempotency-key", "if-match"} <= names) is is_command


def test_every_parameter_is_described() -> None:
    for _, _, operation in operations():
        for parameter in operation.get("parameters", []):
            text = parameter.get("description") or parameter["schema"].get("description")
            assert text or parameter["name"] == "format", parameter["name"]


async def test_the_served_description_is_the_same(stranger: Api) -> None:
    answer = await stranger.get("/openapi.json")
    assert answer.json() == description()


async def test_the_docs_page_asks_no_other_host(stranger: Api) -> None:
    page = await stranger.get("/docs")
    assert page.status_code == 200
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page.text)
    assert len(named) >= 4
    for address in named:
        assert not re.match(r"(?:[a-z]+:)?//", address), address
        assert (await stranger.get(f"/{address}")).status_code == 200, address


async def test_the_start_leads_to_the_docs(stranger: Api) -> None:
    answer = await stranger.get("/")
    assert answer.is_redirect
    assert answer.headers["location"] == "docs"


async def test_real_answers_have_the_described_shape(
    settings: Settings, world: World, clock: TestClock
) -> None:
    """Walk every operation once with a real session, and check what it says it gives."""
    async with serve(settings, clock) as stranger:
        api = stranger.signed_in(world.token())
        session_id = await world.book_in_full(NOW + timedelta(days=3))
        calls = {
            "list_own_sessions": api.get("/v1/sessions"),
            "get_session": api.get(f"/v1/sessions/{session_id}"),
            "reschedule_session": api.reschedule(session_id, "2026-12-04T15:00:00-05:00"),
            "list_session_changes": api.get(f"/v1/sessions/{session_id}/changes"),
            "get_session_calendar": api.get(f"/v1/sessions/{session_id}/calendar.ics"),
            "get_availability": api.get(f"/v1/sessions/{session_id}/availability"),
            "cancel_session": api.cancel(session_id),
            "get_me": api.get("/v1/me"),
            "list_own_packages": api.get("/v1/packages"),
            "open_email_link": stranger.open_link(world.link_token(session_id)),
            "get_health": stranger.get("/healthz"),
            "get_readiness": stranger.get("/readyz"),
        }
        assert calls.keys() == {operation["operationId"] for _, _, operation in operations()}
        described = {found["operationId"]: found["responses"] for _, _, found in operations()}
        for operation_id, call in calls.items():
            answer = await call
            assert answer.status_code == 200, answer.text
            media_type = answer.headers["content-type"].partition(";")[0]
            content = described[operation_id]["200"]["content"][media_type]
            is_json = media_type == "application/json"
            validate(answer.json() if is_json else answer.text, content["schema"])
            if is_json:
                _same_fields(answer.json(), content["schema"])
