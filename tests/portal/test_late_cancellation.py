"""Two people: one cancels late, the other takes the time, and the fee is forgiven."""

from datetime import datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr

import pytest
from icalendar import Calendar
from playwright.async_api import Browser, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.mail.folder import MailSummary, read_mail
from app.tables.notifications import Notification
from app.tables.sessions import Fee, Session
from app.tables.waitlist import Offer
from app.worker.run import repeated_tasks
from tests.portal.postman import Postman, link_in
from tests.portal.visitor import Visitor, arrive
from tests.waiting import DAY, FREED, LATE, MINUTE, put_wish
from tests.world import NOW, Api, TestClock, World

REFILLED = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}],
        "refilled": {"covered_percent": 80},
    }
}
FALLS_AWAY = "If somebody else takes the time, the fee falls away, and we tell you by email."


class Worker:
    """The worker of the installation, whose tasks and mails run when the test says so."""

    def __init__(
        self, engine: AsyncEngine, settings: Settings, clock: TestClock, postman: Postman
    ) -> None:
        self._tasks = repeated_tasks(settings, engine)
        self._clock = clock
        self._postman = postman

    async def run(self, now: datetime) -> dict[str, list[MailSummary]]:
        """Set the clock, run every task and send what is due, all of it twice.

        Return the new mails by recipient.
        """
        self._clock.now = now
        new: dict[str, list[MailSummary]] = {}
        for _ in range(2):
            for task in self._tasks:
                await task(now)
            for mail in await self._postman.deliver():
                new.setdefault(address_of(mail.to), []).append(mail)
        return new


@pytest.fixture
def worker(engine: AsyncEngine, site: Settings, clock: TestClock, postman: Postman) -> Worker:
    return Worker(engine, site, clock, postman)


def address_of(to: str) -> str:
    return parseaddr(to)[1]


def the_link(mails: list[MailSummary]) -> str:
    """Find the link of a mail, as it was in mails of earlier versions: a token alone."""
    (mail,) = mails
    return link_in(read_mail(mail.path)).partition("&")[0]


async def cancel_late(ana: Visitor, link: str) -> None:
    """Cancel for a fee, of which the page says before and after that it may fall away."""
    await ana.page.goto(link)
    await ana.see("Follow-up")
    await ana.press("Cancel session")
    await ana.read("Costs $45.00 now.")
    await ana.read("If somebody else takes the time, it costs nothing.")
    await ana.give_reason("I am unwell")
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.read("A fee of $45.00 is due.")
    await ana.read(FALLS_AWAY)
    await ana.check_on_a_phone()


async def test_a_late_cancellation_that_somebody_refills_costs_nothing(
    browser: Browser,
    ana: Visitor,
    site: Settings,
    world: World,
    worker: Worker,
    postman: Postman,
    clock: TestClock,
) -> None:
    await world.add_policy(REFILLED)
    ben_id = await world.add_client(name="Ben Okoro", email="ben@client.example")
    await world.book(FREED)
    ben_session = await world.book(LATE, client_id=ben_id)
    booked = await worker.run(NOW)
    async with arrive(browser, site, world, clock) as ben:
        await ben.page.goto(the_link(booked["ben@client.example"]))
        await ben.see("Follow-up")
        await ben.page.get_by_text("Rather sooner?").click()
        await ben.press("Wait for an earlier time")
        await ben.read("You are waiting for an earlier time.")

    await cancel_late(ana, the_link(booked["ana@client.example"]))
    cancelled = await worker.run(NOW + MINUTE)
    # While Ana can take it back, nobody is asked.
    assert set(cancelled) == {"ana@client.example", "maya@harbor.example"}
    assert await world.rows(Offer) == []
    offered = await worker.run(NOW + 6 * MINUTE)
    assert set(offered) == {"ben@client.example"}

    async with arrive(browser, site, world, clock) as ben:
        await ben.page.goto(the_link(offered["ben@client.example"]))
        await ben.see("A time is free for you")
        await ben.read("Free of charge.")
        await ben.check_on_a_phone()
        assert [row.state for row in await world.rows(Offer)] == ["open"]
        await ben.press("Take the new time")
        await ben.see("The time is yours")
        await ben.read("Thursday, December 3")
    (moved,) = await world.rows(Session, id=ben_session)
    assert (moved.starts_at, moved.status, moved.version) == (FREED, "booked", 2)
    await worker.run(NOW + 7 * MINUTE)
    await worker.run(FREED - DAY)
    # Ben can still go away, so the fee stands until the freed start.
    assert [fee.status for fee in await world.rows(Fee)] == ["due"]
    forgiven = await worker.run(FREED + MINUTE)
    assert [fee.status for fee in await world.rows(Fee)] == ["forgiven"]

    assert set(forgiven) == {"ana@client.example"}
    await check_that_it_is_forgiven(ana, the_link(cancelled["ana@client.example"]), clock)
    await worker.run(FREED + 2 * DAY)
    await check_mails(world, postman)


async def check_that_it_is_forgiven(ana: Visitor, link: str, clock: TestClock) -> None:
    """Open the link of the mail about the cancellation, days later."""
    await ana.page.clock.set_system_time(clock.now)
    await ana.page.goto("about:blank")
    await ana.page.goto(link)
    await ana.see("Follow-up")
    await ana.read("This session is cancelled. You cancelled it: Mon, Nov 30, 10:00 AM.")
    entries = ana.page.locator(".history > li > p > strong")
    await expect(entries).to_have_text(
        ["Booked for Thursday, December 3, 3:00 PM (Video)", "Cancelled", "The fee falls away"]
    )
    await expect(ana.button("Take it back")).to_have_count(0)
    await ana.check_on_a_phone()


ALL_MAILS = [
    ("ana@client.example", "Your session is booked: December 3, 2026, 3:00 PM"),
    ("ana@client.example", "Your session is cancelled: December 3, 2026, 3:00 PM"),
    ("ana@client.example", "No fee for your session on December 3, 2026, 3:00 PM"),
    ("ben@client.example", "Your session is booked: December 10, 2026, 3:00 PM"),
    ("ben@client.example", "A time is free for you: December 3, 2026, 3:00 PM"),
    ("ben@client.example", "Your session has moved to December 3, 2026, 3:00 PM"),
    ("ben@client.example", "Reminder: your session on December 3, 2026, 3:00 PM"),
    ("maya@harbor.example", "Session booked: December 3, 2026, 3:00 PM"),
    ("maya@harbor.example", "Session booked: December 10, 2026, 3:00 PM"),
    ("maya@harbor.example", "Session cancelled: December 3, 2026, 3:00 PM"),
    ("maya@harbor.example", "Session moved to December 3, 2026, 3:00 PM"),
]


async def check_mails(world: World, postman: Postman) -> None:
    """Each mail was sent exactly once, and none waits."""
    sent = [(address_of(to), subject) for to, subject in postman.sent()]
    assert sorted(sent) == sorted(ALL_MAILS)
    assert await world.rows(Notification, status="pending") == []


async def test_a_cancellation_by_mistake_is_taken_back(
    ana: Visitor, world: World, worker: Worker, staff: Api
) -> None:
    """Nothing is owed, nobody is asked for the time, and the calendars show the session."""
    await world.add_policy(REFILLED)
    ben_id = await world.add_client(name="Ben Okoro", email="ben@client.example")
    ben_session = await world.book(LATE, client_id=ben_id)
    ben = staff.signed_in(world.token(ben_id))
    assert (await put_wish(ben, ben_session)).status_code == 201
    session_id = await world.book(FREED)
    booked = await worker.run(NOW)
    await cancel_late(ana, the_link(booked["ana@client.example"]))
    cancelled = await worker.run(NOW + 4 * MINUTE)
    await ana.forward(4 * MINUTE)
    await ana.press("Take it back")
    await expect(ana.button("Cancel session")).to_be_visible()
    restored = await worker.run(NOW + 4 * MINUTE)
    told = [calendar_of(mails["ana@client.example"]) for mails in (booked, cancelled, restored)]
    assert told == [
        ("REQUEST", 0, "CONFIRMED"),
        ("CANCEL", 1, "CANCELLED"),
        ("REQUEST", 2, "CONFIRMED"),
    ]
    assert set(restored) == {"ana@client.example", "maya@harbor.example"}
    (session,) = await world.rows(Session, id=session_id)
    assert (session.status, session.starts_at, session.version) == ("booked", FREED, 3)
    assert [fee.status for fee in await world.rows(Fee)] == ["void"]
    assert await worker.run(NOW + 10 * MINUTE) == {}
    reminded = await worker.run(FREED - DAY)
    assert [mail.subject for mail in reminded.pop("ana@client.example")] == [
        "Reminder: your session on December 3, 2026, 3:00 PM"
    ]
    assert reminded == {}
    assert await worker.run(FREED + DAY) == {}
    assert await world.rows(Offer) == []
    assert [fee.status for fee in await world.rows(Fee)] == ["void"]


def calendar_of(mails: list[MailSummary]) -> tuple[str, int, str]:
    """Read method, SEQUENCE and STATUS of the calendar part of the only mail."""
    (mail,) = mails
    message = message_from_bytes(mail.path.read_bytes(), policy=default)
    parts = [one for one in message.walk() if one.get_content_type() == "text/calendar"]
    # The same entry is attached as a file too.
    (part,) = [one for one in parts if one.get_content_disposition() != "attachment"]
    calendar = Calendar.from_ical(part.get_content())
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), int(str(event["SEQUENCE"])), str(event["STATUS"])
