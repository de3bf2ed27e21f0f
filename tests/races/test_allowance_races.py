"""Several commands at once over real connections never use an allowance twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import Fee
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
ROUNDS = 6
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
WHY = {"reason": {"note": "It was our mistake."}}


@pytest.fixture(autouse=True)
async def policy(world: World) -> AsyncIterator[None]:
    """The first late change of the year is free."""
    per = {"per": "calendar_year", "for": ["cancel", "reschedule"]}
    await world.add_policy({"cancel": {"fees": [LATE]}, "allowance": {"free": 1} | per})
    yield
    standing = [row for row in await world.rows(AllowanceUse) if row.given_back_at is None]
    per_client: dict[UUID, int] = {}
    for row in standing:
        per_client[row.client_id] = per_client.get(row.client_id, 0) + 1
    assert all(count <= 1 for count in per_client.values())


async def quote_of(api: Api, session_id: UUID) -> Any:
    return (await api.session(session_id))["actions"]["cancel"]["quote"]


async def fresh_client(api: Api, world: World, number: int) -> tuple[Api, UUID]:
    client_id = await world.add_client(name=f"C{number}", email=f"c{number}@client.example")
    return api.signed_in(world.token(client_id)), client_id


async def test_of_two_late_cancellations_at_once_one_is_free_and_one_is_told(
    api: Api, world: World
) -> None:
    """The sessions have different practitioners, so only their client's lock decides."""
    other = await world.add_practitioner(name="Dr. Wu")
    for number in range(ROUNDS):
        caller, client_id = await fresh_client(api, world, number)
        ids = [
            await world.book(START + number * DAY, client_id=client_id),
            await world.book(
                START + number * DAY + DAY / 12, client_id=client_id, practitioner_id=other
            ),
        ]
        quotes = [await quote_of(caller, id_) for id_ in ids]
        answers = await asyncio.gather(
            *(caller.cancel(id_, quote=quote) for id_, quote in zip(ids, quotes, strict=True))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused = next(answer for answer in answers if answer.status_code == 409).json()
        assert refused["code"] == "quote-stale"
        shown = refused["decision"]
        assert (shown["fee"]["amount_minor"], shown["allowance"]["left"]) == (4500, 0)
        assert await world.rows(Fee) == []
        (use,) = await world.rows(AllowanceUse, client_id=client_id)
        assert use.session_id in ids


async def test_a_cancellation_and_an_adjustment_by_staff_at_once(api: Api, world: World) -> None:
    staff = api.signed_in(await world.key())
    for number in range(ROUNDS):
        caller, client_id = await fresh_client(api, world, number)
        session_id = await world.book(START + number * DAY, client_id=client_id)
        quote = await quote_of(caller, session_id)
        cancelled, adjusted = await asyncio.gather(
            caller.cancel(session_id, quote=quote),
            staff.post(f"/v1/practice/clients/{client_id}/allowance/adjust", WHY | {"uses": 1}),
        )
        assert adjusted.status_code == 200
        if cancelled.status_code == 409:
            assert cancelled.json()["code"] == "quote-stale"
        else:
            # The adjustment came second: it counts one more than is free.
            give = await staff.post(
                f"/v1/practice/clients/{client_id}/allowance/adjust", WHY | {"uses": -1}
            )
            assert give.status_code == 200


async def test_two_undos_at_once_give_one_use_back(api: Api, world: World) -> None:
    staff = api.signed_in(await world.key())
    for number in range(ROUNDS):
        caller, client_id = await fresh_client(api, world, number)
        session_id = await world.book(START + number * DAY, client_id=client_id)
        await caller.cancel(session_id, quote=await quote_of(caller, session_id))
        answers = await asyncio.gather(
            caller.post(f"/v1/sessions/{session_id}/undo", {}),
            staff.post(f"/v1/practice/sessions/{session_id}/undo", WHY),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (use,) = await world.rows(AllowanceUse, client_id=client_id)
        assert use.given_back_by == "undo"
        left = (await caller.session(session_id))["actions"]["cancel"]["allowance"]["left"]
        assert left == 1
