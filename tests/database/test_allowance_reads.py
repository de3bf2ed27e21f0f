"""Where the policy has no allowance, no use of one is read (docs/decisions/0047-allowance.md)."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.availability.statements import PAGE
from app.database.statements import Read
from app.sessions.read.calendar import calendar_bounds
from app.sessions.read.queries import _DETAILS
from tests.world import NOW, World

START = NOW + timedelta(days=3)
RULES: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 60}, "percent": "50"}]}
}
ALLOWANCE = {"allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]}}
READS = {"details": _DETAILS.for_client, "availability": PAGE.for_client}


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)


async def looked_at_uses(engine: AsyncEngine, world: World, read: Read, session_id: UUID) -> bool:
    """Run a statement, and tell whether it has looked at uses of an allowance."""
    values: dict[str, object] = {
        "practice_id": world.practice_id,
        "client_id": world.client_id,
        "session_id": session_id,
    }
    if read is not READS["details"]:
        values |= calendar_bounds(START.date(), START.date(), NOW)
    async with engine.connect() as db:
        held = await db.get_raw_connection()
        driver: Any = held.driver_connection
        explained = await driver.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {read.text}", *read.arguments(values)
        )
    (plan,) = json.loads(explained) if isinstance(explained, str) else explained
    found = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "allowance_uses"]
    assert found, "the statement knows of no allowance"
    return any(node["Actual Loops"] > 0 for node in found)


@pytest.mark.parametrize("name", READS)
async def test_only_an_allowance_asks_for_its_uses(
    engine: AsyncEngine, world: World, name: str
) -> None:
    without_policy = await world.book(START)
    await world.add_policy(RULES)
    without_allowance = await world.book(START + timedelta(days=1))
    await world.add_policy(RULES | ALLOWANCE)
    with_one = await world.book(START + timedelta(days=2))
    looked = [
        await looked_at_uses(engine, world, READS[name], session_id)
        for session_id in (without_policy, without_allowance, with_one)
    ]
    assert looked == [False, False, True]
