"""A notification is sent once, also after failures."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.configuration.settings import Settings
from app.database.engine import connect
from app.mail.context import MailContext
from app.mail.senders import Sender
from app.notifications.delivery import send_notification
from app.operations.practices import close_practice, reopen_practice
from app.outbox.claiming import CLOCK_TOLERANCE
from app.outbox.marking import MAX_ATTEMPTS
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import BOTH, START, Scenario
from tests.world import NOW, TestClock, World

# It locks and breaks connections, and counts the jobs of all practices.
pytestmark = pytest.mark.alone


class DeathError(BaseException):
    """Stands for the end of the process: no code catches it."""


@dataclass
class Courier:
    """Sends mails over SMTP; `before` and `after` are hooks around it."""

    inner: Sender
    before: Any = None
    after: Any = None
    sent: int = field(default=0, init=False)

    async def send(self, message: EmailMessage) -> None:
        if self.before is not None:
            await self.before()
        await self.inner.send(message)
        self.sent += 1
        if self.after is not None:
            await self.after()

    def limit_answers(self, seconds: float | None) -> None:
        self.inner.limit_answers(seconds)

    async def close(self) -> None:
        await self.inner.close()


async def die() -> None:
    raise DeathError


def message_ids(postbox: Postbox) -> list[str]:
    return [str(mail["Message-ID"]) for mail in postbox.mails]


async def test_a_notification_is_sent_and_marked(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await send_notification(context, world.practice_id, notification_id)
    assert postbox.recipients == ["ana@client.example"]
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.finished_at) == ("sent", 1, NOW)
    assert row.last_error is None


async def test_a_finished_notification_is_not_sent_again(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await send_notification(context, world.practice_id, notification_id)
    await send_notification(context, world.practice_id, notification_id)
    assert len(postbox.mails) == 1


async def test_a_missing_notification_is_ignored(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    session_id = await scenario.book()
    await send_notification(context, world.practice_id, session_id)
    assert postbox.mails == []


@pytest.mark.parametrize("fate", ["moved", "cancelled", "started", "closed", "reopened", "due"])
async def test_a_reminder_is_sent_only_for_a_session_to_come(
    context: MailContext,
    scenario: Scenario,
    world: World,
    postbox: Postbox,
    clock: TestClock,
    settings: Settings,
    fate: str,
) -> None:
    session_id = await scenario.book()
    notification_id = await scenario.notification(session_id, "reminder")
    if fate == "moved":
        await scenario.move(session_id, START + timedelta(days=1))
    elif fate == "cancelled":
        await scenario.cancel(session_id)
    if fate in {"closed", "reopened"}:
        await close_practice(settings, str(world.practice_id), NOW)
    if fate == "reopened":
        await reopen_practice(settings, str(world.practice_id), NOW)
    # As if its job had been running when the command deleted the others.
    await world.change_all(Notification, status="pending")
    clock.now = START if fate == "started" else START - timedelta(days=1)
    await send_notification(context, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    is_sent = fate in {"due", "reopened"}
    assert row.status == ("sent" if is_sent else "dropped")
    assert row.finished_at == clock.now
    assert len(postbox.mails) == is_sent


async def test_changes_made_before_a_practice_closed_are_still_confirmed(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, settings: Settings
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await close_practice(settings, str(world.practice_id), NOW)
    await send_notification(context, world.practice_id, notification_id)
    assert len(postbox.mails) == 1


@pytest.mark.parametrize(
    ("ends_in", "told"),
    [
        (timedelta(0), ["maya@harbor.example"]),
        (timedelta(seconds=1), ["ana@client.example", "maya@harbor.example"]),
    ],
)
async def test_a_session_booked_after_its_end_is_not_confirmed_to_its_client(
    context: MailContext,
    scenario: Scenario,
    world: World,
    postbox: Postbox,
    ends_in: timedelta,
    told: list[str],
) -> None:
    """The practitioner is still notified. A session that still runs is confirmed."""
    session_id = await scenario.book(NOW + ends_in - timedelta(minutes=50))
    for recipient in BOTH:
        await send_notification(
            context, world.practice_id, await scenario.notification(session_id, "booked", recipient)
        )
    assert postbox.recipients == told
    row = await scenario.state(await scenario.notification(session_id, "booked"))
    assert row.status == ("sent" if len(told) == 2 else "dropped")


async def test_a_late_confirmation_is_still_sent(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    clock.now = START + timedelta(days=1)
    await send_notification(context, world.practice_id, notification_id)
    assert postbox.recipients == ["ana@client.example"]


async def test_a_superseded_confirmation_is_still_sent(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    session_id = await scenario.book()
    notification_id = await scenario.notification(session_id, "booked")
    await scenario.cancel(session_id)
    await send_notification(context, world.practice_id, notification_id)
    assert "changed again" in postbox.mails[0].as_string()
    assert "text/calendar" not in postbox.mails[0].as_string()


async def test_a_notification_that_is_not_due_is_not_sent(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    """The due time in the row decides, whatever woke the worker."""
    reminder = await scenario.notification(await scenario.book(), "reminder")
    due_at = START - timedelta(days=1)
    clock.now = due_at - CLOCK_TOLERANCE - timedelta(microseconds=1)
    await send_notification(context, world.practice_id, reminder)
    assert postbox.mails == []
    row = await scenario.state(reminder)
    assert (row.status, row.attempts, row.attempt_at) == ("pending", 0, due_at)
    clock.now = due_at - CLOCK_TOLERANCE
    await send_notification(context, world.practice_id, reminder)
    assert len(postbox.mails) == 1


async def test_a_server_that_was_down_gets_the_mail_once(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await postbox.close()
    for seconds in (0, 5):
        clock.now = NOW + timedelta(seconds=seconds)
        await send_notification(context, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.last_error) == ("pending", 2, "SMTPConnectError")
    assert row.attempt_at == clock.now + timedelta(seconds=15)
    assert row.finished_at is None
    await postbox.open()
    clock.now = row.attempt_at
    await send_notification(context, world.practice_id, notification_id)
    assert message_ids(postbox) == [f"<{notification_id}@reslot.example>"]
    assert (await scenario.state(notification_id)).attempts == 3


async def test_a_refused_recipient_is_not_tried_again(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    postbox.refusal = "550 5.1.1 no such person: ana@client.example"
    with capture_logs() as logs:
        await send_notification(context, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.last_error) == ("failed", 1, "UndeliverableError 550")
    assert [(line["log_level"], line["error"]) for line in logs] == [
        ("warning", "UndeliverableError 550")
    ]
    assert row.finished_at == NOW


async def test_an_invalid_address_fails_without_the_server(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await world.change_all(Client, email="nobody")
    await send_notification(context, world.practice_id, notification_id)
    assert (await scenario.state(notification_id)).last_error == "UndeliverableError"
    assert postbox.mails == []


async def test_after_the_last_attempt_it_has_failed(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    await world.change_all(Notification, attempts=MAX_ATTEMPTS - 2)
    await postbox.close()
    await send_notification(context, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempt_at) == ("pending", NOW + timedelta(hours=4))
    clock.now = row.attempt_at
    await send_notification(context, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts) == ("failed", MAX_ATTEMPTS)


async def test_a_mail_that_may_have_arrived_is_sent_three_times_at_most(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    """Failures of other kinds between them do not allow more."""
    notification_id = await scenario.notification(await scenario.book(), "booked")
    postbox.never_answer(context.sender)
    waits = []
    for fate in ("refused", "unanswered", "unanswered", "refused", "unanswered"):
        postbox.refusal = "451 not now" if fate == "refused" else None
        await send_notification(context, world.practice_id, notification_id)
        row = await scenario.state(notification_id)
        waits.append((row.last_error, row.attempt_at - clock.now))
        clock.now = max(clock.now, row.attempt_at)
    assert waits == [
        ("SMTPRecipientRefused 451", timedelta(seconds=5)),
        ("UnansweredError", timedelta(minutes=15)),
        ("UnansweredError", timedelta(hours=1)),
        ("SMTPRecipientRefused 451", timedelta(seconds=135)),
        ("UnansweredError", timedelta(0)),
    ]
    assert (row.status, row.attempts) == ("failed", 5)
    assert message_ids(postbox) == [f"<{notification_id}@reslot.example>"] * 3


async def test_after_a_crash_before_sending_the_next_attempt_sends(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    with pytest.raises(DeathError):
        await send_notification(
            replace(context, sender=Courier(context.sender, before=die)),
            world.practice_id,
            notification_id,
        )
    assert (await scenario.state(notification_id)).status == "pending"
    await send_notification(context, world.practice_id, notification_id)
    assert len(postbox.mails) == 1


async def test_after_a_crash_between_sending_and_marking_the_message_id_is_the_same(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    with pytest.raises(DeathError):
        await send_notification(
            replace(context, sender=Courier(context.sender, after=die)),
            world.practice_id,
            notification_id,
        )
    assert (await scenario.state(notification_id)).status == "pending"
    await send_notification(context, world.practice_id, notification_id)
    assert message_ids(postbox) == [f"<{notification_id}@reslot.example>"] * 2
    assert (await scenario.state(notification_id)).status == "sent"


@pytest.mark.own_database
async def test_a_rerun_of_the_transaction_sends_nothing_again(
    context: MailContext,
    scenario: Scenario,
    world: World,
    postbox: Postbox,
    owner_engine: AsyncEngine,
) -> None:
    """The first attempt to mark the notification fails with a serialization failure."""
    notification_id = await scenario.notification(await scenario.book(), "booked")
    async with owner_engine.begin() as db:
        for statement in (
            "CREATE SEQUENCE marks",
            "GRANT USAGE ON SEQUENCE marks TO PUBLIC",
            """
            CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('marks') = 1 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
            RETURN NEW; END $$
            """,
            """
            CREATE TRIGGER fail_once BEFORE UPDATE ON notifications
            FOR EACH ROW EXECUTE FUNCTION fail_once()
            """,
        ):
            await db.execute(text(statement))
    await send_notification(context, world.practice_id, notification_id)
    assert len(postbox.mails) == 1
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts) == ("sent", 1)


async def test_a_connection_lost_after_sending_is_recovered(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    """The transaction that sent the mail cannot commit; another one marks it as sent."""
    notification_id = await scenario.notification(await scenario.book(), "booked")

    async def cut() -> None:
        other = await connect(context.settings.service_url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND state = 'idle in transaction'"
        )
        await other.close()

    courier = Courier(context.sender, after=cut)
    await send_notification(replace(context, sender=courier), world.practice_id, notification_id)
    assert courier.sent == len(postbox.mails) == 1
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)


async def test_two_workers_never_send_one_notification_twice(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        begun.set()
        await go_on.wait()

    slow = replace(context, sender=Courier(context.sender, before=hold))
    first = asyncio.create_task(send_notification(slow, world.practice_id, notification_id))
    await begun.wait()
    with capture_logs() as logs:
        await send_notification(context, world.practice_id, notification_id)
    assert logs == []
    go_on.set()
    await first
    await send_notification(context, world.practice_id, notification_id)
    assert len(postbox.mails) == 1
    assert (await scenario.state(notification_id)).attempts == 1


async def test_logs_and_errors_hold_no_personal_data(
    context: MailContext, scenario: Scenario, world: World, postbox: Postbox, clock: TestClock
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    postbox.refusal = "451 not now, ana@client.example"
    with capture_logs() as logs:
        await send_notification(context, world.practice_id, notification_id)
    postbox.refusal = None
    clock.now = NOW + timedelta(seconds=5)
    with capture_logs() as more:
        await send_notification(context, world.practice_id, notification_id)
    ids = {"practice_id": str(world.practice_id), "notification_id": str(notification_id)}
    assert [*logs, *more] == [
        {
            "event": "notification_delayed",
            "log_level": "warning",
            "error": "SMTPRecipientRefused 451",
            **ids,
        },
        {"event": "notification_settled", "log_level": "info", "status": "sent", **ids},
    ]
