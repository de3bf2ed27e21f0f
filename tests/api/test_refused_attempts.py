"""What the policy refuses to clients is counted by rule and day, and says nothing about anybody."""

from datetime import date, timedelta
from typing import Any

from app.tables.refused_attempts import RefusedAttempts
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
LATE = START - timedelta(hours=1)
RULES: dict[str, Any] = {
    "cancel": {"closes": {"before_minutes": 120}},
    "reschedule": {"limit": 0, "closes": None},
}


async def counted(world: World) -> list[tuple[date, str, str, int]]:
    rows = await world.rows(RefusedAttempts)
    return sorted((row.day, row.action, row.code, row.attempts) for row in rows)


async def test_each_refusal_adds_one_to_the_row_of_its_rule_and_day(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START)
    clock.now = LATE
    for _ in range(3):
        assert (await api.cancel(session_id)).json()["code"] == "notice-too-short"
    assert (await api.reschedule(session_id, START + timedelta(days=1))).status_code == 409
    day = date(2026, 12, 3)
    assert await counted(world) == [
        (day, "cancel", "notice-too-short", 3),
        (day, "reschedule", "reschedule-limit-reached", 1),
    ]
    (row, _) = await world.rows(RefusedAttempts)
    assert (row.practitioner_id, row.service_id) == (world.practitioner_id, world.service_id)


async def test_a_day_is_one_of_the_practitioner(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    session_id = await world.book(START)
    clock.now = NOW + timedelta(hours=8)
    await api.cancel(session_id)
    clock.now += timedelta(hours=6)
    await api.cancel(session_id)
    assert [day for day, *_ in await counted(world)] == [date(2026, 11, 30), date(2026, 12, 1)]


async def test_what_is_allowed_or_only_looked_at_is_not_counted(api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START)
    await api.session(session_id)
    hold = {"start": (START + timedelta(days=1)).isoformat(), "format": "video"}
    refused = await api.put(f"/v1/sessions/{session_id}/hold", hold)
    assert refused.status_code == 409
    assert (await api.cancel(session_id)).status_code == 200
    assert await counted(world) == []
