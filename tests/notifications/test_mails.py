"""Every kind of mail, parsed as a mail program does."""

from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from app.configuration.settings import Settings
from app.domain.money import Money
from app.domain.policy.decide import decide
from app.domain.policy.rules import Action, Credit
from app.domain.session import Format
from app.identity.tokens.link import Link, LinkTokens
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.outbox.errors import UndeliverableError
from app.outbox.outbox import Kind, Recipient
from app.policies.stored import rules_of
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Practitioner
from app.tables.sessions import Session
from tests.notifications.reading import Read
from tests.notifications.scenario import START, Scenario
from tests.world import NOW, Api, World

LATE_FEE = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}],
    }
}
ONE_DAY = timedelta(days=1)


def formatter(data: MailData) -> Formatter:
    return Formatter(data.client.locale, data.client.zone)


async def test_a_booking_confirmation(read: Any, scenario: Scenario, world: World) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    mail = await read(session_id, "booked")
    assert mail.parts == ["text/plain", "text/html", "text/calendar"]
    assert mail.subject == "Your session is booked: December 3, 2026, 10:00 AM"
    when = "Thursday, December 3, 2026, 10:00 AM to 10:50 AM (Eastern Standard Time)"
    for part in (mail.text, mail.html):
        assert when in part
        assert "Follow-up" in part
        assert "Dr. Maya Chen" in part
        assert "https://video.example/maya" in part
        assert "Please tell us a day ahead." in part
        assert "$60.00" in part
    assert "+1 212 555 0100" in mail.text
    method, event = mail.calendar
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert event.start == START
    assert event["UID"] == f"{session_id}@reslot"
    assert event["ATTENDEE"] == "mailto:ana@client.example"
    assert event["ORGANIZER"] == "mailto:hello@harbor.example"
    assert "token" not in str(event)
    assert mail.token not in event.to_ical().decode()


async def test_the_headers(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    mail = (await read(session_id, "booked")).mail
    notification_id = await scenario.notification(session_id, "booked")
    assert mail["Message-ID"] == f"<{notification_id}@reslot.example>"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["From"]) == "Harbor Wellness <no-reply@reslot.example>"
    assert str(mail["To"]) == "Ana Ruiz <ana@client.example>"
    assert mail["Reply-To"].addresses[0].addr_spec == "maya@harbor.example"
    to_practitioner = (await read(session_id, "booked", "practitioner")).mail
    assert to_practitioner["To"].addresses[0].addr_spec == "maya@harbor.example"
    assert to_practitioner["Reply-To"].addresses[0].addr_spec == "ana@client.example"


@pytest.mark.parametrize(
    ("email", "phone", "reply_to", "called"),
    [
        ("maya@harbor.example", None, "maya@harbor.example", "+1 212 555 0199"),
        (None, "+1 212 555 0100", "hello@harbor.example", "+1 212 555 0100"),
        (None, None, "hello@harbor.example", "+1 212 555 0199"),
        ("no address", None, "hello@harbor.example", "+1 212 555 0199"),
    ],
)
async def test_the_practice_is_the_contact_where_the_practitioner_has_none(
    read: Any,
    scenario: Scenario,
    world: World,
    email: str | None,
    phone: str | None,
    reply_to: str,
    called: str,
) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    await world.change_all(Practice, phone="+1 212 555 0199")
    await world.change_practitioner(email=email, phone=phone)
    mail = await read(await scenario.book(), "booked")
    assert mail.mail["Reply-To"].addresses[0].addr_spec == reply_to
    assert f"Reply to this message, or call {called}." in mail.text
    contact = "Dr. Maya Chen" if email or phone else "Harbor Wellness"
    assert f"Please contact {contact}." in mail.text


async def test_mails_to_a_practitioner_without_an_address_go_to_the_practice(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    assert "With: Dr. Maya Chen" not in (await read(session_id, "booked", "practitioner")).text
    await world.change_practitioner(email=None)
    mail = await read(session_id, "booked", "practitioner")
    assert str(mail.mail["To"]) == '"Dr. Maya Chen" <hello@harbor.example>'
    assert "With: Dr. Maya Chen" in mail.text


async def test_the_deadlines_are_those_of_the_policy(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    mail, data = await read(session_id, "booked"), await scenario.mail_data(session_id, "booked")
    decision = decide(rules_of(data.policy), Action.CANCEL, data.facts, NOW)
    assert decision.free_until == START - timedelta(days=1)
    assert decision.closes_at == START - timedelta(hours=2)
    assert decision.free_until is not None
    assert decision.closes_at is not None
    say = formatter(data).instant
    both = mail.text.partition("To cancel or reschedule:\n")[2].partition("\n\n")[0]
    assert both.splitlines() == [
        f"- Free of charge until {say(decision.free_until)}.",
        f"- For a fee of $60.00 until {say(decision.closes_at)}.",
    ]


async def test_the_grace_after_the_booking_is_one_of_the_deadlines(
    read: Any, scenario: Scenario, world: World
) -> None:
    late = {"fees": [{"deadline": {"before_minutes": 20_000}, "percent": "50"}]}
    await world.add_policy({"cancel": late, "grace_minutes": 90})
    session_id = await scenario.book()
    mail, data = await read(session_id, "booked"), await scenario.mail_data(session_id, "booked")
    both = mail.text.partition("To cancel or reschedule:\n")[2].partition("\n\n")[0]
    assert both.splitlines() == [
        f"- Free of charge until {formatter(data).instant(NOW + timedelta(minutes=90))}.",
        "- For a fee of $60.00 until the session starts.",
    ]


async def test_a_separate_deadline_for_moves_is_shown(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.add_policy(LATE_FEE | {"reschedule": {"closes": None}})
    mail = await read(await scenario.book(), "booked")
    cancel = mail.text.partition("To cancel:\n")[2].partition("\n\n")[0]
    move = mail.text.partition("To reschedule:\n")[2].partition("\n\n")[0]
    assert len(cancel.splitlines()) == 2
    assert move.splitlines()[1] == "- For a fee of $60.00 until the session starts."


async def test_the_dates_to_which_a_move_costs_no_fee_are_shown(
    read: Any, scenario: Scenario, world: World
) -> None:
    fees = {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 3000}]}
    within = {"free_if_within": {"days": 7}}
    await world.add_policy(LATE_FEE | {"reschedule": fees | within})
    mail = await read(await scenario.book(), "booked")
    move = mail.text.partition("To reschedule:\n")[2].partition("\n\n")[0]
    assert move.splitlines()[2] == (
        "- No fee for a move to a date from Thursday, November 26, 2026 to Thursday, December 10, "
        "2026. Cancelling after such a move costs at least what it would have cost without it."
    )
    await world.add_policy({"reschedule": fees | within})
    mail = await read(await scenario.book(START + ONE_DAY), "booked")
    assert "to Friday, December 11, 2026.\n" in mail.text
    await world.add_policy({"reschedule": within})
    mail = await read(await scenario.book(START + 2 * ONE_DAY), "booked")
    assert "No fee for a move" not in mail.text


async def test_without_a_policy_all_is_free_until_the_start(read: Any, scenario: Scenario) -> None:
    mail = await read(await scenario.book(), "booked")
    assert "To cancel or reschedule:\n- Free of charge until the session starts.\n" in mail.text
    assert "Cancellation policy" not in mail.text


async def test_passed_deadlines_and_closed_options_are_shown(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.add_policy(LATE_FEE | {"reschedule": {"enabled": False}})
    session_id = await scenario.book()
    mail = await read(session_id, "reminder", now=START - timedelta(hours=1))
    assert mail.text.count("This time has passed.") == 2
    assert "It is too close to the session to do this online." in mail.text
    assert "To reschedule:\n- This cannot be done online for this session." in mail.text
    late = await read(session_id, "booked", now=START)
    assert "To cancel" not in late.text


async def test_a_credit_forfeit_is_announced(read: Any, scenario: Scenario, world: World) -> None:
    await world.add_policy({"cancel": LATE_FEE["cancel"] | {"late_credit": "forfeited"}})
    package_id = await world.add_package()
    mail = await read(await scenario.book(package_id=package_id), "booked")
    assert "- Until Thursday, December 3, 2026, 8:00 AM (Eastern Standard Time), " in mail.text
    assert "but the credit is not returned." in mail.text


async def test_a_move_shows_the_old_and_the_new_time(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + ONE_DAY, fee=Money(6000, "USD"), credit=Credit.KEPT)
    mail = await read(session_id, "rescheduled")
    assert mail.subject == "Your session has moved to December 4, 2026, 10:00 AM"
    assert "When: Friday, December 4, 2026, 10:00 AM to" in mail.text
    assert "Before: Thursday, December 3, 2026, 10:00 AM to" in mail.text
    assert "A fee of $60.00 is due. Harbor Wellness collects it." in mail.text
    assert "stays with it" in mail.text
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event.start) == ("REQUEST", 1, START + ONE_DAY)
    to_practitioner = await read(session_id, "rescheduled", "practitioner")
    assert "When: Friday, December 4" in to_practitioner.text
    assert "Before: Thursday, December 3" in to_practitioner.text
    assert "A fee of $60.00 is due. The practice collects it." in to_practitioner.text


async def test_a_change_of_format_shows_the_location(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book_and_confirm()
    await scenario.move(
        session_id,
        START,
        kind="format_changed",
        to_format=Format.IN_PERSON,
        location_id=world.location_id,
        join_url=None,
    )
    mail = await read(session_id, "rescheduled")
    assert mail.subject.startswith("Your session has changed: ")
    assert "Before: Video\n" in mail.text
    assert "Where: Harbor Street, 1 Harbor Street" in mail.text
    assert "video.example" not in mail.text
    _, event = mail.calendar
    assert event["LOCATION"] == "Harbor Street, 1 Harbor Street"
    await scenario.tell_all(session_id)
    await scenario.move(
        session_id, START + ONE_DAY, to_format=Format.VIDEO, join_url="javascript:alert(1)"
    )
    back = await read(session_id, "rescheduled")
    assert "; In person, Harbor Street, 1 Harbor Street\n" in back.text
    assert 'href="javascript' not in back.html


async def test_a_phone_session_says_who_calls(read: Any, scenario: Scenario) -> None:
    mail = await read(await scenario.book(format=Format.PHONE), "booked")
    assert "Format: Phone\nGood to know: We call you.\n" in mail.text
    _, event = mail.calendar
    assert event["LOCATION"] == "Phone"
    assert "Good to know: We call you." in event["DESCRIPTION"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fee": Money(4500, "USD")}, "A fee of $45.00 is due. Harbor Wellness collects it."),
        ({"credit": Credit.RETURNED}, "is back in the package."),
        ({"credit": Credit.FORFEITED}, "is not returned."),
        ({"actor": "practice"}, "Harbor Wellness cancelled your session."),
        ({"actor": "link"}, "You cancelled your session."),
    ],
)
async def test_a_cancellation(
    read: Any, scenario: Scenario, world: World, change: dict[str, Any], sentence: str
) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    await scenario.cancel(session_id, **change)
    mail = await read(session_id, "cancelled")
    assert mail.subject == "Your session is cancelled: December 3, 2026, 10:00 AM"
    assert sentence in mail.text
    assert sentence in mail.html
    assert "To cancel" not in mail.text
    assert "Join:" not in mail.text
    method, event = mail.calendar
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)


async def test_the_practitioner_learns_who_and_why(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.change_all(Practitioner, time_zone="Asia/Tokyo")
    session_id = await scenario.book()
    note = "<b>Late</b>\x1b[31m\nsecond line"
    await scenario.cancel(session_id, code="work", note=note, actor="link")
    mail = await read(session_id, "cancelled", "practitioner")
    assert mail.parts == ["text/plain", "text/html", "text/calendar"]
    assert mail.subject == "Session cancelled: 4 December 2026, 00:00"
    assert "Client: Ana Ruiz" in mail.text
    assert "(Japan Standard Time)" in mail.text
    assert "Reason: Work: <b>Late</b> [31m\n    second line" in mail.text
    assert "&lt;b&gt;Late&lt;/b&gt;" in mail.html
    assert "Hello Dr. Maya Chen,\n\nAna Ruiz cancelled this session." in mail.text
    assert "/portal/" not in mail.text + mail.html


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"fr": "Je suis malade", "en": "I am ill"}, "I am ill"),
        ({"nl": "Ik ben ziek", "fr": "Je suis malade"}, "Je suis malade"),
    ],
)
async def test_a_reason_of_the_practice_has_its_own_label(
    read: Any, scenario: Scenario, world: World, labels: dict[str, str], shown: str
) -> None:
    """In English, as the mail is, or else in the first language."""
    await world.add_policy({"reasons": [{"code": "ill", "labels": labels}]})
    session_id = await scenario.book()
    await scenario.cancel(session_id, code="ill", note="A fever.")
    mail = await read(session_id, "cancelled", "practitioner")
    assert f"Reason: {shown}" in mail.text
    assert "A fever." in mail.text
    assert shown not in (await read(session_id, "cancelled")).text


async def test_an_unknown_reason_is_shown_unchanged(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    await scenario.cancel(session_id, code="new-code", note=None)
    mail = await read(session_id, "cancelled", "practitioner")
    assert "Reason: new-code" in mail.text
    assert "Note:" not in mail.text


async def test_a_missed_session(read: Any, scenario: Scenario, world: World) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    await scenario.miss(session_id, fee=Money(12000, "USD"))
    mail = await read(session_id, "noshow")
    assert mail.parts == ["text/plain", "text/html"]
    assert mail.subject == "Your session was marked as missed: December 3, 2026, 10:00 AM"
    assert mail.text.startswith(
        "Your session was marked as missed\n\nHello Ana Ruiz,\n\n"
        "Harbor Wellness marked your session as missed.\n"
        "A fee of $120.00 is due. Harbor Wellness collects it.\n"
        "If this is not right, please contact Dr. Maya Chen.\n"
        "Until Monday, December 7, 2026, 10:00 AM (Eastern Standard Time) you can ask "
        "Harbor Wellness to waive this fee, with the link in this message.\n\nWhen: "
    )
    assert "Please tell us a day ahead." in mail.text
    assert "or call +1 212 555 0100" in mail.text
    assert [label for label, _ in mail.links] == ["See what you can do now"]
    for absent in ("Need to reschedule?", "To cancel", "Join:", "Secret"):
        assert absent not in mail.text + mail.html
    to_practitioner = await read(session_id, "noshow", "practitioner")
    assert "ask" not in to_practitioner.text
    assert to_practitioner.subject == "Session marked as missed: December 3, 2026, 10:00 AM"
    assert "A fee of $120.00 is due. The practice collects it." in to_practitioner.text
    assert "Harbor Wellness marked this session as missed." in to_practitioner.text
    assert "Reason: Secret words" in to_practitioner.text
    assert "If this is not right" not in to_practitioner.text


async def test_a_missed_session_that_costs_a_credit(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    await scenario.miss(session_id, credit=Credit.FORFEITED)
    for recipient in ("client", "practitioner"):
        mail = await read(session_id, "noshow", recipient)
        assert "The credit that paid for the session is not returned." in mail.text
        assert "fee" not in mail.text


@pytest.mark.parametrize(
    ("undone", "subject", "sentence", "to_practitioner"),
    [
        (
            "cancelled",
            "Your session is booked again: ",
            "Harbor Wellness booked your session again.",
            "Session booked again: ",
        ),
        (
            "noshow",
            "Your session no longer counts as missed: ",
            "Harbor Wellness no longer counts your session as missed.",
            "Session no longer counts as missed: ",
        ),
    ],
)
async def test_an_end_that_the_practice_takes_back(
    read: Any,
    scenario: Scenario,
    world: World,
    undone: str,
    subject: str,
    sentence: str,
    to_practitioner: str,
) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    if undone == "cancelled":
        await scenario.cancel(session_id, fee=Money(6000, "USD"))
    else:
        await scenario.miss(session_id, fee=Money(6000, "USD"))
    await scenario.restore(session_id, undone=undone, voided_fee=True)
    mail = await read(session_id, "restored")
    assert mail.subject == f"{subject}December 3, 2026, 10:00 AM"
    assert f"{sentence}\nThe fee that was due before no" in mail.text
    assert "Join: https://video.example/maya" in mail.text
    assert "To cancel or reschedule:\n- Free of charge until Wednesday, December 2" in mail.text
    assert "credit" not in mail.text
    assert mail.token
    method, event = mail.calendar
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 2)
    assert event["UID"] == f"{session_id}@reslot"
    practitioner = await read(session_id, "restored", "practitioner")
    assert practitioner.subject == f"{to_practitioner}December 3, 2026, 10:00 AM"
    assert "The fee that was due before no longer applies." in practitioner.text
    assert "This session has changed again" in (await read(session_id, undone)).text


async def test_a_session_that_a_credit_pays_for_again(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book(package_id=await world.add_package())
    await scenario.miss(session_id)
    await scenario.restore(session_id)
    for recipient in ("client", "practitioner"):
        mail = await read(session_id, "restored", recipient)
        assert "A credit from the package pays for the session." in mail.text
        assert "no longer applies" not in mail.text


async def test_a_waived_fee(read: Any, scenario: Scenario, world: World) -> None:
    """The reason stays internal to the practice; other mails say that the session takes place."""
    await world.add_policy(LATE_FEE)
    session_id = await scenario.book()
    await scenario.move(session_id, START + ONE_DAY, fee=Money(6000, "USD"))
    await scenario.waive(session_id, Money(6000, "USD"))
    await scenario.cancel(session_id)
    mail = await read(session_id, "fee_waived")
    assert mail.parts == ["text/plain", "text/html"]
    assert mail.subject == "Fee waived: your session on December 4, 2026, 10:00 AM"
    assert mail.text.startswith(
        "Your fee is waived\n\nHello Ana Ruiz,\n\nHarbor Wellness has waived the fee of $60.00 for "
        "this session. You do not have to pay it.\n\nWhen: Friday"
    )
    for absent in ("/portal/", "To cancel", "is due", "Secret", "changed again", "a day ahead"):
        assert absent not in mail.text + mail.html


@pytest.mark.parametrize(
    ("locale", "fee", "forfeit"),
    [
        (
            "en-US",
            "A cancellation after the move costs at least $60.00.",
            "A cancellation after the move does not return the credit.",
        ),
        (
            "de-DE",
            "Eine Absage nach der Verschiebung kostet mindestens 60,00 $.",
            "Bei einer Absage nach der Verschiebung wird die Einheit nicht gutgeschrieben.",
        ),
        (
            "fr-FR",
            "Une annulation après le déplacement coûte au moins 60,00 $US.",
            "En cas d'annulation après le déplacement, le crédit n'est pas restitué.",
        ),
        (
            "es-ES",
            "Cancelar después de reprogramar cuesta al menos 60,00 US$.",
            "Si se cancela después de reprogramar, el crédito no se devuelve.",
        ),
    ],
)
async def test_a_mail_shows_the_carried_cost_of_a_move(
    read: Any, scenario: Scenario, world: World, locale: str, fee: str, forfeit: str
) -> None:
    await world.change_all(Client, locale=locale)
    for carries, sentence in (
        ({"fee_minor": 6000, "forfeits_credit": False}, fee),
        ({"fee_minor": None, "forfeits_credit": True}, forfeit),
    ):
        session_id = await scenario.book(START + ONE_DAY)
        await scenario.move(session_id, START, details={"carries": carries})
        mail = await read(session_id, "rescheduled")
        assert sentence in mail.text
        assert sentence in unescape(mail.html)
        await scenario.cancel(session_id)


async def test_a_mail_announces_the_carried_cost_of_a_move(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.add_policy(LATE_FEE | {"reschedule": {"fees": []}})
    mail = await read(await scenario.book(), "booked")
    assert (
        "Free of charge until Thursday, December 3, 2026, 8:00 AM (Eastern Standard Time). "
        "A cancellation after the move costs at least $60.00."
    ) in mail.text


async def test_a_reminder_shows_the_present_state(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    await world.change_all(Session, join_url="https://video.example/new")
    mail = await read(session_id, "reminder")
    assert mail.parts == ["text/plain", "text/html"]
    assert mail.subject == "Reminder: your session on December 3, 2026, 10:00 AM"
    assert "https://video.example/new" in mail.text
    assert mail.token


@pytest.mark.parametrize(
    ("locale", "subject", "sentence"),
    [
        ("en-US", "Your session has another length: ", "changed the length of your session."),
        ("de-DE", "Ihr Termin hat eine andere Dauer: ", "hat die Dauer Ihres Termins geändert."),
        ("fr-FR", "La durée de votre rendez-vous a changé", "a modifié la durée de votre"),
        ("es-ES", "La duración de su cita ha cambiado: ", "ha cambiado la duración de su cita."),
    ],
)
async def test_a_longer_session_has_changed_and_was_not_moved(
    read: Any, staff: Api, world: World, locale: str, subject: str, sentence: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    path = "/v1/practice/sessions/by-ref/visit-1"
    session_id = UUID((await staff.put(path, body)).json()["session"]["id"])
    await world.change_all(Notification, status="sent", finished_at=NOW)
    longer = await staff.put(path, body | {"duration_minutes": 80})
    assert longer.status_code == 200, longer.text
    mail = await read(session_id, "rescheduled")
    assert mail.subject.startswith(subject)
    assert sentence in mail.text
    practitioner = await read(session_id, "rescheduled", "practitioner")
    assert "Harbor Wellness changed the length of this session." in practitioner.text
    assert "Before: Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in practitioner.text


async def test_how_to_join_is_told_only_of_the_present_meeting(
    read: Any, scenario: Scenario, world: World
) -> None:
    """The history does not keep it, because it cannot be erased there."""
    session_id = await scenario.book()
    await world.change_all(Session, join_url="https://video.example/new")
    assert "https://video.example/new" in (await read(session_id, "booked")).text
    await scenario.move(session_id, START + ONE_DAY, join_url="https://video.example/moved")
    booked, moved = await read(session_id, "booked"), await read(session_id, "rescheduled")
    assert "video.example" not in booked.text
    assert "https://video.example/moved" in moved.text


async def test_a_newer_change_removes_the_calendar_part(read: Any, scenario: Scenario) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + ONE_DAY)
    mail = await read(session_id, "booked")
    assert mail.parts == ["text/plain", "text/html"]
    assert "December 3, 2026" in mail.text
    assert "This session has changed again" in mail.text
    assert "To cancel" not in mail.text
    assert mail.token
    to_practitioner = await read(session_id, "booked", "practitioner")
    assert "This session has changed again" in to_practitioner.text


async def test_every_mail_of_a_session_to_come_or_cancelled_has_the_present_link(
    read: Any, scenario: Scenario, world: World, settings: Settings
) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + ONE_DAY)
    await world.change_all(Client, address_generation=3)
    await world.change_all(Session, link_generation=2)
    await scenario.cancel(session_id)
    await scenario.restore(session_id)
    for kind in ("booked", "rescheduled", "cancelled", "restored", "reminder"):
        token = (await read(session_id, kind)).token
        link = LinkTokens(settings.keys).read(token)
        assert link == Link(world.practice_id, session_id, 3, 2)


async def test_no_name_note_or_reason_in_a_subject_or_a_calendar(
    scenario: Scenario, settings: Settings
) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + ONE_DAY)
    await scenario.cancel(session_id)
    await scenario.restore(session_id)
    await scenario.miss(session_id)
    await scenario.waive(session_id, Money(6000, "USD"))
    private = ("Ana", "Ruiz", "Maya", "Harbor", "Follow-up", "Secret", "Work", "work")
    kinds: tuple[Kind, ...] = ("booked", "rescheduled", "cancelled", "restored", "noshow")
    to_client: tuple[Kind, ...] = ("reminder", "fee_waived")
    told: dict[Recipient, tuple[Kind, ...]] = {
        "client": kinds + to_client,
        "practitioner": kinds,
    }
    for recipient, those in told.items():
        for kind in those:
            data = await scenario.mail_data(session_id, kind, recipient)
            mail = Read(data, settings)
            assert not [word for word in private if word in mail.subject]
            if recipient == "client":
                assert "Secret" not in mail.text + mail.html
                assert "Reason" not in mail.text + mail.html
            if "text/calendar" in mail.parts:
                assert "Secret" not in str(mail.calendar)


async def test_no_typed_text_reaches_a_header_or_the_markup(
    scenario: Scenario, settings: Settings
) -> None:
    session_id = await scenario.book()
    await scenario.cancel(session_id)
    typed = 'X\r\nBcc: evil@evil.example\r\n\r\n<script>"'
    for recipient in ("client", "practitioner"):
        data = await scenario.mail_data(session_id, "cancelled", recipient)
        data = replace(
            data,
            practice_name=typed,
            service_name=typed,
            client=replace(data.client, name=typed),
            practitioner=replace(data.practitioner, name=typed, phone=typed),
            change=replace(data.change, note=typed),
        )
        mail = Read(data, settings)
        assert mail.mail["Bcc"] is None
        assert len(mail.mail["To"].addresses) == len(mail.mail["From"].addresses) == 1
        assert "<script>" not in mail.html


async def test_a_bad_address_is_undeliverable(scenario: Scenario, settings: Settings) -> None:
    data = await scenario.mail_data(await scenario.book(), "booked")
    with pytest.raises(UndeliverableError):
        Read(replace(data, client=replace(data.client, email="nobody")), settings)
    contact = replace(data.contact, email="nobody")
    mail = Read(replace(data, facts=replace(data.facts, contact=contact)), settings)
    assert mail.mail["Reply-To"].addresses[0].addr_spec == data.practice_email


SAME = ("UID", "SEQUENCE", "STATUS", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "ORGANIZER")


async def test_the_calendar_file_says_what_the_entry_of_the_mail_says(
    read: Any, scenario: Scenario, api: Api
) -> None:
    """Both have the same UID and SEQUENCE, so the file may not take anything away."""
    session_id = await scenario.book()

    async def file() -> Any:
        answer = await api.get(f"/v1/sessions/{session_id}/calendar.ics")
        (event,) = Calendar.from_ical(answer.content).events
        return [str(event.get(name)) for name in SAME]

    def entry(mail: Any) -> Any:
        return [str(mail.calendar[1].get(name)) for name in SAME]

    booked = await file()
    assert booked == entry(await read(session_id, "booked"))
    assert "Dr. Maya Chen" in booked[4]
    assert "https://video.example/maya" in booked[4]
    assert (await api.cancel(session_id)).status_code == 200
    assert await file() == entry(await read(session_id, "cancelled"))


async def test_a_mail_about_a_booked_session_leads_to_the_times_and_to_the_cancellation(
    read: Any, scenario: Scenario
) -> None:
    session_id = await scenario.book()
    for kind in ("booked", "reminder"):
        mail = await read(session_id, kind)
        assert [(label, fragment.partition("&")[2]) for label, fragment in mail.links] == [
            ("Need to reschedule?", "to=reschedule"),
            ("Cancel this session", "to=cancel"),
        ]
    await scenario.cancel(session_id)
    mail = await read(session_id, "cancelled")
    assert mail.links == [("See what you can do now", mail.token)]


async def test_a_mail_has_no_link_to_what_the_policy_does_not_allow(
    read: Any, scenario: Scenario, world: World
) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    mail = await read(await scenario.book(), "booked")
    assert [fragment.partition("&")[2] for _, fragment in mail.links] == ["to=reschedule"]
    await world.add_policy({"reschedule": {"enabled": False}})
    mail = await read(await scenario.book(START + ONE_DAY), "booked")
    assert [fragment.partition("&")[2] for _, fragment in mail.links] == ["", "to=cancel"]
