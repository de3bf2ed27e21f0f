"""Renders mails to the practice's own address: a webhook endpoint was disabled."""

from datetime import datetime
from email.message import EmailMessage

from app.configuration.settings import Settings
from app.mail.brand import RESLOT
from app.mail.headers import add_technical_headers
from app.mail.sanitize import mailbox, one_line
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import PracticeMailData
from app.notifications.mail.facts import Fact
from app.notifications.mail.message import compose
from app.texts.catalogue import ENGLISH


def make_practice_mail(data: PracticeMailData, settings: Settings, now: datetime) -> EmailMessage:
    """Render the mail with `now` as its Date, in English, with times in UTC.

    A practice has neither a language nor a time zone.

    Raises:
        UndeliverableError: the practice's address is not valid.
    """
    content = _webhook_disabled(data)
    mail = compose(content, RESLOT)
    mail["From"] = mailbox("Reslot", settings.mail_from)
    mail["To"] = mailbox(data.practice_name, data.practice_email)
    mail["Subject"] = content.subject
    add_technical_headers(mail, data.notification_id, settings, now)
    return mail


def _webhook_disabled(data: PracticeMailData) -> MailContent:
    texts, details = ENGLISH, data.details
    subject = texts("webhook-disabled.heading")
    why = (
        texts("webhook-disabled.gone")
        if details["gone"]
        else texts("webhook-disabled.failed", failures=details["failures"])
    )
    remedy = texts(
        "webhook-disabled.how",
        request=f"PATCH /v1/practice/webhook-endpoints/{data.endpoint_id}",
        body='{"active": true}',
    )
    since = datetime.fromisoformat(details["failing_since"])
    return MailContent(
        language=texts.language,
        texts=texts,
        subject=subject,
        heading=subject,
        sentences=(why, texts("webhook-disabled.effect")),
        facts=(
            Fact(texts("webhook-disabled.host"), one_line(details["host"])),
            Fact(texts("webhook-disabled.endpoint"), str(data.endpoint_id)),
            Fact(texts("webhook-disabled.failing-since"), _utc(since)),
            Fact(texts("webhook-disabled.at"), _utc(data.at)),
            Fact(texts("webhook-disabled.last-error"), one_line(details["error"])),
            Fact(texts("webhook-disabled.remedy"), remedy),
        ),
        footer=(texts("webhook-disabled.why-this-mail", practice=one_line(data.practice_name)),),
    )


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
