"""Mails of sessions that can be booked again, and of clients who cannot come."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.scenario import START
from tests.world import NOW, Api, TestClock, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TO = START + 7 * DAY
LATE = START - HOUR
CANCEL: dict[str, Any] = {
    "closes": {"before_minutes": 30},
    "fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}],
}
CREDITED: dict[str, Any] = {"cancel": CANCEL, "rebook": {"days": 30, "fee": "credited"}}
LINK = "/portal/#"


async def cancel(api: Api, session_id: UUID) -> None:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def miss(staff: Api, session_id: UUID) -> None:
    path = f"/v1/practice/sessions/{session_id}/noshow"
    assert (await staff.post(path, {"charge_fee": True})).status_code == 200


async def test_a_missed_session_has_the_link_while_it_can_be_booked_again(
    read: Any, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CREDITED)
    session_id = await world.book(START)
    clock.now = START + HOUR
    await miss(staff, session_id)
    mail = await read(session_id, "noshow", now=START + HOUR)
    assert LINK in mail.text
    assert "Until Saturday, January 2, 2027, 10:00" in mail.text
    assert "you can choose another time for this session" in mail.text
    too_late = await read(session_id, "noshow", now=START + 30 * DAY + timedelta(microseconds=1))
    assert LINK not in too_late.text
    assert "choose another time" not in too_late.text


async def test_a_missed_session_with_a_fee_has_it_while_the_client_can_ask_for_a_waiver(
    read: Any, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": CANCEL})
    session_id = await world.book(START)
    clock.now = START + HOUR
    await miss(staff, session_id)
    last = START + HOUR + 7 * DAY
    mail = await read(session_id, "noshow", now=last)
    assert "Until Thursday, December 10, 2026, 11:00" in mail.text
    assert "you can ask Harbor Wellness to waive this fee" in mail.text
    assert [label for label, _ in mail.links] == ["See what you can do now"]
    too_late = await read(session_id, "noshow", now=last + timedelta(microseconds=1))
    assert LINK not in too_late.text
    assert "waive" not in too_late.text


async def test_a_missed_session_without_a_fee_has_none(
    read: Any, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": CANCEL})
    session_id = await world.book(START)
    clock.now = START + HOUR
    path = f"/v1/practice/sessions/{session_id}/noshow"
    assert (await staff.post(path, {"charge_fee": False})).status_code == 200
    assert LINK not in (await read(session_id, "noshow", now=START + HOUR)).text


@pytest.mark.parametrize("question", [{}, {"ask_waiver": {"note": "I am ill."}}])
async def test_a_charged_cancellation_says_until_when_the_client_can_ask_for_a_waiver(
    read: Any, api: Api, world: World, clock: TestClock, question: dict[str, Any]
) -> None:
    await world.add_policy({"cancel": CANCEL})
    session_id = await world.book(START)
    clock.now = LATE
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote, **question)).status_code == 200
    mail = await read(session_id, "cancelled", now=LATE)
    assert ("you can ask Harbor Wellness to waive this fee" in mail.text) is not bool(question)
    assert ("You have asked" in mail.text) is bool(question)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "you can choose another time for this session"),
        ("de-DE", "können Sie über den Link in dieser Nachricht eine andere Zeit"),
        ("fr-FR", "vous pouvez choisir un autre horaire"),
        ("es-ES", "puede elegir otra hora para esta cita"),
    ],
)
async def test_a_cancellation_says_until_when_it_can_be_booked_again(
    read: Any, api: Api, world: World, clock: TestClock, locale: str, sentence: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await world.add_policy(CREDITED)
    session_id = await world.book(START)
    clock.now = LATE
    await cancel(api, session_id)
    mail = await read(session_id, "cancelled", now=LATE)
    assert sentence in mail.text
    assert LINK in mail.text
    practitioner = await read(session_id, "cancelled", "practitioner", now=LATE)
    assert "choose another time" not in practitioner.text


async def test_a_session_that_is_booked_again_says_so_and_what_became_of_its_fee(
    read: Any, api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CREDITED)
    session_id = await world.book(START)
    clock.now = LATE
    await cancel(api, session_id)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    assert (await api.reschedule(session_id, TO, quote=quote)).status_code == 200
    mail = await read(session_id, "rescheduled", now=LATE)
    assert mail.subject == "Your session is booked again: December 10, 2026, 10:00 AM"
    assert "You booked your session again.\nIt had been cancelled before." in mail.text
    assert "Before: Thursday, December 3, 2026" in mail.text
    assert "The fee that was due before no longer applies." in mail.text
    assert "costs at least $45.00" in mail.text
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event.start) == ("REQUEST", 2, TO)
    cancelled = await read(session_id, "cancelled", now=LATE)
    assert "choose another time" not in cancelled.text
    practitioner = await read(session_id, "rescheduled", "practitioner", now=LATE)
    assert practitioner.subject == "Session booked again: December 10, 2026, 10:00 AM"
    assert "Ana Ruiz booked this session again.\nIt had been cancelled before." in practitioner.text


@pytest.mark.parametrize(
    ("locale", "subject", "sentence"),
    [
        ("en-US", "Your session is booked again", "It had been marked as missed before."),
        ("de-DE", "Ihr Termin ist wieder gebucht", "war zuvor als versäumt vermerkt."),
        ("fr-FR", "Votre rendez-vous est de nouveau réservé", "noté comme manqué auparavant."),
        ("es-ES", "Su cita está reservada de nuevo", "se había anotado como inasistencia."),
    ],
)
async def test_a_missed_session_that_is_booked_again_says_that_it_was_missed(
    read: Any,
    api: Api,
    staff: Api,
    world: World,
    clock: TestClock,
    locale: str,
    subject: str,
    sentence: str,
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await world.add_policy({"rebook": {"days": 30, "fee": "stands"}})
    session_id = await world.book(START)
    clock.now = START + HOUR
    await miss(staff, session_id)
    await world.change_all(Notification, status="sent", finished_at=clock.now)
    assert (await api.reschedule(session_id, TO)).status_code == 200
    mail = await read(session_id, "rescheduled", now=START + HOUR)
    assert mail.subject.startswith(subject)
    assert sentence in mail.text


async def test_at_the_former_time_nothing_was_different_before(
    read: Any, api: Api, world: World
) -> None:
    await world.add_policy(CREDITED)
    session_id = await world.book(START)
    await cancel(api, session_id)
    assert (await api.reschedule(session_id, START)).status_code == 200
    assert "Before" not in (await read(session_id, "rescheduled")).text


# Absence

ABSENT = {"reason": {"code": "unwell", "note": "I woke up with a fever."}, "free_time": False}


LABELS = {
    "en-US": "Open your session",
    "de-DE": "Termin öffnen",
    "fr-FR": "Ouvrir votre rendez-vous",
    "es-ES": "Abrir su cita",
}


async def absent(api: Api, world: World, clock: TestClock) -> UUID:
    await world.add_policy({"cancel": CANCEL | {"closes": {"before_minutes": 120}}})
    session_id = await world.book(START)
    clock.now = LATE
    answer = await api.post(f"/v1/sessions/{session_id}/absence", ABSENT)
    assert answer.status_code == 200, answer.text
    return session_id


@pytest.mark.parametrize(
    ("locale", "subject", "sentence"),
    [
        ("en-US", "We have noted that you cannot come: ", "The session stays booked."),
        (
            "de-DE",
            "Wir haben notiert, dass Sie nicht kommen können: ",
            "Der Termin bleibt gebucht.",
        ),
        ("fr-FR", "Nous avons noté que vous ne pouvez pas venir", "Le rendez-vous reste réservé."),
        ("es-ES", "Hemos anotado que no puede venir: ", "La cita sigue reservada."),
    ],
)
async def test_the_client_is_told_what_has_been_noted(
    read: Any,
    api: Api,
    world: World,
    clock: TestClock,
    locale: str,
    subject: str,
    sentence: str,
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    session_id = await absent(api, world, clock)
    mail = await read(session_id, "absence", now=LATE)
    assert mail.subject.startswith(subject)
    assert sentence in mail.text
    assert LINK in mail.text
    assert mail.links[0][0] == LABELS[locale]
    assert "fever" not in mail.text
    assert mail.parts == ["text/plain", "text/html"]


async def test_the_practitioner_is_told_who_and_why(
    read: Any, api: Api, world: World, clock: TestClock
) -> None:
    session_id = await absent(api, world, clock)
    mail = await read(session_id, "absence", "practitioner", now=LATE)
    assert mail.subject == "A client cannot come: December 3, 2026, 10:00 AM"
    assert "Unwell" in mail.text
    assert "I woke up with a fever." in mail.text
    assert "The session stays booked, and its time is not free." in mail.text
    assert LINK not in mail.text
    assert NOW < LATE


async def test_the_practitioner_is_told_that_an_absent_client_has_given_up_the_time(
    read: Any, api: Api, world: World, clock: TestClock
) -> None:
    session_id = await absent(api, world, clock)
    quote = (await api.session(session_id))["actions"]["absence"]["quote"]
    body = ABSENT | {"free_time": True, "quote": quote}
    assert (await api.post(f"/v1/sessions/{session_id}/absence", body)).status_code == 200
    mail = await read(session_id, "cancelled", "practitioner", now=LATE)
    assert "Ana Ruiz cancelled this session." in mail.text
    assert "after the deadline for cancelling. The time of the session was freed." in mail.text
