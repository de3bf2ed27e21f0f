"""Writes the content of a mail to a practitioner, in their language, or else in English."""

from collections.abc import Callable

from app.domain.policy.reasons import find_reason
from app.mail.sanitize import lines, mail_url, one_line, phone_url
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import AskedWaiver, MailData
from app.notifications.mail.facts import (
    Fact,
    actor_sentence,
    and_others,
    costs,
    day_of,
    meeting_of,
    place_then,
    span_of,
    tile_of,
    times,
    topic_of,
)
from app.notifications.mail.several import (
    clients_of,
    context,
    dates_for_practitioner,
    heading_of_several,
)
from app.policies.stored import rules_of
from app.texts.catalogue import Texts
from app.texts.reasons import label_of


def practitioner_content(data: MailData, link_of: Callable[[AskedWaiver], str]) -> MailContent:
    """Write client, reason, old and new time, in the practitioner's time zone.

    `link_of` gives the link to answer what a client asks.
    """
    formatter, asks = Formatter(data.practitioner.locale, data.practitioner.zone), data.asks
    texts, topic = formatter.texts, topic_of(data)
    day = day_of(meeting_of(data), formatter)
    subject = texts(f"practitioner.{topic}.subject", day=day)
    when, *before = (None,) if data.others else times(data, formatter)
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=and_others(subject, data, texts),
        heading=heading_of_several(data, texts)
        if data.others
        else texts(f"practitioner.{topic}.heading"),
        greeting=texts("mail.greeting", name=one_line(data.practitioner.name)),
        preheader=_preheader(data, formatter),
        when=when,
        tile=None
        if data.others
        else tile_of(meeting_of(data), formatter, is_over=data.is_cancellation),
        sentences=(
            *actor_sentence(data, texts),
            *(() if data.others else (*context(data, texts), *_sentences(data, formatter))),
        ),
        dates=dates_for_practitioner(data, formatter),
        facts=(
            *_practitioner(data, texts),
            *(_client(data, texts) if len(clients_of(data)) == 1 else ()),
            *before,
            *(() if data.others else _session(data, texts)),
            *_why(data, texts),
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


def _preheader(data: MailData, formatter: Formatter) -> str:
    return span_of(meeting_of(data), formatter)


def _client(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Write who the client is, and how to reach them."""
    client = data.client
    facts = [Fact(texts("practitioner.client"), one_line(client.name), is_typed=True)]
    facts.append(Fact(texts("practitioner.email"), one_line(client.email), mail_url(client.email)))
    if client.phone:
        phone = one_line(client.phone)
        facts.append(Fact(texts("practitioner.phone"), phone, phone_url(phone)))
    return tuple(facts)


def _why(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Write the reason: its label and the person's words, each once, as one text."""
    change = data.change
    words = None if change.note is None else lines(change.note)
    if data.asks is not None:
        label, shown = texts("practitioner.waiver-words"), words
    else:
        label, shown = texts("practitioner.reason"), _reason_and_words(data, words, texts)
    return () if not shown else (Fact(label, shown, is_typed=True),)


def _reason_and_words(data: MailData, words: str | None, texts: Texts) -> str | None:
    reason = _reason(data, texts)
    if not words or not reason:
        return words or reason
    if data.change.reason_code == "other" or words.casefold() == reason.casefold():
        return words
    return texts("practitioner.reason-and-words", reason=reason, words=words)


def _session(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    return (
        Fact(texts("mail.service"), one_line(data.service_name)),
        *place_then(data, texts),
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
