"""No fee without a quote (product.md section 2)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Fee, Session
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY_BEFORE = START - timedelta(days=1)
MINUTE = timedelta(minutes=1)
QUOTE_LIFE = timedelta(minutes=10)


def tier(minutes: int, amount: int) -> dict[str, Any]:
    return {"deadline": {"before_minutes": minutes}, "amount_minor": amount}


def money(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD", "decimals": 2}


def policy(*tiers: dict[str, Any], **cancel: Any) -> dict[str, Any]:
    return {"cancel": {"fees": list(tiers)} | cancel}


async def quote_of(api: Api, session_id: UUID, action: str = "cancel") -> str:
    quote = (await api.session(session_id))["actions"][action]["quote"]
    assert isinstance(quote, str)
    return quote


async def test_a_cost_that_was_not_shown_is_refused_with_the_decision(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    answer = await api.cancel(session_id)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "quote-required")
    assert problem["decision"] == (await api.session(session_id))["actions"]["cancel"]
    assert problem["decision"]["fee"] == money(4500)


async def test_a_missing_quote_changes_nothing(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    before = await api.session(session_id)
    await api.cancel(session_id)
    assert await api.session(session_id) == before
    assert await world.rows(Fee) == []


async def test_the_quote_of_the_refusals_decision_is_accepted(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    decision = (await api.cancel(session_id)).json()["decision"]
    answer = await api.cancel(session_id, quote=decision["quote"])
    assert (answer.status_code, answer.json()["fee"]) == (200, money(4500))


async def test_what_is_free_needs_no_quote(api: Api, world: World) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    assert (await api.cancel(session_id)).status_code == 200


async def test_a_quote_lives_ten_minutes(api: Api, world: World) -> None:
    session_id = await world.book(START)
    decision = (await api.session(session_id))["actions"]["cancel"]
    assert decision["quote_expires_at"] == "2026-11-30T10:10:00-05:00"


async def test_a_free_quote_keeps_it_free_when_the_deadline_passes_meanwhile(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE - MINUTE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + 5 * MINUTE
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await world.rows(Fee) == []


async def test_a_quote_is_valid_until_its_exact_expiry(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + QUOTE_LIFE
    assert (await api.cancel(session_id, quote=quote)).json()["fee"] is None


async def test_an_expired_quote_counts_as_none_where_there_is_a_cost(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + QUOTE_LIFE + timedelta(microseconds=1)
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["code"]) == (409, "quote-required")


async def test_an_expired_quote_does_not_stop_what_is_free(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    clock.now = NOW + timedelta(hours=1)
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def test_an_expired_quote_does_not_reopen_what_has_closed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(closes={"before_minutes": 1440}))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + QUOTE_LIFE + MINUTE
    assert (await api.cancel(session_id, quote=quote)).json()["code"] == "notice-too-short"


async def test_a_quote_is_honoured_after_the_option_has_closed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(closes={"before_minutes": 1440}))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE - MINUTE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + MINUTE
    assert (await api.cancel(session_id)).json()["code"] == "notice-too-short"
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def test_a_slot_on_the_page_can_be_taken_after_the_option_closed_while_the_quote_lives(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = DAY_BEFORE - MINUTE
    quote = await quote_of(api, session_id, "reschedule")
    clock.now = DAY_BEFORE + MINUTE
    start = START + timedelta(days=1)
    assert (await api.reschedule(session_id, start)).json()["code"] == "notice-too-short"
    assert (await api.reschedule(session_id, start, quote=quote)).status_code == 200


async def test_a_slot_taken_meanwhile_has_alternatives_also_where_only_the_quote_allows_the_move(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    other = await world.add_client(name="Ben")
    await world.book(START + timedelta(days=1), client_id=other)
    clock.now = DAY_BEFORE - MINUTE
    quote = await quote_of(api, session_id, "reschedule")
    clock.now = DAY_BEFORE + MINUTE
    refused = await api.reschedule(session_id, START + timedelta(days=1), quote=quote)
    assert refused.json()["code"] == "slot-unavailable"
    assert len(refused.json()["alternatives"]) == 3
    start = refused.json()["alternatives"][0]["start"]
    assert (await api.reschedule(session_id, start, quote=quote)).status_code == 200


async def test_no_quote_is_honoured_from_the_start_on(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START - MINUTE
    quote = await quote_of(api, session_id)
    clock.now = START
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["code"]) == (409, "session-started")


async def test_a_quote_does_not_lift_the_status(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    await world.change(Session, session_id, status="fulfilled")
    assert (await api.cancel(session_id, quote=quote)).json()["code"] == "session-not-booked"


async def test_a_quote_does_not_lift_the_limit(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    session_id = await world.book(START)
    quote = await quote_of(api, session_id, "reschedule")
    await world.change(Session, session_id, client_moves=1)
    answer = await api.reschedule(session_id, START + timedelta(days=1), quote=quote)
    assert answer.json()["code"] == "reschedule-limit-reached"


async def test_a_quote_does_not_reserve_the_slot(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id, "reschedule")
    other = await world.add_client(name="Ben")
    await world.book(START + timedelta(days=1), client_id=other)
    answer = await api.reschedule(session_id, START + timedelta(days=1), quote=quote)
    assert answer.json()["code"] == "slot-unavailable"


@pytest.mark.parametrize(
    ("early", "late", "paid"), [(2000, 4500, 2000), (4500, 2000, 2000), (3000, 3000, 3000)]
)
async def test_the_client_pays_the_lower_of_quoted_and_due(
    api: Api, world: World, clock: TestClock, early: int, late: int, paid: int
) -> None:
    await world.add_policy(policy(tier(2880, early), tier(1440, late)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE - MINUTE
    quote = await quote_of(api, session_id)
    clock.now = DAY_BEFORE + MINUTE
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, money(paid))
    (fee,) = await world.rows(Fee)
    assert fee.amount_minor == paid


async def test_forged_quotes_are_invalid(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    payload, _, signature = quote.partition(".")
    forged = [
        "x",
        "not.a-quote",
        payload,
        f"{payload}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{payload}A.{signature}",
        f"{quote}=",
        f" {quote}",
        "a" * 4096,
        api.token,
        world.link_token(session_id),
    ]
    for token in forged:
        answer = await api.cancel(session_id, quote=token)
        assert (answer.status_code, answer.json()["code"]) == (422, "quote-invalid"), token
    assert (await api.session(session_id))["status"] == "booked"


@pytest.mark.parametrize("action", ["reschedule", "change_format"])
async def test_a_quote_of_another_action_is_invalid(api: Api, world: World, action: str) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id, action)
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["code"]) == (422, "quote-invalid")


async def test_a_quote_of_another_session_is_invalid(api: Api, world: World) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, await world.book(START + timedelta(days=1)))
    answer = await api.cancel(session_id, quote=quote)
    assert (answer.status_code, answer.json()["code"]) == (422, "quote-invalid")


async def test_an_expired_quote_of_another_session_is_still_invalid(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, await world.book(START + timedelta(days=1)))
    clock.now = NOW + timedelta(hours=1)
    assert (await api.cancel(session_id, quote=quote)).json()["code"] == "quote-invalid"


async def test_changing_the_format_needs_the_quote_of_that_action(api: Api, world: World) -> None:
    await world.add_policy({"change_format": {"fees": [tier(9999, 500)]}})
    session_id = await world.book(START)
    wrong = await quote_of(api, session_id, "reschedule")
    right = await quote_of(api, session_id, "change_format")
    refused = await api.reschedule(session_id, START, format="phone", quote=wrong)
    assert refused.json()["code"] == "quote-invalid"
    answer = await api.reschedule(session_id, START, format="phone", quote=right)
    assert (answer.status_code, answer.json()["fee"]) == (200, money(500))


async def test_a_quote_of_an_earlier_version_is_stale_with_the_present_decision(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    quote = await quote_of(api, session_id)
    assert (await api.reschedule(session_id, START, format="phone")).status_code == 200
    answer = await api.cancel(session_id, quote=quote)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "quote-stale")
    assert problem["decision"] == (await api.session(session_id))["actions"]["cancel"]
    done = await api.cancel(session_id, quote=problem["decision"]["quote"])
    assert (done.status_code, done.json()["fee"]) == (200, money(4500))


async def test_a_stale_quote_is_refused_also_where_the_action_is_free(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    await api.reschedule(session_id, START, format="phone")
    assert (await api.cancel(session_id, quote=quote)).json()["code"] == "quote-stale"
    assert (await api.session(session_id))["status"] == "booked"


async def test_an_expired_quote_of_an_earlier_version_counts_as_none(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    await api.reschedule(session_id, START, format="phone")
    clock.now = NOW + timedelta(hours=1)
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def test_a_late_move_costs_what_a_cancellation_would(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)))
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    quote = await quote_of(api, session_id, "reschedule")
    start = START + timedelta(days=1)
    assert (await api.reschedule(session_id, start)).json()["code"] == "quote-required"
    answer = await api.reschedule(session_id, start, quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, money(4500))
    (fee,) = await world.rows(Fee)
    assert (fee.session_id, fee.amount_minor, fee.status) == (session_id, 4500, "due")


async def test_a_move_has_its_own_fees_where_the_policy_names_them(
    api: Api, world: World, clock: TestClock
) -> None:
    rules = policy(tier(1440, 4500)) | {"reschedule": {"fees": [tier(1440, 1000)]}}
    await world.add_policy(rules)
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    actions = (await api.session(session_id))["actions"]
    assert [actions[name]["fee"] for name in ("cancel", "reschedule", "change_format")] == [
        money(4500),
        money(1000),
        None,
    ]
    answer = await api.reschedule(
        session_id, START + timedelta(days=1), quote=actions["reschedule"]["quote"]
    )
    assert answer.json()["fee"] == money(1000)


async def test_an_empty_list_of_fees_makes_moving_free(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(policy(tier(1440, 4500)) | {"reschedule": {"fees": []}})
    session_id = await world.book(START)
    clock.now = DAY_BEFORE + MINUTE
    quote = await quote_of(api, session_id, "reschedule")
    answer = await api.reschedule(session_id, START + timedelta(days=1), quote=quote)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
