"""Writes the content of a mail to a practitioner, in English: practitioners have no locale."""

from collections.abc import Callable

from app.domain.policy.reasons import find_reason
from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import AskedWaiver, MailData
from app.notifications.mail.facts import (
    Fact,
    and_others,
    costs,
    meeting_of,
    place,
    times,
    topic_of,
)
from app.notifications.mail.several import dates_for_practitioner
from app.policies.stored import rules_of
from app.texts.catalogue import Texts
from app.texts.reasons import label_of


def practitioner_content(data: MailData, link_of: Callable[[AskedWaiver], str]) -> MailContent:
    """Write client, reason, old and new time, in the practitioner's time zone.

    `link_of` gives the link to answer what a client asks.
    """
    formatter, asks = Formatter(data.practitioner.locale, data.practitioner.zone), data.asks
    texts, change, topic = formatter.texts, data.change, topic_of(data)
    day = formatter.day(meeting_of(data).starts_at)
    subject = texts(f"practitioner.{topic}.subject", day=day)
    why = (
        (texts("practitioner.reason"), _reason(data, texts)),
        (texts(f"practitioner.{'note' if asks is None else 'waiver-words'}"), change.note),
    )
    by = "practitioner.by-client" if change.by_client else "practitioner.by-practice"
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=and_others(subject, data, texts),
        heading=texts(
            f"practitioner.{data.kind}.heading-of-several"
            if data.others
            else f"practitioner.{topic}.heading"
        ),
        sentences=() if data.others else _sentences(data, formatter),
        dates=dates_for_practitioner(data, formatter),
        facts=(
            *_practitioner(data, texts),
            *(() if data.others else _session(data, formatter)),
            Fact(texts("practitioner.done-by"), texts(by)),
            *(Fact(label, lines(text)) for label, text in why if text),
        ),
        link=None if asks is None else link_of(asks),
        link_label=None if asks is None else texts("practitioner.waiver-link"),
    )


def _sentences(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    if data.asks is not None:
        until = formatter.instant(data.asks.question.answer_by)
        return (
            *costs(data, formatter, practice=None),
            formatter.texts("practitioner.waiver-answer-by", until=until),
            formatter.texts("practitioner.waiver-link-decides"),
        )
    since = (formatter.texts("mail.changed-since"),) if data.change.superseded else ()
    return (*costs(data, formatter, practice=None), *since)


def _session(data: MailData, formatter: Formatter) -> tuple[Fact, ...]:
    texts = formatter.texts
    return (
        Fact(texts("practitioner.client"), one_line(data.client.name)),
        *times(data, formatter),
        Fact(texts("mail.service"), one_line(data.service_name)),
        *place(meeting_of(data), texts),
    )


def _practitioner(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Name the practitioner if the mail goes to the practice's address, which several may share."""
    if data.practitioner.email != data.practice_email:
        return ()
    return (Fact(texts("mail.practitioner"), one_line(data.practitioner.name)),)


def _reason(data: MailData, texts: Texts) -> str | None:
    """Return the label of a reason of the practice's list, else the catalogue's text of its code.

    A code that neither has, as of another policy version, is shown as it is.
    """
    code = data.change.reason_code
    own = find_reason(rules_of(data.policy).reasons, code)
    if own is not None:
        return label_of(own, texts)
    key = f"reason.{code}"
    return texts(key) if texts.has(key) else code
