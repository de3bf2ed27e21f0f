"""What a mail says, before it becomes text and HTML (product.md section 6)."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.policy import Action, Credit, RefusalCode, Term, decide, terms
from app.notices.clean import lines, one_line, web_address
from app.notices.letters import ChangeFacts, Letter, Meeting
from app.notices.wording import FORMATS, Speech, reason
from app.practices.policies import rules_of


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it stands for; `url` where that is a link."""

    label: str
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What something costs until when, line by line."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A mail's content. Text and HTML are made of the same page, so they say the same.

    Nothing that a person typed is part of `subject` or `heading`.
    """

    subject: str
    heading: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    rules: tuple[Rule, ...] = ()
    policy_text: str | None = None
    link: str | None = None
    footer: tuple[str, ...] = ()


_TO_CLIENT = {
    "booked": ("Your session is booked", "Your session is booked: {day}"),
    "rescheduled": ("Your session has moved", "Your session has moved to {day}"),
    "format_changed": ("Your session has changed", "Your session has changed: {day}"),
    "cancelled": ("Your session is cancelled", "Your session is cancelled: {day}"),
    "reminder": ("Your session is coming up", "Reminder: your session on {day}"),
}
_TO_PRACTITIONER = {
    "booked": ("A session was booked", "Session booked: {day}"),
    "rescheduled": ("A session was moved", "Session moved to {day}"),
    "format_changed": ("A session was changed", "Session changed: {day}"),
    "cancelled": ("A session was cancelled", "Session cancelled: {day}"),
    "reminder": ("A session is coming up", "Session coming up: {day}"),
}
_CREDIT = {
    Credit.RETURNED: "The credit that paid for the session is back in the package.",
    Credit.FORFEITED: "The credit that paid for the session is not returned.",
    Credit.KEPT: "The credit that pays for the session stays with it.",
}
_CHANGED_SINCE = (
    "This session has changed again since this message was due. "
    "A newer message says how it stands now."
)
_NEVER_ONLINE = {RefusalCode.ACTION_DISABLED, RefusalCode.RESCHEDULE_LIMIT_REACHED}


def meeting_of(letter: Letter) -> Meeting:
    """Give the meeting that the mail is about: a reminder tells how it stands now."""
    return letter.present if letter.kind == "reminder" else letter.change.after


def client_page(letter: Letter, link: str, now: datetime) -> Page:
    """Write to the client, in his zone."""
    speech = Speech(letter.client.locale, letter.client.zone)
    meeting, practice = meeting_of(letter), one_line(letter.practice_name)
    heading, subject = _TO_CLIENT[_topic(letter)]
    sentences = []
    if letter.kind != "reminder":
        if not letter.change.by_client and letter.kind != "booked":
            sentences.append(f"This was done by {practice}.")
        sentences += _costs(letter.change, practice, speech)
        if letter.change.superseded:
            sentences.append(_CHANGED_SINCE)
    return Page(
        subject=subject.format(day=speech.day(meeting.starts_at)),
        heading=heading,
        sentences=tuple(sentences),
        facts=(
            *_times(letter, meeting, speech),
            Fact("Service", one_line(letter.service_name)),
            Fact("With", one_line(letter.practitioner.name)),
            *_place(meeting),
            *(_joining(meeting) if letter.kind != "cancelled" else ()),
        ),
        rules=_rules(letter, speech, now),
        policy_text=lines(letter.policy.text) or None if letter.policy else None,
        link=link,
        footer=_footer(letter, practice),
    )


def practitioner_page(letter: Letter) -> Page:
    """Write to the practitioner, in his zone: who, why, the old time and the new."""
    speech = Speech(letter.practitioner.locale, letter.practitioner.zone)
    meeting, change = meeting_of(letter), letter.change
    heading, subject = _TO_PRACTITIONER[_topic(letter)]
    why = (("Reason", reason(change.reason_code)), ("Note", change.note))
    return Page(
        subject=subject.format(day=speech.day(meeting.starts_at)),
        heading=heading,
        sentences=(
            *_costs(change, "The practice", speech),
            *((_CHANGED_SINCE,) if change.superseded else ()),
        ),
        facts=(
            Fact("Client", one_line(letter.client.name)),
            *_times(letter, meeting, speech),
            Fact("Service", one_line(letter.service_name)),
            *_place(meeting),
            Fact("Done by", "The client" if change.by_client else "The practice"),
            *(Fact(label, lines(text)) for label, text in why if text),
        ),
    )


def joining_lines(meeting: Meeting) -> tuple[str, ...]:
    """Say how and where, as lines of a calendar entry."""
    return tuple(f"{fact.label}: {fact.text}" for fact in (*_place(meeting), *_joining(meeting)))


def place_line(meeting: Meeting) -> str:
    """Say in one line where a session takes place."""
    if meeting.location is not None:
        return one_line(", ".join(meeting.location))
    return web_address(meeting.join_url) or FORMATS[meeting.format]


def _topic(letter: Letter) -> str:
    """A move that kept the time is a change of format or location."""
    if letter.kind == "rescheduled" and letter.change.kind == "format_changed":
        return "format_changed"
    return letter.kind


def _times(letter: Letter, meeting: Meeting, speech: Speech) -> tuple[Fact, ...]:
    when = Fact("When", speech.span(meeting.starts_at, meeting.ends_at))
    before = letter.change.before
    if letter.kind != "rescheduled" or before is None:
        return (when,)
    parts = []
    if before.starts_at != meeting.starts_at:
        parts.append(speech.span(before.starts_at, before.ends_at))
    if (before.format, before.location) != (meeting.format, meeting.location):
        parts.append(", ".join(fact.text for fact in _place(before)))
    return (when, Fact("Before", "; ".join(parts)))


def _place(meeting: Meeting) -> tuple[Fact, ...]:
    how = Fact("Format", FORMATS[meeting.format])
    if meeting.location is None:
        return (how,)
    return (how, Fact("Where", one_line(", ".join(meeting.location))))


def _joining(meeting: Meeting) -> tuple[Fact, ...]:
    facts = []
    if meeting.join_url:
        url = web_address(meeting.join_url)
        facts.append(Fact("Join", one_line(meeting.join_url), url))
    if meeting.instructions:
        facts.append(Fact("Good to know", lines(meeting.instructions)))
    return tuple(facts)


def _costs(change: ChangeFacts, collector: str, speech: Speech) -> list[str]:
    """Say what a cancellation or a move cost. The practice collects; product.md section 2."""
    sentences = []
    if change.fee is not None:
        fee = speech.money(change.fee)
        sentences.append(f"A fee of {fee} is due. {collector} collects it.")
    if change.credit is not None:
        sentences.append(_CREDIT[change.credit])
    return sentences


def _rules(letter: Letter, speech: Speech, now: datetime) -> tuple[Rule, ...]:
    """Say until when the client can do what, and at what cost, while there is time for it.

    Only for the time that the session has now: the deadlines of another time would mislead.
    """
    if letter.kind == "cancelled" or not letter.is_still_true or now >= letter.starts_at:
        return ()
    cancel = _timeline(letter, Action.CANCEL, speech, now)
    move = _timeline(letter, Action.RESCHEDULE, speech, now)
    if cancel == move:
        return (Rule("To cancel or reschedule", cancel),)
    return (Rule("To cancel", cancel), Rule("To reschedule", move))


def _timeline(letter: Letter, action: Action, speech: Speech, now: datetime) -> tuple[str, ...]:
    policy = rules_of(letter.policy)
    refusal = decide(policy, action, letter.facts, now).refusal
    if refusal is not None and refusal.code in _NEVER_ONLINE:
        return (one_line(refusal.message),)
    timeline = [
        _term(term, letter.starts_at, speech, now) for term in terms(policy, action, letter.facts)
    ]
    if refusal is not None:
        timeline.append(one_line(refusal.message))
    return tuple(timeline)


def _term(term: Term, starts_at: datetime, speech: Speech, now: datetime) -> str:
    until = "the session starts" if term.until == starts_at else speech.instant(term.until)
    past = " This time has passed." if now > term.until else ""
    if term.cost.credit is Credit.FORFEITED:
        return f"Until {until}, but the credit is not returned.{past}"
    if term.cost.fee is not None:
        return f"For a fee of {speech.money(term.cost.fee)} until {until}.{past}"
    return f"Free of charge until {until}.{past}"


def _footer(letter: Letter, practice: str) -> tuple[str, ...]:
    phone = letter.practitioner.phone
    call = f", or call {one_line(phone)}" if phone else ""
    return (
        f"You get this message because you have a session with {practice}.",
        f"Questions? Reply to this message{call}.",
    )
