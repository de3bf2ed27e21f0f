"""The mail that tells until when cancelling is free, and what a confirmation sends."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.database.transactions import transact
from app.identity.tokens.access import Caller
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.sessions.commands.confirm import confirm
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Service
from app.webhooks.delivery import WebhookContext, send_webhook
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.scenario import Scenario
from tests.notifications.test_webhooks import add_endpoint, tell
from tests.world import NOW, TestClock, World

START = NOW + timedelta(days=7)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DUE = START - 2 * DAY
FREE_UNTIL = "Sunday, December 6, 2026, 10:00 AM (Eastern Standard Time)"
TIER = {"deadline": {"before_minutes": 1440}, "amount_minor": 4500}
SOFT: dict[str, Any] = {"cancel": {"fees": [TIER]}}


async def nudged(scenario: Scenario, rules: dict[str, Any] = SOFT, **values: Any) -> UUID:
    """Book a session that has a nudge."""
    world = scenario.world
    await world.change(Service, world.service_id, nudge_hours_before=24)
    await world.add_policy(rules)
    return await scenario.book(START, **values)


async def say_coming(world: World, session_id: UUID, clock: TestClock) -> None:
    caller = Caller(world.practice_id, world.client_id, 0)
    await transact(
        world.engine,
        lambda db: confirm(db, caller, session_id, if_match=None, now=clock()),
    )


async def test_it_leads_to_the_session_to_say_that_one_comes(read: Any, scenario: Scenario) -> None:
    """Regression: its links led to the free times and to the cancellation only."""
    session_id = await nudged(scenario)
    mail = await read(session_id, "nudge", now=DUE)
    labels = ["Need to reschedule?", "Tell us that you are coming", "Cancel this session"]
    assert [label for label, _ in mail.links] == labels
    assert ["&to=" in fragment for _, fragment in mail.links] == [True, False, True]
    reminder = await read(session_id, "reminder", now=DUE)
    assert [label for label, _ in reminder.links] == ["Need to reschedule?", "Cancel this session"]


async def test_it_says_until_when_both_are_free_and_what_follows(
    read: Any, scenario: Scenario
) -> None:
    mail = await read(await nudged(scenario), "nudge", now=DUE)
    assert mail.subject == (
        "Your session on December 7, 2026, 10:00 AM: cancelling is still free of charge"
    )
    for part in (mail.text, mail.html):
        assert "You can still cancel free of charge" in part
        assert f"You can cancel or move this session free of charge until {FREE_UNTIL}." in part
        assert "After that, a cancellation costs $45.00." in part
        assert "If you are coming, you do not need to do anything." in part
        assert "To cancel" in part
        assert "https://video.example/maya" in part
    assert mail.token
    assert "text/calendar" not in mail.parts


CLOSED = {"closes": {"before_minutes": 1440}, "fees": [TIER]}
FORFEITED = {"fees": [TIER], "late_credit": "forfeited"}
BY_CREDIT = "After that, a cancellation no longer returns the credit."
CLOSES = "After that you can no longer cancel it online, and "


@pytest.mark.parametrize(
    ("rules", "by_credit", "said"),
    [
        ({"cancel": CLOSED}, False, [f"{CLOSES}a missed session costs $45.00."]),
        ({"cancel": FORFEITED}, True, [BY_CREDIT]),
        (
            {"cancel": CLOSED | FORFEITED},
            True,
            [f"{CLOSES}the credit of a missed session is not returned."],
        ),
        (
            SOFT | {"reschedule": {"enabled": False}},
            False,
            [f"You can cancel this session free of charge until {FREE_UNTIL}."],
        ),
        (
            {"cancel": {"fees": [TIER], "closes": {"before_minutes": 60}}}
            | {"reschedule": {"fees": [{"deadline": {"before_minutes": 2880}, "percent": "50"}]}},
            False,
            [
                f"You can cancel this session free of charge until {FREE_UNTIL}.",
                "You can move it free of charge until Saturday, December 5, 2026, 10:00 AM",
            ],
        ),
    ],
)
async def test_it_says_what_the_policy_says(
    read: Any,
    scenario: Scenario,
    world: World,
    rules: dict[str, Any],
    said: list[str],
    *,
    by_credit: bool,
) -> None:
    package_id = await world.add_package() if by_credit else None
    mail = await read(await nudged(scenario, rules, package_id=package_id), "nudge", now=DUE)
    for sentence in said:
        assert sentence in mail.text
    assert ("cancel or move" in mail.text) is ("this session" not in said[0])


@pytest.mark.parametrize(
    ("locale", "sentences"),
    [
        (
            "de-DE",
            [
                "Sie können diesen Termin bis Sonntag, 6. Dezember 2026, 16:00 Uhr (",
                "kostenlos absagen oder verschieben.",
                "Danach kostet eine Absage 45,00",
                "Wenn Sie kommen, müssen Sie nichts tun.",
            ],
        ),
        (
            "fr-FR",
            [
                "annuler ou déplacer ce rendez-vous sans frais jusqu'au dimanche 6 décembre 2026",
                "Ensuite, une annulation coûte 45,00",
                "Si vous venez, vous n'avez rien à faire.",
            ],
        ),
        (
            "es-ES",
            [
                "Puede cancelar o reprogramar esta cita sin cargo hasta el domingo, 6 de diciembre",
                "Después, una cancelación cuesta 45,00",
                "Si va a venir, no tiene que hacer nada.",
            ],
        ),
    ],
)
async def test_it_is_in_the_client_s_language(
    read: Any, scenario: Scenario, world: World, locale: str, sentences: list[str]
) -> None:
    zone = "Europe/Berlin"
    await world.change(Client, world.client_id, locale=locale, time_zone=zone)
    mail = await read(await nudged(scenario), "nudge", now=DUE)
    for sentence in sentences:
        assert sentence in mail.text


async def test_one_mail_reminds_and_nudges(read: Any, scenario: Scenario, world: World) -> None:
    await world.change(Service, world.service_id, reminder_minutes=[2880])
    session_id = await nudged(scenario)
    mail = await read(session_id, "reminder_nudge", now=DUE)
    assert mail.subject == "Reminder: your session on December 7, 2026, 10:00 AM"
    assert "Your session is coming up" in mail.text
    assert f"free of charge until {FREE_UNTIL}." in mail.text
    # Sent too late to nudge, it still reminds.
    late = await read(session_id, "reminder_nudge", now=START - DAY + timedelta(microseconds=1))
    assert "Your session is coming up" in late.text
    assert "If you are coming" not in late.text


Fate = Callable[[Scenario, UUID], Any]


async def moved(scenario: Scenario, session_id: UUID) -> None:
    await scenario.move(session_id, START + DAY)


async def cancelled(scenario: Scenario, session_id: UUID) -> None:
    await scenario.cancel(session_id)


async def come_too_late(scenario: Scenario, _: UUID) -> None:
    scenario.clock.now = START - DAY + timedelta(microseconds=1)


async def in_time(scenario: Scenario, _: UUID) -> None:
    scenario.clock.now = START - DAY


async def confirmed(scenario: Scenario, session_id: UUID) -> None:
    await say_coming(scenario.world, session_id, scenario.clock)


@pytest.mark.parametrize(
    ("fate", "status"),
    [
        (moved, "dropped"),
        (cancelled, "dropped"),
        (confirmed, "dropped"),
        (come_too_late, "dropped"),
        (in_time, "sent"),
    ],
)
async def test_it_is_sent_only_while_it_is_true(
    context: MailContext, scenario: Scenario, postbox: Postbox, fate: Fate, status: str
) -> None:
    """Also if the change came while a worker had it: the row is pending again then."""
    session_id = await nudged(scenario)
    notification_id = await scenario.notification(session_id, "nudge")
    scenario.clock.now = DUE
    await fate(scenario, session_id)
    async with scenario.world.engine.begin() as db:
        await db.execute(
            update(Notification)
            .where(Notification.id == notification_id)
            .values(status="pending", finished_at=None)
        )
    await send_notification(context, scenario.world.practice_id, notification_id)
    assert (await scenario.state(notification_id)).status == status
    assert len(postbox.mails) == (status == "sent")


async def test_who_has_confirmed_is_reminded_without_the_nudge(
    read: Any, scenario: Scenario, world: World, clock: TestClock
) -> None:
    await world.change(Service, world.service_id, reminder_minutes=[2880])
    session_id = await nudged(scenario)
    await say_coming(world, session_id, clock)
    mail = await read(session_id, "reminder_nudge", now=DUE)
    assert "Your session is coming up" in mail.text
    assert "If you are coming" not in mail.text


# The event of a confirmation


async def test_the_event_says_when_and_later_events_that_it_is_still_true(
    webhooks: WebhookContext, scenario: Scenario, world: World, clock: TestClock, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    session_id = await scenario.book(START)
    clock.now = NOW + HOUR
    await say_coming(world, session_id, clock)
    event = await scenario.notification(session_id, "session.confirmed", "webhook")
    await send_webhook(webhooks, world.practice_id, event)
    booked = await scenario.notification(session_id, "session.booked", "webhook")
    await send_webhook(webhooks, world.practice_id, booked)
    clock.now = NOW + 2 * HOUR
    await scenario.miss(session_id)
    missed = await tell(scenario, session_id, "session.noshow")
    await send_webhook(webhooks, world.practice_id, missed)
    data = [json.loads(got.body)["data"] for got in receiver.received]
    assert [one["confirmed_at"] for one in data] == [
        "2026-11-30T16:00:00Z",
        None,
        "2026-11-30T16:00:00Z",
    ]
    assert [(one["version"], one["status"], one["by"]) for one in data[:2]] == [
        (1, "booked", "client"),
        (1, "booked", "practice"),
    ]
    (entry,) = await world.rows(Change, kind="confirmed")
    assert data[0]["change_id"] == str(entry.id)
