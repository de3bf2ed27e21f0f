"""So many late changes a year are free: decided, used up, kept, given back (decision 47)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.refilling import judge_due_refills
from app.identity.api_keys.keys import Scope
from app.tables.allowance_uses import AllowanceUse
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.replays import replay_practice
from tests.world import NOW, Api, TestClock, World, slots

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = NOW + 3 * DAY
LATE = {"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}
FIRST_FREE: dict[str, Any] = {
    "cancel": {"fees": [LATE]},
    "allowance": {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]},
}
WHY = {"note": "The lift was out of order."}
NEW_YEAR = datetime(2027, 1, 1, 5, tzinfo=UTC)
"""In New York."""


def allowed(free: int, **more: Any) -> dict[str, Any]:
    return FIRST_FREE | {"allowance": FIRST_FREE["allowance"] | {"free": free} | more}


@pytest.fixture(autouse=True)
async def policy(world: World) -> None:
    """The first late change of the year is free."""
    await world.add_policy(FIRST_FREE)


async def decision(api: Api, session_id: UUID, action: str = "cancel") -> Any:
    return (await api.session(session_id))["actions"][action]


async def cancel(api: Api, session_id: UUID, **body: Any) -> Any:
    quote = (await decision(api, session_id))["quote"]
    answer = await api.cancel(session_id, quote=quote, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def uses(world: World) -> list[tuple[UUID | None, str | None]]:
    rows = await world.rows(AllowanceUse)
    return [(row.session_id, row.given_back_by) for row in rows]


async def replayed(engine: AsyncEngine, world: World) -> None:
    """Make each recorded decision again."""
    found = await replay_practice(engine, world.practice_id)
    assert found.wrong == []
    assert found.made


def url(world: World, more: str = "") -> str:
    return f"/v1/practice/clients/{world.client_id}/allowance{more}"


# What a decision says


async def test_with_one_left_the_decision_is_free_and_shows_both_prices(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    shown = await api.session(session_id)
    for action in ("cancel", "reschedule"):
        found = shown["actions"][action]
        assert (found["fee"], found["carries"], found["free_because"]) == (None, None, "allowance")
        assert found["allowance"] == {
            "left": 1,
            "of": 1,
            "renews_at": None,
            "would_use": True,
            "instead": {"fee": FEE, "credit": None, "carries": None, "reasons": None},
        }
        assert found["quote"]
    assert shown["actions"]["change_format"]["allowance"] is None
    assert shown["policy"]["allowance"] == {
        "free": 1,
        "days": None,
        "for": ["cancel", "reschedule"],
    }
    assert shown["policy"]["terms"]["cancel"][-1]["fee"] == FEE
    ways = {way["way"]: way for way in shown["ways_out"]}
    assert (ways["cancel"]["fee"], ways["cancel"]["uses_allowance"]) == (None, True)
    assert ways["change_format"]["uses_allowance"] is False


async def test_the_first_late_cancellation_of_the_year_is_free_and_the_second_is_not(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    first, second = await world.book(START), await world.book(START + DAY)
    answer = await cancel(api, first)
    assert (answer["fee"], answer["session"]["status"]) == (None, "cancelled")
    assert await uses(world) == [(first, None)]
    assert answer["session"]["actions"]["cancel"]["allowance"] is None
    found = await decision(api, second)
    assert (found["fee"], found["free_because"]) == (FEE, None)
    assert found["allowance"]["left"] == 0
    assert found["allowance"]["would_use"] is False
    assert datetime.fromisoformat(found["allowance"]["renews_at"]) == NEW_YEAR
    assert (await cancel(api, second))["fee"] == FEE
    assert len(await uses(world)) == 1
    await replayed(engine, world)


async def test_it_renews_at_new_year_in_the_zone_of_the_booking(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(NEW_YEAR + DAY)
    await cancel(api, await world.book(START))
    clock.now = NEW_YEAR - timedelta(microseconds=1)
    api = api.signed_in(world.token(until=NEW_YEAR + DAY))
    assert (await decision(api, session_id))["allowance"]["left"] == 0
    clock.now = NEW_YEAR
    assert (await decision(api, session_id))["allowance"]["left"] == 1


async def test_using_it_needs_the_quote_that_shows_it(api: Api, world: World) -> None:
    session_id = await world.book(START)
    refused = await api.cancel(session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "quote-required")
    shown = refused.json()["decision"]
    assert (shown["free_because"], shown["allowance"]["would_use"]) == ("allowance", True)
    answer = await api.cancel(session_id, quote=shown["quote"])
    assert answer.status_code == 200
    assert answer.json()["fee"] is None


async def test_who_pays_instead_keeps_it(api: Api, world: World, engine: AsyncEngine) -> None:
    session_id = await world.book(START)
    without_quote = await api.cancel(session_id, use_allowance=False)
    assert without_quote.json()["code"] == "quote-required"
    assert (await cancel(api, session_id, use_allowance=False))["fee"] == FEE
    assert await uses(world) == []
    await replayed(engine, world)


async def test_spent_meanwhile_no_quote_overrides_it(api: Api, world: World) -> None:
    first, second = await world.book(START), await world.book(START + DAY)
    quote = (await decision(api, second))["quote"]
    await cancel(api, first)
    refused = await api.cancel(second, quote=quote)
    assert (refused.status_code, refused.json()["code"]) == (409, "quote-stale")
    assert refused.json()["detail"].startswith("No free change is left")
    shown = refused.json()["decision"]
    assert (shown["fee"], shown["allowance"]["left"]) == (FEE, 0)
    # The same quote holds the price without it.
    paid = await api.cancel(second, quote=quote, use_allowance=False)
    assert (paid.status_code, paid.json()["fee"]) == (200, FEE)


async def test_a_quote_that_showed_none_uses_none(
    api: Api, staff: Api, world: World, engine: AsyncEngine
) -> None:
    await cancel(api, await world.book(START))
    session_id = await world.book(START + DAY)
    quote = (await decision(api, session_id))["quote"]
    await staff.post(url(world, "/adjust"), {"uses": -1, "reason": WHY})
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, FEE)
    assert [by for _, by in await uses(world)] == ["staff"]
    await replayed(engine, world)


async def test_a_cancellation_in_time_uses_none(api: Api, world: World) -> None:
    session_id = await world.book(NOW + 15 * DAY)
    assert (await decision(api, session_id))["allowance"] is None
    assert (await api.cancel(session_id)).status_code == 200
    assert await uses(world) == []


async def test_cancelling_again_uses_no_second_one(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await cancel(api, session_id)
    assert (await api.cancel(session_id)).status_code == 200
    assert len(await uses(world)) == 1


async def test_a_reason_of_the_list_that_is_free_uses_none(api: Api, world: World) -> None:
    ill = {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"}
    await world.add_policy(FIRST_FREE | {"reasons": [ill]})
    session_id = await world.book(START)
    found = await decision(api, session_id)
    assert [one["effect"] for one in found["reasons"]] == ["none", "usual"]
    reason = {"code": "ill", "note": "A fever."}
    answer = await api.cancel(session_id, quote=found["quote"], reason=reason)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await uses(world) == []


# Moves


async def test_a_late_move_is_free_carries_nothing_and_counts(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    await world.add_policy(FIRST_FREE | {"reschedule": {"fees": [LATE], "limit": 1}})
    session_id = await world.book(START)
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    start = slots(await api.availability(session_id))[0]
    answer = await api.reschedule(session_id, start, quote=quote)
    assert answer.status_code == 200, answer.text
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.carried_fee_minor) == (1, 0)
    refused = (await decision(api, session_id, "reschedule"))["refusal"]
    assert refused["code"] == "reschedule-limit-reached"
    assert await uses(world) == [(session_id, None)]
    await replayed(engine, world)


async def test_for_moves_alone_it_lifts_the_fee_and_the_cost_of_cancelling_is_carried(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    half = [{**LATE, "amount_minor": 2000}]
    await world.add_policy(
        {"cancel": {"fees": [LATE]}, "reschedule": {"fees": half}}
        | {"allowance": {"free": 1, "per": {"days": 365}, "for": ["reschedule"]}}
    )
    session_id = await world.book(START)
    found = await decision(api, session_id, "reschedule")
    assert (found["fee"], found["free_because"]) == (None, "allowance")
    assert found["carries"]["fee"]["amount_minor"] == 2500
    start = slots(await api.availability(session_id))[0]
    # A question about the fee that it lifts is dropped.
    moved = await api.reschedule(session_id, start, quote=found["quote"], ask_waiver=WHY)
    assert moved.status_code == 200, moved.text
    (row,) = await world.rows(Session)
    assert row.carried_fee_minor == 2500
    assert (await decision(api, session_id))["allowance"] is None
    await replayed(engine, world)


async def test_slots_say_which_moves_use_it(api: Api, world: World) -> None:
    near = {"free_if_within": {"days": 0}}
    await world.add_policy(FIRST_FREE | {"reschedule": near})
    session_id = await world.book(START)
    day = START.date()
    found = await api.availability(
        session_id, **{"from": day.isoformat(), "to": (day + DAY).isoformat()}
    )
    by_day = {one["date"]: one["slots"] for one in found["days"]}
    assert {slot["fee"] is None for shown in by_day.values() for slot in shown} == {True}
    assert not any("uses_allowance" in slot for slot in by_day[day.isoformat()])
    assert all(slot["uses_allowance"] for slot in by_day[(day + DAY).isoformat()])
    (session,) = [await api.session(session_id)]
    assert session["actions"]["reschedule"]["free_targets"]["carries"]["fee"] == FEE


FEE_AFTER_THE_QUOTE: dict[str, Any] = FIRST_FREE | {
    "reschedule": {
        "fees": [LATE | {"deadline": {"before_minutes": 1440}}],
        "free_if_within": {"days": 7},
    }
}


async def test_a_use_that_was_shown_is_used_also_where_a_free_target_saves_a_fee_by_then(
    api: Api, world: World, clock: TestClock, engine: AsyncEngine
) -> None:
    """When the quote was shown no target had a fee: the use was for what the move carries."""
    await world.add_policy(FEE_AFTER_THE_QUOTE)
    session_id = await world.book(START)
    clock.now = START - DAY
    found = await decision(api, session_id, "reschedule")
    assert (found["fee"], found["carries"], found["free_targets"]) == (None, None, None)
    assert found["free_because"] == "allowance"
    clock.now += timedelta(minutes=5)
    moved = await api.reschedule(session_id, START + DAY, quote=found["quote"])
    assert moved.status_code == 200, moved.text
    assert await uses(world) == [(session_id, None)]
    (row,) = await world.rows(Session)
    assert row.carried_fee_minor == 0
    await replayed(engine, world)


async def test_a_use_that_was_shown_for_another_target_is_not_used_for_a_free_one(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(FEE_AFTER_THE_QUOTE)
    session_id = await world.book(START)
    clock.now = START - DAY + timedelta(minutes=5)
    found = await decision(api, session_id, "reschedule")
    assert found["free_targets"]["carries"]["fee"] == FEE
    moved = await api.reschedule(session_id, START + DAY, quote=found["quote"])
    assert moved.status_code == 200, moved.text
    assert await uses(world) == []
    (row,) = await world.rows(Session)
    assert row.carried_fee_minor == 4500


async def test_where_none_is_left_of_what_was_shown_nothing_is_carried_either(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(FEE_AFTER_THE_QUOTE)
    session_id, other = await world.book(START), await world.book(START + 2 * HOUR)
    clock.now = START - DAY
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    await cancel(api, other)
    clock.now += timedelta(minutes=5)
    refused = await api.reschedule(session_id, START + DAY, quote=quote)
    assert refused.json()["code"] == "quote-stale"


async def test_a_forfeited_credit_is_returned(api: Api, world: World) -> None:
    lost = {"cancel": {"fees": [LATE], "late_credit": "forfeited"}}
    await world.add_policy(FIRST_FREE | lost)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    found = await decision(api, session_id)
    assert (found["credit"], found["allowance"]["instead"]["credit"]) == ("returned", "forfeited")
    assert (await cancel(api, session_id))["credit"] == "returned"
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.returned_at is not None


async def test_an_absence_that_frees_the_time_uses_it(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    closes = {"closes": {"before_minutes": 10_000}, "fees": [LATE]}
    await world.add_policy(FIRST_FREE | {"cancel": closes})
    session_id = await world.book(START)
    path, body = f"/v1/sessions/{session_id}/absence", {"reason": {"note": "I am ill."}}
    assert (await api.post(path, body | {"free_time": False})).status_code == 200
    assert await uses(world) == []
    found = await decision(api, session_id, "absence")
    assert (found["fee"], found["allowance"]["left"]) == (None, 1)
    answer = await api.post(path, body | {"free_time": True, "quote": found["quote"]})
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await uses(world) == [(session_id, None)]
    await replayed(engine, world)


async def test_what_is_closed_stays_closed(api: Api, world: World) -> None:
    closes = {"closes": {"before_minutes": 10_000}, "fees": [LATE]}
    await world.add_policy(FIRST_FREE | {"cancel": closes})
    session_id = await world.book(START)
    refused = await api.cancel(session_id)
    assert refused.json()["code"] == "notice-too-short"
    assert (await decision(api, session_id))["allowance"] is None


# Staff, and what gives it back


async def test_staff_who_charge_charge_the_fee_and_use_none(
    api: Api, staff: Api, world: World, engine: AsyncEngine
) -> None:
    session_id = await world.book(START)
    answer = await staff.post(
        f"/v1/practice/sessions/{session_id}/cancel", {"reason": WHY, "charge_fee": True}
    )
    assert answer.json()["fee"] == FEE
    missed = await world.book(START + DAY)
    answer = await staff.post(f"/v1/practice/sessions/{missed}/noshow", {"charge_fee": True})
    assert answer.json()["fee"] == FEE
    assert await uses(world) == []
    assert (await decision(api, await world.book(START + 2 * DAY)))["allowance"]["left"] == 1
    await replayed(engine, world)


async def test_undo_by_the_client_gives_it_back(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await cancel(api, session_id)
    answer = await api.post(f"/v1/sessions/{session_id}/undo", {})
    assert answer.status_code == 200, answer.text
    assert answer.json()["session"]["actions"]["cancel"]["allowance"]["left"] == 1
    assert await uses(world) == [(session_id, "undo")]
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    start = slots(await api.availability(session_id))[0]
    await api.reschedule(session_id, start, quote=quote)
    assert (await decision(api, session_id))["allowance"]["left"] == 0
    await api.post(f"/v1/sessions/{session_id}/undo", {})
    assert sorted(by or "" for _, by in await uses(world)) == ["undo", "undo"]


async def test_undo_by_staff_gives_it_back_once(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await cancel(api, session_id)
    path = f"/v1/practice/sessions/{session_id}/undo"
    assert (await staff.post(path, {"reason": WHY})).status_code == 200
    assert await uses(world) == [(session_id, "undo")]
    assert (await decision(api, session_id))["allowance"]["left"] == 1


async def test_a_waiver_of_a_use_cannot_be_asked(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = (await decision(api, session_id))["quote"]
    asks = {"ask_waiver": {"note": "Please."}}
    answer = await api.cancel(session_id, quote=quote, **asks)
    assert answer.status_code == 200
    assert await world.rows(Fee) == []
    assert [row.kind for row in await world.rows(Change, kind="fee_waiver_asked")] == []


@pytest.mark.alone
async def test_a_refilled_cancellation_gives_it_back(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    refilled = {"cancel": {"fees": [LATE], "refilled": {"covered_percent": 80}}}
    await world.add_policy(FIRST_FREE | refilled)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    ben = await world.add_client(name="Ben", email="ben@client.example")
    session_id = await world.book(START)
    assert (await decision(api, session_id))["forgiven_if_refilled"] is True
    await cancel(api, session_id)
    await world.book(START, client_id=ben)
    for _ in range(2):
        await judge_due_refills(engine, START + HOUR, credit_grace=DAY)
    assert await uses(world) == [(session_id, "refill")]
    told = await world.rows(Notification)
    kinds = sorted(row.kind for row in told if "allowance" in row.kind)
    assert kinds == ["allowance_returned", "session.allowance_returned"]
    (event_row,) = [row for row in told if row.kind == "session.allowance_returned"]
    async with engine.connect() as db:
        (event,) = await load_events(db, [(world.practice_id, event_row.id)])
    assert event is not None
    is_event_as_described(event.body)


# The ledger


async def test_staff_see_and_adjust_it(api: Api, staff: Api, world: World) -> None:
    session_id, later = await world.book(START), await world.book(START + DAY)
    await cancel(api, session_id)
    shown = (await staff.get(url(world))).json()
    assert [(one["session_id"], one["left"], one["of"]) for one in shown["sessions"]] == [
        (str(later), 0, 1)
    ]
    assert shown["sessions"][0]["time_zone"] == "America/New_York"
    assert datetime.fromisoformat(shown["sessions"][0]["renews_at"]) == NEW_YEAR
    (use,) = shown["items"]
    assert (use["session_id"], use["kind"]) == (str(session_id), "cancelled")
    assert use["given_back_at"] is None
    given = await staff.post(url(world, "/adjust"), {"uses": -1, "reason": WHY})
    assert given.status_code == 200, given.text
    assert given.json()["use"]["given_back_by"] == "staff"
    assert given.json()["sessions"][0]["left"] == 1
    assert (await decision(api, later))["allowance"]["left"] == 1
    again = await staff.post(url(world, "/adjust"), {"uses": -1, "reason": WHY})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/uses")
    taken = await staff.post(url(world, "/adjust"), {"uses": 1, "reason": WHY})
    assert (taken.json()["use"]["session_id"], taken.json()["sessions"][0]["left"]) == (None, 0)
    assert taken.json()["use"]["kind"] == "allowance_adjusted"
    entries = await world.rows(Change, kind="allowance_adjusted")
    assert sorted(row.details["uses"] for row in entries) == [-1, 1]
    assert {row.subject_id for row in entries} == {world.client_id}
    listed = (await staff.get("/v1/practice/changes", subject="client")).json()["items"]
    assert {one["kind"] for one in listed} >= {"allowance_adjusted"}


async def test_uses_come_in_pages_latest_first(staff: Api, world: World, clock: TestClock) -> None:
    for number in range(3):
        clock.now = NOW + number * HOUR
        await staff.post(url(world, "/adjust"), {"uses": 1, "reason": WHY})
    first = (await staff.get(url(world), limit=2)).json()
    second = (await staff.get(url(world), limit=2, cursor=first["next_cursor"])).json()
    at = [datetime.fromisoformat(one["used_at"]) for one in first["items"] + second["items"]]
    assert at == [NOW + number * HOUR for number in (2, 1, 0)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"uses": 0, "reason": WHY}, "/uses"),
        ({"uses": 2, "reason": WHY}, "/uses"),
        ({"uses": True, "reason": WHY}, "/uses"),
        ({"uses": 1.0, "reason": WHY}, "/uses"),
        ({"uses": 1}, "/reason"),
        ({"uses": 1, "reason": {"note": "  "}}, "/reason/note"),
        ({"uses": 1, "reason": WHY, "more": 1}, "/more"),
    ],
)
async def test_a_bad_adjustment_is_refused_at_its_field(
    staff: Api, world: World, body: dict[str, Any], pointer: str
) -> None:
    answer = await staff.post(url(world, "/adjust"), body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_only_keys_with_write_adjust_it_and_only_of_their_own_clients(
    api: Api, staff: Api, world: World
) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert (await reader.get(url(world))).status_code == 200
    refused = await reader.post(url(world, "/adjust"), {"uses": 1, "reason": WHY})
    assert refused.status_code == 403
    client = api.signed_in(world.token())
    assert (await client.get(url(world))).status_code == 401
    unknown = "/v1/practice/clients/3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f/allowance"
    assert (await staff.get(unknown)).status_code == 404
    body = {"uses": 1, "reason": WHY}
    assert (await staff.post(f"{unknown}/adjust", body)).status_code == 404


async def test_the_history_and_the_webhook_say_that_it_was_used(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    session_id = await world.book(START)
    await cancel(api, session_id)
    changes = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert [one["free_because"] for one in changes] == [None, "allowance"]
    (row,) = await world.rows(Notification, kind="session.cancelled")
    async with engine.connect() as db:
        (event,) = await load_events(db, [(world.practice_id, row.id)])
    assert event is not None
    assert '"free_because":"allowance"' in event.body
    is_event_as_described(event.body)


# The policy's rule


@pytest.mark.parametrize(
    "rule",
    [
        {"free": 1, "per": "calendar_year", "for": ["cancel"]},
        {"free": 50, "per": {"days": 1}, "for": ["reschedule"]},
        {"free": 2, "per": {"days": 366}, "for": ["reschedule", "cancel"]},
        None,
    ],
)
async def test_a_rule_is_kept_as_it_was_sent(staff: Api, rule: Any) -> None:
    body = {"rules": {"allowance": rule}, "text": "Be kind."}
    made = await staff.post("/v1/practice/policies", body)
    assert made.status_code == 201, made.text
    assert made.json()["rules"].get("allowance") == rule


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"free": 0}, "/free"),
        ({"free": 51}, "/free"),
        ({"free": "1"}, "/free"),
        ({"free": True}, "/free"),
        ({"per": "year"}, "/per"),
        ({"per": {"days": 0}}, "/per"),
        ({"per": {"days": 367}}, "/per"),
        ({"per": {"days": True}}, "/per"),
        ({"per": {"days": 1.0}}, "/per"),
        ({"per": {"days": 1, "weeks": 1}}, "/per"),
        ({"per": ["calendar_year"]}, "/per"),
        ({"per": None}, "/per"),
        ({"for": []}, "/for"),
        ({"for": ["cancel", "cancel"]}, "/for"),
        ({"for": ["absence"]}, "/for/0"),
        ({"for": "cancel"}, "/for"),
        ({"actions": ["cancel"]}, "/actions"),
        ({"more": 1}, "/more"),
    ],
)
async def test_nonsense_is_refused_where_it_is(staff: Api, rule: Any, pointer: str) -> None:
    body = {"rules": {"allowance": FIRST_FREE["allowance"] | rule}, "text": ""}
    answer = await staff.post("/v1/practice/policies", body)
    assert answer.status_code == 422, answer.text
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [f"/rules/allowance{pointer}"]


@pytest.mark.parametrize("missing", ["free", "per", "for"])
async def test_each_part_is_needed(staff: Api, missing: str) -> None:
    rule = {name: value for name, value in FIRST_FREE["allowance"].items() if name != missing}
    answer = await staff.post("/v1/practice/policies", {"rules": {"allowance": rule}, "text": ""})
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [f"/rules/allowance/{missing}"]


@pytest.mark.parametrize("value", ["yes", 1, None])
async def test_use_allowance_is_true_or_false(api: Api, world: World, value: Any) -> None:
    session_id = await world.book(START)
    answer = await api.cancel(session_id, use_allowance=value)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/use_allowance"]


async def test_uses_count_over_services_with_each_their_own_number(api: Api, world: World) -> None:
    other = await world.add_service()
    await world.add_policy(allowed(2), service_id=other)
    await cancel(api, await world.book(START))
    of_other = await world.book(START + DAY, service_id=other)
    found = (await decision(api, of_other))["allowance"]
    assert (found["left"], found["of"]) == (1, 2)
    await cancel(api, of_other)
    assert (await decision(api, await world.book(START + 2 * DAY)))["allowance"]["left"] == 0


async def test_another_clients_uses_do_not_count(api: Api, world: World) -> None:
    ben = await world.add_client(name="Ben", email="ben@client.example")
    bens = await world.book(START, client_id=ben)
    await cancel(api.signed_in(world.token(ben)), bens)
    assert (await decision(api, await world.book(START + DAY)))["allowance"]["left"] == 1
