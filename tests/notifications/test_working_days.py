"""Mails say the instants of deadlines in working days, as they were frozen."""

from typing import Any

import pytest

from app.tables.practices import Client, Practice
from tests.notifications.scenario import START, Scenario
from tests.world import World

RULES: dict[str, Any] = {
    "cancel": {
        "closes": {"working_days": 1, "at": "12:00"},
        "fees": [{"deadline": {"working_days": 2, "at": "16:00"}, "percent": "50"}],
    }
}


@pytest.mark.parametrize(
    ("locale", "free", "closes"),
    [
        ("en-US", "Monday, November 30, 2026, 4:00 PM", "Wednesday, December 2, 2026, 12:00 PM"),
        ("de-DE", "Montag, 30. November 2026, 16:00", "Mittwoch, 2. Dezember 2026, 12:00"),
        ("fr-FR", "lundi 30 novembre 2026 à 16:00", "mercredi 2 décembre 2026 à 12:00"),
        (
            "es-ES",
            "lunes, 30 de noviembre de 2026, 16:00",
            "miércoles, 2 de diciembre de 2026, 12:00",
        ),
    ],
)
async def test_a_mail_says_the_frozen_instants(
    read: Any, scenario: Scenario, world: World, locale: str, free: str, closes: str
) -> None:
    """The start is on Thursday 3 December; the practice works on no Tuesday."""
    await world.change(Client, world.client_id, locale=locale)
    await world.change_all(Practice, closed_weekdays=[2])
    await world.add_policy(RULES)
    session_id = await scenario.book(START)
    first = await read(session_id, "booked")
    await world.change_all(Practice, closed_weekdays=[1, 2, 3])
    later = await read(session_id, "booked")
    assert later.text == first.text
    for part in (later.text, later.html):
        assert free in part
        assert closes in part
