"""The last steps of a command over several sessions: its changes, mails and events."""

import json
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification
from app.tables.sessions import Fee
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.notifications.several import cancel_all, move_all
from tests.notifications.test_outbox import statements
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
FEE = Cost(Money(4500, "USD"), None)


async def book_weekly(world: World, count: int, client_id: UUID | None = None) -> list[UUID]:
    client_id = client_id or world.client_id
    return [await world.book(START + week * WEEK, client_id=client_id) for week in range(count)]


async def book_clients(world: World, count: int) -> list[UUID]:
    """Book a session for each of several clients, one after another on one day."""
    return [
        await world.book(
            START + number * timedelta(hours=1),
            client_id=await world.add_client(email=f"client{number}@client.example"),
        )
        for number in range(count)
    ]


async def told(world: World, kind: str) -> Counter[tuple[str, UUID | None]]:
    """Count the mails of a kind by recipient and session."""
    rows = await world.rows(Notification, kind=kind)
    return Counter((row.recipient, row.session_id) for row in rows)


async def test_a_series_is_one_mail_about_the_named_session(world: World) -> None:
    sessions = await book_weekly(world, 3)
    await cancel_all(world, sessions, named=sessions[1])
    assert await told(world, "cancelled") == {
        ("client", sessions[1]): 1,
        ("practitioner", sessions[1]): 1,
    }


async def test_without_a_named_session_the_mail_is_about_the_first_in_time(world: World) -> None:
    """In the time after the change, whatever the order of the command."""
    later, earlier = reversed(await book_weekly(world, 2))
    await move_all(world, [later, earlier], DAY)
    assert await told(world, "rescheduled") == {
        ("client", earlier): 1,
        ("practitioner", earlier): 1,
    }


async def test_each_client_gets_one_mail_and_the_practitioner_one(world: World) -> None:
    sessions = await book_clients(world, 3)
    await cancel_all(world, [sessions[2], *sessions[:2]])
    assert await told(world, "cancelled") == {
        ("client", sessions[0]): 1,
        ("client", sessions[1]): 1,
        ("client", sessions[2]): 1,
        ("practitioner", sessions[0]): 1,
    }


async def test_each_practitioner_gets_a_mail_unless_the_command_has_its_own(world: World) -> None:
    other = await world.add_practitioner(email="noor@harbor.example")
    first, second = [await world.book(START), await world.book(START + DAY, practitioner_id=other)]
    await cancel_all(world, [first, second])
    assert await told(world, "cancelled") == {
        ("client", first): 1,
        ("practitioner", first): 1,
        ("practitioner", second): 1,
    }
    third = await world.book(START + 2 * DAY)
    await move_all(world, [third], DAY, people=["client"])
    assert await told(world, "rescheduled") == {("client", third): 1}


async def test_each_session_has_its_change_fee_note_and_reminder(world: World) -> None:
    sessions = await book_weekly(world, 3)
    effects = await move_all(world, sessions, DAY, {sessions[2]: FEE})
    (command_id,) = {effect.command_id for effect in effects}
    assert [effect.cost.fee for effect in effects] == [None, None, FEE.fee]
    changes = await world.rows(Change, command_id=command_id)
    assert {change.session_id for change in changes} == set(sessions)
    notes = await world.rows(ChangeNote)
    assert [note.note for note in notes if note.note] == ["Dr. Chen is ill."] * 3
    (fee,) = await world.rows(Fee)
    assert (fee.session_id, fee.amount_minor, fee.status) == (sessions[2], 4500, "due")
    reminders = await world.rows(Notification, kind="reminder")
    assert Counter((row.session_id, row.status) for row in reminders) == Counter(
        (session_id, status) for session_id in sessions for status in ("pending", "dropped")
    )
    assert {row.send_at - row.starts_at for row in reminders} == {-DAY}


async def test_each_session_has_its_event_with_the_id_of_the_command(
    staff: Api, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://receiver.example", events=[], secret="whsec_AAAA")
    sessions = await book_weekly(world, 2)
    effects = await cancel_all(world, sessions, {sessions[0]: FEE})
    (command_id,) = {str(effect.command_id) for effect in effects}
    events = []
    async with world.engine.connect() as db:
        for row in await world.rows(Notification, recipient="webhook"):
            (event,) = await load_events(db, [(world.practice_id, row.id)])
            assert event is not None
            events.append(json.loads(event.body))
    cancelled = [event for event in events if event["type"] == "session.cancelled"]
    assert {event["data"]["session_id"] for event in cancelled} == {str(one) for one in sessions}
    (recorded,) = [event for event in events if event["type"] == "fee.recorded"]
    assert recorded["data"]["fee"]["amount_minor"] == 4500
    assert {event["data"]["command_id"] for event in (*cancelled, recorded)} == {command_id}
    assert len({event["data"]["change_id"] for event in cancelled}) == 2
    assert "Dr. Chen is ill." not in json.dumps(events)
    answer = await staff.get("/v1/practice/changes", command=command_id)
    assert answer.status_code == 200, answer.text
    trail = answer.json()["items"]
    assert {entry["subject_id"] for entry in trail} == {str(one) for one in sessions}
    assert {entry["command_id"] for entry in trail} == {command_id}


@pytest.mark.parametrize("are_of_one_client", [True, False])
async def test_many_sessions_take_as_many_statements_as_two(
    world: World, engine: AsyncEngine, *, are_of_one_client: bool
) -> None:
    """Those of the last steps: the changes of the sessions themselves are not counted."""
    book = book_weekly if are_of_one_client else book_clients
    few = await book(world, 2)
    with statements(engine) as seen:
        await cancel_all(world, few, {few[0]: FEE, few[1]: FEE})
    last_steps = Counter(_last_steps(seen))
    await world.change_all(Notification, status="sent")
    many = await book(world, 7)
    with statements(engine) as seen:
        await cancel_all(world, many, dict.fromkeys(many, FEE))
    assert Counter(_last_steps(seen)) == last_steps
    assert any("INSERT INTO changes" in text for text in last_steps)


def _last_steps(seen: list[str]) -> list[str]:
    """Leave out what reads and changes the sessions one by one."""
    one_by_one = ("clients", "sessions", "taken_times")
    return [text for text in seen if not any(table in text.split() for table in one_by_one)]
