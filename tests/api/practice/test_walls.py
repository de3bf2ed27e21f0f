"""A key that reaches far enough gets through, on every operation there is.

That no other does: tests/drills/test_walls.py. The operations are read from the OpenAPI
description, so that a new one is covered by itself.
"""

import pytest

from tests.walls import Theirs, ask, body_for, fill, operations, scope_of
from tests.world import Api, World

OPERATIONS = [found for found in operations() if found[1].startswith("/v1/practice")]


@pytest.fixture
async def theirs(staff: Api, world: World) -> Theirs:
    return await fill(staff, world)


def test_there_are_operations_to_walk() -> None:
    assert len(OPERATIONS) > 70


async def test_a_key_that_reaches_far_enough_is_not_refused(
    subtests: pytest.Subtests, staff: Api, theirs: Theirs
) -> None:
    # What is deleted cannot be asked for afterwards.
    for method, path, operation in sorted(OPERATIONS, key=lambda found: found[0] == "delete"):
        with subtests.test(operation["operationId"]):
            key = await theirs.world.key(scope_of(method, path))
            body, address = body_for(operation, theirs.ids), path.format(**theirs.ids)
            answer = await ask(staff.signed_in(key), method, address, body)
            assert answer.status_code not in {401, 403, 404}
