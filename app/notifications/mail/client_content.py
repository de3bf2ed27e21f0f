"""Writes the content of a mail to a client, before it is rendered (product.md section 6).

Source: product.md section 10, "Mails". Mails about a booked session (booked, rescheduled, restored,
reminder, nudge) contain how to join, the policy's deadlines, and the link. A cancellation contains
the link and the policy's text; so does the mail that nobody has taken a released time. A missed
session contains the policy's text, which explains a fee, and the link only if the session can be
booked again, or the client can ask to waive its fee. Mails about only a fee or a credit contain
neither.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.money import total
from app.domain.policy.decide import is_allowed
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.identity.tokens.link import FirstView
from app.mail.entry import entry_lines, entry_place
from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData, Meeting
from app.notifications.mail.deadlines import Rule, deadlines
from app.notifications.mail.facts import (
    DateTile,
    Fact,
    actor_sentence,
    and_others,
    costs,
    day_of,
    joining,
    meeting_of,
    place_then,
    span_of,
    tile_of,
    times,
    topic_of,
)
from app.notifications.mail.markup import reservations
from app.notifications.mail.nudge import asks_if_coming, nudge_sentences
from app.notifications.mail.rebooking import (
    ask_sentence,
    can_ask_until,
    link_label,
    rebook_sentence,
    rebookable_until,
)
from app.notifications.mail.request_content import asked_facts, request_sentences
from app.notifications.mail.several import (
    DateEntry,
    are_alike,
    dates_for_client,
    heading_of_several,
    sessions_of,
    with_entries,
)
from app.outbox.outbox import REMINDERS
from app.policies.stored import rules_of
from app.texts.catalogue import Texts

# Kinds of mail after whose change the session is booked.
OF_BOOKED = {"booked", "rescheduled", "restored", *REMINDERS}
_WITH_LINK = OF_BOOKED | {"absence", "cancelled", "move_request", "release_ended"}
# Kinds of mail about what a session cost, after which it is as it was.
ABOUT_COST = {
    "fee_waived",
    "fee_forgiven",
    "fee_waiver_declined",
    "fee_waiver_lapsed",
    "credit_returned",
    "allowance_returned",
}
# Calendar entries of other sessions that one mail has.
MAX_ATTACHMENTS = 10
MAX_IN_PREHEADER = 3


@dataclass(frozen=True, slots=True)
class MailContent:
    """The content of a mail, from which both the text part and the HTML part are rendered.

    `subject` and `heading` never contain text that a person entered. `language` is a BCP 47 tag.
    `preheader` is what lists of mails show after the subject: also without personal data. `when`
    is the time of the only session, `tile` shows its date. `markup` is JSON-LD for mail programs.
    `texts` is the catalogue for the templates' own texts. `link_label` None: the label of the link
    to a session. `cancel_link` leads to the confirmation of a cancellation,
    `coming_link` to where the client says that they are coming.
    """

    language: str
    texts: Texts
    subject: str
    heading: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    greeting: str | None = None
    preheader: str = ""
    when: Fact | None = None
    tile: DateTile | None = None
    markup: str | None = None
    rules: tuple[Rule, ...] = ()
    dates: tuple[DateEntry, ...] = ()
    policy_text: str | None = None
    link: str | None = None
    link_label: str | None = None
    cancel_link: str | None = None
    coming_link: str | None = None
    footer: tuple[str, ...] = ()


class LinkOf(Protocol):
    """Gives the link to a session, and what the page shows first."""

    def __call__(self, data: MailData, to: FirstView | None = None, /) -> str:
        """Return the URL."""
        ...


def client_content(data: MailData, link_of: LinkOf, now: datetime) -> MailContent:
    """Write the content of a mail to the client, in their time zone and language.

    `link_of` gives the link to a session. A mail about several sessions lists them with a link
    each.
    """
    formatter = Formatter(data.client.locale, data.client.zone)
    texts, meeting = formatter.texts, meeting_of(data)
    topic, is_of_booked, is_of_one = topic_of(data), data.kind in OF_BOOKED, not data.others
    when, *before = times(data, formatter) if is_of_one else (None,)
    subject = texts(f"mail.{topic}.subject", day=day_of(meeting, formatter))
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=and_others(subject, data, texts),
        heading=texts(f"mail.{topic}.heading") if is_of_one else heading_of_several(data, texts),
        greeting=texts("mail.greeting", name=one_line(data.client.name)),
        preheader=_preheader(data, formatter),
        sentences=_sentences(data, formatter, now),
        when=when,
        tile=tile_of(meeting, formatter, is_over=data.is_cancellation) if is_of_one else None,
        markup=_markup(data, link_of),
        dates=dates_for_client(data, formatter, link_of, now),
        facts=(
            *before,
            *(_what(data, texts) if are_alike(sessions_of(data)) else ()),
            *asked_facts(data, formatter),
            *_message(data, texts),
        ),
        rules=deadlines(data, formatter, now) if is_of_booked and is_of_one else (),
        policy_text=_policy_text(data),
        link=_link(data, link_of, now) if is_of_one and _has_link(data, now) else None,
        cancel_link=(
            link_of(data, "cancel")
            if is_of_one and is_of_booked and _allows(data, Action.CANCEL, now)
            else None
        ),
        coming_link=link_of(data) if asks_if_coming(data, now) else None,
        link_label=link_label(data, texts, now),
        footer=_footer(data, texts),
    )


def _message(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Write what the practice says to the client about its answer."""
    note = data.change.note
    if note is None or not data.change.has_message:
        return ()
    return (Fact(texts("mail.practice-note"), lines(note), is_typed=True),)


def _what(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Write service, practitioner, format, place, and how to join a booked session."""
    meeting = meeting_of(data)
    return (
        Fact(texts("mail.service"), one_line(data.service_name)),
        Fact(texts("mail.practitioner"), one_line(data.practitioner.name)),
        *place_then(data, texts),
        *(joining(meeting, texts) if data.kind in OF_BOOKED else ()),
    )


def joining_lines(meeting: Meeting, texts: Texts) -> tuple[str, ...]:
    """Write format, place and how to join, as lines of a calendar entry."""
    return entry_lines(
        meeting.format, meeting.location, meeting.join_url, meeting.instructions, texts
    )


def place_line(meeting: Meeting, texts: Texts) -> str:
    """Write in one line where a session takes place: location, URL, or format."""
    return entry_place(meeting.format, meeting.location, meeting.join_url, texts)


def _link(data: MailData, link_of: LinkOf, now: datetime) -> str:
    """Give the link to the free times, or to the session where it cannot be moved."""
    moves = data.kind in OF_BOOKED and _allows(data, Action.RESCHEDULE, now)
    return link_of(data, "reschedule") if moves else link_of(data)


def _allows(data: MailData, action: Action, now: datetime) -> bool:
    """Return whether the client may do something with the booked session."""
    return is_allowed(rules_of(data.policy), action, data.facts, now)


def _preheader(data: MailData, formatter: Formatter) -> str:
    """Write the times, for lists of mails, which others may see."""
    spans = (times(one, formatter)[0].text for one in sessions_of(data)[:MAX_IN_PREHEADER])
    return "; ".join(spans)


def _markup(data: MailData, link_of: LinkOf) -> str | None:
    """Write the sessions for mail programs, where the mail says how they stand."""
    if data.kind not in OF_BOOKED | {"cancelled"}:
        return None
    shown = [one for one in (data, *data.others) if not one.change.superseded]
    return reservations((one, link_of(one)) for one in shown[: 1 + MAX_ATTACHMENTS])


def _has_link(data: MailData, now: datetime) -> bool:
    return data.kind in _WITH_LINK or (
        data.kind == "noshow"
        and (rebookable_until(data, now) is not None or can_ask_until(data, now) is not None)
    )


def _sentences(data: MailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write who made the change if not the client, its cost, and whom to ask."""
    if data.kind in REMINDERS:
        return () if data.kind == "reminder" else nudge_sentences(data, formatter, now)
    if data.kind == "release_ended":
        return (formatter.texts("mail.release-ended.why"),)
    if data.kind == "move_request":
        return request_sentences(data, formatter)
    change, texts = data.change, formatter.texts
    practice = one_line(data.practice_name)
    sentences = [*actor_sentence(data, texts)]
    if data.others:
        return (*sentences, *_total(data, formatter, practice))
    sentences += costs(data, formatter, practice=practice)
    if data.kind == "absence":
        sentences.append(texts("mail.absence-announced", practice=practice))
    if data.kind == "noshow":
        sentences.append(texts("mail.if-wrong", name=one_line(data.contact.name)))
    sentences += ask_sentence(data, formatter, now)
    sentences += rebook_sentence(data, formatter, now)
    if change.time_of_end is not None and data.facts.status is Status.BOOKED:
        sentences.append(texts("mail.still-booked", when=span_of(data.present, formatter)))
    if change.superseded and data.kind not in ABOUT_COST:
        sentences.append(texts("mail.changed-since"))
    return tuple(sentences)


def _total(data: MailData, formatter: Formatter, practice: str) -> tuple[str, ...]:
    """Write the sum of the fees of all sessions."""
    fee = total(one.change.fee for one in sessions_of(data))
    if fee is None:
        return ()
    return (formatter.texts("mail.fees-due", fee=formatter.money(fee), practice=practice),)


def _policy_text(data: MailData) -> str | None:
    """Return the policy's text as the practice wrote it, not translated."""
    if data.policy is None or data.kind in ABOUT_COST | {"move_request"}:
        return None
    return lines(data.policy.text) or None


def _footer(data: MailData, texts: Texts) -> tuple[str, ...]:
    phone = data.contact.phone
    questions = texts("mail.questions")
    if phone:
        questions = texts("mail.questions-with-phone", phone=one_line(phone))
    return (
        *_not_attached(data, texts),
        texts("mail.why-this-mail", practice=one_line(data.practice_name)),
        questions,
    )


def _not_attached(data: MailData, texts: Texts) -> tuple[str, ...]:
    """Write how many calendar entries are missing, and where to find them."""
    missing = len(with_entries(data)) - MAX_ATTACHMENTS
    if missing <= 0:
        return ()
    return (texts.counted("mail.entries-not-attached", missing, count=missing),)
