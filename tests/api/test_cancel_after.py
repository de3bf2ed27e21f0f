"""A hold says what cancelling costs after the move to it, before the client confirms the move.

Each test compares what the hold says with the session's details right after the move, at the same
instant (product.md section 10, "What cancelling costs afterwards").
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Fee, Session
from tests.groups import CLASS, add_group, add_seat
from tests.world import NOW, REASON, Api, TestClock, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Thursdays, 10:00 in New York: three days ahead, and ten.
SOON, LATER = NOW + 3 * DAY, NOW + 10 * DAY
LATE_FEE = {"deadline": {"before_minutes": 5 * 24 * 60}, "percent": "50"}
HALF: dict[str, Any] = {"cancel": {"fees": [LATE_FEE]}, "reschedule": {"fees": None}}
FIFTY = {"amount_minor": 6000, "currency": "USD", "decimals": 2}


async def held(api: Api, session_id: UUID, start: datetime, **target: Any) -> Any:
    """Hold a time; give what cancelling would cost after the move."""
    body = {"start": start.isoformat(), "format": "video"} | target
    answer = await api.put(f"/v1/sessions/{session_id}/hold", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["cancel_after"]


async def moved(api: Api, session_id: UUID, start: datetime, **body: Any) -> Any:
    """Move the session; give what its details say about cancelling."""
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    answer = await api.reschedule(session_id, start, quote=quote, **body)
    assert answer.status_code == 200, answer.text
    decision = (await api.session(session_id))["actions"]["cancel"]
    allowance = decision["allowance"]
    return {
        **{name: decision[name] for name in ("allowed", "fee", "credit", "free_until")},
        "uses_allowance": allowance is not None and allowance["would_use"],
    }


ALLOWANCE = {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]}


@pytest.mark.parametrize(
    ("rules", "changed", "at", "to", "fee"),
    [
        (HALF, {}, LATER, SOON, FIFTY),
        (HALF, {}, LATER, LATER + DAY, None),
        # A late move carries what a cancellation costs.
        (HALF, {}, SOON, LATER, FIFTY),
        # A move by the client ends the freedom after one by the practice.
        (HALF, {"moved_by_practice": True}, LATER, SOON, FIFTY),
        # What the session carries already goes along.
        (HALF, {"carried_fee_minor": 6000, "carried_since": 1}, LATER, LATER + DAY, FIFTY),
        # A grace that is over does not come back at a later start.
        (HALF | {"grace_minutes": 30}, {"grace_from": NOW - HOUR}, LATER, SOON, FIFTY),
        (HALF | {"grace_minutes": 1440}, {}, LATER, SOON, None),
        # The move uses the only free change.
        (HALF | {"allowance": ALLOWANCE}, {}, SOON, SOON + DAY, FIFTY),
        (HALF | {"allowance": ALLOWANCE}, {}, LATER, SOON, None),
        ({"cancel": {"closes": {"before_minutes": 5 * 1440}}}, {}, LATER, SOON, None),
    ],
)
async def test_a_hold_says_what_the_details_say_after_the_move(
    world: World, api: Api, rules: Any, changed: Any, at: datetime, to: datetime, fee: Any
) -> None:
    await world.add_policy(rules)
    session_id = await world.book(at)
    if changed:
        await world.change(Session, session_id, **changed)
    found = await held(api, session_id, to)
    assert found["fee"] == fee
    assert found == await moved(api, session_id, to)


async def test_working_days_are_counted_for_the_new_start(world: World, api: Api) -> None:
    late = {"deadline": {"working_days": 1, "at": "12:00"}, "percent": "50"}
    await world.add_policy({"cancel": {"fees": [late]}})
    session_id = await world.book(LATER)
    staff = api.signed_in(await world.key())
    days = {"dates": [{"date": "2026-12-02"}], "closed_weekdays": [6, 7]}
    assert (await staff.put("/v1/practice/holidays", days)).status_code == 200
    found = await held(api, session_id, SOON)
    assert found["free_until"] == "2026-12-01T12:00:00-05:00"
    assert found == await moved(api, session_id, SOON)


async def test_another_format_at_the_same_start_leaves_it(world: World, api: Api) -> None:
    await world.add_policy(HALF)
    session_id = await world.book(SOON)
    found = await held(api, session_id, SOON, format="phone")
    assert found["fee"] == FIFTY
    assert found["free_until"] == "2026-11-28T10:00:00-05:00"


@pytest.mark.parametrize("settles", [True, False])
@pytest.mark.parametrize("fee", ["stands", "credited"])
async def test_a_rebooking(
    world: World, api: Api, clock: TestClock, fee: str, *, settles: bool
) -> None:
    await world.add_policy(HALF | {"rebook": {"days": 30, "fee": fee}})
    session_id = await world.book(SOON)
    clock.now = NOW + DAY
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote)).status_code == 200
    if settles:
        (due,) = await world.rows(Fee)
        staff = api.signed_in(await world.key())
        path = f"/v1/practice/fees/{due.id}/settle"
        assert (await staff.post(path, {"payment_reference": "R-1"})).status_code == 200
    to = SOON + 2 * HOUR
    found = await held(api, session_id, to)
    assert found["fee"] == (None if settles and fee == "credited" else FIFTY)
    assert found == await moved(api, session_id, to)


async def test_an_answer_to_a_move_request(world: World, api: Api) -> None:
    await world.add_policy(HALF)
    session_id = await world.book(SOON)
    staff = api.signed_in(await world.key())
    body = {
        "sessions": [str(session_id)],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
    }
    assert (await staff.post("/v1/practice/move-requests", body)).is_success
    found = await held(api, session_id, SOON + HOUR)
    # The move is free and carries nothing; the new start has its own deadlines.
    assert found["fee"] == FIFTY
    assert found == await moved(api, session_id, SOON + HOUR)


async def test_a_seat(world: World, api: Api) -> None:
    await world.add_policy(HALF)
    soon, later = await add_group(world, CLASS), await add_group(world, CLASS + 7 * DAY)
    session_id = await add_seat(world, later, client_id=world.client_id)
    body = {"group_id": str(soon), "start": CLASS.isoformat()}
    answer = await api.put(f"/v1/sessions/{session_id}/hold", body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["cancel_after"]
    assert found["fee"] is not None
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    order = {"reason": REASON, "group_id": str(soon), "quote": quote}
    done = await api.post(f"/v1/sessions/{session_id}/reschedule", order)
    assert done.status_code == 200, done.text
    decision = (await api.session(session_id))["actions"]["cancel"]
    assert (found["fee"], found["free_until"]) == (decision["fee"], decision["free_until"])
