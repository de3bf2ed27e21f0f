"""An offer says what cancelling costs once it is accepted, before the client says yes.

Each test compares what the offer says with the session's details right after the acceptance, at the
same instant (product.md section 10, "What cancelling costs afterwards").
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.allowance_uses import AllowanceUse
from app.tables.practices import Client
from app.tables.sessions import Session
from app.tables.waitlist import Offer
from tests.groups import add_group, add_seat
from tests.waiting import DAY, FREED, HOUR, LATE, OFFERS, WISHES, Waiting, offer_token, wait
from tests.world import NOW, Api, TestClock, World

HOLIDAYS = "/v1/practice/holidays"
# The freed time is three days ahead, and the session ten days.
LATE_FEE = {"deadline": {"before_minutes": 5 * 24 * 60}, "percent": "50"}
HALF = {"cancel": {"fees": [LATE_FEE]}}
SHORT = {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}}
CLOSED = {"cancel": {"closes": {"before_minutes": 5 * 24 * 60}}}
DISABLED = {"cancel": {"enabled": False}}
WORKING_DAYS = {
    "cancel": {"fees": [{"deadline": {"working_days": 1, "at": "12:00"}, "percent": "50"}]}
}
FORFEIT = {"cancel": {"fees": [LATE_FEE], "late_credit": "forfeited"}}
ALLOWANCE = HALF | {"allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]}}
FIFTY = {"amount_minor": 6000, "currency": "USD", "decimals": 2}
FREE = {"allowed": True, "fee": None, "credit": None, "uses_allowance": False}


async def offered(waiting: Waiting) -> Any:
    """Give the open offer as its client is shown it."""
    (row,) = await waiting.world.rows(Offer, state="open")
    shown = await waiting.api.get(f"/v1/offers/{row.id}")
    assert shown.status_code == 200, shown.text
    return shown.json()


async def accepted(waiting: Waiting, offer: Any) -> Any:
    """Accept the offer; give the decision about cancelling its session then."""
    done = await waiting.api.post(f"/v1/offers/{offer['id']}/accept", {})
    assert done.status_code == 200, done.text
    assert done.json()["cancel_after"] is None
    session = await waiting.api.session(UUID(done.json()["booked_session_id"]))
    return session["actions"]["cancel"]


def said(decision: Any) -> Any:
    """Give what an offer says of a decision."""
    allowance = decision["allowance"]
    return {
        **{name: decision[name] for name in ("allowed", "fee", "credit", "free_until")},
        "uses_allowance": allowance is not None and allowance["would_use"],
    }


async def for_a_session(world: World, api: Api, rules: Any, **changed: Any) -> Waiting:
    """Let the client of a session under these rules wait for an earlier time, which is offered."""
    if rules is not None:
        await world.add_policy(rules)
    waiting = await wait(world, api)
    if changed:
        await world.change(Session, waiting.session_id, **changed)
    await waiting.offered()
    return waiting


async def for_a_new_one(world: World, api: Api, **wish: Any) -> Waiting:
    """Let a client wait for a new session, which is offered."""
    waiting = await wait(world, api)
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id), **wish}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    return waiting


@pytest.mark.parametrize(
    ("rules", "changed", "expected"),
    [
        (None, {}, FREE | {"free_until": "2026-12-03T15:00:00-05:00"}),
        (HALF, {}, FREE | {"fee": FIFTY, "free_until": "2026-11-28T15:00:00-05:00"}),
        (SHORT, {}, FREE | {"free_until": "2026-12-02T15:00:00-05:00"}),
        (CLOSED, {}, FREE | {"allowed": False, "free_until": "2026-11-28T15:00:00-05:00"}),
        (DISABLED, {}, FREE | {"allowed": False, "free_until": None}),
        # A move by the practice stays free until the start, also after the offer.
        (HALF, {"moved_by_practice": True}, FREE | {"free_until": "2026-12-03T15:00:00-05:00"}),
        # What earlier moves carry stays, also where the fee is less.
        (
            HALF,
            {"carried_fee_minor": 9000, "carried_since": 1},
            FREE | {"fee": FIFTY | {"amount_minor": 9000}, "free_until": None},
        ),
        # What was paid for an earlier end is deducted.
        (HALF, {"paid_before_minor": 6000}, FREE | {"free_until": "2026-12-03T15:00:00-05:00"}),
        # The grace after the booking goes on.
        (
            HALF | {"grace_minutes": 1440},
            {},
            FREE | {"free_until": "2026-12-01T10:00:00-05:00"},
        ),
        (
            HALF | {"grace_minutes": 1440},
            {"grace_from": None},
            FREE | {"fee": FIFTY, "free_until": "2026-11-28T15:00:00-05:00"},
        ),
        (
            ALLOWANCE,
            {},
            FREE | {"free_until": "2026-11-28T15:00:00-05:00", "uses_allowance": True},
        ),
    ],
)
async def test_an_offer_for_a_session_says_what_its_details_say_after_a_yes(
    world: World, api: Api, rules: Any, changed: Any, expected: Any
) -> None:
    waiting = await for_a_session(world, api, rules, **changed)
    offer = await offered(waiting)
    assert offer["cancel_after"] == expected
    assert said(await accepted(waiting, offer)) == expected


async def test_it_is_said_for_the_instant_of_the_question(
    world: World, api: Api, clock: TestClock
) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 3 * 24 * 60}, "percent": "50"}]}}
    waiting = await for_a_session(world, api, rules)
    # Free until ten minutes from now.
    (row,) = await world.rows(Offer)
    await world.change(Offer, row.id, answer_by=NOW + 6 * HOUR)
    first = (await offered(waiting))["cancel_after"]
    assert (first["fee"], first["free_until"]) == (None, "2026-11-30T15:00:00-05:00")
    clock.now = NOW + 6 * HOUR
    later = await offered(waiting)
    assert later["cancel_after"] == first | {"fee": FIFTY}
    assert said(await accepted(waiting, later)) == later["cancel_after"]


async def test_a_credit_that_would_be_lost(world: World, api: Api) -> None:
    await world.add_policy(FORFEIT)
    waiting = await wait(world, api)
    session_id = await world.book(LATE + DAY, package_id=await world.add_package())
    waiting.session_id = session_id
    await waiting.offered()
    offer = await offered(waiting)
    assert offer["cancel_after"]["credit"] == "forfeited"
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_working_days_are_counted_for_the_new_start_with_the_holidays_of_now(
    world: World, api: Api
) -> None:
    await world.add_policy(WORKING_DAYS)
    waiting = await wait(world, api)
    days = {"dates": [{"date": "2026-12-02"}], "closed_weekdays": [6, 7]}
    assert (await waiting.staff.put(HOLIDAYS, days)).status_code == 200
    await waiting.offered()
    offer = await offered(waiting)
    assert offer["cancel_after"]["free_until"] == "2026-12-01T12:00:00-05:00"
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_an_allowance_that_is_spent_lifts_nothing(world: World, api: Api) -> None:
    await world.add_policy(ALLOWANCE)
    waiting = await wait(world, api)
    path = f"/v1/practice/clients/{world.client_id}/allowance/adjust"
    used = await waiting.staff.post(path, {"uses": 1, "reason": {"note": "As agreed."}})
    assert used.is_success, used.text
    await waiting.offered()
    assert len(await world.rows(AllowanceUse)) == 1
    offer = await offered(waiting)
    assert offer["cancel_after"]["fee"] == FIFTY
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_an_open_move_request_does_not_make_it_free(world: World, api: Api) -> None:
    waiting = await for_a_session(world, api, HALF)
    body = {
        "sessions": [str(waiting.session_id)],
        "answer_by": (FREED - DAY).isoformat(),
        "meanwhile": "keep",
    }
    asked = await waiting.staff.post("/v1/practice/move-requests", body)
    assert asked.is_success, asked.text
    offer = await offered(waiting)
    assert offer["cancel_after"]["fee"] == FIFTY
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


@pytest.mark.parametrize("level", ["practice", "practitioner", "service", "turned off", "none"])
async def test_a_booking_gets_the_policy_that_applies_then(
    world: World, api: Api, level: str
) -> None:
    if level != "none":
        await world.add_policy(SHORT)
    if level == "practitioner":
        await world.add_policy(HALF, practitioner_id=world.practitioner_id)
    if level in {"service", "turned off"}:
        await world.add_policy(HALF, service_id=world.service_id)
    waiting = await for_a_new_one(world, api)
    if level == "turned off":
        await world.add_policy(None, service_id=world.service_id)  # type: ignore[arg-type]
    offer = await offered(waiting)
    until = {"none": "12-03", "practice": "12-02", "turned off": "12-02"}.get(level, "11-28")
    fee = FIFTY if until == "11-28" else None
    expected = FREE | {"fee": fee, "free_until": f"2026-{until}T15:00:00-05:00"}
    assert offer["cancel_after"] == expected
    assert said(await accepted(waiting, offer)) == expected


async def test_a_booking_gets_its_grace_from_the_yes(
    world: World, api: Api, clock: TestClock
) -> None:
    await world.add_policy(HALF | {"grace_minutes": 60})
    waiting = await for_a_new_one(world, api)
    clock.now = NOW + HOUR / 2
    offer = await offered(waiting)
    assert offer["cancel_after"] == FREE | {"free_until": "2026-11-30T11:30:00-05:00"}
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_a_booking_with_a_credit(world: World, api: Api) -> None:
    await world.add_policy(FORFEIT)
    waiting = await for_a_new_one(world, api, package_id=str(await world.add_package()))
    offer = await offered(waiting)
    assert offer["cancel_after"]["credit"] == "forfeited"
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_a_seat(world: World, api: Api) -> None:
    await world.add_policy(HALF)
    waiting = await wait(world, api)
    soon = await add_group(world, FREED + DAY, seats=1)
    later = await add_group(world, LATE + DAY, seats=2)
    taken = await add_seat(world, soon, client_id=waiting.other_id)
    waiting.session_id = await add_seat(world, later, client_id=world.client_id)
    await waiting.wish()
    body = {"charge_fee": False, "reason": {"note": "They cannot come."}}
    assert (await waiting.staff.post(f"/v1/practice/sessions/{taken}/cancel", body)).is_success
    await waiting.work()
    offer = await offered(waiting)
    assert offer["group_id"] == str(soon)
    assert offer["cancel_after"]["fee"] == FIFTY | {"amount_minor": 1000}
    assert said(await accepted(waiting, offer)) == offer["cancel_after"]


async def test_everything_that_shows_an_open_offer_says_it(world: World, api: Api) -> None:
    waiting = await for_a_session(world, api, HALF)
    offer = await offered(waiting)
    wish = (await api.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    (listed,) = (await api.get("/v1/offers")).json()["items"]
    token = offer_token(world, UUID(offer["id"]))
    opened = (await api.post("/v1/offers/open", {"token": token})).json()
    for shown in (wish["offer"], listed, opened):
        assert shown["cancel_after"] == offer["cancel_after"]
    (for_staff,) = (await waiting.staff.get(OFFERS)).json()["items"]
    assert for_staff["cancel_after"] == offer["cancel_after"] | {
        "free_until": "2026-11-28T20:00:00Z"
    }


async def test_an_instant_is_in_the_client_s_zone(world: World, api: Api) -> None:
    await world.change(Client, world.client_id, time_zone="Europe/London")
    waiting = await for_a_session(world, api, SHORT)
    offer = await offered(waiting)
    assert offer["cancel_after"]["free_until"] == "2026-12-02T20:00:00Z"


@pytest.mark.parametrize("end", ["declined", "expired", "session"])
async def test_an_offer_that_has_ended_says_nothing(
    world: World, api: Api, clock: TestClock, end: str
) -> None:
    waiting = await for_a_session(world, api, HALF)
    (row,) = await world.rows(Offer)
    if end == "declined":
        declined = await api.post(f"/v1/offers/{row.id}/decline", {})
        assert declined.json()["cancel_after"] is None
    elif end == "expired":
        clock.now = NOW + HOUR + timedelta(microseconds=1)
    else:
        # Before the worker has withdrawn the offer.
        await world.end(waiting.session_id, "cancelled")
    shown = await api.get(f"/v1/offers/{row.id}")
    assert shown.json()["cancel_after"] is None
