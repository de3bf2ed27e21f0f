"""Each decision of a command is recorded, and made again it is the same (decision record 46)."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.policy.judgement import Quoted
from app.domain.policy.rules import Action
from app.tables.changes import Change
from tests.replays import Replayed, replay_practice
from tests.series import book_series
from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}],
    },
    "reschedule": {"fees": []},
    "change_format": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 500}]},
    "rebook": {"days": 30, "fee": "credited"},
}
FEE = {"amount_minor": 6000, "currency": "USD", "decimals": 2}
Replay = Callable[[], Awaitable[Replayed]]


@pytest.fixture
async def replayed(engine: AsyncEngine, world: World) -> Replay:
    await world.add_policy(RULES)

    async def run() -> Replayed:
        found = await replay_practice(engine, world.practice_id)
        assert found.wrong == []
        return found

    return run


async def quote(api: Api, session_id: UUID, action: str) -> str:
    return str((await api.session(session_id))["actions"][action]["quote"])


async def kinds(replayed: Replay) -> list[tuple[str, str]]:
    return sorted((kind, one.action.value) for kind, one in (await replayed()).made)


async def test_a_cancellation_with_a_quote_is_recorded_with_it(
    api: Api, world: World, clock: TestClock, replayed: Replay
) -> None:
    """The deadline of 24 hours passes between the quote and the command."""
    session_id = await world.book(START)
    clock.now = START - DAY - MINUTE
    shown = await quote(api, session_id, "cancel")
    clock.now = START - DAY + MINUTE
    answer = await api.cancel(session_id, quote=shown)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    ((kind, judgement),) = (await replayed()).made
    assert (kind, judgement.at) == ("cancelled", clock.now)
    assert isinstance(judgement.quoted, Quoted)
    assert judgement.quoted.given_at == START - DAY - MINUTE


async def test_nothing_personal_is_recorded(
    api: Api, world: World, clock: TestClock, replayed: Replay
) -> None:
    session_id = await world.book(START)
    clock.now = START - HOUR * 3
    await api.cancel(session_id, quote=await quote(api, session_id, "cancel"))
    await replayed()
    (row,) = await world.rows(Change, kind="cancelled")
    assert row.judgement == {
        "engine": 2,
        "action": "cancel",
        "at": clock.now.isoformat(),
        "facts": {"grace_from": NOW.isoformat()},
        "quoted": {"given_at": clock.now.isoformat(), "cost": {"fee": 6000}},
    }
    assert REASON["note"] not in json.dumps(row.judgement)


async def test_moves_with_all_that_follows_from_them_are_recorded(
    api: Api, world: World, clock: TestClock, replayed: Replay
) -> None:
    """A late move carries the fee, and the cancellation after it costs that."""
    session_id = await world.book(START)
    clock.now = START - HOUR * 3
    shown = await quote(api, session_id, "reschedule")
    moved = await api.reschedule(session_id, START + DAY * 4, quote=shown)
    assert moved.status_code == 200, moved.text
    shown = await quote(api, session_id, "cancel")
    ended = await api.cancel(session_id, quote=shown)
    assert ended.json()["fee"] == FEE
    shown = await quote(api, session_id, "reschedule")
    again = await api.reschedule(session_id, START + DAY * 5, quote=shown)
    assert again.status_code == 200, again.text
    assert await kinds(replayed) == [
        ("cancelled", "cancel"),
        ("rescheduled", "reschedule"),
        ("rescheduled", "reschedule"),
    ]


async def test_a_change_of_format_and_an_absence_are_recorded(
    api: Api, world: World, clock: TestClock, replayed: Replay
) -> None:
    session_id = await world.book(START)
    clock.now = START - HOUR * 3
    shown = await quote(api, session_id, "change_format")
    changed = await api.reschedule(session_id, START, format="phone", quote=shown)
    assert changed.json()["fee"] == FEE | {"amount_minor": 500}
    clock.now = START - HOUR
    shown = await quote(api, session_id, "absence")
    body = {"reason": REASON, "free_time": True, "quote": shown}
    gone = await api.post(f"/v1/sessions/{session_id}/absence", body)
    assert gone.json()["fee"] == FEE
    assert await kinds(replayed) == [("cancelled", "absence"), ("format_changed", "change_format")]


@pytest.mark.parametrize("done", ["cancel", "noshow"])
async def test_what_staff_charge_is_recorded_and_what_they_do_not_is_not(
    staff: Api, world: World, clock: TestClock, replayed: Replay, done: str
) -> None:
    """A missed session that is marked before its start is judged after it all the same."""
    ids = [await world.book(START + HOUR * n) for n in range(2)]
    clock.now = START - HOUR
    for session_id, charged in zip(ids, (True, False), strict=True):
        path = f"/v1/practice/sessions/{session_id}/{done}"
        answer = await staff.post(path, {"charge_fee": charged, "reason": REASON})
        assert answer.status_code == 200, answer.text
    ((_, judgement),) = (await replayed()).made
    assert judgement.charged_by_staff
    assert judgement.at == (clock.now if done == "cancel" else START + timedelta(microseconds=1))


async def test_each_session_of_a_command_has_its_own(
    api: Api, staff: Api, world: World, clock: TestClock, replayed: Replay
) -> None:
    package_id = await world.add_package()
    ids = await book_series(staff, world, START, package_id=str(package_id))
    clock.now = START - HOUR * 3
    path = f"/v1/sessions/{ids[0]}"
    preview = await api.get(f"{path}/scope", action="cancel", scope="this_and_following")
    body = {"reason": REASON, "scope": "this_and_following", "quote": preview.json()["quote"]}
    answer = await api.post(f"{path}/cancel", body)
    assert answer.status_code == 200, answer.text
    made = (await replayed()).made
    assert [one.action for _, one in made] == [Action.CANCEL] * 4
    assert sorted(one.facts.starts_at for _, one in made) == [START + DAY * 7 * n for n in range(4)]
    assert all(one.facts.paid_by_credit for _, one in made)
