"""Writes the list of dates in a mail about several sessions that one command changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.policy.decide import decide
from app.domain.policy.rules import Action, Credit
from app.mail.sanitize import one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.notifications.mail.deadlines import allowance_lines
from app.notifications.mail.facts import (
    Fact,
    costs,
    joining,
    meeting_of,
    place,
    start_of,
    times,
    topic_of,
)
from app.notifications.mail.rebooking import ask_sentence, link_label, rebook_sentence
from app.policies.stored import rules_of
from app.texts.catalogue import Texts

# Topics with a heading of their own in mails about several sessions.
_IN_HEADINGS = {"booked", "rescheduled", "cancelled", "restored", "move-request"}


@dataclass(frozen=True, slots=True)
class DateEntry:
    """One session in the list: its time, lines about it, and its link for a client.

    `link_label` None: the label of the link to a booked session.
    """

    when: str
    lines: tuple[str, ...]
    link: str | None = None
    link_label: str | None = None


def sessions_of(data: MailData) -> list[MailData]:
    """Return the session that the mail is about and the others, in the order of their times."""
    return sorted((data, *data.others), key=lambda one: one.change.after.starts_at)


def clients_of(data: MailData) -> set[tuple[str, str]]:
    """Return name and address of each client whose sessions the mail is about."""
    return {(one.client.name, one.client.email) for one in (data, *data.others)}


def are_alike(sessions: Sequence[MailData]) -> bool:
    """Tell whether sessions differ in nothing but their times, so that the mail says it once."""
    return len({_what(one) for one in sessions}) == 1


def heading_of_several(data: MailData, texts: Texts) -> str:
    """Write what has become of the sessions, if it is the same of all of them."""
    first, *others = {topic_of(one) for one in sessions_of(data)}
    topic = first if first in _IN_HEADINGS and not others else "changed"
    if data.recipient == "client":
        return texts(f"mail.{topic}.heading-of-several")
    return texts(f"practitioner.{topic}.heading-of-several")


def with_entries(data: MailData) -> list[MailData]:
    """Return the other sessions whose calendar entries are due: a later change sends its own.

    A move request that cancels nothing changes no calendar.
    """
    if data.kind == "move_request" and not data.is_cancellation:
        return []
    return [one for one in data.others if not one.change.superseded]


def dates_for_client(
    data: MailData, formatter: Formatter, link_of: Callable[[MailData], str], now: datetime
) -> tuple[DateEntry, ...]:
    """Write each session of a client: time, cost, and what the client can do with it."""
    if not data.others:
        return ()
    is_said_once = are_alike(sessions_of(data))
    return tuple(
        DateEntry(
            when=_when(one, formatter),
            lines=(
                *(() if is_said_once else _described(one, formatter)),
                *_moved_from(one, formatter),
                *_proposals(one, formatter),
                *costs(one, formatter, practice=one_line(data.practice_name)),
                *ask_sentence(one, formatter, now),
                *_changed_since(one, formatter),
                *_cancelling(one, formatter, now),
                *rebook_sentence(one, formatter, now),
            ),
            link=link_of(one),
            link_label=link_label(one, formatter.texts, now),
        )
        for one in sessions_of(data)
    )


def dates_for_practitioner(data: MailData, formatter: Formatter) -> tuple[DateEntry, ...]:
    """Write each session of a practitioner: time, client, service, place, cost."""
    if not data.others:
        return ()
    return tuple(
        DateEntry(
            when=_when(one, formatter),
            lines=(
                ", ".join((one_line(one.client.name), *_service_and_place(one, formatter))),
                *_moved_from(one, formatter),
                *context(one, formatter.texts),
                *costs(one, formatter, practice=None),
                *_changed_since(one, formatter),
            ),
        )
        for one in sessions_of(data)
    )


def context(data: MailData, texts: Texts) -> tuple[str, ...]:
    """Write to a practitioner what a change answers, and what an absence does with the time."""
    sentences = []
    if data.change.answers_request:
        sentences.append(texts("practitioner.answers-request"))
    if data.kind == "absence":
        sentences.append(texts("practitioner.absence-announced"))
    elif data.change.by_absence:
        sentences.append(texts("practitioner.absence-frees-time"))
    return tuple(sentences)


def _when(data: MailData, formatter: Formatter) -> str:
    return times(data, formatter)[0].text


def _what(data: MailData) -> tuple[object, ...]:
    """Return what a mail says of a session besides its time."""
    meeting = meeting_of(data)
    how = (meeting.format, meeting.location, meeting.join_url, meeting.instructions)
    return (data.kind, data.service_name, data.practitioner.name, *how)


def _described(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    """Write service, practitioner and place in one line, then how to join."""
    service, *where = _service_and_place(data, formatter)
    session = ", ".join((service, one_line(data.practitioner.name), *where))
    if data.kind == "cancelled":
        return (formatter.texts("mail.cancelled-one", session=session),)
    return (session, *_labelled(joining(meeting_of(data), formatter.texts), formatter))


def _service_and_place(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    where = place(meeting_of(data), formatter.texts)
    return (one_line(data.service_name), *(fact.text for fact in where))


def _proposals(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    """Write the starts that the practice proposes for a session."""
    if data.kind != "move_request" or data.asked is None or not data.asked.proposals:
        return ()
    starts = "; ".join(
        start_of(meeting_of(data), start, formatter) for start in data.asked.proposals
    )
    return (f"{formatter.texts('mail.proposals')}{formatter.texts('mail.colon')} {starts}",)


def _moved_from(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    return _labelled(times(data, formatter)[1:], formatter)


def _labelled(facts: Sequence[Fact], formatter: Formatter) -> tuple[str, ...]:
    return tuple(f"{fact.label}{formatter.texts('mail.colon')} {fact.text}" for fact in facts)


def _changed_since(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    return (formatter.texts("mail.changed-since"),) if data.change.superseded else ()


def _cancelling(data: MailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write until when cancelling is free; else what it costs now, or that it is too late.

    It is the cost without the allowance, of which is said how much is left. A move request says it
    once.
    """
    if not data.is_current or data.kind == "move_request":
        return ()
    rules, texts = rules_of(data.policy), formatter.texts
    decision = decide(rules, Action.CANCEL, data.facts, now, use_allowance=False)
    until, left = decision.free_until, allowance_lines(data, Action.CANCEL, formatter, now)
    if decision.cost is None:
        return (texts("mail.cancel-refused"),)
    if decision.cost.fee is not None:
        return (texts("mail.cancel-costs", fee=formatter.money(decision.cost.fee)), *left)
    if decision.cost.credit is Credit.FORFEITED:
        return (texts("mail.cancel-forfeits"), *left)
    if until is None or now > until:
        return ()
    key = "mail.cancel-free-until-start" if until == data.starts_at else "mail.cancel-free-until"
    return (texts(key, until=formatter.instant(until)),)
