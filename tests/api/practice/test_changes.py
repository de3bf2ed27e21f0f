"""The audit log: who did what, when, from where, and why (product.md section 7)."""

from datetime import timedelta
from typing import Any

from app.identity.api_keys.keys import Scope
from tests.world import NOW, REASON, Api, World

START = NOW + timedelta(days=3)
CHANGES = "/v1/practice/changes"
WHY = {"note": "Dr. Chen is ill."}


async def test_the_audit_log_shows_who_what_when_from_where_and_why(
    staff: Api, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
    answer = await staff.get(CHANGES, session=str(session_id))
    by_kind = {item["kind"]: item for item in answer.json()["items"]}
    assert by_kind.keys() == {"booked", "cancelled", "restored"}
    cancelled, restored = by_kind["cancelled"], by_kind["restored"]
    assert cancelled["by"]["kind"] == "client"
    assert cancelled["by"]["origin"] == "127.0.0.1"
    assert cancelled["reason"] == REASON
    assert restored["by"]["name"] == "Front desk"
    assert restored["reason"] == {"code": None, "note": WHY["note"]}
    assert restored["details"] == {"undone": "cancelled", "voided_fee": False}
    assert restored["before"] == restored["after"]
    assert by_kind["booked"]["by"]["kind"] == "operator"


async def test_a_client_does_not_see_what_staff_wrote(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START)
    await staff.post(
        f"/v1/practice/sessions/{session_id}/cancel", {"charge_fee": False, "reason": WHY}
    )
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert [change["by"] for change in history] == ["practice", "practice"]
    assert WHY["note"] not in str(history)


async def test_it_filters_and_pages(staff: Api, api: Api, world: World) -> None:
    ben = await world.add_client(email="ben@client.example")
    first = await world.book(START)
    second = await world.book(START + timedelta(hours=2), client_id=ben)
    await api.cancel(first)

    async def listed(**query: Any) -> list[str]:
        found = (await staff.get(CHANGES, **query)).json()["items"]
        return [f"{item['kind']} {item['subject']}" for item in found]

    everything = await listed()
    assert sorted(everything) == [
        "booked session",
        "booked session",
        "cancelled session",
        "created api_key",
    ]
    assert await listed(subject="api_key") == ["created api_key"]
    assert await listed(actor="client") == ["cancelled session"]
    assert await listed(kind="cancelled") == ["cancelled session"]
    assert await listed(client=str(ben)) == ["booked session"]
    assert await listed(subject_id=str(second)) == ["booked session"]
    assert await listed(**{"from": (NOW + timedelta(days=1)).isoformat()}) == []
    paged: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await staff.get(CHANGES, **query)).json()
        paged += [item["id"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]
        if page["next_cursor"] is None:
            break
    assert len(paged) == len(set(paged)) == 4


async def test_no_key_reads_another_practices_audit_log(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await World(world.engine, world.settings).build()
    elsewhere = staff.signed_in(await other.key(Scope.READ))
    answer = await elsewhere.get(CHANGES, session=str(session_id))
    assert answer.json()["items"] == []


async def test_an_invalid_filter_is_named(staff: Api) -> None:
    answer = await staff.get(CHANGES, subject="weather", from_="x")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/subject", "/from_"}
