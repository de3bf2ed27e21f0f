"""Calls an operation with valid and invalid input, as each caller that it accepts."""

import re
import zlib
from copy import deepcopy
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from tests.described import description
from tests.drills.target import Target

CHECKS_OFF: list[Any] = [
    # A valid shape may still be refused: an unknown time zone, an end before its start.
    positive_data_acceptance,
]
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# The server runs in a thread, where a library may draw random numbers while Hypothesis draws.
DRAWN_MEANWHILE = (
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)

load_all_checks()


@schemathesis.serializer("application/x-ndjson", "image/png", "image/jpeg", "image/webp")
def _as_they_are(_: Any, value: Any) -> bytes:
    """Send lines of JSON and pictures as the text that was generated."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def described(*, to_the_edges: bool) -> BaseSchema:
    """Read the description. `to_the_edges`: test both sides of each limit."""
    schema = schemathesis.openapi.from_dict(deepcopy(description()))
    schema.config.seed = 1
    schema.config.phases.coverage.enabled = to_the_edges
    # All calls use valid credentials; `ignored_auth` calls without any and with invalid ones.
    schema.config.generation.with_security_parameters = False
    # A quote that is too long can make the whole body too long.
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    return schema


def send(case: Case[Any], target: Target) -> None:
    """Send a case as each caller that the operation accepts, and check the responses."""
    with_known_ids(case, target)
    checks_off = _checks_off(case)
    for headers in target.callers(case.operation.definition.raw):
        target.pass_time()
        case.call_and_validate(
            target.url, headers=headers, session=target.http, excluded_checks=checks_off
        )


def _checks_off(case: Case[Any]) -> list[Any]:
    off = [*CHECKS_OFF]
    if case.media_type == "application/x-ndjson":
        # An import tells of a bad line in its own answer.
        off.append(negative_data_rejection)
    if "{" not in case.operation.path and any(
        re.fullmatch(template, case.operation.path) for template in _templates()
    ):
        # To GET it is to ask for a record of that name: 404, not 405.
        off.append(unsupported_method)
    return off


@cache
def _templates() -> list[str]:
    paths = [path for path in description()["paths"] if "{" in path]
    return [re.sub(r"\{[^}]+\}", "[^/]+", path) for path in paths]


def with_known_ids(case: Case[Any], target: Target) -> None:
    """Replace generated ids by existing ones, in three of four cases."""
    if case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH):
        return
    for name, value in dict(case.path_parameters or {}).items():
        known, chance = target.known.get(name, []), zlib.crc32(str(value).encode())
        if known and chance % 4:
            case.path_parameters[name] = known[chance % len(known)]
