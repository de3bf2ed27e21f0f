"""What people and webhooks are told of commands on a series: one mail each, one event a session."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest

from app.configuration.settings import Settings
from app.notifications.mail.message import make_mail
from app.notifications.mail.queries import load_mail_data
from app.notifications.sms.content import text_of_session
from app.tables.notifications import Notification
from app.tables.practices import Service
from tests.series import book_series
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
HOOKS = {"url": "https://hooks.example/reslot"}


@pytest.fixture
async def series(staff: Api, world: World) -> list[str]:
    """Ten weekly sessions, and an endpoint for webhooks."""
    assert (await staff.post("/v1/practice/webhook-endpoints", HOOKS)).status_code == 201
    return await book_series(staff, world, START, 10)


async def mail_about(
    kind: str, recipient: str, world: World, settings: Settings, **of: Any
) -> EmailMessage:
    """Render the only mail of a kind to a recipient."""
    (row,) = await world.rows(Notification, kind=kind, recipient=recipient, **of)
    async with world.engine.connect() as db:
        data = await load_mail_data(db, world.practice_id, row.id)
    assert data is not None
    return message_from_bytes(make_mail(data, settings, NOW).as_bytes(), policy=default)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def events(world: World, kind: str) -> list[Any]:
    return [row.session_id for row in await world.rows(Notification, kind=kind)]


@pytest.mark.parametrize("recipient", ["client", "practitioner"])
async def test_a_booked_series_is_one_mail_with_all_dates(
    series: list[str], world: World, settings: Settings, recipient: str
) -> None:
    text = text_of(await mail_about("booked", recipient, world, settings))
    for week in range(10):
        day = START + week * timedelta(weeks=1)
        assert f"{day:%B} {day.day}" in text or f"{day.day} {day:%B}" in text
    assert sorted(map(str, await events(world, "session.booked"))) == sorted(series)


async def test_cancelled_following_are_one_mail_and_an_event_each(
    series: list[str], api: Api, world: World, settings: Settings
) -> None:
    answer = await api.cancel(UUID(series[6]), scope="this_and_following")
    assert answer.status_code == 200, answer.text
    mail = await mail_about("cancelled", "client", world, settings)
    assert "(and 3 more)" in mail["Subject"]
    attached = [part for part in mail.iter_attachments() if part.get_filename()]
    assert len(attached) == 4  # the named session too
    assert sorted(map(str, await events(world, "session.cancelled"))) == sorted(series[6:])


async def test_moved_following_are_one_mail_with_the_new_times_and_an_event_each(
    series: list[str], api: Api, world: World, settings: Settings
) -> None:
    await world.change_all(Service, horizon_days=365)
    start = START + timedelta(weeks=7) + 2 * HOUR
    answer = await api.reschedule(UUID(series[7]), start, scope="this_and_following")
    assert answer.status_code == 200, answer.text
    mail = await mail_about("rescheduled", "client", world, settings)
    assert "(and 2 more)" in mail["Subject"]
    assert text_of(mail).count("12:00 PM") >= 3
    assert sorted(map(str, await events(world, "session.rescheduled"))) == sorted(series[7:])
    due = await world.rows(Notification, kind="reminder", status="pending")
    assert len(due) == 10


async def cancel_after_the_practice(api: Api, staff: Api, world: World, kept: int = 0) -> UUID:
    """Cancel a series for the client after the practice has cancelled its last two sessions.

    Before these are the first, whose id it gives, and `kept` more.
    """
    ids = await book_series(staff, world, START, 3 + kept)
    asked = {
        "sessions": ids[1 + kept :],
        "answer_by": (NOW + timedelta(days=1)).isoformat(),
        "meanwhile": "cancel",
    }
    assert (await staff.post("/v1/practice/move-requests", asked)).status_code == 201
    answer = await api.cancel(UUID(ids[0]), scope="this_and_following")
    assert answer.status_code == 200, answer.text
    return UUID(ids[0])


@pytest.mark.parametrize("kept", [0, 1])
async def test_what_was_cancelled_before_is_in_no_mail_about_the_rest(
    api: Api, staff: Api, world: World, settings: Settings, kept: int
) -> None:
    """The client answers for those that the practice has cancelled, and is told of the others."""
    named = await cancel_after_the_practice(api, staff, world, kept)
    more = [f"(and {kept} more)"] * kept
    for recipient in ("client", "practitioner"):
        mail = await mail_about("cancelled", recipient, world, settings, session_id=named)
        assert re.findall(r"\(and \d+ more\)", mail["Subject"]) == more
        for week in (1 + kept, 2 + kept):
            day = START + week * timedelta(weeks=1)
            assert f"{day:%B} {day.day}" not in text_of(mail)
    (row,) = await world.rows(Notification, kind="cancelled", recipient="client")
    async with world.engine.connect() as db:
        data = await load_mail_data(db, world.practice_id, row.id)
    assert data is not None
    said = text_of_session(data, "https://x.example", NOW)
    assert re.findall(r"and \d+ more", said) == [f"and {kept} more"] * kept


async def test_a_cancellation_that_left_others_cancelled_is_undone_without_a_mail(
    api: Api, staff: Api, world: World
) -> None:
    """The mail, which has not left, is about the undone one alone."""
    session_id = await cancel_after_the_practice(api, staff, world)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert await world.rows(Notification, kind="restored") == []
    mails = await world.rows(Notification, kind="cancelled", session_id=session_id)
    assert {mail.status for mail in mails} == {"dropped"}
