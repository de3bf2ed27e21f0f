"""Mails go over real SMTP, or into a folder."""

from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import pytest
from pydantic import SecretStr

from app.notices.clean import mailbox
from app.notices.errors import SendingFailedError, UndeliverableError, describe
from app.notices.senders import FolderSender, SmtpSender, make_sender, smtp_sender
from app.settings import Settings, SettingsError
from tests.notices.postbox import Postbox


def a_mail(subject: str = "Hello") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = mailbox("Harbor", "no-reply@reslot.example")
    mail["To"] = mailbox("Ana", "ana@client.example")
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@reslot.example>"
    mail.set_content("Hello")
    return mail


async def test_a_mail_arrives(postbox: Postbox) -> None:
    await smtp_sender(postbox.url).send(a_mail())
    assert postbox.recipients == ["ana@client.example"]
    assert postbox.mails[0]["Subject"] == "Hello"


async def test_a_refused_recipient_is_undeliverable(postbox: Postbox) -> None:
    postbox.refusal = "550 5.1.1 no such person"
    with pytest.raises(UndeliverableError) as refused:
        await smtp_sender(postbox.url).send(a_mail())
    assert describe(refused.value) == "UndeliverableError 550"


async def test_a_deferred_recipient_may_be_tried_again(postbox: Postbox) -> None:
    postbox.refusal = "451 4.7.1 come back later"
    with pytest.raises(aiosmtplib.SMTPRecipientRefused) as deferred:
        await smtp_sender(postbox.url).send(a_mail())
    assert describe(deferred.value) == "SMTPRecipientRefused 451"


async def test_any_other_refusal_may_be_tried_again(postbox: Postbox) -> None:
    postbox.data_refusal = "554 5.6.0 not like this"
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await smtp_sender(postbox.url).send(a_mail())
    assert describe(refused.value) == "SMTPDataError 554"


async def test_a_server_that_is_down_may_come_back(postbox: Postbox) -> None:
    await postbox.close()
    with pytest.raises(aiosmtplib.SMTPConnectError) as down:
        await smtp_sender(postbox.url).send(a_mail())
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


async def test_a_name_that_is_no_id_is_no_file(tmp_path: Path) -> None:
    mail = a_mail()
    mail.replace_header("Message-ID", "<../../etc/passwd@x.example>")
    with pytest.raises(ValueError, match="badly formed"):
        await FolderSender(tmp_path).send(mail)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp://mail.example", SmtpSender("mail.example", 25)),
        (
            "smtp://mail.example:2525?starttls=never",
            SmtpSender("mail.example", 2525, start_tls=False),
        ),
        ("smtps://mail.example", SmtpSender("mail.example", 465, use_tls=True, start_tls=False)),
        (
            "smtp://a%40b:p%2Fw@mail.example:587",
            SmtpSender("mail.example", 587, "a@b", "p/w", start_tls=True),
        ),
        (
            "smtp://u:p@mail.example?starttls=auto",
            SmtpSender("mail.example", 25, "u", "p", start_tls=None),
        ),
    ],
)
def test_smtp_urls(settings: Settings, url: str, sender: SmtpSender) -> None:
    made = make_sender(settings.model_copy(update={"smtp_url": SecretStr(url)}))
    assert made == sender
    assert "p/w" not in repr(made)


@pytest.mark.parametrize(
    "url",
    ["", "mail.example", "http://u:secret@x.example", "smtp://x:bad", "smtp://x?starttls=maybe"],
)
def test_bad_smtp_urls_are_refused_without_telling_them(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        smtp_sender(url)
    assert "secret" not in str(refused.value)
