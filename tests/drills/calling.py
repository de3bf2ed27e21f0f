"""Calling an operation with whatever its description allows or not, as everybody who may."""

import zlib
from copy import deepcopy
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

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

load_all_checks()


def described(*, to_the_edges: bool) -> BaseSchema:
    """Read the description. `to_the_edges`: each limit in it is tried, on both sides."""
    schema = schemathesis.openapi.from_dict(deepcopy(description()))
    schema.config.seed = 1
    schema.config.phases.coverage.enabled = to_the_edges
    # Everybody calls with credentials of ours; without, and with bad ones, `ignored_auth` calls.
    schema.config.generation.with_security_parameters = False
    return schema


def send(case: Case[Any], target: Target) -> None:
    """Send a case as everybody who may call its operation, and judge the answers."""
    with_known_ids(case, target)
    for headers in target.callers(case.operation.definition.raw):
        target.pass_time()
        case.call_and_validate(
            target.url, headers=headers, session=target.http, excluded_checks=CHECKS_OFF
        )


def with_known_ids(case: Case[Any], target: Target) -> None:
    """Name something that is there, in three of four cases, where the id would be a made-up one."""
    if case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH):
        return
    for name, value in dict(case.path_parameters or {}).items():
        known, chance = target.known.get(name, []), zlib.crc32(str(value).encode())
        if known and chance % 4:
            case.path_parameters[name] = known[chance % len(known)]
