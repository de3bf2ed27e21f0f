"""Quick changes of one session are one mail where the first has not left (product.md, "Mails")."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.money import Money
from app.domain.session import Format
from app.tables.notifications import Notification
from app.tables.practices import Service
from tests.notifications.scenario import START, Scenario
from tests.world import NOW, Api, World

DAY = timedelta(days=1)
FEE = Money(4500, "USD")


async def told(world: World, recipient: str = "client") -> dict[str, list[str]]:
    """The statuses of the mails to a recipient by kind, reminders aside."""
    found: dict[str, list[str]] = {}
    for row in await world.rows(Notification, recipient=recipient):
        if row.kind not in {"reminder", "nudge"}:
            found.setdefault(row.kind, []).append(row.status)
    return {kind: sorted(statuses) for kind, statuses in found.items()}


async def sent(world: World, session_id: UUID) -> None:
    """Let all mails about a session have left."""
    for row in await world.rows(Notification, session_id=session_id, status="pending"):
        await world.change(Notification, row.id, status="sent", attempts=1)


async def test_a_booking_that_moves_at_once_is_confirmed_with_its_present_time(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + DAY)
    assert await told(world) == {"booked": ["dropped"], "rescheduled": ["pending"]}
    mail = await read(session_id, "rescheduled")
    assert mail.subject == "Your session is booked: December 4, 2026, 10:00 AM"
    assert "Before:" not in mail.text
    assert "You booked" not in mail.text
    method, event = mail.calendar
    assert (method, event["SEQUENCE"], event.start) == ("REQUEST", 1, START + DAY)


async def test_two_moves_are_one_from_the_time_that_the_client_knows(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    await sent(world, session_id)
    await scenario.move(session_id, START + DAY)
    await scenario.move(session_id, START + 2 * DAY, to_format=Format.PHONE, join_url=None)
    assert await told(world) == {"booked": ["sent"], "rescheduled": ["dropped", "pending"]}
    mail = await read(session_id, "rescheduled")
    assert "When: Saturday, December 5, 2026" in mail.text
    assert "Before: Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in mail.text
    assert "December 4" not in mail.text


async def test_what_was_sent_is_known(read: Any, scenario: Scenario, world: World) -> None:
    session_id = await scenario.book()
    await sent(world, session_id)
    for days in (1, 2):
        await scenario.move(session_id, START + days * DAY)
    await sent(world, session_id)
    await scenario.move(session_id, START + 3 * DAY)
    mail = await read(session_id, "rescheduled")
    assert "Before: Saturday, December 5, 2026" in mail.text


async def test_a_cancellation_after_a_move_names_the_time_that_the_client_knows(
    read: Any, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    await sent(world, session_id)
    await scenario.move(session_id, START + DAY)
    await scenario.cancel(session_id)
    assert (await told(world))["rescheduled"] == ["dropped"]
    mail = await read(session_id, "cancelled")
    assert "When: Friday, December 4, 2026" in mail.text
    assert "Before: Thursday, December 3, 2026" in mail.text
    assert mail.calendar[1]["SEQUENCE"] == 2


async def test_a_booking_is_confirmed_before_its_cancellation(
    scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    await scenario.cancel(session_id)
    assert await told(world) == {"booked": ["pending"], "cancelled": ["pending"]}


@pytest.mark.parametrize(
    "first",
    [{"fee": FEE}, {"details": {"carries": {"fee_minor": 4500, "forfeits_credit": False}}}],
    ids=["fee", "carries"],
)
async def test_a_mail_that_tells_of_a_cost_is_not_merged(
    scenario: Scenario, world: World, first: dict[str, Any]
) -> None:
    session_id = await scenario.book()
    await sent(world, session_id)
    await scenario.move(session_id, START + DAY, **first)
    await scenario.move(session_id, START + 2 * DAY)
    assert (await told(world))["rescheduled"] == ["pending", "pending"]


async def test_a_practitioner_loses_no_reason(read: Any, scenario: Scenario, world: World) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + DAY, code="work", note="A meeting.")
    assert await told(world, "practitioner") == {"booked": ["dropped"], "rescheduled": ["pending"]}
    assert (await read(session_id, "rescheduled", "practitioner")).subject.startswith(
        "Session booked"
    )
    await scenario.move(session_id, START + 2 * DAY, code=None, note=None)
    assert (await told(world, "practitioner"))["rescheduled"] == ["pending", "pending"]
    await scenario.move(session_id, START + 3 * DAY)
    assert (await told(world, "practitioner"))["rescheduled"] == ["dropped", "pending", "pending"]


@pytest.mark.parametrize(
    "left", [{"attempts": 1}, {"leased_until": NOW + DAY}, {"status": "sent"}], ids=str
)
async def test_a_mail_that_may_have_left_is_not_merged(
    read: Any, scenario: Scenario, world: World, left: dict[str, Any]
) -> None:
    session_id = await scenario.book()
    for row in await world.rows(Notification, session_id=session_id):
        await world.change(Notification, row.id, **left)
    await scenario.move(session_id, START + DAY)
    assert len((await told(world))["booked"]) == 1
    assert "Before: Thursday, December 3" in (await read(session_id, "rescheduled")).text


async def test_a_mail_of_another_session_stays(scenario: Scenario, world: World) -> None:
    session_id = await scenario.book()
    await scenario.book(START + 3 * DAY)
    await scenario.move(session_id, START + DAY)
    assert (await told(world))["booked"] == ["dropped", "pending"]


async def test_by_the_api_too(api: Api, world: World) -> None:
    session_id = await world.book(START)
    moved = await api.reschedule(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    assert await told(world) == {"booked": ["dropped"], "rescheduled": ["pending"]}


async def test_an_undo_does_not_silence_what_was_merged(read: Any, api: Api, world: World) -> None:
    """They know the first time only: they are told of the move, and that the last is undone."""
    await world.change_all(Service, minimum_notice_minutes=0)
    session_id = await world.book(START)
    await sent(world, session_id)
    for days in (1, 4):  # Friday and Monday
        assert (await api.reschedule(session_id, START + days * DAY)).status_code == 200
    assert (await told(world))["rescheduled"] == ["dropped", "pending"]
    undone = await api.post(f"/v1/sessions/{session_id}/undo", {})
    assert undone.status_code == 200, undone.text
    found = await told(world)
    assert (found["rescheduled"], found["restored"]) == (["dropped", "pending"], ["pending"])
    assert "Before: Thursday, December 3" in (await read(session_id, "rescheduled")).text
