"""The practitioner's mails about a group, with one calendar entry for the group."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID, uuid4

import pytest
from icalendar import Calendar, Event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM, Actor, write_change
from app.database.transactions import transact
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.outbox.outbox import GroupMailKind, group_mail, queue_notifications
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.practices import Practitioner
from app.tables.sessions import Session
from tests.groups import LENGTH, put_group, put_seat
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import START
from tests.world import NOW, World

DAY = timedelta(days=1)
STAFF = Actor("practice", "Front desk")
VIDEO: dict[str, Any] = {"format": "video", "location_id": None}


async def tell(
    world: World,
    group_id: UUID,
    kind: GroupMailKind,
    *,
    starts_at: datetime = START,
    actor: Actor = STAFF,
    note: str | None = None,
    before: datetime | None = None,
    seats: dict[UUID, str] | None = None,
) -> UUID:
    """Write a group's change, and those of its seats by the same command, and queue its mail."""
    details = None
    if before is not None:
        times = {"starts_at": before.isoformat(), "ends_at": (before + LENGTH).isoformat()}
        details = {"before": times | VIDEO}
    command_id = uuid4()
    about: dict[str, Any] = {
        "session_version": 2,
        "calendar_sequence": 1,
        "starts_at": starts_at,
        "ends_at": starts_at + LENGTH,
        "format": "video",
        "currency": "USD",
    }

    async def command(db: AsyncConnection) -> UUID:
        practice_id = world.practice_id
        change_id = await write_change(
            db,
            practice_id,
            actor,
            NOW,
            subject="group",
            subject_id=group_id,
            kind=kind.removeprefix("group_"),
            note=note,
            details=details,
            command_id=command_id,
        )
        for session_id, seat_kind in (seats or {}).items():
            await write_change(
                db,
                practice_id,
                actor,
                NOW,
                subject="session",
                subject_id=session_id,
                kind=seat_kind,
                command_id=command_id,
                session_id=session_id,
                **about,
            )
        told = [group_mail(kind, starts_at, NOW)]
        await queue_notifications(db, practice_id, None, change_id, told, NOW)
        wanted = select(Notification.id).where(
            Notification.practice_id == practice_id, Notification.change_id == change_id
        )
        return (await db.scalars(wanted)).one()

    return await transact(world.engine, command)


async def sent(world: World, context: MailContext, notification_id: UUID) -> str:
    """Send a notification, and return its status."""
    await send_notification(context, world.practice_id, notification_id)
    (row,) = await world.rows(Notification, id=notification_id)
    return str(row.status)


def read(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail."""
    mail = message_from_bytes(mail.as_bytes(), policy=default)
    text, html = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return str(text.get_content()), str(html.get_content())


def entry(mail: EmailMessage) -> tuple[str, Event]:
    """Return the method and the entry of the calendar part."""
    *_, part = mail.iter_parts()
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == calendar["METHOD"]
    (event,) = calendar.events
    return str(calendar["METHOD"]), event


async def test_a_new_group_is_one_entry_of_the_practitioners_calendar(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    group_id = await put_group(world, START)
    await put_seat(world, group_id, START, 1)
    notification_id = await tell(world, group_id, "group_booked")
    assert await sent(world, context, notification_id) == "sent"
    (mail,) = postbox.mails
    assert postbox.recipients == ["maya@harbor.example"]
    assert mail["Subject"] == "Group session booked: December 3, 2026, 10:00 AM"
    assert mail["Message-ID"] == f"<{notification_id}@reslot.example>"
    for part in read(mail):
        assert "Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in part
        assert "1 of 8 taken" in part
        assert "Ana Ruiz" not in part
    method, event = entry(mail)
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert event["UID"] == f"{group_id}@reslot"
    assert event["ATTENDEE"] == "mailto:maya@harbor.example"
    assert event["ORGANIZER"] == "mailto:hello@harbor.example"
    assert event.start == START
    assert "Ana" not in event.to_ical().decode()


async def test_a_move_names_the_clients_and_the_old_time(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    group_id = await put_group(world, START)
    other = await world.add_client(name="Ben Okoro", email="ben@client.example")
    first = await put_seat(world, group_id, START, 1)
    second = await put_seat(world, group_id, START, 2, client_id=other)
    new = START + DAY
    await world.change(
        Group, group_id, starts_at=new, ends_at=new + LENGTH, version=2, calendar_sequence=1
    )
    await world.change(Session, second, status="cancelled", seat=None, taken_until=None)
    notification_id = await tell(
        world,
        group_id,
        "group_moved",
        starts_at=new,
        before=START,
        note="The room is closed.",
        seats={first: "rescheduled", second: "cancelled"},
    )
    assert await sent(world, context, notification_id) == "sent"
    (mail,) = postbox.mails
    assert mail["Subject"] == "Group session moved to December 4, 2026, 10:00 AM"
    text, _ = read(mail)
    assert "When: Friday, December 4, 2026, 10:00 AM to 10:50 AM" in text
    assert "Before: Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in text
    assert "Moved with it: Ana Ruiz" in text
    assert "Seat cancelled: Ben Okoro" in text
    assert "Note: The room is closed." in text
    method, event = entry(mail)
    assert (method, event["SEQUENCE"], event["UID"]) == ("REQUEST", 1, f"{group_id}@reslot")
    assert event.start == new


async def test_a_longer_group_was_changed_and_not_moved(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    group_id = await put_group(world, START)
    longer = START + LENGTH + timedelta(minutes=30)
    await world.change(Group, group_id, ends_at=longer, version=2, calendar_sequence=1)
    notification_id = await tell(world, group_id, "group_moved", starts_at=START, before=START)
    assert await sent(world, context, notification_id) == "sent"
    (mail,) = postbox.mails
    assert mail["Subject"] == "Group session changed: December 3, 2026, 10:00 AM"
    text, _ = read(mail)
    assert "Before: Thursday, December 3, 2026, 10:00 AM to 10:50 AM" in text


async def test_that_clients_were_told_is_said_only_if_there_are_any(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    for seats, told in ((0, False), (1, True)):
        group_id = await put_group(world, START + seats * DAY)
        taken = [await put_seat(world, group_id, START + seats * DAY, 1)] * seats
        cancelled = {"status": "cancelled", "min_seats": 3, "decide_hours": 24}
        await world.change(Group, group_id, **cancelled)
        notification_id = await tell(
            world,
            group_id,
            "group_cancelled",
            actor=SYSTEM,
            starts_at=START + seats * DAY,
            seats=dict.fromkeys(taken, "cancelled"),
        )
        assert await sent(world, context, notification_id) == "sent"
        text, _ = read(postbox.mails[-1])
        assert ("Its clients have been told." in text) is told


@pytest.mark.parametrize("actor", [STAFF, SYSTEM])
async def test_a_cancellation_takes_the_entry_away(
    world: World, context: MailContext, postbox: Postbox, actor: Actor
) -> None:
    group_id = await put_group(world, START)
    seat = await put_seat(world, group_id, START, 1)
    await world.change(
        Group, group_id, status="cancelled", calendar_sequence=1, min_seats=3, decide_hours=24
    )
    notification_id = await tell(
        world, group_id, "group_cancelled", actor=actor, seats={seat: "cancelled"}
    )
    assert await sent(world, context, notification_id) == "sent"
    (mail,) = postbox.mails
    assert mail["Subject"] == "Group session cancelled: December 3, 2026, 10:00 AM"
    text, _ = read(mail)
    assert "Seat cancelled: Ana Ruiz" in text
    assert ("fewer seats were taken than the minimum of 3" in text) is (actor is SYSTEM)
    method, event = entry(mail)
    assert (method, event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert event["UID"] == f"{group_id}@reslot"


async def test_the_practice_is_told_of_too_few_seats_without_a_calendar_entry(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    group_id = await put_group(world, START)
    await world.change(Group, group_id, min_seats=3, decide_hours=24)
    notification_id = await tell(world, group_id, "group_below_minimum", actor=SYSTEM)
    assert await sent(world, context, notification_id) == "sent"
    (mail,) = postbox.mails
    assert postbox.recipients == ["hello@harbor.example"]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text, _ = read(mail)
    assert "Fewer seats are taken than the minimum of 3." in text
    assert "0 of 8 taken" in text
    assert "With: Dr. Maya Chen" in text


@pytest.mark.parametrize(
    ("kind", "since"),
    [
        ("group_booked", {"starts_at": START + DAY, "ends_at": START + DAY + LENGTH}),
        ("group_moved", {"status": "cancelled"}),
        ("group_below_minimum", {"status": "cancelled"}),
    ],
)
async def test_a_mail_about_a_group_that_has_changed_since_is_dropped(
    world: World,
    context: MailContext,
    postbox: Postbox,
    kind: GroupMailKind,
    since: dict[str, Any],
) -> None:
    """The later change has its own mail, with a higher SEQUENCE."""
    group_id = await put_group(world, START)
    notification_id = await tell(world, group_id, kind)
    await world.change(Group, group_id, **since)
    assert await sent(world, context, notification_id) == "dropped"
    assert postbox.mails == []


async def test_a_practitioner_without_an_address_gets_it_at_the_practices(
    world: World, context: MailContext, postbox: Postbox
) -> None:
    await world.change(Practitioner, world.practitioner_id, email=None)
    group_id = await put_group(world, START)
    notification_id = await tell(world, group_id, "group_booked")
    assert await sent(world, context, notification_id) == "sent"
    assert postbox.recipients == ["hello@harbor.example"]
    assert entry(postbox.mails[0])[1]["ATTENDEE"] == "mailto:hello@harbor.example"
