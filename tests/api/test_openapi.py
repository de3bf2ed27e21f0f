"""The OpenAPI description is complete, correct, and equal to the stored file."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from jsonschema_rs import ValidationError

from app.configuration.settings import Settings
from app.main import create_app
from app.operations.openapi.document import write_description
from app.operations.openapi.examples.records import IDS
from app.operations.openapi.text import to_text
from app.outbox.events import EVENT_TYPES
from app.web.body_limit import PICTURE_TYPES
from app.web.problems.catalogue import CATALOGUE
from tests.described import (
    GENERAL,
    STORED,
    codes_of,
    description,
    example_of,
    parameters_of,
    resolved,
    same_fields,
    validate,
)
from tests.transfer import NDJSON
from tests.world import Api

# Shared parts are referenced: an operation or event is not written out whole. It is about 81 now.
MAX_LINES_PER_OPERATION = 83
PROBLEM = "application/problem+json"
OPEN = {
    "get_calendar_feed",
    "open_email_link",
    "open_offer_link",
    "open_waiver_link",
    "request_sign_in_link",
    "create_tokens",
    "refresh_tokens",
    "sign_out_here",
    "get_health",
    "get_readiness",
    # Its gateway signs them.
    "receive_receipt",
    "receive_text",
}
# Their token is not an access token.
MAY_REFUSE = {"refresh_tokens", "receive_receipt", "receive_text"}
# A second call finds nobody signed in, or nothing to write.
ONCE_BY_ITSELF = {"import_practice_lines", "sign_out_all"}
# Reads whose question is a document.
READS = {"try_practice_policy"}
# Commands without an idempotency key: their response holds a secret, which must not be stored.
SECRET = {
    "create_feed",
    "create_key",
    "create_practitioner_feed",
    "export_client",
    "create_webhook_endpoint",
    "issue_session_link",
    "rotate_webhook_secret",
}


# The verbs of operation names: one word for one meaning in the whole API.
VERBS = set(
    (  # noqa: SIM905 - a list of 30 quoted words reads worse
        "list get create update replace put delete "  # records
        "book cancel reschedule mark undo waive settle retry withdraw "  # what the business does
        "accept adjust announce ask confirm decline erase grant resume release try uphold "
        "export import issue revoke rotate open receive request refresh resolve sign"
    ).split()
)
SAYS = ("description", "examples", "$ref", "enum")
# Fields whose names need no description, like those that end in `_id`.
PLAIN = set(
    (  # noqa: SIM905 - the same
        "id name email phone address time_zone starts_at ends_at starts_at_utc ends_at_utc start "
        "end date from to at created_at recorded_at revoked_at duration_minutes credits "
        "credits_left quote_expires_at access_token refresh_token token locale"
    ).split()
)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in description()["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


EVERY = pytest.mark.parametrize(
    "operation", [pytest.param(found, id=found["operationId"]) for _, _, found in operations()]
)


def test_the_stored_file_equals_the_applications_description() -> None:
    """`make openapi` updates the file."""
    settings = Settings(
        database_url="postgresql://role@/reslot", secret_keys=("k" * 32,), _env_file=None
    )
    assert STORED.read_text(encoding="utf-8") == to_text(create_app(settings).openapi()) + "\n"


def test_the_text_is_the_description_in_few_lines() -> None:
    text = to_text(description())
    assert json.loads(text) == description()
    documented = len(list(operations())) + len(description()["webhooks"])
    assert text.count("\n") + 1 < MAX_LINES_PER_OPERATION * documented


def test_a_field_and_a_parameter_is_one_line() -> None:
    described = {"type": "string", "description": "How to join." * 10}
    field = {"anyOf": [described, {"type": "null"}]}
    parameter = {"name": "when", "in": "query", "schema": described}
    value = {
        "get": {
            "parameters": [parameter, parameter],
            "content": {"json": {"properties": {"a": field}}},
        }
    }

    assert to_text(value).splitlines() == [
        '{"get": {',
        '  "parameters": [',
        f"    {json.dumps(parameter)},",
        f"    {json.dumps(parameter)}",
        "  ],",
        '  "content": {"json": {"properties": {',
        f'    "a": {json.dumps(field)}',
        "  }}}",
        "}}",
    ]


def test_each_reference_has_its_component_and_each_component_a_use() -> None:
    used: set[str] = set()
    waiting = [description()["paths"], description()["webhooks"]]
    while waiting:
        for reference in set(_references(waiting.pop())) - used:
            used.add(reference)
            waiting.append(resolved({"$ref": reference}))
    assert used == {
        f"#/components/{kind}/{name}"
        for kind, components in description()["components"].items()
        for name in components
        if kind != "securitySchemes"  # operations name these without `$ref`
    }


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _references(item)
    elif isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        if "discriminator" in part:
            yield from part["discriminator"]["mapping"].values()
        for item in part.values():
            yield from _references(item)


def test_only_repeated_parts_are_shared_components() -> None:
    """A component with a single user would make the reader look elsewhere for no benefit."""
    uses = Counter(_references([found for _, _, found in operations()] + _events()))
    for kind in ("parameters", "responses"):
        for name in description()["components"][kind]:
            assert uses[f"#/components/{kind}/{name}"] > 1, name
    repeated = Counter(
        json.dumps(answer)
        for _, _, found in operations()
        for status, answer in found["responses"].items()
        if status >= "400" and "$ref" not in answer
    )
    assert set(repeated.values()) == {1}


def test_operation_ids_are_names_for_generated_clients() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", found) for found in ids)


def test_operation_ids_begin_with_a_verb_of_the_api() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert {found.partition("_")[0] for found in ids} == VERBS


def test_every_tag_is_used() -> None:
    listed = [tag["name"] for tag in description()["tags"]]
    used = {found["tags"][0] for found in [*_events(), *(found for _, _, found in operations())]}
    assert set(listed) == used


def _events() -> list[dict[str, Any]]:
    return [found["post"] for found in description()["webhooks"].values()]


# Their body is a picture.
WITH_PICTURE = {"put_logo", "put_photo"}


@EVERY
def test_an_operation_has_a_summary_and_a_description(operation: dict[str, Any]) -> None:
    known = {tag["name"] for tag in description()["tags"]}
    assert len(operation["tags"]) == 1
    assert set(operation["tags"]) <= known
    assert operation["summary"]
    assert len(operation["description"]) > len(operation["summary"])


@EVERY
def test_the_answer_has_an_example_of_its_shape(operation: dict[str, Any]) -> None:
    for status in {"200", "201", "202"} & operation["responses"].keys():
        contents = operation["responses"][status]["content"]
        assert contents.keys() <= {"application/json", "text/calendar", "text/csv", NDJSON}
        for content in contents.values():
            assert content["schema"], "an answer without a shape"
            validate(example_of(content), content["schema"])


@EVERY
def test_the_example_has_exactly_the_fields_of_the_schema(operation: dict[str, Any]) -> None:
    """Fields without a value are null, never absent, so all fields are required."""
    for status in {"200", "201", "202"} & operation["responses"].keys():
        content = operation["responses"][status]["content"].get("application/json")
        if content is not None:
            same_fields(example_of(content), content["schema"])


@EVERY
def test_a_body_has_an_example_of_its_shape(operation: dict[str, Any]) -> None:
    if operation["operationId"] in WITH_PICTURE:
        assert operation["requestBody"]["content"].keys() == PICTURE_TYPES
    elif "requestBody" in operation:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        if media_type == NDJSON:
            validate(content["example"], content["schema"])
            return
        assert media_type == "application/json"
        schema = description()["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
        assert schema["additionalProperties"] is False
        assert schema["examples"]
        for example in schema["examples"]:
            validate(example, schema)


@EVERY
def test_every_other_answer_is_a_problem_with_an_example(operation: dict[str, Any]) -> None:
    for status, answer in problems_of(operation):
        assert list(answer["content"]) == [PROBLEM]
        content = answer["content"][PROBLEM]
        assert content["examples"].keys() == codes_of(content).keys()
        for code, named in content["examples"].items():
            assert f"`{code}`" in answer["description"]
            example = resolved(named)
            assert example["value"]["code"] == code
            assert example["value"]["status"] == int(status) == CATALOGUE[code].status.value
            validate(example["value"], content["schema"])


@EVERY
def test_each_problem_has_the_members_and_headers_of_its_code(operation: dict[str, Any]) -> None:
    for _, answer in problems_of(operation):
        for code, schema in codes_of(answer["content"][PROBLEM]).items():
            base, own = resolved({"$ref": schema})["allOf"]
            kind = CATALOGUE[code]
            assert base == {"$ref": "#/components/schemas/Problem"}
            assert own["required"] == ["code", *kind.members]
            assert own["properties"].keys() == {"code", *kind.members, *kind.optional}
            assert {"X-Request-Id", *kind.headers} <= answer["headers"].keys()


@EVERY
def test_only_an_operation_with_a_body_has_the_problems_of_a_body(
    operation: dict[str, Any],
) -> None:
    of_bodies = {"413", "415"} if "requestBody" in operation else set()
    assert operation["responses"].keys() & {"413", "415"} == of_bodies


def test_no_public_text_names_a_file_of_ours() -> None:
    text = STORED.read_text(encoding="utf-8")
    assert re.findall(r"\bapp/\S+|[\w/]+\.py\b|\w+\.md\b", text) == []


def problems_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation["responses"].items():
        if status >= "400":
            yield status, resolved(answer)


def test_every_problem_is_documented_somewhere() -> None:
    documented = set(
        chain.from_iterable(
            codes_of(answer["content"][PROBLEM])
            for _, _, operation in operations()
            for _, answer in problems_of(operation)
        )
    )
    assert documented.isdisjoint(GENERAL)
    assert documented | GENERAL.keys() == CATALOGUE.keys()
    listed = description()["components"]["schemas"]["ProblemCode"]["x-extensible-enum"]
    assert listed == list(CATALOGUE)


def test_every_enum_of_an_answer_is_open_and_has_a_name() -> None:
    """A client generated from today's file must accept a value that is added later."""
    written = [
        *(found["responses"] for _, _, found in operations()),
        description()["components"]["responses"],
        description()["webhooks"],
    ]
    seen: set[str] = set()
    for part, where in _schemas(written, seen):
        # The code of a problem and the type of an event tell the members of a union apart.
        one_of_a_union = where.endswith(("Problem", "Event")) and len(part.get("enum", ())) == 1
        assert one_of_a_union or not {"enum", "const"} & part.keys(), where
        if "x-extensible-enum" in part:
            assert part == description()["components"]["schemas"][where]
            assert all(f"`{value}`" in part["description"] for value in part["x-extensible-enum"])
    assert {"Status", "Format", "ReasonCode", "RefusalCode", "ProblemCode", "EventType"} <= seen


def test_every_enum_of_a_request_is_closed() -> None:
    asked = [
        part
        for _, _, found in operations()
        for part in (parameters_of(found), found.get("requestBody"))
    ]
    seen: set[str] = set()
    for part, where in _schemas(asked, seen):
        assert "x-extensible-enum" not in part, where
    assert {"StatusInput", "FormatInput", "ReasonCodeInput", "EventTypeInput"} <= seen


def _schemas(part: Any, seen: set[str], where: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Give all schemas that a part refers to, each with the component that it stands in."""
    if isinstance(part, list):
        for item in part:
            yield from _schemas(item, seen, where)
    elif isinstance(part, dict):
        yield part, where
        kind, _, name = part.get("$ref", "").removeprefix("#/components/").partition("/")
        if kind == "schemas" and name not in seen:
            seen.add(name)
            yield from _schemas(resolved(part), seen, name)
        for word, item in part.items():
            if word not in {"example", "examples"}:
                yield from _schemas(item, seen, where)


def test_every_event_is_described_with_an_example() -> None:
    assert tuple(description()["webhooks"]) == EVENT_TYPES
    for event, found in description()["webhooks"].items():
        content = found["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["type"] == event
        validate(content["example"], content["schema"])
        kinds = {
            "group": "GroupEvent",
            "move_request": "MoveRequestEvent",
            "offer": "OfferEvent",
        }
        kind = kinds.get(event.partition(".")[0], "WebhookEvent")
        same_fields(content["example"], {"$ref": f"#/components/schemas/{kind}"})
        with pytest.raises(ValidationError):
            validate(content["example"] | {"type": "another"}, content["schema"])


def test_no_response_has_the_frameworks_error_schema() -> None:
    assert "ValidationError" not in json.dumps(description())


@pytest.mark.parametrize(
    ("path", "operation"),
    [pytest.param(path, found, id=found["operationId"]) for _, path, found in operations()],
)
def test_operations_that_need_a_token_declare_it(path: str, operation: dict[str, Any]) -> None:
    needs = operation["operationId"] not in OPEN
    schemes = {"/v1/practice": "ApiKey", "/v1/waivers": "WaiverToken"}
    found = [scheme for start, scheme in schemes.items() if path.startswith(start)]
    scheme = found[0] if found else "AccessToken"
    assert operation["security"] == ([{scheme: []}] if needs else [])
    may_refuse = needs or operation["operationId"] in MAY_REFUSE
    assert ("401" in operation["responses"]) is may_refuse


def test_every_command_takes_a_key_and_those_on_a_session_a_version() -> None:
    for method, path, operation in operations():
        names = {found["name"].lower() for found in parameters_of(operation)}
        is_command = (
            method == "post" and operation["operationId"] not in OPEN | ONCE_BY_ITSELF | READS
        )
        is_secret = operation["operationId"] in SECRET
        assert ("idempotency-key" in names) is not is_secret or not is_command, path
        # A link is not part of the session, so there is no version to compare.
        of_a_link = "/sessions/{session_id}/links" in path
        if is_command and "/sessions/{session_id}/" in path and not of_a_link:
            assert "if-match" in names, path


def test_operations_that_need_more_than_a_read_key_declare_the_scope() -> None:
    for method, path, operation in operations():
        needs_more = method != "get" and operation["operationId"] not in READS
        if path.startswith("/v1/practice") and needs_more:
            assert re.search("with the scope `(write|admin)`", operation["description"]), path


@EVERY
def test_examples_use_known_ids_and_each_for_one_thing(operation: dict[str, Any]) -> None:
    """In the examples, each record has one id, and no two records share one."""
    for status in {"200", "201", "202"} & operation["responses"].keys():
        contents = operation["responses"][status]["content"].values()
        text = json.dumps([example_of(content) for content in contents], ensure_ascii=False)
        assert "…" not in text
        found = re.findall(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"', text)
        if operation["operationId"] != "list_session_changes":  # it has three of its own
            assert set(found) <= set(IDS.values())
    assert len(set(IDS.values())) == len(IDS)


def test_a_field_is_described_unless_its_name_is_enough() -> None:
    for component, schema in description()["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            text = json.dumps(part)
            said = any(f'"{word}"' in text for word in SAYS)
            assert said or name in PLAIN or name.endswith("_id"), f"{component}.{name}"


def test_no_title_repeats_a_name_and_no_parameter_is_null() -> None:
    """Code generators make one type for each title, and another for each nullable parameter."""
    for _, path, operation in operations():
        for parameter in parameters_of(operation):
            assert not {"title", "anyOf"} & parameter["schema"].keys(), path
    for component, schema in description()["components"]["schemas"].items():
        assert all("title" not in part for part in schema.get("properties", {}).values()), component


def test_a_field_that_may_be_null_has_its_description_itself() -> None:
    """Code generators and documentation pages do not look for it below `anyOf`."""
    for component, schema in description()["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            below = [kind for kind in part.get("anyOf", ()) if "description" in kind]
            assert "description" in part or not below, f"{component}.{name}"


def test_names_of_components_are_names_for_generated_types() -> None:
    for component in description()["components"]["schemas"]:
        assert re.fullmatch(r"([A-Z][a-z]+)+", component), component


def test_files_to_save_have_a_name_and_feeds_have_none() -> None:
    paths = description()["paths"]
    named = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if "Content-Disposition" in operation["responses"].get("200", {}).get("headers", ())
    }
    assert named == {"/v1/sessions/{session_id}/calendar.ics", "/v1/practice/reports/changes"}


def test_every_parameter_is_described() -> None:
    for _, _, operation in operations():
        for parameter in parameters_of(operation):
            text = parameter.get("description") or parameter["schema"].get("description")
            assert text or parameter["name"] == "format", parameter["name"]


async def test_the_served_description_is_the_same(stranger: Api) -> None:
    answer = await stranger.get("/openapi.json")
    assert answer.json() == description()


@pytest.mark.slow
def test_the_description_is_written_once(settings: Settings) -> None:
    """Repeated requests for the description do not slow down other requests."""
    app = create_app(settings)
    assert write_description(app) is write_description(app)


async def test_the_docs_page_loads_nothing_from_other_hosts(stranger: Api) -> None:
    page = await stranger.get("/docs")
    assert page.status_code == 200
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page.text)
    assert len(named) >= 4
    for address in named:
        assert not re.match(r"(?:[a-z]+:)?//", address), address
        assert (await stranger.get(f"/{address}")).status_code == 200, address


async def test_the_root_redirects_to_the_docs(stranger: Api) -> None:
    answer = await stranger.get("/")
    assert answer.is_redirect
    assert answer.headers["location"] == "docs"
