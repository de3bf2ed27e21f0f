"""A client waits for an earlier time from the page: for any, or only for times that suit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from app.configuration.settings import Settings
from app.tables.practices import Service
from app.tables.waitlist import Wish
from tests.portal.visitor import Visitor, arrive
from tests.waiting import LATE, Waiting, put_wish, wait
from tests.world import Api, TestClock, World

WORDS = (
    "Times that suit you: Mondays and Wednesdays, 9:00 AM to 12:00 PM, phone or video, "
    "until Tuesday, December 8, at least 12 hours before."
)


@pytest.fixture
async def waiting(world: World, staff: Api) -> Waiting:
    return await wait(world, staff.signed_in(world.token()))


async def open_wish(ana: Visitor, waiting: Waiting, *, fields: str | None = None) -> Locator:
    """Open the part about an earlier time, and its fields by their title; return the part."""
    await ana.open(waiting.session_id)
    part = ana.page.locator("#wish")
    await part.get_by_text("Rather sooner?").click()
    if fields:
        await part.get_by_text(fields).click()
    return part


async def wishes(world: World) -> list[Any]:
    return [row for row in await world.rows(Wish) if row.ended_at is None]


async def test_the_usual_wish_is_one_press_and_names_nothing(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    part = await open_wish(ana, waiting)
    await expect(part.get_by_label("From")).to_be_hidden()
    assert await world.rows(Wish) == []
    await ana.press("Wait for an earlier time")
    await expect(part.get_by_text("You are waiting for an earlier time.")).to_be_focused()
    await expect(part.get_by_text("Times that suit you")).to_have_count(0)
    (row,) = await wishes(world)
    assert (row.until, row.weekdays, row.from_time, row.to_time) == (None, [], None, None)
    assert (row.formats, row.notice_hours) == ([], 0)
    await ana.check_on_a_phone()
    await ana.press("Stop waiting")
    await expect(ana.button("Wait for an earlier time")).to_be_visible()
    assert await wishes(world) == []


async def test_times_that_suit_are_chosen_shown_in_words_and_changed(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    part = await open_wish(ana, waiting, fields="Only certain times?")
    days = part.get_by_role("group", name="Days of the week")
    for day in ("Monday", "Wednesday"):
        await days.get_by_role("checkbox", name=day).check()
    times = part.get_by_role("group", name="Time of day")
    await times.get_by_label("From").fill("09:00")
    await times.get_by_label("To").fill("12:00")
    for kind in ("Video", "Phone"):
        await part.get_by_role("checkbox", name=kind).check()
    await part.get_by_label("At the latest on").fill("2026-12-08")
    await part.get_by_label("Notice that you need (hours)").fill("12")
    await ana.check_on_a_phone()
    await ana.press("Wait for an earlier time")
    await expect(part).to_contain_text(WORDS)
    (row,) = await wishes(world)
    assert (row.weekdays, row.formats, row.notice_hours) == ([1, 3], ["phone", "video"], 12)
    assert (f"{row.from_time:%H:%M}", f"{row.to_time:%H:%M}") == ("09:00", "12:00")
    # The end of the day in New York.
    assert row.until == datetime(2026, 12, 9, 4, 59, tzinfo=UTC)
    await part.get_by_text("Change which times suit").click()
    await expect(days.get_by_role("checkbox", name="Wednesday")).to_be_checked()
    await ana.check_on_a_phone()
    await days.get_by_role("checkbox", name="Monday").uncheck()
    await times.get_by_label("From").fill("")
    await part.get_by_label("Notice that you need (hours)").fill("1")
    for kind in ("Video", "Phone"):
        await part.get_by_role("checkbox", name=kind).uncheck()
    await ana.press("Save")
    await expect(part).to_contain_text(
        "Times that suit you: Wednesdays, 12:00 PM at the latest, until Tuesday, December 8, "
        "at least 1 hour before."
    )
    (changed,) = await wishes(world)
    assert (changed.id, changed.until, changed.weekdays) == (row.id, row.until, [3])
    assert (changed.from_time, changed.formats, changed.notice_hours) == (None, [], 1)


async def test_the_day_of_the_session_ends_at_its_start(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    part = await open_wish(ana, waiting, fields="Only certain times?")
    await part.get_by_label("At the latest on").fill("2026-12-10")
    await ana.press("Wait for an earlier time")
    await expect(part).to_contain_text("Times that suit you: until Thursday, December 10.")
    assert [row.until for row in await wishes(world)] == [LATE]


@pytest.mark.parametrize(
    ("values", "label", "sentence"),
    [
        ({"At the latest on": "2026-12-11"}, "At the latest on",
         "At the latest on: must not be after the session's start."),
        ({"At the latest on": "2026-11-29"}, "At the latest on",
         "At the latest on: must be in the future."),
        ({"From": "12:00", "To": "09:00"}, "To", "To: must not be before “From”."),
        ({"Notice that you need (hours)": "a day"}, "Notice that you need (hours)",
         "Notice that you need (hours): please write a whole number."),
        ({"Notice that you need (hours)": "1.5"}, "Notice that you need (hours)",
         "Notice that you need (hours): please write a whole number."),
        ({"Notice that you need (hours)": "9000"}, "Notice that you need (hours)",
         "Notice that you need (hours): Input should be less than or equal to 8784."),
    ],
)  # fmt: skip
async def test_what_the_server_refuses_is_shown_at_its_field(
    ana: Visitor,
    world: World,
    waiting: Waiting,
    values: dict[str, str],
    label: str,
    sentence: str,
) -> None:
    part = await open_wish(ana, waiting, fields="Only certain times?")
    for name, value in values.items():
        await part.get_by_label(name, exact=True).fill(value)
    await ana.press("Wait for an earlier time")
    field = part.get_by_label(label, exact=True)
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description(sentence)
    await ana.check_on_a_phone()
    assert await world.rows(Wish) == []
    for name in values:
        await part.get_by_label(name, exact=True).fill("")
    await ana.press("Wait for an earlier time")
    await expect(part).to_contain_text("You are waiting for an earlier time.")


async def test_a_paused_wish_waits_again_for_the_same_times(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    answer = await put_wish(waiting.api, waiting.session_id, weekdays=[2], from_time="10:15")
    wish_id = answer.json()["id"]
    await world.change_all(Wish, paused_at=waiting.api.clock.now, unanswered=3)
    part = await open_wish(ana, waiting)
    await expect(part).to_contain_text("Three offers were not answered")
    await expect(part).to_contain_text("Times that suit you: Tuesdays, from 10:15 AM.")
    await ana.press("Wait again")
    await expect(part).to_contain_text("You are waiting for an earlier time.")
    (row,) = await wishes(world)
    assert (str(row.id), row.paused_at, row.weekdays) == (wish_id, None, [2])
    assert f"{row.from_time:%H:%M}" == "10:15"


async def test_times_of_day_name_the_clients_zone_where_clocks_here_differ(
    browser: Browser, site: Settings, world: World, clock: TestClock, waiting: Waiting
) -> None:
    """The days are those of the client's zone too: December 8 ends in New York."""
    until = (LATE - timedelta(days=2)).replace(hour=4, minute=59)
    answer = await put_wish(
        waiting.api, waiting.session_id, to_time="12:00", until=until.isoformat()
    )
    assert answer.status_code == 201
    async with arrive(browser, site, world, clock, timezone_id="Asia/Tokyo") as ana:
        part = await open_wish(ana, waiting, fields="Change which times suit")
        await expect(part).to_contain_text(
            "12:00 PM at the latest (Eastern Standard Time), until Monday, December 7."
        )
        await expect(part.get_by_label("At the latest on")).to_have_value("2026-12-07")
        await expect(part.get_by_role("group", name="Time of day")).to_contain_text(
            "In Eastern Standard Time."
        )
        await ana.press("Save")
        await expect(part.get_by_text("You are waiting for an earlier time.")).to_be_focused()
    assert [row.until for row in await wishes(world)] == [until]


async def test_a_service_without_a_waitlist_offers_no_waiting(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    await world.change(Service, world.service_id, waitlist="off")
    await ana.open(waiting.session_id)
    await expect(ana.page.locator("#history")).to_have_count(1)
    await expect(ana.page.locator("#wish")).to_have_count(0)
