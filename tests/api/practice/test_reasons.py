"""Reasons of cancellations and moves are shown to keys with the scope write, and to no others."""

from datetime import timedelta
from typing import Any

import pytest

from app.identity.api_keys.keys import Scope
from tests.described import json_body
from tests.walls import Theirs, ask, body_for, fill, operations
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
# A code that is in no example, and a word that occurs nowhere else.
CODE, NOTE = "cost", "Qzcanaryqz, and nobody else's business."
REASON = {"code": CODE, "note": NOTE}
READS = [found for found in operations() if found[1].startswith("/v1/practice")]


@pytest.fixture
async def theirs(staff: Api, world: World, api: Api) -> Theirs:
    """A practice with one record of each kind, whose client has moved and cancelled sessions."""
    # Before a policy exists, because with it each of these would need a quote.
    for days in (5, 6):
        session_id = await world.book(START + timedelta(days=days), external_ref=f"given-{days}")
        to = (START + timedelta(days=days, hours=1)).isoformat()
        moved = {"start": to, "format": "video", "reason": REASON}
        assert (await api.post(f"/v1/sessions/{session_id}/reschedule", moved)).is_success
        cancelled = await api.post(f"/v1/sessions/{session_id}/cancel", {"reason": REASON})
        assert cancelled.is_success, cancelled.text
    session_id = await world.book(START + timedelta(days=7))
    opened = await api.open_link(world.link_token(session_id))
    by_link = api.signed_in(opened.json()["access_token"])
    assert (await by_link.post(f"/v1/sessions/{session_id}/cancel", {"reason": REASON})).is_success
    found = await fill(staff, world)
    found.ids |= {"session_id": str(session_id), "external_ref": "given-5"}
    return found


async def answers(staff: Api, theirs: Theirs, scope: Scope) -> dict[str, str]:
    """Give the responses of all operations that this key may call."""
    key = await theirs.world.key(scope)
    told = {}
    for method, path, operation in READS:
        if method != "get":
            continue
        address = path.format(**theirs.ids)
        answer = await ask(staff.signed_in(key), method, address, body_for(operation, theirs.ids))
        told[operation["operationId"]] = answer.text
    return told


@pytest.mark.slow
async def test_a_read_key_finds_no_reason_anywhere(staff: Api, theirs: Theirs) -> None:
    told = await answers(staff, theirs, Scope.READ)
    assert len(told) > 25
    for operation, text in told.items():
        assert NOTE not in text, operation
        assert f'"{CODE}"' not in text, operation


@pytest.mark.slow
async def test_a_write_key_finds_reasons_where_they_were(staff: Api, theirs: Theirs) -> None:
    told = await answers(staff, theirs, Scope.WRITE)
    where = {operation for operation, text in told.items() if NOTE in text}
    assert where == {operation for operation, text in told.items() if f'"{CODE}"' in text}
    assert where == {
        "list_practice_changes",
        "list_practice_sessions",
        "get_practice_session",
        "get_practice_session_by_ref",
    }


async def test_a_read_key_sees_that_there_is_a_reason_and_who_gave_it(
    staff: Api, theirs: Theirs
) -> None:
    reader = staff.signed_in(await theirs.world.key(Scope.READ))
    shown = (await reader.get(f"/v1/practice/sessions/{theirs.ids['session_id']}")).json()
    assert shown["cancellation"]["by"] == "client"
    assert shown["cancellation"]["reason"] == {"code": None, "note": None}
    entries = (await reader.get("/v1/practice/changes", kind="rescheduled")).json()["items"]
    assert [entry["reason"] for entry in entries] == [{"code": None, "note": None}] * 2


@pytest.mark.slow
async def test_a_read_key_does_not_see_reasons_that_staff_wrote(staff: Api, theirs: Theirs) -> None:
    """Staff write down the same personal data that a client would have typed."""
    path = f"/v1/practice/sessions/{theirs.ids['session_id']}"
    await staff.post(f"{path}/undo", {"reason": REASON})
    await staff.post(f"{path}/cancel", {"charge_fee": False, "reason": REASON})
    fee = f"/v1/practice/fees/{theirs.ids['fee_id']}"
    assert (await staff.post(f"{fee}/waive", {"reason": REASON})).is_success
    for operation, text in (await answers(staff, theirs, Scope.READ)).items():
        assert NOTE not in text, operation
        assert f'"{CODE}"' not in text, operation


OF_SERIES = {"sessions/{session_id}/cancel", "sessions/{session_id}/reschedule"}
WITH_REASON = OF_SERIES | {
    "sessions/{session_id}/fulfilled",
    "sessions/{session_id}/noshow",
    "sessions/{session_id}/undo",
    "groups/{group_id}/cancel",
    "groups/{group_id}/move",
    "fees/{fee_id}/waive",
    "clients/{client_id}/allowance/adjust",
    "clients/{client_id}/erase",
}


@pytest.mark.parametrize("more", [{}, {"scope": "this_and_following"}])
async def test_every_command_of_staff_refuses_a_code_that_the_practice_does_not_have(
    staff: Api, theirs: Theirs, more: dict[str, str]
) -> None:
    """Neither a standard code nor one that a policy of the practice lists."""
    refused = set()
    for method, path, operation in READS:
        schema = schema_of(operation)
        if "reason" not in schema or not more.keys() <= schema.keys():
            continue
        unknown = {"reason": {"code": "nobody-knows", "note": "So it is."}}
        body = body_for(operation, theirs.ids) | unknown | more
        answer = await ask(staff, method, path.format(**theirs.ids), body)
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/reason/code", path
        assert "unwell, transport" in error["detail"]
        refused.add(path.removeprefix("/v1/practice/"))
    assert refused == (OF_SERIES if more else WITH_REASON)


def schema_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of an operation's body."""
    fields: dict[str, Any] = json_body(operation).get("properties", {})
    return fields
