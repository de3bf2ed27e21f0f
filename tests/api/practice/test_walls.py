"""On every operation, a key with the required scope is accepted.

tests/drills/test_walls.py tests that no other key is. The operations are read from the OpenAPI
description, so a new one is covered automatically.
"""

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.api_keys.keys import Scope, Staff, confirm_staff
from app.tables.identity import ApiKey
from tests.walls import Theirs, ask, body_for, fill, operations, scope_of
from tests.world import NOW, Api, World

OPERATIONS = [found for found in operations() if found[1].startswith("/v1/practice")]


@pytest.fixture
async def theirs(staff: Api, world: World) -> Theirs:
    return await fill(staff, world)


def test_there_are_operations_to_walk() -> None:
    assert len(OPERATIONS) > 70


@pytest.mark.slow
async def test_a_key_with_the_required_scope_is_not_refused(
    subtests: pytest.Subtests, staff: Api, theirs: Theirs
) -> None:
    # Deletions come last, because a deleted record cannot be read.
    for method, path, operation in sorted(OPERATIONS, key=lambda found: found[0] == "delete"):
        with subtests.test(operation["operationId"]):
            key = await theirs.world.key(scope_of(method, path))
            body, address = body_for(operation, theirs.ids), path.format(**theirs.ids)
            answer = await ask(staff.signed_in(key), method, address, body)
            assert answer.status_code not in {401, 403, 404}


@pytest.mark.slow
async def test_a_key_that_is_revoked_while_its_command_runs_changes_nothing(
    subtests: pytest.Subtests, staff: Api, theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def confirm_then_revoke(db: AsyncConnection, staff: Staff) -> None:
        await confirm_staff(db, staff)
        own = (ApiKey.practice_id == staff.practice_id, ApiKey.id == staff.key_id)
        async with theirs.world.engine.begin() as other:
            await other.execute(update(ApiKey).where(*own).values(revoked_at=NOW))

    async def everything_but_keys() -> dict[str, object]:
        found: dict[str, object] = {**await theirs.everything()}
        del found["api_keys"]
        return found

    monkeypatch.setattr("app.identity.staff_dependencies.confirm_staff", confirm_then_revoke)
    commands = [
        (method, path, operation)
        for method, path, operation in OPERATIONS
        if method != "get" and scope_of(method, path) is not Scope.READ
    ]
    keys = [await theirs.world.key(scope_of(method, path)) for method, path, _ in commands]
    before = await everything_but_keys()
    answers = []
    for key, (method, path, operation) in zip(keys, commands, strict=True):
        with subtests.test(operation["operationId"]):
            body, address = body_for(operation, theirs.ids), path.format(**theirs.ids)
            answer = await ask(staff.signed_in(key), method, address, body)
            answers.append(answer.status_code)
            assert answer.status_code >= 400
            assert await everything_but_keys() == before
    # Some commands are refused earlier, for another reason.
    assert answers.count(401) > len(answers) / 2
