"""The conflict of a used `external_ref` names the record that has it, for every kind."""

from typing import Any

import pytest

from tests.described import json_body
from tests.walls import REF, Theirs, body_for, fill, operations
from tests.world import Api, World


def takes_ref(operation: dict[str, Any]) -> bool:
    return "external_ref" in json_body(operation).get("properties", {})


OPERATIONS = [(method, path, found) for method, path, found in operations() if takes_ref(found)]


@pytest.fixture
async def theirs(staff: Api, world: World) -> Theirs:
    return await fill(staff, world)


def test_there_are_operations_with_a_ref() -> None:
    made = {path.rpartition("/")[2] for method, path, _ in OPERATIONS if method == "post"}
    assert made == {
        "clients",
        "groups",
        "locations",
        "packages",
        "practitioners",
        "services",
        "sessions",
        "time-off",
        "webhook-endpoints",
    }


@pytest.mark.slow
async def test_a_used_ref_names_the_record_that_has_it(
    subtests: pytest.Subtests, staff: Api, theirs: Theirs
) -> None:
    for method, path, operation in OPERATIONS:
        if method != "post":
            continue
        with subtests.test(operation["operationId"]):
            address, body = path.format(**theirs.ids), body_for(operation, theirs.ids)
            before = await theirs.everything()
            answer = await staff.post(address, body | {"external_ref": REF})
            assert answer.status_code == 422, answer.text
            (entry,) = answer.json()["errors"]
            assert (entry["pointer"], entry["in"]) == ("/external_ref", "body")
            holder = await staff.get(f"{address}/by-ref/{REF}")
            assert entry["record_id"] == holder.json()["id"]
            assert entry["record_id"] in entry["detail"]
            assert await theirs.everything() == before


async def test_a_change_to_a_used_ref_names_it_too(
    subtests: pytest.Subtests, staff: Api, theirs: Theirs, world: World
) -> None:
    seconds = {
        "client_id": await world.add_client(),
        "location_id": await world.add_location(),
        "package_id": await world.add_package(),
        "practitioner_id": await world.add_practitioner(),
        "service_id": await world.add_service(),
    }
    for method, path, operation in OPERATIONS:
        named = path.rpartition("/")[2].strip("{}")
        if method != "patch" or named not in seconds:
            continue
        with subtests.test(operation["operationId"]):
            answer = await staff.patch(
                path.format(**{named: seconds[named]}), {"external_ref": REF}
            )
            (entry,) = answer.json()["errors"]
            assert entry["record_id"] == theirs.ids[named]
