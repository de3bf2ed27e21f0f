"""Mails are sent over real SMTP, or written into a folder."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import pytest
from pydantic import SecretStr

from app.configuration.settings import Settings
from app.mail.sanitize import mailbox
from app.mail.senders import FolderSender, make_sender, smtp_server
from app.mail.smtp import SmtpSender, SmtpServer
from app.outbox.errors import SendingFailedError, UndeliverableError, describe
from tests.notifications.postbox import Postbox


def a_mail(subject: str = "Hello") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = mailbox("Harbor", "no-reply@reslot.example")
    mail["To"] = mailbox("Ana", "ana@client.example")
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@reslot.example>"
    mail.set_content("Hello")
    return mail


@pytest.fixture
async def sender(postbox: Postbox) -> AsyncIterator[SmtpSender]:
    """Sends to the postbox."""
    made = SmtpSender(smtp_server(postbox.url))
    yield made
    await made.close()


async def test_a_mail_arrives(sender: SmtpSender, postbox: Postbox) -> None:
    await sender.send(a_mail())
    assert postbox.recipients == ["ana@client.example"]
    assert postbox.mails[0]["Subject"] == "Hello"


async def test_a_server_that_is_down_is_a_temporary_failure(
    sender: SmtpSender, postbox: Postbox
) -> None:
    await postbox.close()
    with pytest.raises(aiosmtplib.SMTPConnectError) as down:
        await sender.send(a_mail())
    assert describe(down.value) == "SMTPConnectError"


def test_errors_are_described_without_their_text() -> None:
    refused = aiosmtplib.SMTPRecipientRefused(550, "no ana", "ana@client.example")
    assert describe(aiosmtplib.SMTPRecipientsRefused([refused])) == "SMTPRecipientRefused 550"
    assert describe(ValueError("ana@client.example")) == "ValueError"
    assert describe(SendingFailedError("SMTPConnectError")) == "SMTPConnectError"
    assert str(UndeliverableError()) == ""


async def test_a_mail_lands_in_the_folder_once(settings: Settings) -> None:
    sender = make_sender(settings)
    assert sender == FolderSender(settings.mail_folder)
    first, other = a_mail("first"), a_mail("other")
    again = a_mail("again")
    again.replace_header("Message-ID", first["Message-ID"])
    for mail in (first, other, again):
        await sender.send(mail)
    files = sorted(settings.mail_folder.iterdir())
    assert len(files) == 2
    name = first["Message-ID"].strip("<>").partition("@")[0]
    assert b"again" in (settings.mail_folder / f"{name}.eml").read_bytes()


async def test_a_name_that_is_not_an_id_is_not_a_file(tmp_path: Path) -> None:
    mail = a_mail()
    mail.replace_header("Message-ID", "<../../etc/passwd@x.example>")
    with pytest.raises(ValueError, match="badly formed"):
        await FolderSender(tmp_path).send(mail)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25)),
        (
            "smtp://mail.example:2525?starttls=never",
            SmtpServer("mail.example", 2525, start_tls=False),
        ),
        ("smtps://mail.example", SmtpServer("mail.example", 465, use_tls=True, start_tls=False)),
        (
            "smtp://a%40b:p%2Fw@mail.example:587",
            SmtpServer("mail.example", 587, "a@b", "p/w", start_tls=True),
        ),
        (
            "smtp://u:p@mail.example?starttls=auto",
            SmtpServer("mail.example", 25, "u", "p", start_tls=None),
        ),
    ],
)
def test_smtp_urls(settings: Settings, url: str, expected: SmtpServer) -> None:
    made = make_sender(settings.model_copy(update={"smtp_url": SecretStr(url)}))
    assert isinstance(made, SmtpSender)
    assert made.server == expected
    assert "p/w" not in repr(made.server)
