"""Fees: due until waived, settled or void; clients see their own (product.md section 7)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Fee
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
FEES = "/v1/practice/fees"
WHY = {"reason": {"note": "It was our mistake."}}
PAID = {"payment_reference": "INV-2041"}


@pytest.fixture
async def fee_id(staff: Api, world: World) -> str:
    """A fee of 45 dollars that a late cancellation caused."""
    return await a_fee(staff, world)


async def a_fee(staff: Api, world: World, **values: Any) -> str:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}}
    )
    session_id = await world.book(values.pop("start", START), **values)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    done = await staff.post(path, {"charge_fee": True, **WHY})
    return str(done.json()["session"]["fees"][0]["id"])


async def test_a_due_fee_is_waived_and_the_client_notified(
    staff: Api, api: Api, world: World, fee_id: str
) -> None:
    answer = await staff.post(f"{FEES}/{fee_id}/waive", WHY)
    assert (answer.status_code, answer.json()["status"]) == (200, "waived")
    assert answer.json()["closed_at"] is not None
    again = await staff.post(f"{FEES}/{fee_id}/waive", WHY)
    assert again.json() == answer.json()
    (change,) = await world.rows(Change, kind="fee_waived")
    assert (str(change.subject_id), change.subject) == (fee_id, "fee")
    assert (change.fee_minor, change.actor_name) == (4500, "Front desk")
    assert [row.recipient for row in await world.rows(Notification, kind="fee_waived")] == [
        "client"
    ]
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert (own["status"], own["cause"]) == ("waived", "cancelled")
    assert len(await world.rows(Fee)) == 1


async def test_a_fee_that_is_due_is_settled(staff: Api, world: World, fee_id: str) -> None:
    answer = await staff.post(f"{FEES}/{fee_id}/settle", PAID)
    assert (answer.json()["status"], answer.json()["payment_reference"]) == ("settled", "INV-2041")
    assert (await staff.post(f"{FEES}/{fee_id}/settle", PAID)).json() == answer.json()
    assert len(await world.rows(Change, kind="fee_settled")) == 1
    assert await world.rows(Notification, kind="fee_waived") == []


@pytest.mark.parametrize(
    ("first", "then"), [("waive", "settle"), ("settle", "waive"), ("undo", "waive")]
)
async def test_a_fee_is_closed_once(
    staff: Api, world: World, fee_id: str, first: str, then: str
) -> None:
    bodies = {"waive": WHY, "settle": PAID}
    if first == "undo":
        session_id = (await world.rows(Fee))[0].session_id
        await staff.post(f"/v1/practice/sessions/{session_id}/undo", WHY)
    else:
        await staff.post(f"{FEES}/{fee_id}/{first}", bodies[first])
    before = (await staff.get(f"{FEES}/{fee_id}")).json()
    answer = await staff.post(f"{FEES}/{fee_id}/{then}", bodies[then])
    assert (answer.status_code, answer.json()["code"]) == (409, "fee-not-due")
    assert (await staff.get(f"{FEES}/{fee_id}")).json() == before


async def test_undo_voids_a_settled_fee_and_keeps_how_it_was_paid(
    staff: Api, world: World, fee_id: str
) -> None:
    await staff.post(f"{FEES}/{fee_id}/settle", PAID)
    session_id = (await world.rows(Fee))[0].session_id
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", WHY)
    fee = (await staff.get(f"{FEES}/{fee_id}")).json()
    assert (fee["status"], fee["payment_reference"]) == ("void", "INV-2041")


async def test_clients_see_only_their_own_fees_in_their_zone(
    staff: Api, api: Api, world: World, fee_id: str
) -> None:
    ben = await world.add_client(email="ben@client.example")
    await a_fee(staff, world, client_id=ben, start=START + DAY)
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["id"] == fee_id
    assert own["amount"] == {"amount_minor": 4500, "currency": "USD", "decimals": 2}
    assert own["session"]["starts_at"] == "2026-12-03T10:00:00-05:00"
    assert "payment_reference" not in own
    stranger = api.signed_in(world.token(uuid4()))
    assert (await stranger.get("/v1/fees")).status_code == 401


async def test_the_holder_of_a_link_sees_no_fees(
    staff: Api, stranger: Api, world: World, fee_id: str
) -> None:
    session_id = (await staff.get(f"{FEES}/{fee_id}")).json()["session_id"]
    opened = await stranger.open_link(world.link_token(UUID(session_id)))
    by_link = stranger.signed_in(opened.json()["access_token"])
    assert (await by_link.get("/v1/fees")).json()["code"] == "forbidden"


async def test_lists_filter_and_page(staff: Api, world: World, fee_id: str) -> None:
    ben = await world.add_client(email="ben@client.example")
    bens = await a_fee(staff, world, client_id=ben, start=START + DAY)
    await staff.post(f"{FEES}/{bens}/waive", WHY)

    async def listed(**query: Any) -> set[str]:
        page = await staff.get(FEES, **query)
        return {item["id"] for item in page.json()["items"]}

    assert await listed() == {fee_id, bens}
    assert await listed(status="due") == {fee_id}
    assert await listed(client=str(ben)) == {bens}
    assert await listed(**{"from": (NOW + DAY).isoformat()}) == set()
    first = (await staff.get(FEES, limit=1)).json()
    second = (await staff.get(FEES, limit=1, cursor=first["next_cursor"])).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {fee_id, bens}
    assert second["next_cursor"] is None


async def test_no_key_reaches_another_practices_fees(staff: Api, world: World, fee_id: str) -> None:
    other = await World(world.engine, world.settings).build()
    elsewhere = staff.signed_in(await other.key())
    assert (await elsewhere.get(FEES)).json()["items"] == []
    assert (await elsewhere.get(f"{FEES}/{fee_id}")).status_code == 404
    assert (await elsewhere.post(f"{FEES}/{fee_id}/waive", WHY)).status_code == 404
    assert (await elsewhere.post(f"{FEES}/{fee_id}/settle", PAID)).status_code == 404
    reader = staff.signed_in(await world.key(Scope.READ))
    assert (await reader.post(f"{FEES}/{fee_id}/waive", WHY)).status_code == 403
    assert (await staff.get(f"{FEES}/{fee_id}")).json()["status"] == "due"


@pytest.mark.parametrize(
    ("what", "body", "pointer"),
    [
        ("waive", {}, "/reason"),
        ("waive", {"reason": {"note": " "}}, "/reason/note"),
        ("settle", {}, "/payment_reference"),
        ("settle", {"payment_reference": "a\x00b"}, "/payment_reference"),
    ],
)
async def test_invalid_input_is_named(
    staff: Api, fee_id: str, what: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await staff.post(f"{FEES}/{fee_id}/{what}", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
