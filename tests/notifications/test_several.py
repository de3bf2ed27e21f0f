"""Mails about several sessions that one command changed (product.md section 6)."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID, uuid4

import pytest
from icalendar import Calendar
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import OPERATOR
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judged
from app.domain.session import Status
from app.notifications.mail.data import MailData
from app.notifications.mail.message import make_mail
from app.notifications.mail.queries import load_mail_data
from app.sessions.commands.finish import ChangedSession, finish_all, new_change
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.queries import read_session
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.reading import Read
from tests.notifications.scenario import Scenario
from tests.notifications.several import move_all
from tests.world import NOW, World

START = NOW + timedelta(days=3)
WEEK = timedelta(days=7)
FEE = Money(4500, "USD")


async def cancel_all(
    world: World, session_ids: list[UUID], *, fee: Money | None = None, named: UUID | None = None
) -> None:
    """Cancel sessions in one command, as the commands for series and groups do."""
    command_id = uuid4()

    async def command(db: AsyncConnection) -> None:
        changed = []
        for session_id in session_ids:
            record = await read_session(db, world.practice_id, session_id)
            sessions = SessionRepository(db, world.practice_id)
            await sessions.set_status(record, Status.CANCELLED, NOW, in_calendar=True)
            change = new_change("cancelled", OPERATOR, record, judged=Judged(Cost(fee, None)))
            changed.append(ChangedSession(record, change, "cancelled"))
        await finish_all(db, changed, NOW, command_id=command_id, named=named)

    await transact(world.engine, command)


async def book_weekly(world: World, count: int) -> list[UUID]:
    return [await world.book(START + week * WEEK) for week in range(count)]


async def mail_to(recipient: str, world: World, settings: Settings) -> EmailMessage:
    """Render the only mail about a cancellation to a recipient."""
    (row,) = await world.rows(Notification, kind="cancelled", recipient=recipient)
    async with world.engine.connect() as db:
        data = await load_mail_data(db, world.practice_id, row.id)
    assert data is not None
    return message_from_bytes(make_mail(data, settings, NOW).as_bytes(), policy=default)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_a_client_gets_one_mail_that_lists_each_session(
    world: World, settings: Settings
) -> None:
    await cancel_all(world, await book_weekly(world, 3), fee=FEE)
    mail = await mail_to("client", world, settings)
    assert mail["Subject"] == "Your session is cancelled: December 3, 2026, 10:00 AM (and 2 more)"
    text = text_of(mail)
    for day in ("December 3", "December 10", "December 17"):
        assert f"{day}, 2026" in text
    assert "Fees of $135.00 in total are due." in text
    assert text.count("#") == 3  # a link each


async def test_the_sessions_are_attached_as_calendar_files(
    world: World, settings: Settings
) -> None:
    sessions = await book_weekly(world, 12)
    await cancel_all(world, sessions, named=sessions[1])
    mail = await mail_to("client", world, settings)
    attached = [part for part in mail.iter_attachments() if part.get_filename()]
    assert [part.get_filename() for part in attached][:3] == [
        "2026-12-10-1000.ics",
        "2026-12-03-1000.ics",
        "2026-12-17-1000.ics",
    ]
    assert len(attached) == 11
    events = [Calendar.from_ical(part.get_content()) for part in attached]
    assert len({str(event.walk("VEVENT")[0]["UID"]) for event in events}) == 11
    assert {str(event["METHOD"]) for event in events} == {"CANCEL"}
    assert "1 more session is not attached" in text_of(mail)


async def test_each_client_gets_a_mail_of_their_own_and_the_practitioner_one(
    world: World, settings: Settings
) -> None:
    other = await world.add_client(name="Ben")
    sessions = [
        await world.book(START),
        await world.book(START + WEEK, client_id=other),
        await world.book(START + 2 * WEEK, client_id=other),
    ]
    await cancel_all(world, sessions)
    rows = await world.rows(Notification, kind="cancelled")
    assert sorted(row.recipient for row in rows) == ["client", "client", "practitioner"]
    text = text_of(await mail_to("practitioner", world, settings))
    assert "Ana Ruiz" in text
    assert text.count("Ben") >= 2


async def test_a_mail_about_one_session_lists_no_others(world: World, settings: Settings) -> None:
    one, _ = await book_weekly(world, 2)
    await cancel_all(world, [one])
    mail = await mail_to("client", world, settings)
    assert "more" not in mail["Subject"]
    assert len([part for part in mail.iter_attachments() if part.get_filename()]) == 1


@pytest.mark.parametrize(
    ("locale", "heading"),
    [
        ("fr-FR", "Vos rendez-vous sont annulés"),
        ("de-DE", "Ihre Termine sind abgesagt"),
        ("es-ES", "Sus citas están canceladas"),
    ],
)
async def test_the_list_is_in_the_language_of_the_client(
    world: World, settings: Settings, locale: str, heading: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await cancel_all(world, await book_weekly(world, 2), fee=FEE)
    mail = await mail_to("client", world, settings)
    assert heading in text_of(mail)


async def test_all_changes_and_events_have_one_command_id(world: World) -> None:
    await cancel_all(world, await book_weekly(world, 3))
    changes = await world.rows(Change, kind="cancelled")
    assert len(changes) == 3
    assert len({change.command_id for change in changes}) == 1


def _of_kinds(data: MailData, first: str, others: str) -> MailData:
    """Let the changes that a mail tells of have other kinds."""
    told = tuple(replace(one, change=replace(one.change, kind=others)) for one in data.others)
    return replace(data, change=replace(data.change, kind=first), others=told)


@pytest.mark.parametrize(
    ("recipient", "moved", "changed"),
    [
        ("client", "Your sessions have moved", "Your sessions have changed"),
        ("practitioner", "Sessions were moved", "Sessions were changed"),
    ],
)
async def test_a_heading_says_what_is_true_of_all_sessions(
    world: World, settings: Settings, scenario: Scenario, recipient: Any, moved: str, changed: str
) -> None:
    """Regression: sessions whose format had changed "have moved"."""
    ids = await book_weekly(world, 2)
    await move_all(world, ids, timedelta(hours=1), named=ids[0])
    data = await scenario.mail_data(ids[0], "rescheduled", recipient)
    for kinds, heading in (
        (("rescheduled", "rescheduled"), moved),
        (("format_changed", "format_changed"), changed),
        (("rescheduled", "format_changed"), changed),
    ):
        assert Read(_of_kinds(data, *kinds), settings).text.startswith(f"{heading}\n")
