"""How a mail lists several sessions: times, costs, links and calendar entries of each."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar, Event

from app.configuration.settings import Settings
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.rules import Credit
from app.identity.tokens.link import LinkTokens
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.notifications.mail.message import make_mail
from app.notifications.mail.queries import load_mail_data
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.groups import put_group, put_seat
from tests.notifications.postbox import Postbox
from tests.notifications.several import cancel_all, move_all
from tests.notifications.test_finish_all import book_weekly
from tests.world import NOW, TestClock, World

START = NOW + timedelta(days=3)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
FEE = Money(4500, "USD")


class Mail:
    """A mail, as a mail program shows it."""

    def __init__(self, mail: EmailMessage) -> None:
        self.mail: EmailMessage = message_from_bytes(mail.as_bytes(), policy=default)
        assert not self.mail.defects
        self.subject = str(self.mail["Subject"])
        self.text, self.html = (self._body(kind) for kind in ("plain", "html"))

    def _body(self, kind: str) -> str:
        part = self.mail.get_body(preferencelist=(kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n").replace("\u00a0", " ")

    @property
    def entries(self) -> list[tuple[bool, str, Event]]:
        """Whether each calendar entry is attached, its method, and its event."""
        found, seen = [], set[str]()
        for part in self.mail.walk():
            if part.get_content_type() != "text/calendar":
                continue
            if part.get_content() in seen:
                continue  # The calendar part, which is attached as well.
            seen.add(part.get_content())
            calendar = Calendar.from_ical(part.get_content())
            assert part.get_param("method") == calendar["METHOD"]
            (event,) = calendar.events
            found.append((part.is_attachment(), str(calendar["METHOD"]), event))
        return found

    @property
    def uids(self) -> list[str]:
        return [str(event["UID"]).partition("@")[0] for _, _, event in self.entries]

    def links(self, settings: Settings) -> list[UUID]:
        """The session of each link, which are the same in the text and the HTML."""
        urls = [line.strip() for line in self.text.splitlines() if "/portal/#" in line]
        assert all(f'href="{url}"' in self.html for url in urls)
        tokens = LinkTokens(settings.keys)
        return [tokens.read(url.partition("#")[2]).session_id for url in urls]


async def mail_of(
    world: World, settings: Settings, kind: str, recipient: str = "client", **equal: object
) -> Mail:
    """Render the only mail of a kind to a recipient."""
    (row,) = await world.rows(Notification, kind=kind, recipient=recipient, **equal)
    async with world.engine.connect() as db:
        data = await load_mail_data(db, world.practice_id, row.id)
    assert data is not None
    return Mail(make_mail(data, settings, NOW))


LANGUAGES = {
    "en-US": (
        "Your session has moved to December 11, 2026, 10:00 AM (and 2 more)",
        "Before: Thursday, December 3, 2026, 10:00 AM to 10:50 AM (Eastern Standard Time)",
        "$45.00",
        "$90.00",
    ),
    "de-DE": (
        "(und 2 weitere)",
        "Bisher: Donnerstag, 3. Dezember 2026, 10:00 bis 10:50",
        "45,00 $",
        "90,00 $",
    ),
    "fr-FR": (
        "(et 2 autres)",
        "Avant : jeudi 3 décembre 2026, de 10:00 à 10:50",
        "45,00 $US",
        "90,00 $US",
    ),
    "es-ES": (
        "(y 2 más)",
        "Antes: jueves, 3 de diciembre de 2026, de 10:00 a 10:50",
        "45,00 US$",
        "90,00 US$",
    ),
}


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_a_move_lists_old_and_new_times_each_fee_the_sum_and_a_link_each(
    world: World, settings: Settings, locale: str
) -> None:
    subject, before, each, total = LANGUAGES[locale]
    await world.change(Client, world.client_id, locale=locale)
    first, second, third = await book_weekly(world, 3)
    costs = {first: Cost(FEE, None), third: Cost(FEE, Credit.KEPT)}
    await move_all(world, [first, second, third], DAY, costs, named=second)
    mail = await mail_of(world, settings, "rescheduled")
    assert subject in mail.subject
    assert before in mail.text
    assert before in mail.html
    for part in (mail.text, mail.html):
        assert part.count(each) == 2
        assert part.count(total) == 1
    assert mail.links(settings) == [first, second, third]
    assert mail.html.count("<li") == 3
    assert "Ana" not in mail.subject


async def test_the_named_session_is_the_calendar_part_and_each_other_one_an_attachment(
    world: World, settings: Settings
) -> None:
    first, second, third = await book_weekly(world, 3)
    await move_all(world, [second], timedelta(hours=1))
    await move_all(world, [first, second, third], DAY, named=second)
    mail = await mail_of(world, settings, "rescheduled", starts_at=START + WEEK + DAY + HOUR)
    assert mail.mail.get_content_type() == "multipart/mixed"
    alternative, *attached = mail.mail.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    assert len(attached) == 3
    assert mail.uids == [str(second), str(first), str(third)]
    assert [is_attached for is_attached, _, _ in mail.entries] == [False, True, True]
    assert {method for _, method, _ in mail.entries} == {"REQUEST"}
    assert [event["SEQUENCE"] for _, _, event in mail.entries] == [2, 1, 1]
    assert mail.entries[1][2].start == START + DAY
    names = [part.get_filename() for part in attached]
    assert names == ["2026-12-11-1100.ics", "2026-12-04-1000.ics", "2026-12-18-1000.ics"]


@pytest.mark.parametrize(("count", "without"), [(11, 0), (12, 1)])
async def test_ten_entries_are_attached_at_most(
    world: World, settings: Settings, count: int, without: int
) -> None:
    sessions = await book_weekly(world, count - 4)
    sessions += [await world.book(START + DAY + week * WEEK) for week in range(4)]
    await cancel_all(world, sessions)
    mail = await mail_of(world, settings, "cancelled")
    assert len(mail.entries) == 11
    assert len(mail.links(settings)) == count
    assert mail.text.count("is not attached") == without
    assert mail.html.count("is not attached") == without


@pytest.mark.parametrize("again", [0, 1])
async def test_a_session_that_changed_since_is_listed_as_it_was_without_its_entry(
    world: World, settings: Settings, again: int
) -> None:
    """The later change sends the entry; the others keep theirs, also if it was the named one."""
    sessions = await book_weekly(world, 3)
    await move_all(world, sessions, DAY, named=sessions[0])
    await cancel_all(world, [sessions[again]])
    mail = await mail_of(world, settings, "rescheduled")
    assert mail.uids == [str(one) for one in sessions if one != sessions[again]]
    assert mail.text.count("Friday, December 4, 2026, 10:00 AM") == 1
    assert mail.text.count("Friday, December 11, 2026, 10:00 AM") == 1
    changed = (await mail_of(world, settings, "cancelled")).text
    assert "Friday, December 18" not in changed


async def test_what_differs_is_said_of_each_session(world: World, settings: Settings) -> None:
    other = await world.add_practitioner(name="Noor Haddad", email="noor@harbor.example")
    service = await world.add_service(name="Massage")
    first = await world.book(START)
    second = await world.book(START + DAY, practitioner_id=other, service_id=service)
    await move_all(world, [first, second], DAY)
    mail = await mail_of(world, settings, "rescheduled", session_id=first)
    assert "Follow-up, Dr. Maya Chen, Video" in mail.text
    assert "Massage, Noor Haddad, Video" in mail.text
    assert "Service:" not in mail.text
    alike = await book_weekly(world, 2)
    await cancel_all(world, alike)
    mail = await mail_of(world, settings, "cancelled", recipient="client")
    assert mail.text.count("Follow-up") == 1


async def test_the_practitioner_reads_each_client_the_reason_and_the_note(
    world: World, settings: Settings
) -> None:
    other = await world.add_client(name="Ben Okoro", email="ben@client.example")
    first = await world.book(START)
    second = await world.book(START + DAY, client_id=other)
    await cancel_all(world, [first, second], {second: Cost(FEE, None)})
    mail = await mail_of(world, settings, "cancelled", "practitioner")
    assert mail.subject == "Session cancelled: December 3, 2026, 10:00 AM (and 1 more)"
    for part in (mail.text, mail.html):
        assert "Ana Ruiz, Follow-up, Video" in part
        assert "Ben Okoro, Follow-up, Video" in part
        assert "$45.00" in part
        assert "Dr. Chen is ill." in part
    assert "Reason: Dr. Chen is ill." in mail.text
    assert [(method, str(event["SUMMARY"])) for _, method, event in mail.entries] == [
        ("CANCEL", "Follow-up, Ana Ruiz"),
        ("CANCEL", "Follow-up, Ben Okoro"),
    ]
    assert mail.mail["Reply-To"] is None
    assert mail.links(settings) == []
    assert "@client.example" not in mail.text
    to_client = await mail_of(world, settings, "cancelled", session_id=first)
    assert "Ben" not in to_client.mail.as_string()
    assert "Dr. Chen is ill." not in to_client.text


async def test_the_practitioner_reads_how_to_reach_the_only_client(
    world: World, settings: Settings
) -> None:
    await world.change(Client, world.client_id, phone="+1 303 555 0142")
    await cancel_all(world, await book_weekly(world, 2))
    mail = await mail_of(world, settings, "cancelled", "practitioner")
    assert "Client: Ana Ruiz\nEmail: ana@client.example\nPhone number: +1 303 555 0142" in mail.text
    assert mail.mail["Reply-To"] == "Ana Ruiz <ana@client.example>"


LATE: dict[str, Any] = {"deadline": {"before_minutes": 10 * 24 * 60}, "amount_minor": 4500}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"fees": [LATE]}, "To cancel: for a fee of $45.00."),
        ({"closes": LATE["deadline"]}, "To cancel: not possible online."),
    ],
)
async def test_what_cancelling_costs_is_said_of_a_session_that_is_late_already(
    world: World, settings: Settings, rules: dict[str, Any], said: str
) -> None:
    await world.add_policy({"cancel": rules})
    booked = await book_weekly(world, 3)
    await move_all(world, booked, timedelta(hours=1))
    mail = await mail_of(world, settings, "rescheduled")
    assert mail.text.count(said) == mail.html.count(said) == 1
    assert mail.text.count("To cancel: free of charge until") == 2


async def test_a_series_that_began_in_the_past_is_still_confirmed(
    world: World, context: MailContext, postbox: Postbox, clock: TestClock
) -> None:
    """Only a mail about nothing but ended sessions is dropped."""
    clock.now = START + 2 * DAY
    past, to_come = await book_weekly(world, 2)
    await move_all(world, [past], timedelta(hours=1), now=clock.now)
    (about_past,) = await world.rows(Notification, kind="rescheduled", recipient="client")
    await world.change(Notification, about_past.id, kind="booked")
    await move_all(world, [past, to_come], timedelta(hours=1), now=clock.now)
    (about_both,) = await world.rows(Notification, kind="rescheduled", recipient="client")
    await world.change(Notification, about_both.id, kind="booked")
    for notification_id, status in ((about_past.id, "dropped"), (about_both.id, "sent")):
        await send_notification(context, world.practice_id, notification_id)
        (row,) = await world.rows(Notification, id=notification_id)
        assert row.status == status
    assert len(postbox.mails) == 1


async def test_the_entry_of_a_seat_names_its_own_client_only(
    world: World, settings: Settings
) -> None:
    other = await world.add_client(name="Ben Okoro", email="ben@client.example")
    group_id = await put_group(world, START)
    mine = await put_seat(world, group_id, START, 1)
    theirs = await put_seat(world, group_id, START, 2, client_id=other)
    await cancel_all(world, [mine, theirs], people=["client"])
    mail = await mail_of(world, settings, "cancelled", session_id=mine)
    ((is_attached, method, event),) = mail.entries
    assert (is_attached, method, event["UID"]) == (False, "CANCEL", f"{mine}@reslot")
    assert event["ATTENDEE"] == "mailto:ana@client.example"
    whole = mail.mail.as_string() + event.to_ical().decode()
    assert "Ben" not in whole
    assert "ben@client.example" not in whole
    assert "more" not in mail.subject
