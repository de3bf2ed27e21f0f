"""Text messages to clients: which go, what they say, when, and what becomes of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.domain.session import Format
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import send_text
from app.outbox.claiming import why_not_taken
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Service
from app.tables.short_links import ShortLink
from tests.notifications.scenario import START
from tests.texting.desk import NUMBER, Desk
from tests.world import NOW, Api

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
WHEN = "Thu, Dec 3, 10:00 AM"


async def test_a_booking_goes_by_mail_and_as_a_text_message(desk: Desk, api: Api) -> None:
    session_id = await desk.scenario.book()
    await desk.work()
    assert desk.mailed == ["Your session is booked: December 3, 2026, 10:00 AM"]
    (sent,) = desk.sent
    text, link = sent["text"].rsplit(" ", 1)
    assert text == f"Harbor Wellness: your session is booked for {WHEN}."
    assert (sent["to"], sent["from"]) == (NUMBER, "+15550100")
    row = await desk.row("booked")
    assert sent["id"] == f"{desk.world.practice_id.hex}{row.id.hex}"
    assert (row.status, row.attempts) == ("sent", 1)
    start, _, code = link.partition("#")
    assert start == desk.settings.portal_url
    assert len(code) == 16
    opened = await api.open_link(code)
    assert opened.status_code == 200, opened.text
    assert opened.json()["session"]["id"] == str(session_id)


async def test_only_the_hash_of_the_code_is_stored(desk: Desk) -> None:
    await desk.scenario.book()
    await desk.work()
    (link,) = await desk.world.rows(ShortLink)
    code = desk.said[0].rpartition("#")[2]
    assert code.encode() not in link.code_hash
    assert len(link.code_hash) == 32


async def test_the_gateway_gets_the_user_the_password_and_an_id_to_know_it_by(desk: Desk) -> None:
    await desk.scenario.book()
    await desk.work()
    headers = desk.gateway.received[0].headers
    assert headers["authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert headers["idempotency-key"] == desk.sent[0]["id"]


async def test_a_move_and_a_cancellation_are_told_with_the_time(desk: Desk) -> None:
    session_id = await desk.scenario.book()
    await desk.work()
    await desk.scenario.move(session_id, START + DAY)
    await desk.work()
    await desk.scenario.cancel(session_id)
    await desk.work()
    sentences = [text.rsplit(" ", 1)[0].partition(": ")[2] for text in desk.said]
    assert sentences == [
        f"your session is booked for {WHEN}.",
        "your session was moved to Fri, Dec 4, 10:00 AM.",
        "your session on Fri, Dec 4, 10:00 AM is cancelled.",
    ]


@pytest.mark.parametrize("wanted", ["off", "reminders"])
async def test_without_consent_for_changes_only_the_mail_goes(desk: Desk, wanted: str) -> None:
    await desk.agree(wanted)
    await desk.scenario.book()
    await desk.work()
    assert len(desk.mailed) == 1
    assert desk.sent == []
    assert await desk.states() == []


async def test_a_reminder_goes_as_a_text_message_instead_of_its_mail(desk: Desk) -> None:
    await desk.come_to_reminder()
    await desk.work()
    assert desk.said[0].startswith(f"Harbor Wellness: reminder of your session on {WHEN}. ")
    assert len(desk.mailed) == 1
    assert await desk.states() == [("reminder", "sent")]


async def test_a_client_without_texts_is_reminded_by_mail(desk: Desk) -> None:
    await desk.agree("off")
    await desk.scenario.book()
    desk.clock.now = START - DAY
    await desk.work()
    assert len(desk.mailed) == 2
    assert desk.sent == []


async def test_who_ends_texts_before_the_reminder_gets_the_mail(desk: Desk) -> None:
    """Also where the reminder waits for the morning, on its way as a text message."""
    await desk.world.change(Service, desk.world.service_id, reminder_minutes=[60 * 12])
    await desk.scenario.book(datetime(2026, 12, 3, 16, tzinfo=UTC))
    desk.clock.now = datetime(2026, 12, 3, 4, tzinfo=UTC)
    await desk.work()
    assert ("reminder", "pending") in await desk.states()
    await desk.agree("off")
    desk.clock.now = datetime(2026, 12, 3, 13, tzinfo=UTC)
    await desk.work()
    assert all("reminder" not in text for text in desk.said)
    assert ("reminder", "sent") in await desk.states("mail")


async def test_at_night_it_waits_for_the_morning(desk: Desk) -> None:
    desk.clock.now = datetime(2026, 12, 1, 3, tzinfo=UTC)
    await desk.scenario.book()
    await desk.work()
    assert desk.sent == []
    assert len(desk.mailed) == 1
    desk.clock.now = datetime(2026, 12, 1, 12, 59, 50, tzinfo=UTC)
    await desk.work()
    assert desk.sent == []
    desk.clock.now = datetime(2026, 12, 1, 13, tzinfo=UTC)
    await desk.work()
    assert len(desk.sent) == 1


async def test_what_has_changed_overnight_is_not_told_any_more(desk: Desk) -> None:
    desk.clock.now = datetime(2026, 12, 1, 3, tzinfo=UTC)
    session_id = await desk.scenario.book()
    await desk.work()
    await desk.scenario.move(session_id, START + DAY)
    await desk.work()
    desk.clock.now = datetime(2026, 12, 1, 13, tzinfo=UTC)
    await desk.work()
    assert [text.partition(": ")[2][:22] for text in desk.said] == ["your session was moved"]
    assert await desk.states() == [("booked", "dropped"), ("rescheduled", "sent")]


async def test_the_time_has_its_zone_where_the_practitioner_has_another(desk: Desk) -> None:
    await desk.world.change(Client, desk.world.client_id, time_zone="America/Denver")
    await desk.scenario.book()
    await desk.work()
    assert "Thu, Dec 3, 8:00 AM (MST). " in desk.said[0]


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("de-DE", "Ihr Termin ist gebucht: Do., 3. Dez., 10:00 Uhr."),
        ("fr-FR", "votre rendez-vous est pris : jeu. 3 déc. à 10:00."),
        ("es-ES", "su cita queda reservada: jue, 3 dic, 10:00."),
        ("nl-NL", "your session is booked for Thu, 3 Dec, 10:00."),
    ],
)
async def test_it_is_in_the_clients_language(desk: Desk, locale: str, sentence: str) -> None:
    await desk.world.change(Client, desk.world.client_id, locale=locale)
    await desk.scenario.book()
    await desk.work()
    assert sentence in desk.said[0]


async def test_service_and_practitioner_only_where_the_practice_allows_it(desk: Desk) -> None:
    await desk.scenario.book()
    await desk.work()
    await desk.world.change_all(Practice, text_details=["practitioner", "service"])
    await desk.scenario.book(START + DAY)
    await desk.work()
    first, second = desk.said
    assert "Follow-up" not in first
    assert "Maya" not in first
    assert "10:00 AM (Follow-up, Dr. Maya Chen). " in second


async def test_a_reason_is_never_in_it(desk: Desk) -> None:
    session_id = await desk.scenario.book()
    await desk.work()
    await desk.scenario.cancel(session_id, note="Secret words", code="ill")
    await desk.work()
    assert "Secret" not in desk.said[-1]
    assert "ill" not in desk.said[-1].partition(": ")[2].replace("cancelled", "")


async def test_a_reminder_that_the_gateway_refuses_goes_by_mail(desk: Desk) -> None:
    await desk.come_to_reminder()
    desk.gateway.status = 422
    await desk.work()
    assert len(desk.sent) == 1
    assert len(desk.mailed) == 2
    row = await desk.row("reminder", "mail")
    assert (row.status, row.last_error) == ("sent", "UndeliverableError 422")


async def test_a_reminder_is_tried_four_times_then_it_goes_by_mail(desk: Desk) -> None:
    await desk.come_to_reminder()
    desk.gateway.status = 503
    for _ in range(6):
        await desk.work()
        desk.clock.now += 5 * MINUTE
    assert len(desk.sent) == 4
    assert len({one["id"] for one in desk.sent}) == 1
    assert len(set(desk.said)) == 1
    assert len(desk.mailed) == 2


async def test_another_message_is_tried_again_and_then_given_up(desk: Desk) -> None:
    desk.gateway.status = 503
    await desk.scenario.book()
    await desk.work()
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, "HTTP 503")
    desk.gateway.status = 400
    desk.clock.now += MINUTE
    await desk.work()
    row = await desk.row("booked")
    assert (row.status, row.last_error) == ("failed", "UndeliverableError 400")
    assert len(desk.mailed) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_what_the_operator_can_mend_is_tried_again(desk: Desk, status: int) -> None:
    desk.gateway.status = status
    await desk.scenario.book()
    await desk.work()
    row = await desk.row("booked")
    assert (row.status, row.last_error) == ("pending", f"HTTP {status}")


async def test_a_gateway_that_hangs_up_gets_it_again_after_a_while_with_the_same_id(
    desk: Desk,
) -> None:
    desk.gateway.hangs_up = True
    await desk.scenario.book()
    await desk.work()
    row = await desk.row("booked")
    assert (row.status, row.last_error, row.unanswered) == ("pending", "UnansweredError", 1)
    desk.gateway.hangs_up = False
    desk.clock.now = NOW + 15 * MINUTE - SECOND
    await desk.work()
    assert len(desk.sent) == 1
    desk.clock.now = NOW + 15 * MINUTE
    await desk.work()
    first, second = desk.sent
    assert first == second
    assert await desk.states() == [("booked", "sent")]


async def test_three_attempts_without_an_answer_are_the_last(desk: Desk) -> None:
    """Each may have arrived, so each may be one more copy."""
    desk.gateway.hangs_up = True
    await desk.scenario.book()
    for minutes in (0, 15, 75, 300):
        desk.clock.now = NOW + minutes * MINUTE
        await desk.work()
    assert len(desk.sent) == 3
    row = await desk.row("booked")
    assert (row.status, row.attempts, row.last_error) == ("failed", 3, "UnansweredError")


async def test_a_reminder_without_an_answer_goes_by_mail_after_a_while(desk: Desk) -> None:
    """A second text message could be a copy; the mail is none."""
    await desk.come_to_reminder()
    desk.gateway.hangs_up = True
    await desk.work()
    desk.clock.now = START - DAY + 15 * MINUTE - SECOND
    await desk.work()
    assert (len(desk.sent), len(desk.mailed)) == (1, 1)
    desk.clock.now = START - DAY + 15 * MINUTE
    await desk.work()
    assert (len(desk.sent), len(desk.mailed)) == (1, 2)
    row = await desk.row("reminder", "mail")
    assert (row.status, row.attempts, row.unanswered) == ("sent", 2, 0)


async def test_the_fourth_attempt_at_a_reminder_can_be_one_without_an_answer(desk: Desk) -> None:
    await desk.come_to_reminder()
    desk.gateway.status = 503
    for _ in range(3):
        await desk.work()
        desk.clock.now += MINUTE
    desk.gateway.hangs_up = True
    await desk.work()
    assert (len(desk.sent), len(desk.mailed)) == (4, 1)
    desk.clock.now += 15 * MINUTE
    await desk.work()
    assert (len(desk.sent), len(desk.mailed)) == (4, 2)


async def test_while_the_gateway_hangs_no_connection_of_the_database_is_held(desk: Desk) -> None:
    await desk.scenario.book()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked")
    await send_notification(desk.mails, desk.world.practice_id, mail.id)
    row = await desk.row("booked")
    desk.gateway.go_on = asyncio.Event()
    sending = asyncio.create_task(send_text(desk.texts, desk.world.practice_id, row.id))
    await desk.gateway.wait_for(1)
    async with desk.world.engine.begin() as db:
        # A transaction of the attempt would have locked the row.
        await db.execute(
            select(Notification.id)
            .where(Notification.practice_id == desk.world.practice_id, Notification.id == row.id)
            .with_for_update(nowait=True)
        )
    desk.gateway.go_on.set()
    assert await sending == "sent"


async def test_two_workers_send_it_once(desk: Desk) -> None:
    await desk.scenario.book()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked")
    await send_notification(desk.mails, desk.world.practice_id, mail.id)
    row = await desk.row("booked")
    both = [send_text(desk.texts, desk.world.practice_id, row.id) for _ in range(2)]
    assert (await asyncio.gather(*both)).count("sent") == 1
    assert len(desk.sent) == 1


async def test_a_lock_that_is_gone_when_it_is_asked_for_leaves_the_message_to_the_sweep(
    desk: Desk,
) -> None:
    """Between `take`, which met the lock, and `why_not_taken`. Nothing was sent."""
    await desk.scenario.book()
    (mail,) = await desk.world.rows(Notification, recipient="client", kind="booked")
    async with desk.world.engine.begin() as db:
        assert await why_not_taken(db, desk.world.practice_id, mail.id, NOW) == "busy"


async def test_the_text_message_goes_also_where_the_mail_cannot(desk: Desk) -> None:
    desk.postbox.refusal = "550 no such user"
    await desk.scenario.book()
    await desk.work()
    assert await desk.states("mail") == [("booked", "failed"), ("reminder", "pending")]
    assert len(desk.sent) == 1


async def test_several_sessions_of_one_command_are_one_message(desk: Desk, api: Api) -> None:
    staff = api.signed_in(await desk.world.key())
    body = {
        "client_id": str(desk.world.client_id),
        "practitioner_id": str(desk.world.practitioner_id),
        "service_id": str(desk.world.service_id),
        "start": START.isoformat(),
        "format": "video",
        "every": {"weeks": 1},
        "count": 3,
    }
    answer = await staff.post("/v1/practice/series", body)
    assert answer.status_code == 201, answer.text
    await desk.work()
    assert len(desk.said) == 1
    assert f"booked for {WHEN}, and 2 more. " in desk.said[0]


async def test_without_a_gateway_and_with_a_mail_server_nobody_gets_one(desk: Desk) -> None:
    """Else a reminder would land in a folder that nobody reads."""
    settings = desk.settings.model_copy(update={"sms_url": None})
    desk.mails = type(desk.mails)(desk.mails.engine, desk.mails.sender, settings, desk.mails.clock)
    await desk.scenario.book()
    desk.clock.now = START - DAY
    await desk.work()
    assert len(desk.mailed) == 2
    assert await desk.states() == []


async def test_logs_have_ids_and_no_number_and_no_link(desk: Desk) -> None:
    await desk.scenario.book()
    desk.gateway.status = 503
    with capture_logs() as logs:
        await desk.work()
    assert "text_delayed" in {entry["event"] for entry in logs}
    written = str(logs)
    code = desk.said[0].rpartition("#")[2]
    assert all(secret not in written for secret in (NUMBER, "0188", code, "pass word"))


async def test_a_closed_practice_reminds_nobody(desk: Desk) -> None:
    await desk.come_to_reminder()
    await desk.world.change_all(Practice, closed_at=NOW)
    await desk.work()
    assert desk.sent == []


async def test_a_phone_session_says_its_time_too(desk: Desk) -> None:
    await desk.scenario.book(format=Format.PHONE)
    await desk.work()
    assert WHEN in desk.said[0]
