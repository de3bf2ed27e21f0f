"""Policies, prices and links that are written at the same time: each knows of the other."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.configuration.settings import Settings
from app.tables.practices import PolicyVersion, Service
from app.tables.sessions import Session
from tests.races.test_waiting import held_row, wait_until_waiting
from tests.series import book_series
from tests.transfer import in_short, read, send, written
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
POLICIES = "/v1/practice/policies"


def fee(amount_minor: int) -> dict[str, Any]:
    """Give rules with a fixed fee for a late cancellation."""
    return {
        "cancel": {"fees": [{"deadline": {"before_minutes": 60}, "amount_minor": amount_minor}]}
    }


def versions(*numbers: int) -> bytes:
    """Write lines of an import: versions of the practice's policy."""
    return written(
        [
            {"kind": "policy", "version": n, "text": f"Version {n}", "rules": fee(100 * n)}
            for n in numbers
        ]
    )


async def stored(world: World) -> list[tuple[int, str]]:
    return sorted((row.number, row.text) for row in await world.rows(PolicyVersion))


async def test_two_imports_of_the_same_policy_versions_add_each_once(
    staff: Api, world: World, settings: Settings
) -> None:
    """Else the second one would add the first version again, after the last."""
    async with held_row(settings, world, "practices") as holder:
        first = asyncio.create_task(send(staff, versions(1, 2)))
        await wait_until_waiting(world, holder)
        second = asyncio.create_task(send(staff, versions(1, 2)))
        await wait_until_waiting(world, holder, others=2)
    results = [[in_short(line) for line in read(await task)] for task in (first, second)]
    assert sorted(results) == [["created", "created"], ["unchanged", "unchanged"]]
    assert await stored(world) == [(1, "Version 1"), (2, "Version 2")]


async def test_an_imported_version_that_is_not_the_next_any_more_is_refused(
    staff: Api, world: World, settings: Settings
) -> None:
    by_hand = {"text": "By hand", "rules": {}}
    async with held_row(settings, world, "practices") as holder:
        first = asyncio.create_task(staff.post(POLICIES, by_hand))
        await wait_until_waiting(world, holder)
        second = asyncio.create_task(send(staff, versions(1)))
        await wait_until_waiting(world, holder, others=2)
    assert (await first).status_code == 201
    (refused,) = read(await second)
    assert in_short(refused) == "validation-failed /version"
    assert await stored(world) == [(1, "By hand")]


@pytest.mark.parametrize("first", ["fee", "price"])
async def test_of_a_fee_and_a_price_out_of_proportion_the_second_is_refused(
    staff: Api, world: World, settings: Settings, first: str
) -> None:
    price = {"price": {"amount_minor": 100, "currency": "USD"}}
    policy = {"service_id": str(world.service_id), "text": "Late", "rules": fee(1_000_000)}
    calls = {
        "fee": lambda: staff.post(POLICIES, policy),
        "price": lambda: staff.patch(f"/v1/practice/services/{world.service_id}", price),
    }
    (second,) = calls.keys() - {first}
    async with held_row(settings, world, "services", world.service_id) as holder:
        earlier = asyncio.create_task(calls[first]())
        await wait_until_waiting(world, holder)
        later = asyncio.create_task(calls[second]())
        await wait_until_waiting(world, holder, others=2)
    assert (await earlier).is_success
    refused = await later
    assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")
    (service,) = await world.rows(Service)
    assert (service.price_minor, len(await world.rows(PolicyVersion))) == (
        (12000, 1) if first == "fee" else (100, 0)
    )


async def test_a_price_that_changes_before_the_policy_is_its_turn_counts(
    staff: Api, world: World, settings: Settings
) -> None:
    policy = {"service_id": str(world.service_id), "text": "Late", "rules": fee(1_000_000)}
    price = {"price": {"amount_minor": 100, "currency": "USD"}}
    async with held_row(settings, world, "practices") as holder:
        added = asyncio.create_task(staff.post(POLICIES, policy))
        await wait_until_waiting(world, holder)
        changed = await staff.patch(f"/v1/practice/services/{world.service_id}", price)
        assert changed.status_code == 200, changed.text
    refused = await added
    assert refused.status_code == 422, refused.text
    assert await world.rows(PolicyVersion) == []


async def test_links_of_two_sessions_of_a_series_are_revoked_one_after_the_other(
    staff: Api, world: World, settings: Settings
) -> None:
    """A link of one that is issued before the second revocation does not change the other."""
    first, second = (await book_series(staff, world, START, every={"days": 1}, force=True))[:2]

    async def revoke(session_id: str) -> None:
        answer = await staff.post(f"/v1/practice/sessions/{session_id}/links/revoke", {})
        assert answer.status_code == 200, answer.text

    async with held_row(settings, world, "sessions", UUID(second)) as holder:
        both = [asyncio.create_task(revoke(one)) for one in (second, first)]
        await wait_until_waiting(world, holder, others=2)
    await asyncio.gather(*both)
    rows = {str(row.id): row.link_generation for row in await world.rows(Session)}
    assert sorted((rows[first], rows[second])) == [1, 2]
