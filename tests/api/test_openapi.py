"""The OpenAPI description says what the API does, completely, and as it is stored."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.problems.catalogue import CATALOGUE
from tests.described import GENERAL, description, same_fields, validate
from tests.world import Api

STORED = Path(__file__).parents[2] / "openapi" / "openapi.json"
PROBLEM = "application/problem+json"
OPEN = {
    "open_email_link",
    "request_sign_in_link",
    "create_tokens",
    "refresh_tokens",
    "sign_out_here",
    "get_health",
    "get_readiness",
}
# They look at a token that is no access token.
MAY_REFUSE = {"refresh_tokens"}
# A second time finds nobody signed in.
ONCE_BY_ITSELF = {"sign_out_all"}
# Commands that take no idempotency key: their answers carry a secret, which must not be kept.
SECRET = {
    "create_key",
    "create_webhook_endpoint",
    "issue_session_link",
    "rotate_webhook_secret",
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in description()["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


EVERY = pytest.mark.parametrize(
    "operation", [pytest.param(found, id=found["operationId"]) for _, _, found in operations()]
)


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
    for status in {"200", "201", "202"} & operation["responses"].keys():
        ((media_type, content),) = operation["responses"][status]["content"].items()
        assert media_type in {"application/json", "text/calendar"}
        assert content["schema"], "an answer without a shape"
        validate(content["example"], content["schema"])


@EVERY
def test_the_example_leaves_no_field_out_and_makes_none_up(operation: dict[str, Any]) -> None:
    """Fields without a value are null, never absent: so all of them are required."""
    for status in {"200", "201", "202"} & operation["responses"].keys():
        content = operation["responses"][status]["content"].get("application/json")
        if content is not None:
            same_fields(content["example"], content["schema"])


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
        if status < "300":
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


@pytest.mark.parametrize(
    ("path", "operation"),
    [pytest.param(path, found, id=found["operationId"]) for _, path, found in operations()],
)
def test_what_needs_a_token_says_so(path: str, operation: dict[str, Any]) -> None:
    needs = operation["operationId"] not in OPEN
    scheme = "ApiKey" if path.startswith("/v1/practice") else "AccessToken"
    assert operation.get("security") == ([{scheme: []}] if needs else None)
    may_refuse = needs or operation["operationId"] in MAY_REFUSE
    assert ("401" in operation["responses"]) is may_refuse


def test_every_command_takes_a_key_and_those_on_a_session_a_version() -> None:
    for method, path, operation in operations():
        names = {found["name"].lower() for found in operation.get("parameters", [])}
        is_command = method == "post" and operation["operationId"] not in OPEN | ONCE_BY_ITSELF
        is_secret = operation["operationId"] in SECRET
        assert ("idempotency-key" in names) is not is_secret or not is_command, path
        # A link is no part of the session: it has no version to compare.
        of_a_link = "/sessions/{session_id}/links" in path
        if is_command and "/sessions/{session_id}/" in path and not of_a_link:
            assert "if-match" in names, path


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
