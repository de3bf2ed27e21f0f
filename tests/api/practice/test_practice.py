"""The practice itself: `/v1/practice`."""

from typing import Any

import pytest

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from tests.api.practice.test_records import pointers
from tests.world import NOW, Api, World

PATH = "/v1/practice"
NO_LOOK = dict.fromkeys(("address", "website", "sender_name", "accent", "welcome", "footer"))


async def test_the_practice_is_shown_to_its_keys(api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    answer = await reader.get(PATH)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "id": str(world.practice_id),
            "name": "Harbor Wellness",
            "email": "hello@harbor.example",
            "phone": None,
            "currency": "USD",
            "currency_decimals": 2,
            "logo_url": None,
            "text_details": [],
            **NO_LOOK,
        },
    )


async def test_each_key_sees_its_own_practice(api: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build(currency="EUR")
    staff = api.signed_in(await elsewhere.key())
    assert (await staff.get(PATH)).json()["id"] == str(elsewhere.practice_id)
    await staff.patch(PATH, {"name": "Elsewhere"})
    own = api.signed_in(await world.key())
    assert (await own.get(PATH)).json()["name"] == "Harbor Wellness"


async def test_a_change_is_shown_to_clients_and_in_the_audit_log(
    api: Api, staff: Api, world: World
) -> None:
    body = {"name": "Harbor Health", "email": "desk@harbor.example", "phone": "+1 212 555 0199"}
    answer = await staff.patch(PATH, body)
    assert answer.status_code == 200
    kept = {"id": str(world.practice_id), "currency": "USD", "currency_decimals": 2}
    assert answer.json() == body | kept | NO_LOOK | {"logo_url": None, "text_details": []}
    shown = (await api.get("/v1/me")).json()["practice"]
    assert {name: shown[name] for name in body} == body
    (entry,) = await world.rows(Change, subject="practice")
    assert (entry.kind, entry.subject_id, entry.at) == ("updated", world.practice_id, NOW)
    assert entry.details == {"fields": ["email", "name", "phone"]}


@pytest.mark.parametrize("details", [["service"] * 2, ["service"] * 3, ["client"]])
async def test_what_texts_say_is_named_once(staff: Api, details: list[str]) -> None:
    answer = await staff.patch(PATH, {"text_details": details})
    assert answer.status_code == 422
    assert all(one.startswith("/text_details") for one in pointers(answer))


async def test_a_change_of_nothing_writes_nothing(staff: Api, world: World) -> None:
    for body in ({}, {"name": "Harbor Wellness", "phone": None}):
        assert (await staff.patch(PATH, body)).status_code == 200
    assert await world.rows(Change, subject="practice") == []


async def test_changing_it_needs_admin(api: Api, world: World) -> None:
    for scope in (Scope.READ, Scope.WRITE):
        staff = api.signed_in(await world.key(scope))
        answer = await staff.patch(PATH, {"name": "Mine"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await world.rows(Change, subject="practice") == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"currency": "EUR"}, "/currency"),
    ({"name": None}, "/name"),
    ({"name": " "}, "/name"),
    ({"name": "a\x00b"}, "/name"),
    ({"name": "x" * 121}, "/name"),
    ({"email": "desk"}, "/email"),
    ({"email": None}, "/email"),
    ({"phone": "1" * 51}, "/phone"),
    ({"phone": 7}, "/phone"),
]


async def test_invalid_input_is_named_and_changes_nothing(staff: Api) -> None:
    before = (await staff.get(PATH)).json()
    for body, pointer in BAD:
        assert pointers(await staff.patch(PATH, body)) == [pointer], body
    assert (await staff.get(PATH)).json() == before
