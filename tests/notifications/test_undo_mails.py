"""Mails about a change that its client took back after the first mail had left."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.scenario import START
from tests.world import NOW, Api, World

LATER = START + timedelta(hours=2)


async def undo_after_the_mails(api: Api, world: World, session_id: UUID) -> None:
    await world.change_all(Notification, status="sent", finished_at=NOW)
    answer = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert answer.status_code == 200, answer.text


async def test_a_cancellation_that_was_taken_back(read: Any, api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    await undo_after_the_mails(api, world, session_id)
    mail = await read(session_id, "restored")
    assert mail.subject == "Your session is booked again: December 3, 2026, 10:00 AM"
    assert "cancelled by" not in mail.text
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event["STATUS"]) == ("REQUEST", 2, "CONFIRMED")
    practitioner = await read(session_id, "restored", "practitioner")
    assert practitioner.subject == "Session booked again: December 3, 2026, 10:00 AM"


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en-US", "Your session is as it was before: December 3, 2026, 10:00 AM"),
        ("fr-FR", "Votre rendez-vous est de nouveau comme avant\u00a0: 3 décembre 2026 à 10:00"),
        ("de-DE", "Ihr Termin ist wieder wie zuvor: 3. Dezember 2026 um 10:00"),
        ("es-ES", "Su cita vuelve a estar como antes: 3 de diciembre de 2026, 10:00"),
    ],
)
async def test_a_move_that_was_taken_back(
    read: Any, api: Api, world: World, locale: str, subject: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    assert (await api.reschedule(session_id, LATER)).status_code == 200
    await undo_after_the_mails(api, world, session_id)
    mail = await read(session_id, "restored")
    assert mail.subject.startswith(subject.partition(":")[0])
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event.start) == ("REQUEST", 2, START)
    if locale == "en-US":
        assert "Taken back" in mail.text
        assert "12:00 PM" in mail.text
        assert "credit" not in mail.text
        practitioner = await read(session_id, "restored", "practitioner")
        assert practitioner.subject == "Session as it was before: December 3, 2026, 10:00 AM"
