"""Mails and text messages about a session in person, to a reader whose clocks show another time."""

from typing import Any

import pytest

from app.domain.session import Format
from app.mail.texts.formatter import Formatter
from app.notifications.mail.facts import start_of
from app.notifications.sms.content import text_of_session
from app.tables.practices import Client, Location
from tests.notifications.reading import Read
from tests.notifications.scenario import START, Scenario
from tests.notifications.test_nudges import nudged
from tests.world import NOW, World

SUBJECT = "Ihr Termin ist gebucht: 3. Dezember 2026, {} Uhr"
BY_PLACE = "10:00 bis 10:50 Uhr (Nordamerikanische Ostküsten-Normalzeit)"
BY_CLIENT = "Donnerstag, 3. Dezember 2026, 16:00 bis 16:50 Uhr (Mitteleuropäische Normalzeit)"


@pytest.fixture(autouse=True)
async def abroad(world: World) -> None:
    await world.change(Client, world.client_id, time_zone="Europe/Berlin", locale="de-DE")


async def book_in_person(scenario: Scenario) -> Any:
    return await scenario.book(format=Format.IN_PERSON, location_id=scenario.world.location_id)


async def test_the_clocks_of_the_place_lead(scenario: Scenario, read: Any) -> None:
    mail: Read = await read(await book_in_person(scenario), "booked")
    assert mail.subject == SUBJECT.format("10:00") + " (Nordamerikanische Ostküsten-Normalzeit)"
    assert f"Wann: Donnerstag, 3. Dezember 2026, {BY_PLACE}; für Sie: {BY_CLIENT}\n" in mail.text
    assert 'bold;">10:00 – 10:50</span>' in mail.html  # noqa: RUF001
    assert mail.attached[0].get_filename() == "2026-12-03-1000.ics"


async def test_of_a_video_session_the_clocks_of_the_client_lead(
    scenario: Scenario, read: Any
) -> None:
    mail: Read = await read(await scenario.book(), "booked")
    assert mail.subject == SUBJECT.format("16:00")
    assert f"Wann: {BY_CLIENT}\n" in mail.text


async def test_clocks_that_show_the_same_time_are_said_once(scenario: Scenario, read: Any) -> None:
    world = scenario.world
    await world.change(Location, world.location_id, time_zone="Europe/Paris")
    session_id = await book_in_person(scenario)
    mail: Read = await read(session_id, "booked")
    assert mail.subject == SUBJECT.format("16:00")
    assert f"Wann: {BY_CLIENT}\n" in mail.text
    # It is the practitioner who looks at other clocks then.
    mail = await read(session_id, "booked", "practitioner")
    assert "4:00 PM (Central European Standard Time)" in mail.subject
    assert "; for you: Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in mail.text


async def test_a_time_before_leads_by_its_own_place(scenario: Scenario, read: Any) -> None:
    session_id = await book_in_person(scenario)
    await scenario.tell_all(session_id)
    await scenario.move(session_id, START.replace(hour=17))
    mail: Read = await read(session_id, "rescheduled")
    assert "Wann: Donnerstag, 3. Dezember 2026, 18:00 bis 18:50 Uhr (Mittel" in mail.text
    assert f"Bisher: Donnerstag, 3. Dezember 2026, {BY_PLACE}; für Sie: {BY_CLIENT}" in mail.text


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        (None, "10:00 Uhr (GMT-05:00)"),
        ("America/Denver", "08:00 Uhr (GMT-07:00)"),
        ("Europe/Paris", "16:00 Uhr"),
    ],
)
async def test_a_text_message_names_the_clocks_of_the_place(
    zone: str | None, when: str, scenario: Scenario
) -> None:
    world = scenario.world
    await world.change(Location, world.location_id, time_zone=zone)
    data = await scenario.mail_data(await book_in_person(scenario), "booked")
    assert f"{when}. https://" in text_of_session(data, "https://x.example", NOW).replace(
        "; ", ". "
    )


async def test_deadlines_in_a_text_message_name_their_zone_beside_the_places(
    scenario: Scenario,
) -> None:
    session_id = await nudged(
        scenario, format=Format.IN_PERSON, location_id=scenario.world.location_id
    )
    text = text_of_session(await scenario.mail_data(session_id, "nudge"), "https://x.example", NOW)
    assert "10:00 Uhr (GMT-05:00)" in text
    assert "16:00 Uhr (" in text


async def test_proposals_are_by_the_same_clocks(scenario: Scenario) -> None:
    data = await scenario.mail_data(await book_in_person(scenario), "booked")
    formatter = Formatter("de-DE", data.client.zone)
    assert start_of(data.present, START.replace(hour=17), formatter) == (
        "Donnerstag, 3. Dezember 2026, 12:00 Uhr (Nordamerikanische Ostküsten-Normalzeit); "
        "für Sie: Donnerstag, 3. Dezember 2026, 18:00 Uhr (Mitteleuropäische Normalzeit)"
    )
