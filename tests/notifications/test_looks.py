"""The practice's look in mails, and what mail programs read in them (product.md, "Mails")."""

import json
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from app.domain.session import Format
from app.identity.sign_in.delivery import send_sign_in
from app.identity.tokens.link import LinkTokens
from app.mail.colours import CONTRAST, DARK_PAGE, LIGHT_PAGE, contrast, on_dark, on_light
from app.mail.context import MailContext
from app.mail.sanitize import mail_url, phone_url
from app.tables.practices import Client, Practice, Practitioner
from tests.notifications.postbox import Postbox
from tests.notifications.reading import Read
from tests.notifications.scenario import START, Scenario
from tests.notifications.test_sign_in_mails import ask
from tests.pictures import picture
from tests.world import World

DAY = timedelta(days=1)
NAME = f"{'ab' * 32}.png"
MARKUP = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


async def give_look(world: World, **look: Any) -> None:
    await world.add_picture(NAME, small=picture(size=(224, 112)))
    await world.change_all(Practice, logo=NAME, **look)


def inline(mail: EmailMessage) -> Any:
    """Return the only picture of a mail."""
    (found,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    return found


def reservations(mail: Read) -> Any:
    (written,) = MARKUP.findall(mail.html)
    return json.loads(written)


async def test_a_mail_has_the_logo_inside_and_asks_no_other_host(
    read: Any, scenario: Scenario, world: World
) -> None:
    await give_look(world)
    mail = await read(await scenario.book(), "booked")
    logo = inline(mail.mail)
    assert logo.get_content() == picture(size=(224, 112))
    assert logo["Content-Disposition"].content_disposition == "inline"
    (shown,) = re.findall(r"<img [^>]*>", mail.html)
    assert f'src="cid:{logo["Content-ID"].strip("<>")}"' in shown
    assert 'width="112" height="56"' in shown
    assert not re.findall(r"(?:src|background)=.?https?:|url\(", mail.html)
    assert mail.parts == ["text/plain", "multipart/related", "text/calendar"]


async def test_a_mail_without_a_look_has_the_name_and_no_picture(
    read: Any, scenario: Scenario
) -> None:
    mail = await read(await scenario.book(), "booked")
    assert "Harbor Wellness" in mail.html
    assert "<img" not in mail.html
    assert mail.parts == ["text/plain", "text/html", "text/calendar"]


@pytest.mark.parametrize("recipient", ["client", "practitioner"])
async def test_a_mail_has_the_practices_sender_colour_and_end(
    read: Any, scenario: Scenario, world: World, recipient: str
) -> None:
    await give_look(
        world,
        sender_name="The Harbor team",
        accent="#ffd400",
        website="https://harbor.example/start",
        address="12 Harbor Street\nNew York",
        footer="Harbor <b>LLC</b>",
    )
    mail = await read(await scenario.book(), "booked", recipient)
    assert str(mail.mail["From"]) == "The Harbor team <no-reply@reslot.example>"
    assert f'bgcolor="{on_light("#ffd400")}"' in mail.html
    assert 'bgcolor="#ffd400"' not in mail.html
    assert 'href="https://harbor.example/start"' in mail.html
    assert "12 Harbor Street, New York" in mail.html
    assert "Harbor &lt;b&gt;LLC&lt;/b&gt;" in mail.html
    for line in ("12 Harbor Street\nNew York", "https://harbor.example/start", "Harbor <b>LLC</b>"):
        assert line in mail.text


@pytest.mark.alone
async def test_a_sign_in_mail_has_the_look_of_its_practice(
    context: MailContext, world: World, postbox: Postbox
) -> None:
    await give_look(world, sender_name="The Harbor team", accent="#2a6f6b")
    await send_sign_in(context, await ask(world))
    (mail,) = postbox.mails
    assert str(mail["From"]) == "The Harbor team <no-reply@reslot.example>"
    assert inline(mail).get_content_type() == "image/png"
    assert "#2a6f6b" in mail.as_string()


@pytest.mark.parametrize(
    "accent", ["#ffffff", "#000000", "#ffd400", "#2a6f6b", "#ff0000", "#00ff00", "#808080"]
)
def test_a_colour_is_corrected_as_little_as_needed(accent: str) -> None:
    assert contrast(on_light(accent), LIGHT_PAGE) >= CONTRAST
    assert contrast(on_dark(accent), DARK_PAGE) >= CONTRAST
    if contrast(accent, LIGHT_PAGE) >= CONTRAST:
        assert on_light(accent) == accent
    if contrast(accent, DARK_PAGE) >= CONTRAST:
        assert on_dark(accent) == accent


async def test_lists_of_mails_show_the_time_and_nobody(
    read: Any, scenario: Scenario, world: World
) -> None:
    await give_look(world)
    session_id = await scenario.book()
    await scenario.cancel(session_id, actor="practice")
    for recipient in ("client", "practitioner"):
        mail = await read(session_id, "cancelled", recipient)
        hidden = mail.html.partition("mso-hide:all")[2].partition(">")[2].partition("</div>")[0]
        assert hidden.startswith("Thursday, December 3, 2026, 10:00 AM to 10:50 AM")
        for private in ("Ana", "Maya", "Follow-up", "Secret", "Harbor"):
            assert private not in hidden


async def test_the_place_leads_to_a_map(read: Any, scenario: Scenario, world: World) -> None:
    session_id = await scenario.book(format=Format.IN_PERSON, location_id=world.location_id)
    mail = await read(session_id, "booked")
    link = "https://www.google.com/maps/search/?api=1&amp;query=1%20Harbor%20Street"
    assert f'href="{link}"' in mail.html


async def test_mail_programs_read_the_reservation(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book(format=Format.IN_PERSON, location_id=world.location_id)
    await world.change(Client, world.client_id, name="</script><script>alert(1)</script>")
    mail = await read(session_id, "booked")
    (found,) = reservations(mail)
    assert found["@type"] == "EventReservation"
    assert found["reservationStatus"] == "https://schema.org/ReservationConfirmed"
    assert found["reservationNumber"] == str(session_id)
    assert found["underName"]["name"] == "</script><script>alert(1)</script>"
    event = found["reservationFor"]
    assert (event["startDate"], event["endDate"]) == (
        "2026-12-03T10:00:00-05:00",
        "2026-12-03T10:50:00-05:00",
    )
    assert event["location"]["address"] == "1 Harbor Street"
    token = found["modifyReservationUrl"].partition("#")[2]
    assert LinkTokens(world.settings.keys).read(token).session_id == session_id
    await scenario.cancel(session_id)
    (found,) = reservations(await read(session_id, "cancelled"))
    assert found["reservationStatus"] == "https://schema.org/ReservationCancelled"


async def test_only_mails_that_say_how_a_session_stands_have_a_reservation(
    read: Any, scenario: Scenario
) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + DAY)
    assert reservations(await read(session_id, "booked")) == []
    assert "ld+json" not in (await read(session_id, "booked", "practitioner")).html
    await scenario.miss(session_id)
    assert "ld+json" not in (await read(session_id, "noshow")).html


async def test_mails_about_one_session_are_one_thread(read: Any, scenario: Scenario) -> None:
    session_id, other = await scenario.book(), await scenario.book(START + DAY)
    await scenario.cancel(session_id)
    for kind in ("booked", "cancelled", "reminder"):
        mail = (await read(session_id, kind)).mail
        assert mail["References"] == mail["In-Reply-To"] == f"<{session_id}@reslot.example>"
    assert str(session_id) not in (await read(other, "booked")).mail["References"]


async def test_the_calendar_part_is_attached_as_well(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    (attached,) = (await read(session_id, "booked")).attached
    assert attached.get_filename() == "2026-12-03-1000.ics"
    assert attached.is_attachment()
    assert (await read(session_id, "reminder")).attached == []


async def test_what_people_typed_has_no_language(read: Any, scenario: Scenario) -> None:
    mail = await read(await scenario.book(format=Format.PHONE), "booked")
    assert re.search(r'<td[^>]* lang=""[^>]*>We call you.</td>', mail.html)


@pytest.mark.parametrize(
    ("locale", "subject", "sentence"),
    [
        (None, "Session cancelled: December 3, 2026, 10:00 AM", "Ana Ruiz cancelled this session."),
        ("de-DE", "Termin abgesagt: 3. Dezember", "Ana Ruiz hat diesen Termin abgesagt."),
        ("fr-FR", "Rendez-vous annulé", "Ana Ruiz a annulé ce rendez-vous."),
        ("es-ES", "Cita cancelada", "Ana Ruiz ha cancelado esta cita."),
    ],
)
async def test_a_practitioner_reads_their_own_language(
    read: Any,
    scenario: Scenario,
    world: World,
    locale: str | None,
    subject: str,
    sentence: str,
) -> None:
    await world.change_all(Practitioner, locale=locale)
    session_id = await scenario.book()
    await scenario.cancel(session_id)
    mail = await read(session_id, "cancelled", "practitioner")
    assert mail.subject.startswith(subject)
    assert sentence in mail.text
    assert mail.mail["Content-Language"] == (locale or "en-US")


async def test_a_practitioner_has_one_entry_for_a_session(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.change(Client, world.client_id, phone="+49 (0)30 5550142")
    session_id = await scenario.book()
    await scenario.move(session_id, START + DAY)
    await scenario.cancel(session_id)
    mail = await read(session_id, "cancelled", "practitioner")
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event["UID"]) == ("CANCEL", 2, f"{session_id}@reslot")
    assert event["SUMMARY"] == "Follow-up, Ana Ruiz"
    assert event["ATTENDEE"] == "mailto:maya@harbor.example"
    assert "Secret" not in event.to_ical().decode()
    assert "ana@client.example" not in event.to_ical().decode()
    assert mail.parts == ["text/plain", "text/html", "text/calendar"]
    assert 'href="mailto:ana@client.example"' in mail.html
    assert 'href="tel:+49305550142"' in mail.html
    # The later change has sent its own.
    assert "text/calendar" not in (await read(session_id, "booked", "practitioner")).parts


@pytest.mark.parametrize(
    ("code", "note", "shown"),
    [
        ("work", "A meeting.", "Reason: Work: A meeting."),
        ("work", "work", "Reason: work"),
        ("work", None, "Reason: Work"),
        ("other", "A meeting.", "Reason: A meeting."),
        (None, "A meeting.", "Reason: A meeting."),
        (None, None, None),
    ],
)
async def test_a_reason_is_said_once(
    read: Any, scenario: Scenario, code: str | None, note: str | None, shown: str | None
) -> None:
    session_id = await scenario.book()
    await scenario.cancel(session_id, code=code, note=note)
    lines = (await read(session_id, "cancelled", "practitioner")).text.splitlines()
    found = [line for line in lines if line.startswith("Reason")]
    assert found == ([] if shown is None else [shown])


@pytest.mark.parametrize(
    ("phone", "url"),
    [
        ("+1 212 555 0100", "tel:+12125550100"),
        ("+49 (0)30 555 01-42", "tel:+49305550142"),
        ("(030) 5550142", "tel:0305550142"),
        ("+1 212 555 0100 ext. 12", "tel:+12125550100"),
        ("+1 212 555 0100 x12", "tel:+12125550100"),
        ("+1 212 555 0100;ext=12", "tel:+12125550100"),
        ("ask at the desk", None),
        ("112", None),
    ],
)
def test_a_number_can_be_called(phone: str, url: str | None) -> None:
    assert phone_url(phone) == url


def test_only_a_valid_address_can_be_written_to() -> None:
    assert mail_url("ana@client.example") == "mailto:ana@client.example"
    assert mail_url("ana@client.example?bcc=x@y.example") is None or "?" not in str(
        mail_url("ana@client.example?bcc=x@y.example")
    )
    assert mail_url("no address") is None
