"""Writes the content of a mail to a practitioner, in English: practitioners have no locale."""

from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import MailData
from app.notifications.mail.facts import Fact, costs, meeting_of, place, times, topic_of
from app.texts.catalogue import Texts


def practitioner_content(data: MailData) -> MailContent:
    """Write client, reason, old and new time, in the practitioner's time zone."""
    formatter = Formatter(data.practitioner.locale, data.practitioner.zone)
    texts, meeting, change = formatter.texts, meeting_of(data), data.change
    topic = topic_of(data).replace("_", "-")
    why = (
        (texts("practitioner.reason"), _reason(change.reason_code, texts)),
        (texts("practitioner.note"), change.note),
    )
    by = "practitioner.by-client" if change.by_client else "practitioner.by-practice"
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=texts(f"practitioner.{topic}.subject", day=formatter.day(meeting.starts_at)),
        heading=texts(f"practitioner.{topic}.heading"),
        sentences=(
            *costs(data, formatter, practice=None),
            *((texts("mail.changed-since"),) if change.superseded else ()),
        ),
        facts=(
            *_practitioner(data, texts),
            Fact(texts("practitioner.client"), one_line(data.client.name)),
            *times(data, formatter),
            Fact(texts("mail.service"), one_line(data.service_name)),
            *place(meeting, texts),
            Fact(texts("practitioner.done-by"), texts(by)),
            *(Fact(label, lines(text)) for label, text in why if text),
        ),
    )


def _practitioner(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Name the practitioner if the mail goes to the practice's address, which several may share."""
    if data.practitioner.email != data.practice_email:
        return ()
    return (Fact(texts("mail.practitioner"), one_line(data.practitioner.name)),)


def _reason(code: str | None, texts: Texts) -> str | None:
    """Return the text of a reason code, or the code itself if the catalogue has no text for it."""
    key = f"reason.{code}"
    return texts(key) if texts.has(key) else code
