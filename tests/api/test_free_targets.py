"""With `free_if_within` the fee of a move depends on where it leads."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Fee, Session
from tests.api.series.conftest import book_series
from tests.groups import CLASS, add_clients, add_group, add_seat
from tests.holds import put_hold
from tests.world import NOW, Api, TestClock, World, slots

__all__ = ["book_series"]  # a fixture

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
DEADLINE = START - DAY
LATE = DEADLINE + HOUR
NEAR, FAR = START + 4 * DAY, START + 5 * DAY
RULES: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]},
    "reschedule": {
        "fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 3000}],
        "free_if_within": {"days": 4},
    },
}
DECEMBER = {"from": "2026-12-02", "to": "2026-12-31"}


def money(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD", "decimals": 2}


def carried(amount: int) -> dict[str, Any]:
    return {"fee": money(amount), "credit": None}


def instants(shown: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(shown["from"]), datetime.fromisoformat(shown["before"])


FREE = (datetime(2026, 11, 29, 5, tzinfo=UTC), datetime(2026, 12, 8, 5, tzinfo=UTC))
"""Four days around 3 December, by dates in New York."""


async def booked(world: World, clock: TestClock, rules: dict[str, Any] = RULES) -> UUID:
    """Book a session, and come back when moving it costs something."""
    await world.add_policy(rules)
    session_id = await world.book(START)
    clock.now = LATE
    return session_id


async def reschedule_decision(api: Api, session_id: UUID) -> Any:
    return (await api.session(session_id))["actions"]["reschedule"]


def fees_of(found: Any) -> dict[str, Any]:
    return {
        slot["start"][:10]: slot["fee"] and slot["fee"]["amount_minor"]
        for day in found["days"]
        for slot in day["slots"]
    }


# Decision, terms, slots


async def test_the_decision_has_the_dearest_fee_and_the_starts_that_are_free(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    shown = await api.session(session_id)
    decision = shown["actions"]["reschedule"]
    assert (decision["fee"], decision["free_because"]) == (money(3000), None)
    assert decision["carries"] == carried(1500)
    assert instants(decision["free_targets"]) == FREE
    assert decision["free_targets"]["carries"] == carried(4500)
    for action in ("cancel", "change_format", "absence"):
        assert shown["actions"][action]["free_targets"] is None
    policy = shown["policy"]
    assert instants(policy["free_targets"]) == FREE
    assert [term["fee"] for term in policy["terms"]["reschedule"]] == [None, money(3000)]
    of_free = policy["free_targets"]["terms"]
    assert [(term["fee"], term["carries"]) for term in of_free] == [
        (None, None),
        (None, carried(4500)),
    ]
    assert [term["until"] for term in of_free] == [
        term["until"] for term in policy["terms"]["reschedule"]
    ]


async def test_before_the_deadline_no_target_is_named_and_without_the_rule_never(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    clock.now = DEADLINE
    decision = await reschedule_decision(api, session_id)
    assert (decision["fee"], decision["free_targets"]) == (None, None)
    await world.add_policy({"reschedule": {"fees": RULES["reschedule"]["fees"]}})
    other = await world.book(START + DAY)
    clock.now = LATE + DAY
    shown = await api.session(other)
    assert shown["policy"]["free_targets"] is None
    assert shown["actions"]["reschedule"]["free_targets"] is None
    found = [slot for day in (await api.availability(other))["days"] for slot in day["slots"]]
    assert found != []
    assert all("fee" not in slot for slot in found)


async def test_each_slot_has_its_fee(api: Api, world: World, clock: TestClock) -> None:
    session_id = await booked(world, clock)
    fees = fees_of(await api.availability(session_id, **DECEMBER))
    assert fees["2026-12-07"] is None
    assert fees["2026-12-08"] == 3000
    assert {fee for day, fee in fees.items() if day <= "2026-12-07"} == {None}
    assert {fee for day, fee in fees.items() if day > "2026-12-07"} == {3000}
    clock.now = DEADLINE
    early = fees_of(await api.availability(session_id, **DECEMBER))
    assert set(early.values()) == {None}


async def test_the_present_start_in_another_format_has_the_fee_of_that_change(
    api: Api, world: World, clock: TestClock
) -> None:
    change = {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 500}]}
    session_id = await booked(world, clock, RULES | {"change_format": change})
    found = await api.availability(session_id, **DECEMBER, format="phone")
    assert [(slot["start"], slot["fee"]) for day in found["days"] for slot in day["slots"]] == [
        (START.astimezone(datetime.fromisoformat(slots(found)[0]).tzinfo).isoformat(), money(500))
    ]


async def test_a_slot_that_the_session_holds_has_its_fee_too(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    await put_hold(world, session_id, FAR, expires_at=LATE + HOUR)
    found = await api.availability(session_id, **DECEMBER)
    held = [slot for day in found["days"] for slot in day["slots"] if "held_until" in slot]
    assert [slot["fee"] for slot in held] == [money(3000)]


async def test_the_slots_of_a_seat_have_their_fees(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RULES)
    group_id = await add_group(world)
    near = await add_group(world, CLASS + 2 * DAY)
    far = await add_group(world, CLASS + 9 * DAY)
    seat = await add_seat(world, group_id)
    clock.now = CLASS - HOUR * 3
    found = await api.availability(seat, **DECEMBER, format="in_person")
    fees = {slot["group_id"]: slot["fee"] for day in found["days"] for slot in day["slots"]}
    assert fees == {str(near): None, str(far): money(3000)}
    quote = (await reschedule_decision(api, seat))["quote"]
    answer = await api.post(
        f"/v1/sessions/{seat}/reschedule",
        {"reason": {"note": "Busy."}, "group_id": str(near), "quote": quote},
    )
    assert (answer.status_code, answer.json()["fee"]) == (200, None), answer.text


async def test_alternatives_have_their_fees(api: Api, world: World, clock: TestClock) -> None:
    session_id = await booked(world, clock)
    await world.book(NEAR, client_id=(await add_clients(world, 1))[0])
    quote = (await reschedule_decision(api, session_id))["quote"]
    answer = await api.reschedule(session_id, NEAR, quote=quote)
    assert answer.json()["code"] == "slot-unavailable"
    assert [slot["fee"] for slot in answer.json()["alternatives"]] == [None] * 3
    far = FAR + 10 * HOUR
    answer = await api.reschedule(session_id, far, quote=quote)
    assert [slot["fee"] for slot in answer.json()["alternatives"]] == [money(3000)] * 3


# Commands


async def test_a_move_to_a_free_start_costs_no_fee_carries_and_counts(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    asked = await api.reschedule(session_id, NEAR)
    assert asked.json()["code"] == "quote-required"
    decision = asked.json()["decision"]
    assert (decision["fee"], decision["free_targets"]["carries"]) == (money(3000), carried(4500))
    answer = await api.reschedule(session_id, NEAR, quote=decision["quote"])
    assert (answer.status_code, answer.json()["fee"]) == (200, None), answer.text
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.carried_fee_minor) == (1, 4500)
    assert await world.rows(Fee) == []
    assert answer.json()["session"]["actions"]["cancel"]["fee"] == money(4500)


async def test_a_move_to_another_start_costs_the_fee_that_was_shown(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    assert (await api.reschedule(session_id, FAR)).json()["code"] == "quote-required"
    quote = (await reschedule_decision(api, session_id))["quote"]
    answer = await api.reschedule(session_id, FAR, quote=quote)
    assert answer.json()["fee"] == money(3000)
    (row,) = await world.rows(Session)
    assert row.carried_fee_minor == 1500


async def test_where_cancelling_is_free_a_free_start_needs_no_quote(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock, RULES | {"cancel": {}})
    assert (await api.reschedule(session_id, FAR)).json()["code"] == "quote-required"
    answer = await api.reschedule(session_id, NEAR)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


async def test_a_quote_from_before_the_deadline_holds_for_all_starts(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    clock.now = DEADLINE
    quote = (await reschedule_decision(api, session_id))["quote"]
    clock.now = DEADLINE + MICROSECOND
    answer = await api.reschedule(session_id, FAR, quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


async def test_the_dates_count_from_the_booked_start_also_after_a_move(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    clock.now = NOW
    assert (await api.reschedule(session_id, NEAR)).status_code == 200
    clock.now = NEAR - HOUR * 3
    decision = await reschedule_decision(api, session_id)
    assert instants(decision["free_targets"]) == FREE


async def test_a_quote_of_a_preview_of_one_start_does_not_cover_another_kind(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked(world, clock)
    path = f"/v1/sessions/{session_id}/scope"
    query: dict[str, Any] = {"action": "reschedule", "scope": "this"}
    near = (await api.get(path, **query, start=NEAR.isoformat())).json()
    assert (near["fee"], near["sessions"][0]["decision"]["free_because"]) == (None, "target")
    refused = await api.reschedule(session_id, FAR, quote=near["quote"])
    assert refused.json()["code"] == "quote-required"
    far = (await api.get(path, **query, start=FAR.isoformat())).json()
    assert far["fee"] == money(3000)
    refused = await api.reschedule(session_id, NEAR, quote=far["quote"])
    assert refused.json()["code"] == "quote-required"
    moved = await api.reschedule(session_id, NEAR, quote=near["quote"])
    assert (moved.status_code, moved.json()["fee"]) == (200, None)


async def test_in_a_scope_each_session_has_its_own_line(
    api: Api, world: World, book_series: Any
) -> None:
    early = [{"deadline": {"before_minutes": 60 * 24 * 40}, "amount_minor": 3000}]
    move = {"fees": early, "free_if_within": {"same_iso_week": True}}
    await world.add_policy({"cancel": {}, "reschedule": move})
    ids = await book_series(START, 2)
    path = f"/v1/sessions/{ids[0]}/scope"
    whole = (await api.get(path, action="reschedule")).json()
    assert [one["decision"]["fee"] for one in whole["sessions"]] == [money(3000)] * 2
    assert all(one["decision"]["free_targets"] for one in whole["sessions"])
    assert whole["fee"] == money(6000)
    # From Thursday to Friday both stay in their weeks.
    near = START + DAY
    shown = (await api.get(path, action="reschedule", start=near.isoformat())).json()
    assert shown["fee"] is None
    assert [one["decision"]["fee"] for one in shown["sessions"]] == [None, None]
    # One of them elsewhere: that session's fee was not shown.
    overrides = [{"session_id": ids[1], "start": (START + 11 * DAY).isoformat()}]
    body: dict[str, Any] = {"scope": "this_and_following", "overrides": overrides}
    refused = await api.reschedule(UUID(ids[0]), near, quote=shown["quote"], **body)
    assert refused.json()["code"] == "quote-required", refused.text
    preview = refused.json()["preview"]
    assert [one["decision"]["fee"] for one in preview["sessions"]] == [None, money(3000)]
    assert preview["fee"] == money(3000)
    moved = await api.reschedule(UUID(ids[0]), near, quote=preview["quote"], **body)
    assert (moved.status_code, moved.json()["fee"]) == (200, money(3000)), moved.text
    assert [one["fee"] for one in moved.json()["sessions"]] == [None, money(3000)]


async def test_a_scope_that_costs_nothing_needs_no_quote(
    api: Api, world: World, book_series: Any
) -> None:
    early = [{"deadline": {"before_minutes": 60 * 24 * 40}, "amount_minor": 3000}]
    move = {"fees": early, "free_if_within": {"days": 1}}
    await world.add_policy({"cancel": {}, "reschedule": move})
    ids = await book_series(START, 2)
    moved = await api.reschedule(UUID(ids[0]), START + DAY, scope="this_and_following")
    assert (moved.status_code, moved.json()["fee"]) == (200, None), moved.text


@pytest.mark.parametrize(("start", "fee"), [(NEAR, None), (FAR, 3000)])
async def test_staff_who_charge_a_move_charge_by_its_target(
    staff: Api, world: World, clock: TestClock, start: datetime, fee: int | None
) -> None:
    session_id = await booked(world, clock)
    answer = await staff.reschedule_by_staff(session_id, start, charge_fee=True)
    assert answer.json()["fee"] == (fee and money(fee)), answer.text


async def test_staff_who_charge_several_moves_charge_each_by_its_target(
    staff: Api, world: World, book_series: Any
) -> None:
    early = [{"deadline": {"before_minutes": 60 * 24 * 40}, "amount_minor": 3000}]
    move = {"fees": early, "free_if_within": {"days": 1}}
    await world.add_policy({"cancel": {}, "reschedule": move})
    ids = await book_series(START, 2)
    answer = await staff.reschedule_by_staff(
        ids[0],
        START + DAY,
        charge_fee=True,
        scope="this_and_following",
        overrides=[{"session_id": ids[1], "start": (START + 11 * DAY).isoformat()}],
    )
    assert answer.status_code == 200, answer.text
    assert [one["fee"] for one in answer.json()["sessions"]] == [None, money(3000)]


async def test_after_the_deadline_a_quote_about_one_start_holds_starts_of_its_kind(
    api: Api, world: World, clock: TestClock
) -> None:
    closes = {"closes": {"before_minutes": 1380}}
    rules = RULES | {"reschedule": RULES["reschedule"] | closes}
    session_id = await booked(world, clock, rules)
    path = f"/v1/sessions/{session_id}/scope"
    query: dict[str, Any] = {"action": "reschedule", "scope": "this", "start": NEAR.isoformat()}
    quote = (await api.get(path, **query)).json()["quote"]
    clock.now = LATE + MICROSECOND
    hold = f"/v1/sessions/{session_id}/hold"
    body = {"format": "video", "quote": quote}
    refused = await api.put(hold, body | {"start": FAR.isoformat()})
    assert refused.json()["code"] == "notice-too-short"
    held = await api.put(hold, body | {"start": NEAR.isoformat()})
    assert held.status_code == 200, held.text
    moved = await api.reschedule(session_id, NEAR, quote=quote)
    assert (moved.status_code, moved.json()["fee"]) == (200, None), moved.text


# The stored policy


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({}, ""),
        ({"days": 7, "same_iso_week": True}, ""),
        ({"days": -1}, "/days"),
        ({"days": 367}, "/days"),
        ({"same_iso_week": False}, "/same_iso_week"),
        ({"weeks": 1}, "/weeks"),
        (7, ""),
    ],
)
async def test_a_wrong_rule_is_named(staff: Api, rule: object, pointer: str) -> None:
    rules = {"reschedule": {"free_if_within": rule}}
    answer = await staff.post("/v1/practice/policies", {"rules": rules, "text": ""})
    assert answer.status_code == 422, answer.text
    found = [error["pointer"] for error in answer.json()["errors"]]
    assert f"/rules/reschedule/free_if_within{pointer}" in found


@pytest.mark.parametrize("rule", [{"days": 0}, {"days": 366}, {"same_iso_week": True}, None])
async def test_the_policy_shows_its_rule(staff: Api, rule: object) -> None:
    rules = {"reschedule": {"free_if_within": rule}}
    answer = await staff.post("/v1/practice/policies", {"rules": rules, "text": ""})
    assert answer.status_code == 201, answer.text
    assert answer.json()["rules"]["reschedule"].get("free_if_within") == rule
