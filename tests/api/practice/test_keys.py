"""API keys: shown once, listed without their secrets, invalid as soon as they are revoked."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.identity import ApiKey
from tests.world import NOW, Api, World

KEYS = "/v1/practice/keys"
ME = "/v1/practice/me"
NEW = {"name": "Calendar sync", "scope": "write"}


async def test_me_describes_the_calling_key(staff: Api, world: World) -> None:
    for scope in Scope:
        caller = staff.signed_in(await world.key(scope, name=f"Key to {scope}"))
        shown = (await caller.get(ME)).json()
        assert (shown["key"]["name"], shown["key"]["scope"]) == (f"Key to {scope}", scope)
        assert shown["practice"] == {
            "id": str(world.practice_id),
            "name": "Harbor Wellness",
            "email": "hello@harbor.example",
            "phone": None,
            "address": None,
            "website": None,
            "look": {"accent": None, "logo_url": None, "welcome": None, "footer": None},
            "currency": "USD",
            "currency_decimals": 2,
        }


async def test_a_new_key_works_and_its_secret_is_shown_once(staff: Api, world: World) -> None:
    answer = await staff.post(KEYS, NEW)
    assert answer.status_code == 201
    made = answer.json()
    secret = made.pop("secret")
    assert made == NEW | {
        "id": made["id"],
        "created_at": "2026-11-30T15:00:00Z",
        "revoked_at": None,
    }
    called = (await staff.signed_in(secret).get(ME)).json()
    assert called["key"] == NEW | {"id": made["id"]}
    listed = await staff.get(KEYS)
    assert made in listed.json()["items"]
    assert secret[-43:] not in listed.text
    (entry,) = await world.rows(Change, subject="api_key", actor="practice")
    assert (entry.kind, entry.subject_id) == ("created", UUID(made["id"]))
    assert (entry.actor_name, entry.details) == ("Front desk", NEW)


async def test_a_response_with_a_secret_is_not_replayed(staff: Api, world: World) -> None:
    """An idempotency key is not an error, but the response is not stored."""
    answers = [await staff.post(KEYS, NEW, {"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["secret"] != answers[1].json()["secret"]
    assert "idempotency-replayed" not in answers[1].headers
    assert await world.rows(IdempotencyKey) == []


async def test_a_revoked_key_is_invalid_at_once(staff: Api, world: World) -> None:
    made = (await staff.post(KEYS, NEW)).json()
    path = f"{KEYS}/{made['id']}/revoke"
    answer = await staff.post(path, None)
    assert answer.status_code == 200
    assert answer.json()["revoked_at"] == "2026-11-30T15:00:00Z"
    assert (await staff.signed_in(made["secret"]).get(ME)).status_code == 401
    assert (await staff.post(path, None)).json() == answer.json()
    revoked = await world.rows(Change, subject="api_key", kind="revoked")
    assert [row.subject_id for row in revoked] == [UUID(made["id"])]


async def test_the_last_admin_key_may_revoke_itself(staff: Api, world: World) -> None:
    own = (await staff.get(ME)).json()["key"]["id"]
    assert (await staff.post(f"{KEYS}/{own}/revoke", None)).status_code == 200
    assert (await staff.get(ME)).status_code == 401
    (row,) = await world.rows(ApiKey)
    assert row.revoked_at == NOW


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"name": " "}, "/name", id="blank"),
        pytest.param({"name": "x" * 101}, "/name", id="long"),
        pytest.param({"name": "a\x00b"}, "/name", id="nul"),
        pytest.param({"name": "a\nb"}, "/name", id="two-lines"),
        pytest.param({"scope": "owner"}, "/scope", id="scope"),
        pytest.param({"practice_id": str(uuid4())}, "/practice_id", id="unknown-field"),
    ],
)
async def test_a_bad_key_is_named(
    staff: Api, world: World, body: dict[str, Any], pointer: str
) -> None:
    answer = await staff.post(KEYS, NEW | body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert len(await world.rows(ApiKey)) == 1


async def test_another_practices_keys_are_out_of_reach(staff: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    await elsewhere.key()
    (theirs,) = await elsewhere.rows(ApiKey)
    for key_id in (theirs.id, uuid4(), "not-an-id"):
        answer = await staff.post(f"{KEYS}/{key_id}/revoke", None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert str(theirs.id) not in (await staff.get(KEYS)).text
    assert await elsewhere.rows(ApiKey) == [theirs]


async def test_only_an_admin_key_manages_keys(staff: Api, world: World) -> None:
    own = (await staff.get(ME)).json()["key"]["id"]
    for scope in (Scope.READ, Scope.WRITE):
        other = staff.signed_in(await world.key(scope))
        for answer in (
            await other.get(KEYS),
            await other.post(KEYS, NEW),
            await other.post(f"{KEYS}/{own}/revoke", None),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    nobody = staff.signed_in(None)
    for path in (KEYS, ME):
        assert (await nobody.get(path)).status_code == 401
    rows = await world.rows(ApiKey)
    assert len(rows) == 3
    assert all(row.revoked_at is None for row in rows)
