"""Connections to the mail server are reused, and a stale one neither loses nor doubles a mail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.mail import smtp
from app.mail.senders import smtp_server
from app.mail.smtp import SmtpSender
from app.outbox.errors import UnansweredError
from tests.notifications.postbox import Postbox
from tests.notifications.test_senders import a_mail
from tests.patience import until


class MoodyPostbox(Postbox):
    """Fails once, `at` a command of a connection that has already carried a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.at = ""
        self.answer: str | None = None
        self.met = 0

    def _mood(self, command: str, server: SMTP) -> str | None:
        """Return the reply for this command. Without one, the connection is closed."""
        if command != self.at or self.connections > 1:
            return None
        self.met += 1
        if self.answer is None:
            cast("asyncio.Transport", server.transport).abort()
        return self.answer or "250 OK"

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        mood = self._mood("MAIL", server)
        return mood or await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        mood = self._mood("RCPT", server)
        return mood or await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        mood = self._mood("DATA", server)
        return mood or await super().handle_DATA(server, session, envelope)


@pytest.fixture
async def postbox() -> AsyncIterator[MoodyPostbox]:
    box = MoodyPostbox()
    await box.open()
    yield box
    await box.close()


@pytest.fixture
async def sender(postbox: Postbox) -> AsyncIterator[SmtpSender]:
    made = SmtpSender(smtp_server(postbox.url))
    yield made
    await made.close()


def subjects(postbox: Postbox) -> list[Any]:
    return [mail["Subject"] for mail in postbox.mails]


def holds(condition: Callable[[], bool]) -> Callable[[], Any]:
    async def asked() -> bool:
        return condition()

    return asked


async def test_sequential_mails_share_a_connection(postbox: Postbox, sender: SmtpSender) -> None:
    for number in range(5):
        await sender.send(a_mail(str(number)))
    assert subjects(postbox) == ["0", "1", "2", "3", "4"]
    assert postbox.connections == 1


async def test_concurrent_mails_have_separate_connections(
    postbox: Postbox, sender: SmtpSender
) -> None:
    for _ in range(2):
        await asyncio.gather(*(sender.send(a_mail()) for _ in range(4)))
    assert len(postbox.mails) == 8
    assert 2 <= postbox.connections <= 4


async def test_after_a_refused_mail_the_connection_is_reused(
    postbox: Postbox, sender: SmtpSender
) -> None:
    postbox.refusal = "550 5.1.1 No such mailbox"
    with pytest.raises(Exception, match="550"):
        await sender.send(a_mail("refused"))
    postbox.refusal = None
    await sender.send(a_mail("taken"))
    assert subjects(postbox) == ["taken"]
    assert postbox.connections == 1


async def test_a_connection_that_the_server_closed_is_replaced(
    postbox: Postbox, sender: SmtpSender
) -> None:
    await sender.send(a_mail("before"))
    postbox.hang_up()
    # Whether or not the client has noticed.
    await sender.send(a_mail("after"))
    assert subjects(postbox) == ["before", "after"]
    assert postbox.connections == 2


@pytest.mark.parametrize("at", ["MAIL", "RCPT"])
async def test_a_connection_that_breaks_before_the_content_is_replaced(
    postbox: MoodyPostbox, sender: SmtpSender, at: str
) -> None:
    await sender.send(a_mail("before"))
    postbox.at = at
    await sender.send(a_mail("after"))
    assert subjects(postbox) == ["before", "after"]
    assert (postbox.met, postbox.connections) == (1, 2)


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA"])
async def test_a_server_that_limits_mails_per_connection_gets_a_new_one(
    postbox: MoodyPostbox, sender: SmtpSender, at: str
) -> None:
    await sender.send(a_mail("before"))
    postbox.at, postbox.answer = at, "421 4.7.0 Too many messages on this connection"
    await sender.send(a_mail("after"))
    assert subjects(postbox) == ["before", "after"]
    assert (postbox.met, postbox.connections) == (1, 2)


@pytest.mark.parametrize("answer", ["452 4.3.1 Enough for now", "503 Nested MAIL command"])
async def test_a_refusal_before_any_address_may_be_about_the_connection(
    postbox: MoodyPostbox, sender: SmtpSender, answer: str
) -> None:
    await sender.send(a_mail("before"))
    postbox.at, postbox.answer = "MAIL", answer
    await sender.send(a_mail("after"))
    assert subjects(postbox) == ["before", "after"]
    assert postbox.connections == 2


async def test_a_mail_whose_acceptance_is_unknown_is_not_sent_again_here(
    postbox: MoodyPostbox, sender: SmtpSender
) -> None:
    """The code that counts attempts decides whether to retry."""
    await sender.send(a_mail("before"))
    postbox.at = "DATA"
    with pytest.raises(UnansweredError):
        await sender.send(a_mail("lost"))
    assert (postbox.met, postbox.connections) == (1, 1)


async def test_the_answer_to_the_content_has_a_limit_of_its_own(
    postbox: Postbox, sender: SmtpSender
) -> None:
    """Mail servers check the content before they answer, which takes longer than other replies."""
    await sender.send(a_mail("before"))
    (connection,) = sender._idle  # noqa: SLF001 - to lower the limit of its other replies

    async def shorten() -> None:
        connection.timeout = 0.0

    postbox.on_recipient = shorten
    await sender.send(a_mail("after"))
    assert subjects(postbox) == ["before", "after"]


async def test_a_mail_whose_content_is_not_answered_may_have_arrived(
    postbox: Postbox, sender: SmtpSender
) -> None:
    postbox.never_answer(sender)
    with pytest.raises(UnansweredError):
        await sender.send(a_mail("slow"))
    postbox.on_content = None
    await sender.send(a_mail("next"))
    assert subjects(postbox) == ["slow", "next"]
    assert postbox.connections == 2


async def test_a_lowered_limit_holds_for_later_mails_until_it_is_lifted(
    postbox: Postbox, sender: SmtpSender
) -> None:
    sender.limit_answers(0.0)
    with pytest.raises(UnansweredError):
        await sender.send(a_mail("lost"))
    sender.limit_answers(None)
    await sender.send(a_mail("taken"))
    assert subjects(postbox) == ["taken"]


async def test_a_connection_with_an_invalid_reply_is_not_reused(
    postbox: MoodyPostbox, sender: SmtpSender
) -> None:
    """From then on, replies cannot be assigned to commands."""
    postbox.at, postbox.answer = "RCPT", "nonsense"
    with pytest.raises(aiosmtplib.SMTPResponseException):
        await sender.send(a_mail("lost"))
    await sender.send(a_mail("taken"))
    assert subjects(postbox) == ["taken"]
    assert postbox.connections == 2


async def test_a_new_connection_that_breaks_is_not_replaced(
    postbox: MoodyPostbox, sender: SmtpSender
) -> None:
    postbox.at = "MAIL"
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await sender.send(a_mail())
    assert (postbox.met, postbox.connections) == (1, 1)


async def test_an_idle_connection_is_ended_with_quit(postbox: Postbox) -> None:
    sender = SmtpSender(smtp_server(postbox.url), idle_seconds=0.0)
    await sender.send(a_mail())
    await until(holds(lambda: postbox.quits == 1))
    await sender.send(a_mail())
    assert postbox.connections == 2
    await sender.close()


async def test_a_connection_carries_a_bounded_number_of_mails(
    postbox: Postbox, sender: SmtpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MAX_MAILS_PER_CONNECTION", 2)
    for _ in range(5):
        await sender.send(a_mail())
    assert postbox.connections == 3
    await until(holds(lambda: postbox.quits == 2))


async def test_closing_ends_every_idle_connection(postbox: Postbox, sender: SmtpSender) -> None:
    await asyncio.gather(*(sender.send(a_mail()) for _ in range(3)))
    await sender.close()
    assert postbox.quits == postbox.connections
