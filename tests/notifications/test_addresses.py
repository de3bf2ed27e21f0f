"""Mails go to exactly the stored domain, in its ASCII form wherever software reads it."""

from dataclasses import replace
from email.message import EmailMessage
from functools import partial

import icalendar
import pytest
from sqlalchemy import select, update

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.mail.calendar import Person, make_calendar
from app.mail.context import MailContext
from app.mail.sanitize import mailbox
from app.mail.senders import make_sender
from app.notifications.delivery import send_notification
from app.notifications.mail.data import PracticeMailData
from app.notifications.mail.practice_notification import make_practice_mail
from app.outbox.errors import UndeliverableError
from app.tables.identity import SignInRequest
from app.tables.practices import Client, Practice, Practitioner
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import Scenario
from tests.notifications.test_calendar import EVENT, NOW
from tests.notifications.test_sign_in_mails import ask
from tests.world import TestClock, World

# A sign-in looks for the address at every practice.
pytestmark = pytest.mark.alone

UNICODE, ASCII = "faß.example", "xn--fa-hia.example"


@pytest.fixture
async def strange(world: World) -> World:
    """All addresses are at a domain that IDNA 2003 maps to another one."""
    await world.change(Client, world.client_id, email=f"ana@{UNICODE}")
    await world.change(Practitioner, world.practitioner_id, email=f"maya@{UNICODE}")
    async with world.engine.begin() as db:
        own = Practice.practice_id == world.practice_id
        await db.execute(update(Practice).where(own).values(email=f"hello@{UNICODE}"))
    return world


@pytest.fixture
def context(smtp_settings: Settings, strange: World, clock: TestClock) -> MailContext:
    """A mail context whose sender is at such a domain too."""
    settings = smtp_settings.model_copy(update={"mail_from": f"no-reply@{UNICODE}"})
    return MailContext(strange.engine, make_sender(settings), settings, clock)


def addresses(mail: EmailMessage, header: str) -> list[str]:
    return [address.addr_spec for address in mail[header].addresses]


async def test_a_notification_reaches_exactly_the_stored_domain(
    context: MailContext, strange: World, scenario: Scenario, postbox: Postbox
) -> None:
    data = await scenario.mail_data(await scenario.book(), "booked")
    await send_notification(context, strange.practice_id, data.notification_id)
    (mail,) = postbox.mails
    assert postbox.recipients == [f"ana@{ASCII}"]
    assert postbox.senders == [f"no-reply@{ASCII}"]
    assert addresses(mail, "To") == [f"ana@{ASCII}"]
    assert addresses(mail, "Reply-To") == [f"maya@{ASCII}"]
    assert addresses(mail, "From") == [f"no-reply@{ASCII}"]
    assert mail["Message-ID"].endswith(f"@{ASCII}>")
    part = next(found for found in mail.walk() if found.get_content_type() == "text/calendar")
    (event,) = icalendar.Calendar.from_ical(part.get_content()).events
    assert str(event["ATTENDEE"]) == f"mailto:ana@{ASCII}"
    assert str(event["ORGANIZER"]) == f"mailto:hello@{ASCII}"


async def test_the_practitioner_and_the_practice_are_reached(
    context: MailContext, strange: World, scenario: Scenario, postbox: Postbox
) -> None:
    data = await scenario.mail_data(await scenario.book(), "booked", "practitioner")
    await send_notification(context, strange.practice_id, data.notification_id)
    assert postbox.recipients == [f"maya@{ASCII}"]
    details = {
        "failures": 20,
        "failing_since": NOW.isoformat(),
        "gone": False,
        "host": "crm.example",
        "error": "Timeout",
    }
    to_practice = PracticeMailData(
        data.notification_id, "Harbor", f"hello@{UNICODE}", data.session_id, NOW, details
    )
    mail = make_practice_mail(to_practice, context.settings, NOW)
    assert addresses(mail, "To") == [f"hello@{ASCII}"]
    assert mail["Message-ID"].endswith(f"@{ASCII}>")


@pytest.mark.parametrize("stored", [f"ana@{UNICODE}", f"Ana@{ASCII}"])
@pytest.mark.parametrize("typed", [f"ana@{UNICODE}", f"ana@{ASCII}", f"ANA@{ASCII.upper()}"])
async def test_a_sign_in_link_reaches_exactly_the_stored_domain(
    context: MailContext, strange: World, postbox: Postbox, stored: str, typed: str
) -> None:
    """Both spellings are the same mailbox, whichever is stored."""
    await strange.change(Client, strange.client_id, email=stored)
    await send_sign_in(context, await ask(strange, typed))
    assert [address.lower() for address in postbox.recipients] == [f"ana@{ASCII}"]
    assert postbox.mails[0]["Message-ID"].endswith(f"@{ASCII}>")


async def test_the_domain_that_idna_2003_means_is_another_mailbox(
    context: MailContext, strange: World, postbox: Postbox
) -> None:
    await send_sign_in(context, await ask(strange, "ana@fass.example"))
    assert postbox.mails == []


async def test_requests_for_both_spellings_are_counted_together(
    strange: World, context: MailContext, postbox: Postbox
) -> None:
    for domain in (UNICODE, ASCII, UNICODE, ASCII, UNICODE):
        await send_sign_in(context, await ask(strange, f"ana@{domain}"))
    assert len(postbox.mails) == 5
    sixth = f"ana@{ASCII.upper()}"
    hashed = hash_address(strange.settings.keys, sixth)
    command = partial(ask_for_link, address=sixth, address_hash=hashed, now=NOW)
    await transact(strange.engine, command)
    async with strange.engine.connect() as db:
        assert (await db.execute(select(SignInRequest.id))).all() == []


def test_a_local_part_beyond_ascii_is_undeliverable() -> None:
    """The address was stored before such addresses were refused; SMTPUTF8 is not supported."""
    with pytest.raises(UndeliverableError):
        mailbox("Ana", "änä@client.example")


def test_a_calendar_file_is_ascii_where_it_names_addresses() -> None:
    strange = replace(
        EVENT,
        organizer=Person("Jo", "jo@bücher.example"),
        attendee=Person("Ana", f"a@{UNICODE}"),
    )
    lines = make_calendar(strange, "REQUEST", NOW).decode().replace("\r\n ", "")
    assert "mailto:jo@xn--bcher-kva.example" in lines
    assert f"mailto:a@{ASCII}" in lines
