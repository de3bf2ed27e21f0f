"""Writes what mails to clients and to practitioners share: time, place, format, cost."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from app.domain.policy.rules import Credit
from app.domain.session import Carried, Status
from app.mail.sanitize import lines, one_line, web_address
from app.mail.texts.formatter import Formatter, format_name
from app.notifications.mail.data import ChangeFacts, MailData, Meeting
from app.outbox.outbox import REMINDERS
from app.texts.catalogue import Texts

# Opens the map application of a phone, or a page: documented as "Maps URLs".
_MAP = "https://www.google.com/maps/search/?api=1&query="


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled line of a mail. `url` is the target if the text is a link.

    `is_typed`: somebody typed the text, so its language is unknown.
    """

    label: str
    text: str
    url: str | None = None
    is_typed: bool = False


@dataclass(frozen=True, slots=True)
class DateTile:
    """The date of a session as a small calendar leaf, and its hours. `is_over`: cancelled."""

    month: str
    day: str
    weekday: str
    hours: str
    is_over: bool


def tile_of(meeting: Meeting, formatter: Formatter, *, is_over: bool) -> DateTile:
    """Write the date and the hours of a session, in person by the clocks of the place."""
    leading = formatter.in_zone(meeting.clock(formatter.zone))
    return DateTile(*leading.tile(meeting.starts_at, meeting.ends_at), is_over)


def day_of(meeting: Meeting, formatter: Formatter) -> str:
    """Write the start for a subject line. It names the zone if that is not the reader's."""
    zone = meeting.clock(formatter.zone)
    return formatter.in_zone(zone).day(meeting.starts_at, names_zone=zone != formatter.zone)


def span_of(meeting: Meeting, formatter: Formatter) -> str:
    """Write start and end, in person by the clocks of the place, and then the reader's."""
    return _by_both_clocks(
        meeting, formatter, lambda by: by.span(meeting.starts_at, meeting.ends_at)
    )


def start_of(meeting: Meeting, start: datetime, formatter: Formatter) -> str:
    """Write a start that is proposed for a session, by the same clocks as its own."""
    proposed = replace(meeting, starts_at=start)
    return _by_both_clocks(proposed, formatter, lambda by: by.instant(start))


def _by_both_clocks(
    meeting: Meeting, formatter: Formatter, write: Callable[[Formatter], str]
) -> str:
    zone = meeting.clock(formatter.zone)
    if zone == formatter.zone:
        return write(formatter)
    place, own = write(formatter.in_zone(zone)), write(formatter)
    return formatter.texts("mail.by-both-clocks", place=place, own=own)


def meeting_of(data: MailData) -> Meeting:
    """Return the meeting that the mail is about: for a reminder or a nudge the current one.

    Of an end before which the session was elsewhere, only the time is known.
    """
    meeting = data.present if data.kind in REMINDERS else data.change.after
    end = data.change.time_of_end
    return meeting if end is None else replace(meeting, **end._asdict())


def topic_of(data: MailData) -> str:
    """Return a part of the text's key: some kinds have texts of their own for some changes."""
    kind, change = data.kind, data.change
    if kind == "rescheduled" and change.rebooked is not None:
        return "restored"
    if kind == "rescheduled" and change.kind == "format_changed":
        return "format-changed"
    if kind == "rescheduled" and not change.by_client and _changes_length_only(change):
        return "length-changed"
    if kind == "restored" and change.undone in _TOPICS_OF_UNDONE:
        return _TOPICS_OF_UNDONE[change.undone]
    return _TOPICS.get(kind) or kind.replace("_", "-")


def _changes_length_only(change: ChangeFacts) -> bool:
    before, after = change.before, change.after
    if before is None or before.ends_at == after.ends_at:
        return False
    return replace(before, ends_at=after.ends_at) == after.without_joining


def and_others(subject: str, data: MailData, texts: Texts) -> str:
    """Add to a subject line how many other sessions the mail lists."""
    count = len(data.others)
    if count == 0:
        return subject
    return texts.counted("mail.and-others", count, subject=subject, count=count)


def actor_sentence(data: MailData, texts: Texts) -> tuple[str, ...]:
    """Write who did what, in the actor's name.

    Nothing for kinds of mail that tell of no act, where the mail's kind is not that of its change,
    or where somebody else took the time.
    """
    topic, change = topic_of(data), data.change
    if topic not in _ACTS or (topic == "booked" and change.kind != "booked") or change.released:
        return ()
    actor = "client" if change.by_client else "practice"
    key = f"practitioner.by-{actor}.{topic}"
    if data.recipient == "client":
        key = f"mail.by-{actor}.{topic}"
    names = {"practice": one_line(data.practice_name), "client": one_line(data.client.name)}
    return (texts.counted(key, 1 + len(data.others), **names),)


def times(data: MailData, formatter: Formatter) -> tuple[Fact, ...]:
    """Write the time, and after a reschedule what it was before."""
    texts, meeting = formatter.texts, meeting_of(data)
    when = Fact(texts("mail.when"), span_of(meeting, formatter))
    before = data.change.before
    tells_before = data.kind in {"rescheduled", "restored"}
    # Who has not heard of a move knows a cancelled session by its former time.
    tells_before |= data.change.is_merged and data.kind == "cancelled"
    if not tells_before or before is None:
        return (when,)
    changed = differing(before, meeting, formatter)
    label = "mail.taken-back" if topic_of(data) == "move-undone" else "mail.before"
    return (when, Fact(texts(label), changed)) if changed else (when,)


def differing(before: Meeting, meeting: Meeting, formatter: Formatter) -> str:
    """Write what was different before: the time, format and location. Empty if nothing was."""
    parts = []
    if (before.starts_at, before.ends_at) != (meeting.starts_at, meeting.ends_at):
        parts.append(span_of(before, formatter))
    if (before.format, before.location) != (meeting.format, meeting.location):
        parts.append(", ".join(fact.text for fact in place(before, formatter.texts)))
    return "; ".join(parts)


def place(meeting: Meeting, texts: Texts) -> tuple[Fact, ...]:
    """Write the format, and the location of an in-person session."""
    how = Fact(texts("mail.format"), format_name(meeting.format, texts))
    if meeting.location is None:
        return (how,)
    return (how, _location(meeting.location, texts))


def place_then(data: MailData, texts: Texts) -> tuple[Fact, ...]:
    """Write the place of the meeting that the mail is about, if it is known."""
    return place(meeting_of(data), texts) if data.change.time_of_end is None else ()


def _location(location: tuple[str, str], texts: Texts) -> Fact:
    """Write name and address of a location, with a link to a map."""
    address = one_line(location[1])
    url = f"{_MAP}{quote(address, safe='')}"
    return Fact(texts("mail.place"), one_line(", ".join(location)), url, is_typed=True)


def joining(meeting: Meeting, texts: Texts) -> tuple[Fact, ...]:
    """Write the join URL and the instructions."""
    facts = []
    if meeting.join_url:
        url = web_address(meeting.join_url)
        facts.append(Fact(texts("mail.join"), one_line(meeting.join_url), url))
    if meeting.instructions:
        facts.append(Fact(texts("mail.instructions"), lines(meeting.instructions), is_typed=True))
    return tuple(facts)


# Acts that a mail tells in the actor's name.
_ACTS = {
    "booked",
    "rescheduled",
    "format-changed",
    "length-changed",
    "cancelled",
    "noshow",
    "restored",
    "noshow-undone",
    "move-undone",
}
# Topics that are not named like the kind of the mail: by the change that was undone, and by kind.
_TOPICS_OF_UNDONE = {
    "rescheduled": "move-undone",
    "format_changed": "move-undone",
    "noshow": "noshow-undone",
}
_TOPICS = {
    "fee_waiver_declined": "fee-stands",
    "fee_waiver_lapsed": "fee-stands",
    "reminder_nudge": "reminder",
}
# What a mail about a fee says of it.
_ABOUT_FEE = {
    "fee_waived": "mail.fee-is-waived",
    "fee_forgiven": "mail.fee-is-forgiven",
    "fee_waiver_declined": "mail.fee-is-upheld",
    "fee_waiver_lapsed": "mail.fee-is-lapsed",
    "fee_waiver_asked": "practitioner.waiver-asked",
}


def costs(data: MailData, formatter: Formatter, *, practice: str | None) -> list[str]:
    """Write the cost of the change, or that a cost is void (product.md section 2).

    `practice` is the practice's name for a mail to the client, None for one to the practitioner.
    """
    change, texts = data.change, formatter.texts
    if data.kind in _ABOUT_FEE:
        return _fee(change, _ABOUT_FEE[data.kind], practice, formatter)
    if data.kind == "credit_returned":
        return [texts("mail.credit-is-back")]
    if data.kind == "allowance_returned":
        return [texts("mail.allowance-is-back")]
    if data.kind == "restored":
        void = [texts("mail.fee-is-void")] if change.voided_fee else []
        void += [texts("mail.allowance-given-back")] if change.allowance_given_back else []
        if topic_of(data) == "move-undone":
            return void
        return void + ([texts("mail.credit-pays")] if data.facts.paid_by_credit else [])
    key = "practitioner.fee-due" if practice is None else "mail.fee-due"
    sentences = _end_before(change, texts)
    sentences += [texts("mail.fee-is-void")] if change.voided_fee else []
    sentences += _fee(change, key, practice, formatter)
    sentences += _waiver_asked(change, formatter) if practice is not None else ()
    sentences += _release_taken(data, practice, texts)
    if change.credit is not None:
        sentences.append(_credit(change.credit, texts))
    sentences += _allowance(change, practice, texts)
    sentences += _if_refilled(change, practice, texts)
    if change.carries is not None:
        sentences.append(carried(change.carries, formatter))
    if practice is not None and data.kind == "booked" and data.facts.paid_by_credit:
        sentences.append(texts("mail.credit-pays"))
    if practice is not None and data.kind == "cancelled" and not sentences:
        sentences.append(texts("mail.cancelling-cost-nothing"))
    return sentences


def _end_before(change: ChangeFacts, texts: Texts) -> list[str]:
    """Write how the session had ended that its client has booked again."""
    if change.rebooked is None:
        return []
    is_missed = change.rebooked == Status.NOSHOW
    return [texts("mail.had-been-missed" if is_missed else "mail.had-been-cancelled")]


def _fee(change: ChangeFacts, key: str, practice: str | None, formatter: Formatter) -> list[str]:
    if change.fee is None:
        return []
    return [formatter.texts(key, fee=formatter.money(change.fee), practice=practice)]


def _waiver_asked(change: ChangeFacts, formatter: Formatter) -> tuple[str, ...]:
    """Write to the client that they have asked for a waiver, and until when it can be answered."""
    if not change.asks_waiver:
        return ()
    until = formatter.instant(change.waiver_answer_by)
    return (formatter.texts("mail.waiver-asked", until=until),)


def _release_taken(data: MailData, practice: str | None, texts: Texts) -> list[str]:
    """Write that somebody has taken the released time, so that the end costs nothing."""
    if not data.change.released:
        return []
    if practice is None:
        return [texts("practitioner.release-taken", client=one_line(data.client.name))]
    return [texts("mail.release-taken")]


def _if_refilled(change: ChangeFacts, practice: str | None, texts: Texts) -> list[str]:
    """Write what falls away if others take the time. Only the client is told afterwards."""
    if not change.forgiven_if_refilled:
        return []
    if practice is None:
        is_used = change.allowance is not None
        return [] if is_used else [texts("practitioner.forgiven-if-refilled")]
    if change.allowance is not None:
        return [texts("mail.given-back-if-refilled")]
    is_credit = change.credit is Credit.FORFEITED
    return [texts("mail.returned-if-refilled" if is_credit else "mail.forgiven-if-refilled")]


def _allowance(change: ChangeFacts, practice: str | None, texts: Texts) -> list[str]:
    """Write to the client that the change was free, as one of those that their allowance has."""
    if change.allowance is None or practice is None:
        return []
    number, of = change.allowance
    return [texts("mail.allowance-used", number=number, of=of)]


def carried(cost: Carried, formatter: Formatter) -> str:
    """Write the minimum cost of a cancellation after a move that carries a cost."""
    if cost.fee is None:
        return formatter.texts("mail.carries-forfeit")
    return formatter.texts("mail.carries-fee", fee=formatter.money(cost.fee))


def _credit(credit: Credit, texts: Texts) -> str:
    keys = {
        Credit.RETURNED: "mail.credit-returned",
        Credit.FORFEITED: "mail.credit-forfeited",
        Credit.KEPT: "mail.credit-kept",
        Credit.REDEEMED: "mail.credit-pays",
    }
    return texts(keys[credit])
