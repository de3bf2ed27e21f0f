"""Renders the mail to the practice that says who has not answered a move request."""

from datetime import datetime
from email.message import EmailMessage

from app.configuration.settings import Settings
from app.mail.brand import RESLOT
from app.mail.headers import add_technical_headers
from app.mail.sanitize import mailbox, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import UnansweredMailData, UnansweredSession
from app.notifications.mail.facts import Fact
from app.notifications.mail.message import compose
from app.notifications.mail.several import DateEntry
from app.texts.catalogue import ENGLISH


def make_unanswered_mail(
    data: UnansweredMailData, settings: Settings, now: datetime
) -> EmailMessage:
    """Render the mail with `now` as its Date, in English, with times in the practitioners' zones.

    No client is named in the subject line.

    Raises:
        UndeliverableError: the practice's address is not valid.
    """
    texts, count = ENGLISH, len(data.sessions)
    effect = "stay-cancelled" if data.is_cancelled else "stay"
    heading = texts.counted("move-request.without-answer", count, count=count)
    mail = compose(
        MailContent(
            language=texts.language,
            texts=texts,
            subject=heading,
            heading=heading,
            sentences=(texts(f"move-request.{effect}"),),
            dates=tuple(_entry(one) for one in data.sessions),
            facts=(Fact(texts("move-request.id"), str(data.request_id)),),
            footer=(texts("move-request.why", practice=one_line(data.practice_name)),),
        ),
        RESLOT,
    )
    mail["From"] = mailbox("Reslot", settings.mail_from)
    mail["To"] = mailbox(data.practice_name, data.practice_email)
    mail["Subject"] = heading
    add_technical_headers(mail, data.notification_id, settings, now)
    return mail


def _entry(one: UnansweredSession) -> DateEntry:
    formatter = Formatter(None, one.zone)
    about = (one.client, one.service_name, one.practitioner)
    return DateEntry(
        when=formatter.span(one.starts_at, one.ends_at),
        lines=(", ".join(map(one_line, about)),),
        link=None,
    )
