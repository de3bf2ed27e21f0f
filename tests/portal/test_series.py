"""A series: this session only, or this and all following, with each date named before."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Locator, expect

from app.tables.practices import BusyInterval
from app.tables.sessions import Fee, Session
from tests.portal.test_move_requests import ask
from tests.portal.visitor import CANCEL, Visitor, answer_with
from tests.series import book_series
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
THIS, FOLLOWING = "This session only", "This and all following sessions"
# Nothing is charged for what is more than ten days away.
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]}}


@pytest.fixture
async def series(staff: Api, world: World) -> list[UUID]:
    """Book eight weekly sessions, and give their ids in order."""
    return await weekly(staff, world, 8)


async def weekly(staff: Api, world: World, count: int) -> list[UUID]:
    return [UUID(one) for one in await book_series(staff, world, START, count)]


async def statuses(world: World, ids: list[UUID]) -> list[str]:
    rows = {row.id: row.status for row in await world.rows(Session)}
    return [str(rows[id_]) for id_ in ids]


async def starts(world: World, ids: list[UUID]) -> list[datetime]:
    rows = {row.id: row.starts_at for row in await world.rows(Session)}
    return [rows[id_] for id_ in ids]


async def block(world: World, start: datetime) -> None:
    """Make an hour busy."""
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=start,
        ends_at=start + HOUR,
    )


async def move_alone(staff: Api, session_id: UUID, start: datetime) -> None:
    """Move one session of a series for the practice."""
    moved = await staff.reschedule_by_staff(session_id, start)
    assert moved.status_code == 200, moved.text


async def choose_following(visitor: Visitor) -> None:
    await visitor.page.get_by_role("radio", name=FOLLOWING).check()


def date(visitor: Visitor, session_id: UUID) -> Locator:
    return visitor.page.locator(f"[data-session='{session_id}']")


async def go_to_cancel(visitor: Visitor, session_id: UUID) -> None:
    await visitor.open(session_id)
    await visitor.press("Cancel session")
    await visitor.see("Cancel this session?")


async def go_to_confirm(visitor: Visitor, session_id: UUID, time: str = "11:00 AM") -> None:
    await visitor.open(session_id)
    await visitor.choose_time(time)


async def test_the_details_tell_the_place_in_the_series(ana: Visitor, series: list[UUID]) -> None:
    await ana.open(series[2])
    await ana.read("Session 3 of 8")
    await ana.check_on_a_phone()


async def test_this_session_only_is_the_default(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_cancel(ana, series[5])
    await expect(ana.page.get_by_role("radio", name=THIS)).to_be_checked()
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert await statuses(world, series) == ["booked"] * 5 + ["cancelled"] + ["booked"] * 2
    assert "scope" not in ana.bodies("/cancel")[0]


async def test_the_last_session_of_a_series_has_no_choice(ana: Visitor, series: list[UUID]) -> None:
    await go_to_cancel(ana, series[7])
    await expect(ana.page.get_by_role("radio", name=FOLLOWING)).to_have_count(0)


async def test_each_date_is_named_with_its_cost_before_the_following_are_cancelled(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE)
    series = await weekly(staff, world, 4)
    await move_alone(staff, series[2], START + 2 * WEEK + HOUR)
    await go_to_cancel(ana, series[0])
    await choose_following(ana)
    await expect(
        ana.page.get_by_role("heading", name="You cancel these 3 sessions")
    ).to_be_visible()
    await expect(date(ana, series[0])).to_contain_text("Thu, Dec 3, 10:00 AM")
    await expect(date(ana, series[0])).to_contain_text("Costs $45.00 now.")
    await expect(date(ana, series[3])).to_contain_text("Thu, Dec 24, 10:00 AM")
    await expect(date(ana, series[3])).to_contain_text("Free of charge.")
    await expect(date(ana, series[2])).to_contain_text(
        "Thu, Dec 17, 11:00 AM: it was moved to another time by itself."
    )
    await ana.read("Costs $45.00 in all.")
    await ana.check_on_a_phone()
    await ana.give_reason()
    await ana.press("Cancel 3 sessions for $45.00")
    await ana.see("Your sessions are cancelled")
    await ana.read("A fee of $45.00 is due.")
    await expect(ana.page.locator(".dates ol li")).to_have_count(3)
    await ana.read("Thu, Dec 17, 11:00 AM: it was moved to another time by itself.")
    await ana.check_on_a_phone()
    assert await statuses(world, series) == ["cancelled", "cancelled", "booked", "cancelled"]
    assert len(await world.rows(Fee)) == 1
    (body,) = ana.bodies("/cancel")
    assert (body["scope"], bool(body["quote"])) == ("this_and_following", True)


async def test_a_date_that_was_moved_by_itself_can_be_taken_along(
    ana: Visitor, world: World, staff: Api, series: list[UUID]
) -> None:
    for number in (5, 6):
        await move_alone(staff, series[number], START + number * WEEK + HOUR)
    await go_to_cancel(ana, series[4])
    await choose_following(ana)
    await ana.read("You cancel these 2 sessions")
    await date(ana, series[5]).get_by_role("button", name="Change it too").click()
    await ana.read("You cancel these 3 sessions")
    await expect(date(ana, series[6])).to_contain_text("it was moved to another time by itself.")
    await ana.give_reason()
    await ana.press("Cancel 3 sessions")
    await ana.see("Your sessions are cancelled")
    assert (await statuses(world, series))[4:] == ["cancelled", "cancelled", "booked", "cancelled"]


async def test_back_to_this_session_only_hides_the_dates(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_cancel(ana, series[6])
    await choose_following(ana)
    await ana.read("You cancel these 2 sessions")
    await ana.page.get_by_role("radio", name=THIS).check()
    await expect(ana.page.locator(".dates li")).to_have_count(0)
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert (await statuses(world, series))[6:] == ["cancelled", "booked"]


async def test_the_following_sessions_move_along(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_confirm(ana, series[5])
    await choose_following(ana)
    last = date(ana, series[7])
    await expect(last).to_contain_text("Thu, Jan 21, 10:00 AM → moves to Thu, Jan 21, 11:00 AM")
    await ana.check_on_a_phone()
    await ana.give_reason()
    await ana.press("Move 3 sessions")
    await ana.see("Your sessions have moved")
    await ana.read("Thu, Jan 21, 11:00 AM")
    await ana.check_on_a_phone()
    expected = [START + n * WEEK + (HOUR if n >= 5 else 0 * HOUR) for n in range(8)]
    assert await starts(world, series) == expected
    await ana.press("Back to my session")
    await ana.see("Follow-up")


async def test_dates_that_are_at_their_new_time_already_stay(
    ana: Visitor, world: World, staff: Api, series: list[UUID]
) -> None:
    """The practice has moved one session alone, and its client moves it back."""
    await move_alone(staff, series[5], START + 5 * WEEK + HOUR)
    await go_to_confirm(ana, series[5], "10:00 AM")
    await choose_following(ana)
    for stays in series[6:]:
        await expect(date(ana, stays)).to_contain_text("it is at this time already.")
    await ana.check_on_a_phone()
    await ana.give_reason()
    await ana.press("Move 1 session")
    await ana.see("Your session has moved")
    assert (await starts(world, series))[5:] == [START + n * WEEK for n in (5, 6, 7)]


async def test_for_a_date_that_is_not_free_another_time_is_chosen(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await block(world, START + 6 * WEEK + HOUR)
    await block(world, START + 7 * WEEK + HOUR)
    await go_to_confirm(ana, series[5])
    await choose_following(ana)
    conflict, other = date(ana, series[6]), date(ana, series[7])
    await expect(conflict).to_contain_text("Thu, Jan 14, 11:00 AM is not free.")
    await ana.check_on_a_phone()
    await ana.give_reason()
    await ana.press("Move 3 sessions")
    await expect(conflict.get_by_role("radio").first).to_be_focused()
    assert ana.sent("/reschedule") == []
    await conflict.get_by_role("radio", name="12:00 PM").check()
    await expect(conflict.get_by_role("radio", name="12:00 PM")).to_be_focused()
    await other.get_by_role("button", name="Leave this date out").click()
    await expect(ana.page.get_by_role("heading", name="You move these 2 sessions")).to_be_focused()
    await expect(other).to_contain_text("you leave it out.")
    await expect(conflict.get_by_role("radio", name="12:00 PM")).to_be_checked()
    await ana.press("Move 2 sessions")
    await ana.see("Your sessions have moved")
    assert (await starts(world, series))[5:] == [
        START + 5 * WEEK + HOUR,
        START + 6 * WEEK + 2 * HOUR,
        START + 7 * WEEK,
    ]


async def test_a_chosen_time_that_costs_something_else_is_shown_with_its_cost_before_it_counts(
    ana: Visitor, world: World, staff: Api
) -> None:
    """Moves on the same date are free. The preview knows nothing of the time that is chosen."""
    late = [{"deadline": {"before_minutes": 60 * 24 * 90}, "amount_minor": 2000}]
    rules = {"fees": late, "free_if_within": {"days": 0}}
    await world.add_policy({"cancel": {"fees": []}, "reschedule": rules})
    series = await weekly(staff, world, 2)
    for hours in range(1, 8):
        await block(world, START + WEEK + hours * HOUR)
    await go_to_confirm(ana, series[0])
    await choose_following(ana)
    second = date(ana, series[1])
    await expect(second).to_contain_text("is not free.")
    await second.get_by_role("radio").last.check()
    await ana.give_reason()
    await ana.press("Move 2 sessions")
    await expect(ana.alert).to_be_focused()
    await ana.read("$20.00")
    assert await world.rows(Fee) == []
    await ana.press("Move 2 sessions for $20.00")
    await ana.see("Your sessions have moved")
    (fee,) = await world.rows(Fee)
    assert (fee.session_id, fee.amount_minor) == (series[1], 2000)


async def test_a_date_that_was_left_out_can_be_taken_along_again(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await block(world, START + 7 * WEEK + HOUR)
    await go_to_confirm(ana, series[6])
    await choose_following(ana)
    last = date(ana, series[7])
    await last.get_by_role("button", name="Leave this date out").click()
    await ana.read("You move this session")
    await last.get_by_role("button", name="Change it too").click()
    await ana.read("You move these 2 sessions")


async def test_a_time_that_was_taken_meanwhile_is_shown_at_its_date(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_confirm(ana, series[6])
    await choose_following(ana)
    await ana.read("You move these 2 sessions")
    await ana.give_reason()
    await block(world, START + 7 * WEEK + HOUR)
    await ana.press("Move 2 sessions")
    await expect(ana.alert).to_contain_text("Some dates of the series are not available.")
    await expect(ana.alert).to_be_focused()
    await ana.check_on_a_phone()
    await date(ana, series[7]).get_by_role("radio").first.check()
    await ana.press("Move 2 sessions")
    await ana.see("Your sessions have moved")


async def test_if_the_named_session_finds_its_time_taken_others_are_offered(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_confirm(ana, series[6])
    await choose_following(ana)
    await ana.read("You move these 2 sessions")
    await ana.give_reason()
    await block(world, START + 6 * WEEK + HOUR)
    await ana.press("Move 2 sessions")
    await date(ana, series[6]).get_by_role("button", name="12:00 PM").click()
    await expect(date(ana, series[7])).to_contain_text("Thu, Jan 21, 12:00 PM")
    await ana.press("Move 2 sessions")
    await ana.see("Your sessions have moved")
    assert (await starts(world, series))[6:] == [START + n * WEEK + 2 * HOUR for n in (6, 7)]


async def test_a_session_that_the_policy_refuses_can_be_left_out(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await go_to_cancel(ana, series[6])
    await choose_following(ana)
    await ana.read("You cancel these 2 sessions")
    refused: dict[str, Any] = {
        "session_id": str(series[7]), "refusal": "notice-too-short",
        "deadline": "2027-01-20T15:00:00Z",
        "contact": {"name": "Dr. Maya Chen", "email": "maya@harbor.example", "phone": None},
    }  # fmt: skip
    await ana.page.route(CANCEL, answer_with("scope-refused", **refused), times=1)
    await ana.give_reason()
    await ana.press("Cancel 2 sessions")
    await expect(ana.alert).to_contain_text("Thu, Jan 21, 10:00 AM.")
    await expect(ana.alert).to_contain_text("Possible until Wed, Jan 20, 10:00 AM.")
    await ana.check_on_a_phone()
    await ana.press("Leave this date out")
    await ana.read("You cancel this session")
    await ana.press("Cancel 1 session")
    await ana.see("Your session is cancelled")
    assert (await statuses(world, series))[6:] == ["cancelled", "booked"]
    assert ana.bodies("/cancel")[-1]["keep"] == [str(series[7])]


async def test_a_refused_date_is_marked_in_the_preview(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    series = await weekly(staff, world, 2)
    await world.change(Session, series[1], client_moves=1)
    await go_to_confirm(ana, series[0])
    await choose_following(ana)
    await expect(date(ana, series[1])).to_contain_text("already been moved as often")
    await ana.check_on_a_phone()
    await date(ana, series[1]).get_by_role("button", name="Leave this date out").click()
    await ana.read("You move this session")
    await ana.give_reason()
    await ana.press("Move 1 session")
    await ana.see("Your session has moved")
    assert await starts(world, series) == [START + HOUR, START + WEEK]


async def test_a_quote_that_became_stale_shows_the_dates_again(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await world.add_policy(LATE)
    await go_to_cancel(ana, series[5])
    await choose_following(ana)
    await ana.read("You cancel these 3 sessions")
    await world.change(Session, series[6], version=2)
    await ana.give_reason()
    await ana.press("Cancel 3 sessions")
    await expect(ana.alert).to_be_focused()
    await ana.read("You cancel these 3 sessions")
    assert await statuses(world, series) == ["booked"] * 8
    await ana.press("Cancel 3 sessions")
    await ana.see("Your sessions are cancelled")


async def test_the_quote_of_several_sessions_is_renewed_and_a_new_cost_is_shown(
    ana: Visitor, world: World, staff: Api
) -> None:
    # In five minutes cancelling the first session is no longer free; the quote holds for ten.
    minutes = 3 * 24 * 60 - 5
    fees = [{"deadline": {"before_minutes": minutes}, "amount_minor": 4500}]
    await world.add_policy({"cancel": {"fees": fees}})
    series = await weekly(staff, world, 2)
    await go_to_cancel(ana, series[0])
    await choose_following(ana)
    await expect(ana.button("Cancel 2 sessions")).to_be_visible()
    await ana.wait(timedelta(minutes=11))
    await expect(ana.alert).to_contain_text("The cost has changed.")
    await ana.give_reason()
    await ana.press("Cancel 2 sessions for $45.00")
    await ana.see("Your sessions are cancelled")
    assert len(await world.rows(Fee)) == 1


async def test_a_free_change_that_would_be_used_now_is_a_new_cost(
    ana: Visitor, world: World, staff: Api
) -> None:
    minutes = 3 * 24 * 60 - 5
    fees = [{"deadline": {"before_minutes": minutes}, "amount_minor": 4500}]
    allowance = {"free": 1, "per": "calendar_year", "for": ["cancel"]}
    await world.add_policy({"cancel": {"fees": fees}, "allowance": allowance})
    series = await weekly(staff, world, 2)
    await go_to_cancel(ana, series[0])
    await choose_following(ana)
    await expect(ana.button("Cancel 2 sessions")).to_be_visible()
    await ana.wait(timedelta(minutes=11))
    await expect(ana.alert).to_contain_text("The cost has changed.")
    await expect(date(ana, series[0])).to_contain_text("it uses your free change 1 of 1.")


async def test_a_reason_is_asked_where_the_practice_asked_for_one_date_only(
    ana: Visitor, world: World, staff: Api
) -> None:
    late = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
    ill = {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"}
    await world.add_policy({"reschedule": {"fees": [late]}, "reasons": [ill]})
    series = await weekly(staff, world, 2)
    await ask(staff, series[0])
    await ana.open(series[0])
    await ana.press("Friday, December 4, 11:00 AM to 11:50 AM")
    reason = ana.page.get_by_role("radio", name="I am ill")
    await expect(ana.page.get_by_role("radio", name=THIS)).to_be_checked()
    await expect(reason).to_be_hidden()
    await choose_following(ana)
    await expect(date(ana, series[1])).to_contain_text("Costs $45.00 now.")
    await ana.read("I am ill (free of charge)")
    await ana.check_on_a_phone()
    await reason.check()
    await expect(date(ana, series[1])).to_contain_text("Free of charge.")
    await ana.press("Move 2 sessions")
    await ana.see("Your sessions have moved")
    assert ana.bodies("/reschedule")[0]["reason"] == {"code": "ill", "note": "I am ill"}
    assert await world.rows(Fee) == []


async def test_the_following_sessions_move_to_another_format(
    ana: Visitor, world: World, staff: Api
) -> None:
    series = await weekly(staff, world, 2)
    await ana.open(series[0])
    await ana.press("Reschedule")
    await ana.page.get_by_role("radio", name="In person").check()
    await ana.press("11:00 AM")
    await ana.see("Confirm your new time")
    await choose_following(ana)
    await ana.read("You move these 2 sessions")
    await ana.give_reason()
    await ana.press("Move 2 sessions")
    await ana.see("Your sessions have moved")
    rows = await world.rows(Session)
    assert {(row.format, row.location_id) for row in rows} == {("in_person", world.location_id)}


async def test_dates_that_do_not_load_can_be_asked_for_again(
    ana: Visitor, series: list[UUID]
) -> None:
    await go_to_cancel(ana, series[6])
    await ana.page.route("**/scope?*", answer_with("rate-limited", 429), times=1)
    await choose_following(ana)
    await expect(ana.alert).to_contain_text("The sentence of rate-limited.")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await expect(ana.alert).to_be_focused()
    assert ana.sent("/cancel") == []
    await ana.press("Try again")
    await ana.read("You cancel these 2 sessions")


async def test_the_dates_are_chosen_with_the_keyboard_only(
    ana: Visitor, world: World, series: list[UUID]
) -> None:
    await block(world, START + 7 * WEEK + HOUR)
    await go_to_confirm(ana, series[6])
    await ana.page.get_by_role("radio", name=THIS).focus()
    await ana.page.keyboard.press("ArrowDown")
    await expect(ana.page.get_by_role("radio", name=FOLLOWING)).to_be_focused()
    await expect(ana.page.get_by_role("status")).to_contain_text("2 sessions change, 0 stay")
    await date(ana, series[7]).get_by_role("radio").first.focus()
    await ana.page.keyboard.press("Space")
    await expect(date(ana, series[7]).locator(":focus")).to_have_count(1)
    await ana.give_reason()
    await ana.button("Move 2 sessions").focus()
    await ana.page.keyboard.press("Enter")
    await ana.see("Your sessions have moved")


@pytest.mark.parametrize("is_one", [False, True])
async def test_taking_back_one_session_of_a_series_says_that_the_others_stay_as_they_are(
    ana: Visitor, world: World, series: list[UUID], *, is_one: bool
) -> None:
    await go_to_cancel(ana, series[5])
    if not is_one:
        await choose_following(ana)
    await ana.give_reason()
    await ana.press("Cancel this session" if is_one else "Cancel 3 sessions")
    await ana.see("Your session is cancelled" if is_one else "Your sessions are cancelled")
    await ana.press("Back to my session")
    await ana.read("Only this session goes back; the others of the series stay as they are now.")
    await ana.check_on_a_phone()
    await ana.press("Take it back")
    await expect(ana.page.locator("#told")).to_have_text(
        "It has been taken back. This session is as it was before; "
        "the others of the series stay as they are now."
    )
    others = "booked" if is_one else "cancelled"
    assert (await statuses(world, series))[5:] == ["booked", others, others]
