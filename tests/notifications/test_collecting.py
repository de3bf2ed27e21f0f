"""The worker announces fees that can be collected now: once, and none that has ended."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.announcing import announce_fees
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Fee
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.world import NOW, Api, TestClock, World

# The worker looks at the fees of all practices.
pytestmark = pytest.mark.alone

START = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)
UNDO_ENDS = NOW + 5 * MINUTE
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}}
WHY = {"reason": {"note": "It was our mistake."}}


@pytest.fixture
async def session_id(api: Api, world: World) -> UUID:
    """A session that its client has cancelled late, with a fee, and an endpoint that is told."""
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(LATE_FEE)
    found = await world.book(START)
    quote = (await api.session(found))["actions"]["cancel"]["quote"]
    assert (await api.cancel(found, quote=quote)).status_code == 200
    return found


async def announced(world: World) -> list[str]:
    rows = await world.rows(Notification, kind="fee.collectable")
    return [row.recipient for row in rows]


async def test_a_fee_is_announced_once_after_its_instant(
    session_id: UUID, engine: AsyncEngine, world: World
) -> None:
    await announce_fees(engine, UNDO_ENDS + 30 * timedelta(seconds=1))
    assert await announced(world) == []
    for later in (MINUTE, 2 * MINUTE, timedelta(days=1)):
        await announce_fees(engine, UNDO_ENDS + later)
    assert await announced(world) == ["webhook"]
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.announced_at) == ("due", UNDO_ENDS + MINUTE)
    (change,) = await world.rows(Change, kind="fee_collectable")
    assert (change.actor, change.subject_id, change.session_id) == ("system", fee.id, session_id)


async def test_workers_that_announce_at_once_do_it_once(
    session_id: UUID, engine: AsyncEngine, world: World
) -> None:
    await asyncio.gather(*(announce_fees(engine, UNDO_ENDS + MINUTE) for _ in range(5)))
    assert session_id
    assert await announced(world) == ["webhook"]
    assert len(await world.rows(Change, kind="fee_collectable")) == 1


@pytest.mark.parametrize("how", ["undo", "waive", "settle"])
async def test_a_fee_that_has_ended_is_not_announced(
    session_id: UUID, engine: AsyncEngine, api: Api, staff: Api, world: World, how: str
) -> None:
    (fee,) = await world.rows(Fee)
    if how == "undo":
        done = await api.post(f"/v1/sessions/{session_id}/undo", None)
    else:
        body = {"payment_reference": "INV-1"} if how == "settle" else WHY
        done = await staff.post(f"/v1/practice/fees/{fee.id}/{how}", body)
    assert done.status_code == 200, done.text
    await announce_fees(engine, UNDO_ENDS + timedelta(days=1))
    assert await announced(world) == []


async def test_a_fee_without_an_instant_is_collectable_when_it_is_recorded(
    engine: AsyncEngine, staff: Api, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(LATE_FEE)
    path = f"/v1/practice/sessions/{await world.book(START)}/cancel"
    await staff.post(path, {"charge_fee": True, **WHY})
    (fee,) = await world.rows(Fee)
    assert fee.collect_after is None
    await announce_fees(engine, NOW + timedelta(days=1))
    assert await announced(world) == []


async def test_the_events_say_from_when(
    session_id: UUID, engine: AsyncEngine, world: World
) -> None:
    await announce_fees(engine, UNDO_ENDS + MINUTE)
    for kind in ("fee.recorded", "fee.collectable"):
        (row,) = await world.rows(Notification, kind=kind)
        async with engine.connect() as db:
            (event,) = await load_events(db, [(world.practice_id, row.id)])
        assert event is not None
        is_event_as_described(event.body)
        body = json.loads(event.body)
        assert body["data"]["session_id"] == str(session_id)
        assert body["data"]["fee"]["collect_after"] == "2026-11-30T15:05:00Z"
        assert body["data"]["fee"]["status"] == "due"


async def test_staff_list_what_can_be_collected_and_are_warned_of_the_rest(
    session_id: UUID, api: Api, staff: Api, clock: TestClock
) -> None:
    async def listed(**query: Any) -> int:
        return len((await staff.get("/v1/practice/fees", **query)).json()["items"])

    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["collect_after"] == "2026-11-30T10:05:00-05:00"
    assert await listed() == 1
    assert (await listed(collectable="true"), await listed(collectable="false")) == (0, 1)
    clock.now = UNDO_ENDS
    assert await listed(collectable="true") == 0
    clock.now += timedelta(microseconds=1)
    assert (await listed(collectable="true"), await listed(collectable="false")) == (1, 0)
    clock.now = UNDO_ENDS
    path = f"/v1/practice/fees/{own['id']}/settle"
    answer = await staff.post(path, {"payment_reference": "INV-1"})
    assert (answer.status_code, answer.json()["warning"]) == (200, "not-collectable-yet")
    assert session_id
