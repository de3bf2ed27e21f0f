"""A move does not avoid the cost of cancelling (product.md section 10, "Carried cost")."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.session import Format
from app.tables.changes import Change
from app.tables.practices import Location, ServiceFormat
from app.tables.sessions import Fee, Session
from tests.world import NOW, REASON, Api, TestClock, World, slots

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
FOUR_WEEKS = 28 * DAY
THREE_HOURS_BEFORE = START - timedelta(hours=3)
WHY = {"note": "Dr. Chen is ill."}
LATE_FEE = {"deadline": {"before_minutes": 1440}, "amount_minor": 4500}
FREE_MOVES: dict[str, Any] = {"closes": None, "fees": []}
CHEAP_MOVES: dict[str, Any] = {
    "closes": None,
    "fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 500}],
}
PHONE: dict[str, Any] = {"format": "phone"}


def money(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD", "decimals": 2}


async def decision(api: Api, session_id: UUID, action: str) -> Any:
    return (await api.session(session_id))["actions"][action]


async def move(api: Api, session_id: UUID, start: datetime) -> Any:
    """Move a session with the quote that is shown now."""
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    answer = await api.reschedule(session_id, start, quote=quote)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def cancel(api: Api, session_id: UUID) -> Any:
    quote = (await decision(api, session_id, "cancel"))["quote"]
    answer = await api.cancel(session_id, quote=quote)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def booked_and_late(world: World, clock: TestClock, **reschedule: Any) -> UUID:
    """Book a session that costs 45 dollars to cancel now, and a given cost to move."""
    await world.add_policy({"cancel": {"fees": [LATE_FEE]}, "reschedule": reschedule})
    session_id = await world.book(START)
    clock.now = THREE_HOURS_BEFORE
    return session_id


# The three ways to avoid the cost


async def test_a_move_carries_the_forfeit_of_the_credit_along(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(
        {"cancel": {"fees": [LATE_FEE], "late_credit": "forfeited"}, "reschedule": {"fees": []}}
    )
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = THREE_HOURS_BEFORE
    forfeit = {"fee": None, "credit": "forfeited"}
    assert (await decision(api, session_id, "reschedule"))["carries"] == forfeit

    moved = await move(api, session_id, START + FOUR_WEEKS)
    assert (moved["fee"], moved["credit"]) == (None, "kept")
    shown = moved["session"]["actions"]["cancel"]
    assert (shown["fee"], shown["credit"], shown["free_until"]) == (None, "forfeited", None)
    assert (await api.cancel(session_id)).json()["code"] == "quote-required"
    assert (await cancel(api, session_id))["credit"] == "forfeited"
    (package,) = (await api.get("/v1/packages")).json()["items"]
    assert package["credits_left"] == 5


async def test_a_deadline_of_cancelling_is_one_of_moving_too(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = THREE_HOURS_BEFORE
    answer = await api.reschedule(session_id, START + FOUR_WEEKS)
    assert (answer.status_code, answer.json()["code"]) == (409, "notice-too-short")
    assert (await api.availability(session_id))["empty_reason"]["code"] == "reschedule_refused"


async def test_a_move_after_cancelling_has_closed_carries_the_cost_after_the_start(
    api: Api, world: World, clock: TestClock
) -> None:
    fees = [LATE_FEE, {"deadline": {"before_minutes": 0}, "percent": "100"}]
    closes = {"before_minutes": 1440}
    await world.add_policy({"cancel": {"closes": closes, "fees": fees}, "reschedule": FREE_MOVES})
    session_id = await world.book(START)
    clock.now = THREE_HOURS_BEFORE
    await move(api, session_id, START + FOUR_WEEKS)
    assert (await cancel(api, session_id))["fee"] == money(12000)


async def test_where_formats_cannot_be_changed_a_move_keeps_the_format(
    api: Api, world: World
) -> None:
    await world.add_policy({"change_format": {"enabled": False}})
    session_id = await world.book(START)
    other = await api.availability(session_id, format="phone")
    assert slots(other) == []
    assert other["empty_reason"]["code"] == "reschedule_refused"
    answer = await api.reschedule(session_id, START + DAY, **PHONE)
    assert (answer.status_code, answer.json()["code"]) == (403, "action-disabled")
    assert slots(await api.availability(session_id)) != []
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200


async def test_where_formats_cannot_be_changed_a_move_keeps_the_location(
    api: Api, world: World
) -> None:
    pier = await world.add(Location, name="Pier", address="2 Pier")
    in_person = {"service_id": world.service_id, "format": "in_person", "location_id": pier}
    await world.add(ServiceFormat, **in_person)
    await world.add_policy({"change_format": {"enabled": False}})
    session_id = await world.book(START, format=Format.IN_PERSON, location_id=world.location_id)
    found = await api.availability(session_id)
    places = {slot["location_id"] for day in found["days"] for slot in day["slots"]}
    assert places == {str(world.location_id)}
    elsewhere: dict[str, Any] = {"format": "in_person", "location_id": str(pier)}
    answer = await api.reschedule(session_id, START + DAY, **elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (403, "action-disabled")


async def test_a_move_does_not_avoid_the_fee_for_another_format(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"change_format": {"fees": [LATE_FEE]}})
    session_id = await world.book(START)
    assert slots(await api.availability(session_id, format="phone")) != []
    clock.now = THREE_HOURS_BEFORE
    found = slots(await api.availability(session_id, format="phone"))
    assert [datetime.fromisoformat(start) for start in found] == [START]
    answer = await api.reschedule(session_id, START + DAY, **PHONE)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert answer.json()["errors"][0]["pointer"] == "/format"
    quote = (await decision(api, session_id, "change_format"))["quote"]
    changed = await api.reschedule(session_id, START, quote=quote, **PHONE)
    assert changed.json()["fee"] == money(4500)


# The carried cost, and the quote that shows it


async def test_a_move_that_carries_a_cost_needs_the_quote_that_shows_it(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    answer = await api.reschedule(session_id, START + FOUR_WEEKS)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "quote-required")
    assert (problem["decision"]["fee"], problem["decision"]["carries"]) == (
        None,
        {"fee": money(4500), "credit": None},
    )
    quote = problem["decision"]["quote"]
    moved = (await api.reschedule(session_id, START + FOUR_WEEKS, quote=quote)).json()["session"]
    assert moved["actions"]["cancel"]["fee"] == money(4500)
    assert [term["fee"] for term in moved["policy"]["terms"]["cancel"]] == [money(4500)]
    (change,) = await world.rows(Change, kind="rescheduled")
    assert change.details == {"carries": {"fee_minor": 4500, "forfeits_credit": False}}


async def test_a_quote_from_before_the_deadline_carries_nothing(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    clock.now = START - DAY
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    clock.now += timedelta(minutes=5)
    moved = (await api.reschedule(session_id, START + FOUR_WEEKS, quote=quote)).json()["session"]
    assert moved["actions"]["cancel"]["fee"] is None


async def test_what_a_move_charges_is_not_carried_again(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **CHEAP_MOVES)
    assert (await move(api, session_id, START + FOUR_WEEKS))["fee"] == money(500)
    assert (await cancel(api, session_id))["fee"] == money(4000)
    assert sorted(fee.amount_minor for fee in await world.rows(Fee)) == [500, 4000]


async def test_a_cost_is_carried_through_further_moves_and_changes_of_format(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    await move(api, session_id, START + FOUR_WEEKS + DAY)
    changed = await api.reschedule(session_id, START + FOUR_WEEKS + DAY, **PHONE)
    assert changed.json()["session"]["actions"]["cancel"]["fee"] == money(4500)
    assert (await cancel(api, session_id))["fee"] == money(4500)
    assert len(await world.rows(Fee)) == 1


async def test_a_move_in_time_carries_nothing_and_needs_no_quote(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [LATE_FEE]}})
    session_id = await world.book(START)
    assert (await decision(api, session_id, "reschedule"))["carries"] is None
    assert (await api.reschedule(session_id, START + FOUR_WEEKS)).status_code == 200
    assert (await api.cancel(session_id)).json()["fee"] is None


# What ends a carried cost


async def test_a_move_by_staff_ends_what_is_carried(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    by_phone: dict[str, Any] = {"format": "phone", "force": True}
    start = START + FOUR_WEEKS
    changed = (await staff.reschedule_by_staff(session_id, start, **by_phone)).json()
    assert changed["session"]["carried"] == {"fee": money(4500), "credit": None}
    moved = (await staff.reschedule_by_staff(session_id, start + DAY, **by_phone)).json()
    assert moved["session"]["carried"] is None
    assert (await api.cancel(session_id)).json()["fee"] is None


async def test_a_waived_fee_of_the_move_ends_what_it_carries(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **CHEAP_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    (fee,) = await world.rows(Fee)
    before = (await api.session(session_id))["version"]
    await staff.post(f"/v1/practice/fees/{fee.id}/waive", {"reason": WHY})
    shown = await api.session(session_id)
    assert (shown["version"], shown["actions"]["cancel"]["fee"]) == (before, None)


async def test_a_waived_fee_of_an_earlier_move_ends_nothing(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    """The first move charged as much as cancelling would have, so it carries nothing."""
    fees = [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]
    tight = {"deadline": {"before_minutes": 60}, "amount_minor": 9000}
    await world.add_policy(
        {"cancel": {"fees": [LATE_FEE, tight]}, "reschedule": {"closes": None, "fees": fees}}
    )
    session_id = await world.book(START)
    clock.now = THREE_HOURS_BEFORE
    await move(api, session_id, START + DAY)
    clock.now = START + DAY - timedelta(minutes=30)
    await move(api, session_id, START + FOUR_WEEKS)
    first = min(await world.rows(Fee), key=lambda fee: fee.recorded_at)
    await staff.post(f"/v1/practice/fees/{first.id}/waive", {"reason": WHY})
    assert (await decision(api, session_id, "cancel"))["fee"] == money(4500)


async def test_a_waived_cancellation_is_not_charged_anew_after_an_undo(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    await cancel(api, session_id)
    (fee,) = await world.rows(Fee)
    await staff.post(f"/v1/practice/fees/{fee.id}/waive", {"reason": WHY})
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
    assert (await decision(api, session_id, "cancel"))["fee"] is None


@pytest.mark.parametrize("undone", ["cancel", "move"])
async def test_nor_after_the_client_takes_back_what_followed(
    api: Api, staff: Api, world: World, clock: TestClock, undone: str
) -> None:
    """What an undo restores was kept before the waiver."""
    session_id = await booked_and_late(world, clock, fees=[LATE_FEE | {"amount_minor": 1000}])
    await move(api, session_id, START + FOUR_WEEKS)
    if undone == "cancel":
        await cancel(api, session_id)
    else:
        await move(api, session_id, START + FOUR_WEEKS + timedelta(days=1))
    fee = next(
        fee for fee in await world.rows(Fee) if (fee.amount_minor == 1000) == (undone == "move")
    )
    await staff.post(f"/v1/practice/fees/{fee.id}/waive", {"reason": WHY})
    taken_back = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert taken_back.status_code == 200, taken_back.text
    assert (await decision(api, session_id, "cancel"))["fee"] is None


async def test_an_undone_cancellation_leaves_what_is_carried(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    await cancel(api, session_id)
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
    assert (await cancel(api, session_id))["fee"] == money(4500)
    assert sorted(fee.status for fee in await world.rows(Fee)) == ["due", "void"]


@pytest.mark.parametrize("end", ["cancel", "noshow"])
async def test_staff_charge_what_is_carried(
    api: Api, staff: Api, world: World, clock: TestClock, end: str
) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    await move(api, session_id, START + FOUR_WEEKS)
    path = f"/v1/practice/sessions/{session_id}/{end}"
    done = (await staff.post(path, {"charge_fee": True, "reason": WHY})).json()
    assert done["fee"] == money(4500)


async def test_a_refused_move_carries_nothing(api: Api, world: World, clock: TestClock) -> None:
    session_id = await booked_and_late(world, clock, **FREE_MOVES)
    quote = (await decision(api, session_id, "reschedule"))["quote"]
    answer = await api.reschedule(session_id, START + FOUR_WEEKS, quote=quote, reason={"note": " "})
    assert answer.status_code == 422
    past = await api.reschedule(session_id, NOW, quote=quote)
    assert past.json()["code"] == "slot-unavailable"
    (row,) = await world.rows(Session)
    assert (row.carried_fee_minor, row.carried_forfeit, row.carried_since) == (0, False, None)


# Repeated commands


@pytest.mark.parametrize("command", ["cancel", "noshow", "fulfilled"])
async def test_a_repeated_command_returns_the_fee_and_the_credit_of_the_first(
    staff: Api, world: World, clock: TestClock, command: str
) -> None:
    """Also where an earlier cancellation was undone."""
    await world.add_policy({"cancel": {"fees": [LATE_FEE], "late_credit": "forfeited"}})
    path = f"/v1/practice/sessions/{await world.book(START, package_id=await world.add_package())}"
    await staff.post(f"{path}/cancel", {"charge_fee": False, "reason": WHY})
    await staff.post(f"{path}/undo", {"reason": WHY})
    clock.now = THREE_HOURS_BEFORE
    body = {"reason": WHY} | ({} if command == "fulfilled" else {"charge_fee": True})
    done = (await staff.post(f"{path}/{command}", body)).json()
    assert done["credit"] == (None if command == "fulfilled" else "forfeited")
    clock.now = START + FOUR_WEEKS
    assert (await staff.post(f"{path}/{command}", body)).json() == done


async def test_a_client_who_cancels_again_gets_the_fee_that_staff_charged(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await booked_and_late(world, clock)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    await staff.post(path, {"charge_fee": True, "reason": WHY})
    again = await api.cancel(session_id, reason=REASON)
    assert (again.status_code, again.json()["fee"]) == (200, money(4500))
