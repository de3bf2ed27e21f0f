"""Moving a session, with everything that can interfere."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Route, expect
from sqlalchemy import func, select

from app.tables.changes import Change
from app.tables.practices import BusyInterval, Practice, Practitioner, Service
from app.tables.sessions import Session
from tests.portal.visitor import RESCHEDULE, Visitor, answer_with
from tests.world import NOW, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)


async def _moves(world: World) -> int:
    return len(await world.rows(Change, kind="rescheduled"))


async def test_if_the_slot_was_taken_the_three_nearest_are_shown(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.choose_time("12:00 PM")
    await ana.give_reason()
    await world.book(START + 2 * HOUR, client_id=await world.add_client(email="ben@client.example"))
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("This time is not available any more.")
    await ana.read("These times are still free:")
    others = ana.page.locator(".alternatives .secondary")
    await expect(others).to_have_count(3)
    await others.first.click()
    await ana.see("Confirm your new time")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    assert await _moves(world) == 1


async def test_a_double_click_moves_once(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.button("Reschedule").dblclick()
    await ana.press("11:00 AM")
    await ana.give_reason()
    await ana.button("Confirm").dblclick()
    await ana.see("Your session has moved")
    assert len(ana.sent("/reschedule")) == 1
    assert await _moves(world) == 1


async def test_after_a_lost_response_the_request_is_repeated_with_the_same_key(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await ana.page.route(RESCHEDULE, lose_the_answer, times=1)
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    first, second = ana.sent("/reschedule")
    keys = {request.headers["idempotency-key"] for request in (first, second)}
    assert len(keys) == 1
    assert first.post_data == second.post_data
    assert await _moves(world) == 1


async def test_without_a_network_the_page_shows_a_message_and_retries(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    await ana.page.context.set_offline(offline=True)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("There is no connection right now.")
    await ana.page.context.set_offline(offline=False)
    await ana.press("Try again")
    await ana.see("Your session has moved")
    keys = {request.headers["idempotency-key"] for request in ana.sent("/reschedule")}
    assert len(keys) == 1


async def test_the_back_button_goes_one_step_back_and_repeats_no_command(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.page.go_back()
    await ana.see("Choose a new time")
    await ana.page.go_back()
    await ana.see("Follow-up")
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    await ana.page.go_back()
    await ana.see("Follow-up")
    await ana.read("11:00 AM to 11:50 AM")
    await ana.page.go_forward()
    await ana.see("Your session has moved")
    assert await _moves(world) == 1


async def test_going_back_during_a_command_still_shows_its_result(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    gone_back = asyncio.Event()

    async def hold(route: Route) -> None:
        await gone_back.wait()
        await route.continue_()

    await ana.page.route(RESCHEDULE, hold)
    await ana.press("Confirm")
    await ana.page.go_back()
    await ana.see("Choose a new time")
    gone_back.set()
    await ana.see("Your session has moved")


async def test_a_second_tab_cannot_move_a_session_that_the_first_has_moved(
    ana: Visitor, world: World
) -> None:
    await ana.open(session_id := await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    second = Visitor(await ana.page.context.new_page(), ana.settings, world, ana.clock)
    await second.open(session_id)
    await second.choose_time("1:00 PM")
    await second.give_reason()
    await second.press("Confirm")
    await second.see("Your session has moved")
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("This has changed since you looked at it.")
    await ana.read("1:00 PM to 1:50 PM")
    assert await _moves(world) == 1


async def test_the_time_stays_and_the_format_changes_in_one_step(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.read("Keep the time, but switch to:")
    await ana.press("Phone")
    await ana.see("Confirm the change")
    await ana.give_reason("Transport")
    await ana.press("Confirm")
    await ana.see("Your session has changed")
    (session,) = await world.rows(Session, id=session_id)
    assert (session.starts_at, session.format) == (START, "phone")


async def test_the_only_other_format_has_its_own_button(ana: Visitor, world: World) -> None:
    service_id = await world.add_service(formats=("phone", "video"))
    await ana.open(await world.book(START, service_id=service_id))
    await expect(ana.button("Keep the time, switch to phone")).to_be_visible()


async def test_another_format_in_the_calendar_offers_to_keep_the_time(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    await ana.page.get_by_role("radio", name="In person").check()
    await ana.press("Keep Thu, Dec 3, 10:00 AM, switch to in person, Harbor Street")
    await ana.see("Confirm the change")


async def test_a_move_can_change_the_format_too(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Reschedule")
    await ana.page.get_by_role("radio", name="In person").check()
    await ana.press("1:00 PM")
    await ana.read("In person, Harbor Street")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert (session.format, session.location_id) == ("in_person", world.location_id)


async def test_an_empty_month_names_the_next_free_day(ana: Visitor, world: World) -> None:
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=NOW + timedelta(days=4),
        ends_at=NOW + timedelta(days=36),
    )
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    await ana.read("Free times on Thursday, December 3")
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=5),
    )
    await ana.page.get_by_role("radio", name="Phone").check()
    await ana.press("Next free day: Tuesday, January 5")
    await ana.read("Free times on Tuesday, January 5")
    await expect(ana.page.locator("[data-date='2027-01-05']:visible")).to_be_focused()


async def test_if_no_time_is_left_the_contact_is_shown(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await world.change(Service, world.service_id, horizon_days=1, minimum_notice_minutes=2880)
    await ana.press("Reschedule")
    await expect(ana.page.get_by_role("link", name="Call +1 212 555 0100")).to_have_count(1)


async def test_the_practices_contact_is_shown_if_the_practitioner_has_none(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({action: {"enabled": False} for action in ("cancel", "reschedule")})
    await world.change_practitioner(email=None, phone=None)
    await world.change_all(Practice, phone="+1 212 555 0199")
    await ana.open(await world.book(START))
    await ana.read("Please contact Harbor Wellness.")
    for name in ("Call +1 212 555 0199", "Email hello@harbor.example"):
        # Once in the refusal and once below "Questions?".
        await expect(ana.page.get_by_role("link", name=name)).to_have_count(2)


async def test_the_calendar_shows_later_months_but_no_past_month(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.on_a_desktop()
    await ana.press("Reschedule")
    await expect(ana.page.get_by_role("heading", name="December 2026")).to_be_visible()
    await ana.press("Next month")
    await expect(ana.page.get_by_role("heading", name="January 2027")).to_be_visible()
    await ana.press("Previous month")
    await ana.press("Previous month")
    await expect(ana.page.get_by_role("heading", name="November 2026")).to_be_visible()
    # Weeks that are past are left out.
    await expect(ana.page.locator(".by-month tbody tr")).to_have_count(1)
    await expect(ana.button("Previous month")).to_have_attribute("aria-disabled", "true")


async def test_a_fee_is_shown_before_and_after(ana: Visitor, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 10000}, "percent": "37.5"}]}}
    )
    await ana.open(await world.book(START))
    await ana.read("Costs $45.00 now.")
    await ana.choose_time("11:00 AM")
    await ana.read("The practice collects it from you.")
    await ana.give_reason()
    await ana.press("Confirm for $45.00")
    await ana.read("A fee of $45.00 is due.")


async def test_the_carried_cost_of_a_move_is_shown_before_confirming(
    ana: Visitor, world: World
) -> None:
    fees = [{"deadline": {"before_minutes": 10000}, "percent": "37.5"}]
    await world.add_policy({"cancel": {"fees": fees}, "reschedule": {"fees": []}})
    await ana.open(await world.book(START))
    await ana.read("Cancelling after this move costs at least $45.00.")
    await ana.page.get_by_text("All deadlines and costs").click()
    await ana.read(
        "Free of charge until the session starts. "
        "Cancelling after the move then costs at least $45.00."
    )
    await ana.choose_time("11:00 AM")
    said = ana.page.locator(".command .costs p")
    carried = "Cancelling after this move costs at least $45.00."
    await expect(said).to_have_text([carried, "The move itself is free now."])
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session)
    assert session.carried_fee_minor == 4500


@pytest.mark.parametrize(
    "rule",
    [{"enabled": False}, {"fees": [{"deadline": {"before_minutes": 10000}, "percent": "50"}]}],
)
async def test_no_other_format_is_offered_if_a_move_keeps_the_format(
    ana: Visitor, world: World, rule: dict[str, object]
) -> None:
    await world.add_policy({"change_format": rule})
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    await ana.read("Free times on Thursday, December 3")
    await expect(ana.page.get_by_role("radio")).to_have_count(0)


async def test_a_new_fee_is_shown_and_must_be_confirmed(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    fee = {"amount_minor": 4500, "currency": "USD", "decimals": 2}
    decision = {
        "allowed": True, "fee": fee, "credit": None, "free_until": None, "closes_at": None,
        "quote": None, "quote_expires_at": None, "refusal": None,
    }  # fmt: skip
    await ana.page.route(RESCHEDULE, answer_with("quote-required", decision=decision), times=1)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("The sentence of quote-required.")
    await ana.press("Confirm for $45.00")
    await ana.see("Your session has moved")


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"reschedule": {"enabled": False}}, "This cannot be done online"),
        ({"reschedule": {"closes": {"before_minutes": 10000}}}, "It is too close to the session"),
        ({"reschedule": {"limit": 0}}, "moved as often as it can be"),
    ],
)
async def test_a_refusal_is_shown_instead_of_the_button(
    ana: Visitor, world: World, rules: dict[str, object], sentence: str
) -> None:
    await world.add_policy(rules)
    await ana.open(await world.book(START))
    await ana.read(sentence)
    await expect(ana.button("Reschedule")).to_have_count(0)
    await expect(ana.button("Cancel session")).to_be_visible()
    await expect(ana.button("Phone")).to_be_visible()
    await expect(ana.page.locator(".refusal a[href='tel:+12125550100']")).to_be_visible()


async def test_the_two_occurrences_of_a_repeated_hour_have_different_labels(
    ana: Visitor, world: World
) -> None:
    ana.clock.now = NOW.replace(month=10, day=26)
    await ana.page.clock.set_system_time(ana.clock.now)
    await world.change(Practitioner, world.practitioner_id, time_zone="America/New_York")
    await world.add_hours(world.practitioner_id, 7, 0, 5 * 60)
    start = NOW.replace(month=10, day=29)
    await ana.open(await world.book(start, now=ana.clock.now))
    await ana.press("Reschedule")
    await ana.page.get_by_role("button", name="Sunday, November 1,").click()
    await expect(ana.button("1:00 AM EDT")).to_be_visible()
    await expect(ana.button("1:00 AM EST")).to_be_visible()


async def test_the_clients_note_is_stored_for_the_practitioner(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason("Family")
    await ana.page.get_by_label("Would you like to add something?").fill("My son's play.")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    sent = ana.bodies("/reschedule")[0]
    assert sent["reason"] == {"code": "family", "note": "My son's play."}
    async with world.engine.connect() as db:
        assert await db.scalar(select(func.count()).select_from(Change)) == 2


WITHIN: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]},
    "reschedule": {
        "fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 3000}],
        "free_if_within": {"days": 0},
    },
}


async def test_a_move_on_the_same_day_shows_no_fee_and_what_it_carries(
    ana: Visitor, world: World
) -> None:
    await world.add_policy(WITHIN)
    await ana.open(await world.book(START))
    await ana.read("Costs $30.00 now. Cancelling after this move costs at least $15.00.")
    await ana.read("No fee for a new time from ")
    await ana.choose_time("11:00 AM")
    await ana.read("The move itself is free now.")
    await ana.read("Cancelling after this move costs at least $45.00.")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session)
    assert session.carried_fee_minor == 4500


async def test_the_price_of_moves_that_may_be_free_says_that_it_depends_on_the_date(
    ana: Visitor, world: World
) -> None:
    await world.add_policy(WITHIN)
    await ana.open(await world.book(START))
    price = ana.page.locator("#price-reschedule")
    await expect(price).to_have_text("Free or $30.00, by date")
    await ana.read("No fee for a new time from Thu, Dec 3, 12:00 AM until Fri, Dec 4, 12:00 AM.")
    await ana.check_on_a_phone()


async def test_free_targets_that_began_in_the_past_are_named_by_their_end_only(
    ana: Visitor, world: World
) -> None:
    within = WITHIN | {"reschedule": WITHIN["reschedule"] | {"free_if_within": {"days": 7}}}
    await world.add_policy(within)
    await ana.open(await world.book(START))
    await ana.read("No fee for a new time until Fri, Dec 11, 12:00 AM.")


async def test_a_move_to_another_day_shows_its_fee_on_the_slot_and_before_it_is_confirmed(
    ana: Visitor, world: World
) -> None:
    await world.add_policy(WITHIN)
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    day = (START + timedelta(days=1)).date()
    slot = ana.page.locator(f'[data-start^="{day}"]').first
    await ana.page.locator(f'[data-date="{day}"]:visible').click()
    await expect(slot).to_contain_text("fee $30.00")
    await slot.click()
    await ana.see("Confirm your new time")
    await ana.read("Costs $30.00 now. The practice collects it from you.")
    await ana.give_reason()
    await ana.press("Confirm for $30.00")
    await ana.see("Your session has moved")


async def test_the_grace_after_the_booking_is_shown_with_its_end(
    ana: Visitor, world: World
) -> None:
    await world.add_policy(WITHIN | {"grace_minutes": 30})
    await ana.open(await world.book(START))
    await ana.read("Free until ")
    await ana.press("Cancel session")
    await ana.read("This is free of charge.")
