"""Examples of successes in OpenAPI: written by hand, or built from the fields' examples."""

from typing import Any

from app.operations.openapi.examples.allowance import ALLOWANCE_EXAMPLES
from app.operations.openapi.examples.client import EXAMPLES
from app.operations.openapi.examples.commands import COMMAND_EXAMPLES
from app.operations.openapi.examples.erasure import ERASURE_EXAMPLES
from app.operations.openapi.examples.records import IDS
from app.operations.openapi.examples.reports import REPORT_EXAMPLES
from app.operations.openapi.examples.staff import STAFF_EXAMPLES
from app.operations.openapi.examples.waitlist import WAITLIST_EXAMPLES
from app.operations.openapi.examples.waivers import WAIVER_EXAMPLES

_Json = dict[str, Any]

_SUCCESSES = ("200", "201", "202")
# Keys are names of operations, or of the schemas of answers.
_BY_HAND = (
    ALLOWANCE_EXAMPLES
    | COMMAND_EXAMPLES
    | ERASURE_EXAMPLES
    | EXAMPLES
    | REPORT_EXAMPLES
    | STAFF_EXAMPLES
    | WAITLIST_EXAMPLES
    | WAIVER_EXAMPLES
)
_ID_OF = {
    "BusyTimeView.id": "busy_time",
    "ClientRecord.id": "client",
    "EndpointView.id": "endpoint",
    "EndpointWithSecret.id": "endpoint",
    "FeedView.id": "feed",
    "KeyView.id": "key",
    "LocationRecord.id": "location",
    "MisfitGroupView.id": "group",
    "MisfitView.id": "session",
    "NewFeedView.id": "feed",
    "NewKeyView.id": "key",
    "NewPolicyVersion.id": "policy",
    "NewPractitionerFeedView.id": "feed",
    "NotificationView.id": "notification",
    "PackageRecord.id": "package",
    "PolicyVersionView.id": "policy",
    "PracticeRecord.id": "practice",
    "PractitionerFeedView.id": "feed",
    "PractitionerRecord.id": "practitioner",
    "ServiceRecord.id": "service",
    "TimeOffAnswer.id": "time_off",
    "TimeOffView.id": "time_off",
}
# A field of any other type needs its own example, at the field or by hand.
_PLAIN: dict[str, Any] = {
    "date-time": "2026-11-25T10:15:00Z",
    "date": "2026-12-03",
    "integer": 1,
    "boolean": True,
}


def add_example(operation: _Json, schemas: _Json) -> None:
    """Add an example to each success of an operation.

    An example that is written for the operation has the operation's name. Another one has the name
    of the schema, so that all operations with this answer share it.
    """
    for status in _SUCCESSES:
        content = operation["responses"].get(status, {}).get("content", {})
        if "application/json" in content:
            shown = content["application/json"]
            name = operation["operationId"]
            if name not in _BY_HAND:
                name = _schema_name(shown["schema"])
            value = _BY_HAND.get(name) or _example(shown["schema"], schemas)
            shown["examples"] = {name: {"value": value}}


def _example(schema: _Json, schemas: _Json, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return the example of a schema, or build one from the examples of its parts.

    `name` is the field's name, or `Component.id`. It selects the id of `IDS`.
    """
    given = schema.get("examples") or schema.get("enum")
    if given:
        return given[0]
    if "$ref" in schema:
        component = _schema_name(schema)
        return _example(schemas[component], schemas, component)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas, name)
    if schema["type"] == "array":
        return [_example(schema["items"], schemas)]
    if schema["type"] == "object":
        parts = schema.get("properties", {}).items()
        return {
            part: _example(found, schemas, f"{name}.id" if part == "id" else part)
            for part, found in parts
        }
    return _plain(schema.get("format") or schema["type"], name)


def _plain(kind: str, name: str) -> Any:  # noqa: ANN401 - JSON
    if kind == "uuid":
        return IDS[_ID_OF.get(name) or name.removesuffix("_id")]
    return _PLAIN[kind]


def _schema_name(schema: _Json) -> str:
    name: str = schema["$ref"].rpartition("/")[2]
    return name
