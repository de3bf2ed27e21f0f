"""Trying a policy: what other rules would have decided (product.md section 10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.policy.document import parse_rules
from app.identity.api_keys.keys import Scope
from app.policies.records import Level
from app.policies.trial import router
from app.policies.trial.records import Trial
from app.policies.trial.trying import try_policy
from app.tables.changes import Change
from tests.world import NOW, REASON, Api, TestClock, World

TRY = "/v1/practice/policies/try"
START = NOW + timedelta(days=3)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def late(minutes: int, percent: str) -> dict[str, Any]:
    return {"cancel": {"fees": [{"deadline": {"before_minutes": minutes}, "percent": percent}]}}


HALF, WHOLE = late(1440, "50"), late(1440, "100")


def usd(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD", "decimals": 2}


def results(**counts: int) -> dict[str, int]:
    return {"free": 0, "later": 0, "fee": 0, "forfeited": 0, "refused": 0} | counts


async def tried(staff: Api, rules: Any, body: Any = None, *, status: int = 200) -> Any:
    time = {"from": NOW.isoformat(), "to": (NOW + DAY * 30).isoformat()}
    answer = await staff.post(TRY, {"rules": rules} | time | (body or {}))
    assert answer.status_code == status, answer.text
    return answer.json()


async def cancel(api: Api, session_id: UUID) -> None:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    answer = await api.cancel(session_id, quote=quote)
    assert answer.status_code == 200, answer.text


async def cancelled(
    api: Api, world: World, clock: TestClock, *notices: timedelta, **values: Any
) -> list[UUID]:
    """Book a session on each of several days, and cancel it so long before its start."""
    ids = [await world.book(START + DAY * n, **values) for n in range(len(notices))]
    for n, (session_id, notice) in enumerate(zip(ids, notices, strict=True)):
        clock.now = START + DAY * n - notice
        await cancel(api, session_id)
    clock.now = START + DAY * 10
    return ids


async def test_the_rules_in_force_change_nothing(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF)
    await cancelled(api, world, clock, HOUR, DAY * 2)
    found = await tried(staff, HALF)
    (cancels,) = found["actions"]
    assert cancels == {
        "action": "cancel",
        "changed": 0,
        "stood": results(free=1, fee=1),
        "tried": results(free=1, fee=1),
    }
    assert (found["changes"], found["clients_touched"], found["next_cursor"]) == ([], 0, None)
    assert found["months"] == [{"month": "2026-12", "stood": usd(6000), "tried": usd(6000)}]


async def test_other_rules_are_shown_beside_what_stood(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF)
    ids = await cancelled(api, world, clock, HOUR, DAY * 2, HOUR * 30)
    rules = late(2160, "100")
    rules["cancel"]["closes"] = {"before_minutes": 120}
    found = await tried(staff, rules)
    (cancels,) = found["actions"]
    assert (cancels["changed"], cancels["tried"]) == (2, results(free=1, fee=1, refused=1))
    assert [(one["session_id"], one["difference"]) for one in found["changes"]] == [
        (str(ids[2]), usd(12000)),
        (str(ids[0]), usd(6000)),
    ]
    assert found["changes"][0]["stood"] == {
        "result": "free", "fee": None, "later": None, "code": None
    }  # fmt: skip
    assert found["changes"][0]["tried"]["fee"] == usd(12000)
    assert found["changes"][1]["tried"] == {
        "result": "refused", "fee": None, "later": None, "code": "notice-too-short"
    }  # fmt: skip
    assert found["months"] == [{"month": "2026-12", "stood": usd(6000), "tried": usd(12000)}]
    assert found["clients_touched"] == 1
    assert found["judged"] == {
        "decisions": 3, "until": "2026-12-30T15:00:00Z", "share": 1.0, "not_judged": 0
    }  # fmt: skip


async def test_nothing_is_written_and_a_key_that_reads_is_enough(
    api: Api, world: World, clock: TestClock
) -> None:
    await cancelled(api, world, clock, HOUR)
    reader = api.signed_in(await world.key(Scope.READ, "Reader"))
    before = await world.rows(Change)
    found = await tried(reader, WHOLE)
    assert found["actions"][0]["changed"] == 1
    assert await world.rows(Change) == before


async def test_a_key_that_reads_learns_no_reason(api: Api, world: World, clock: TestClock) -> None:
    """Rules in which one code costs nothing would tell who gave it."""
    await world.add_policy(HALF)
    session_id = await world.book(START)
    clock.now = START - HOUR
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    reason = {"code": "unwell", "note": "A cold."}
    assert (await api.cancel(session_id, quote=quote, reason=reason)).status_code == 200
    codes = ("unwell", "other")
    lists = {
        code: HALF | {"reasons": [{"code": code, "labels": {"en": "Why"}, "fee": "none"}]}
        for code in codes
    }
    reader = api.signed_in(await world.key(Scope.READ, "Reader"))
    found = {code: await tried(reader, lists[code]) for code in codes}
    assert all(one["actions"][0]["tried"] == results(fee=1) for one in found.values())
    hidden = "Your API key does not show reasons"
    assert all(any(said.startswith(hidden) for said in one["unknown"]) for one in found.values())
    assert not any(said.startswith(hidden) for said in (await tried(reader, HALF))["unknown"])
    known = "Clients who know what a reason changes"
    assert not any(said.startswith(known) for one in found.values() for said in one["unknown"])

    writer = api.signed_in(await world.key(Scope.WRITE, "Writer"))
    seen = {code: await tried(writer, lists[code]) for code in codes}
    assert seen["unwell"]["actions"][0]["tried"] == results(free=1)
    assert seen["other"]["actions"][0]["tried"] == results(fee=1)
    assert not any(said.startswith(hidden) for said in seen["unwell"]["unknown"])
    assert any(said.startswith(known) for said in seen["unwell"]["unknown"])


async def test_moves_missed_sessions_and_credits_are_judged_too(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF)
    moved, missed = await world.book(START), await world.book(START + DAY)
    package_id = await world.add_package()
    clock.now = START - HOUR
    quote = (await api.session(moved))["actions"]["reschedule"]["quote"]
    assert (await api.reschedule(moved, START + DAY * 4, quote=quote)).status_code == 200
    path = f"/v1/practice/sessions/{missed}/noshow"
    await staff.post(path, {"charge_fee": True, "reason": REASON})
    paid = await world.book(START + DAY * 5, package_id=package_id)
    clock.now = START + DAY * 5 - HOUR
    await cancel(api, paid)
    rules = HALF | {"reschedule": {"fees": None}}
    rules["cancel"] = HALF["cancel"] | {"late_credit": "forfeited"}
    found = await tried(staff, rules)
    assert {one["action"]: one["tried"] for one in found["actions"]} == {
        "cancel": results(forfeited=1),
        "reschedule": results(later=1),
        "noshow": results(fee=1),
    }
    (move,) = [one for one in found["changes"] if one["action"] == "reschedule"]
    assert (move["stood"]["fee"], move["tried"]["later"]) == (usd(6000), usd(6000))


async def test_rules_are_tried_where_they_would_have_applied(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    """A service with its own policy is not decided by the practice's rules."""
    own = await world.add_service(name="Massage")
    await world.add_policy({}, service_id=own)
    other = await world.add_practitioner(email="b@harbor.example")
    await cancelled(api, world, clock, HOUR)
    await cancelled(api, world, clock, HOUR, service_id=own)
    await cancelled(api, world, clock, HOUR, practitioner_id=other)

    async def judged(**of: UUID) -> int:
        found = await tried(staff, WHOLE, {name: str(id_) for name, id_ in of.items()})
        return int(found["judged"]["decisions"])

    assert await judged() == 2
    assert await judged(service_id=own) == 1
    assert await judged(service_id=world.service_id) == 2
    assert await judged(practitioner_id=world.practitioner_id) == 1
    assert await judged(practitioner_id=other) == 1


async def test_what_was_not_recorded_is_reported_and_not_claimed(
    api: Api, staff: Api, world: World, clock: TestClock, owner_engine: AsyncEngine
) -> None:
    first, second, _ = await cancelled(api, world, clock, HOUR, HOUR, HOUR)
    async with owner_engine.begin() as db:
        for session_id, judgement in ((first, "NULL"), (second, "judgement || '{\"engine\": 0}'")):
            await db.exec_driver_sql(
                f"UPDATE changes SET judgement = {judgement} WHERE session_id = $1"  # noqa: S608
                " AND kind = 'cancelled'",
                (session_id,),
            )
    found = await tried(staff, WHOLE)
    assert (found["judged"]["decisions"], found["judged"]["not_judged"]) == (1, 2)
    assert found["unknown"][-1].startswith("2 decisions are not judged")
    answer = await staff.post(
        TRY,
        {"rules": {}, "from": NOW.isoformat(), "to": clock.now.isoformat()},
        {"Accept-Language": "de"},
    )
    assert answer.headers["Content-Language"] == "de"
    assert answer.json()["unknown"][-1].startswith("2 Entscheidungen sind nicht enthalten")


async def test_further_changes_are_on_further_pages(
    api: Api, staff: Api, world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "LIMIT", 2)
    ids = await cancelled(api, world, clock, *[HOUR] * 5)
    seen, cursor = [], None
    for _ in range(3):
        page = await tried(staff, WHOLE, {"cursor": cursor})
        assert page["actions"][0]["changed"] == 5
        seen += [one["session_id"] for one in page["changes"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == ([str(id_) for id_ in reversed(ids)], None)
    first = (await tried(staff, WHOLE))["next_cursor"]
    refused = await tried(staff, HALF, {"cursor": first}, status=422)
    assert [(one["in"], one["pointer"]) for one in refused["errors"]] == [("body", "/cursor")]


async def test_one_call_judges_so_many_and_says_how_to_go_on(
    api: Api, world: World, clock: TestClock, engine: AsyncEngine
) -> None:
    """Decisions of the same instant stay together."""
    ids = [await world.book(START + HOUR * n) for n in range(3)]
    clock.now = START - DAY
    for session_id in ids[:2]:
        await cancel(api, session_id)
    clock.now += HOUR
    await cancel(api, ids[2])
    rules, start, judged = parse_rules(WHOLE), NOW, []
    while start < START:
        trial = Trial(world.practice_id, Level.PRACTICE, None, start, START, with_reasons=True)
        found = await try_policy(engine, trial, rules, None, 10, most=1)
        judged.append(sum(found.tally.actions["cancel"].stood.values()))
        start = found.until
    assert judged == [2, 1]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from": (NOW - DAY * 367).isoformat()}, "/from"),
        ({"to": NOW.isoformat()}, "/to"),
        ({"rules": {"cancel": {"fees": [{"deadline": {}, "percent": "5"}]}}}, None),
        ({"rules": None}, "/rules"),
        ({"service_id": str(UUID(int=1))}, "/service_id"),
        (
            {"rules": {"cancel": {"fees": [
                {"deadline": {"before_minutes": 1}, "amount_minor": 1_300_000}]}}},
            "/rules/cancel/fees/0/amount_minor",
        ),
    ],
)  # fmt: skip
async def test_bad_input_is_named(staff: Api, body: Any, pointer: str | None) -> None:
    answer = await tried(staff, {}, body, status=422)
    assert answer["errors"][0]["pointer"] == (pointer or "/rules/cancel/fees/0/deadline")


async def test_exactly_366_days_back_is_possible(staff: Api) -> None:
    start: datetime = NOW - DAY * 366
    found = await tried(staff, {}, {"from": start.isoformat(), "to": NOW.isoformat()})
    assert (found["actions"], found["months"], found["judged"]["share"]) == ([], [], 1.0)


async def test_another_practice_sees_nothing_of_it(
    api: Api, world: World, clock: TestClock, engine: AsyncEngine
) -> None:
    await cancelled(api, world, clock, HOUR)
    other = await World(engine, world.settings).build()
    found = await tried(api.signed_in(await other.key()), WHOLE)
    assert found["judged"]["decisions"] == 0


FIRST_FREE = HALF | {
    "allowance": {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]}
}


async def test_a_candidate_uses_its_allowance_up_in_the_order_of_the_decisions(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF)
    ben = await world.add_client(name="Ben", email="ben@client.example")
    await cancelled(api, world, clock, HOUR, DAY * 2, HOUR, HOUR)
    session_id = await world.book(START + DAY * 5, client_id=ben)
    clock.now = START + DAY * 5 - HOUR
    await cancel(api.signed_in(world.token(ben)), session_id)
    found = await tried(staff, FIRST_FREE)
    (cancels,) = found["actions"]
    assert cancels["stood"] == results(free=1, fee=4)
    assert cancels["tried"] == results(free=3, fee=2)
    assert found["clients_touched"] == 2
    assert any("counted from the start of this time" in said for said in found["unknown"])
    later = await tried(staff, FIRST_FREE, {"from": (START + DAY).isoformat()})
    assert later["actions"][0]["tried"] == results(free=2, fee=1)
    plain = await tried(staff, HALF)
    assert not any("counted from the start" in said for said in plain["unknown"])


async def test_an_allowance_in_force_is_made_again_with_what_was_left(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    """Also what was used before the time, and what its client has paid to keep it."""
    await world.add_policy(FIRST_FREE)
    await cancelled(api, world, clock, HOUR, HOUR)
    found = await tried(staff, FIRST_FREE, {"from": (START + HOUR).isoformat()})
    (cancels,) = found["actions"]
    assert (cancels["changed"], cancels["tried"]) == (0, results(fee=1))
    without = await tried(staff, HALF)
    assert without["actions"][0]["tried"] == results(fee=2)
