"""What a mail to a practitioner says. English: no language of his is on record."""

from app.notices.clean import lines, one_line
from app.notices.facts import Fact, costs, meeting_of, place, times, topic_of
from app.notices.letters import Letter
from app.notices.pages import Page
from app.notices.texts import Texts, Title
from app.notices.wording import Speech

_TITLES = {
    "booked": Title("A session was booked", "Session booked: {day}"),
    "rescheduled": Title("A session was moved", "Session moved to {day}"),
    "format_changed": Title("A session was changed", "Session changed: {day}"),
    "cancelled": Title("A session was cancelled", "Session cancelled: {day}"),
    "noshow": Title("A session was marked as missed", "Session marked as missed: {day}"),
    "restored": Title("A session is booked again", "Session booked again: {day}"),
}
_REASONS = {
    "feeling-better": "Feeling better",
    "unwell": "Unwell",
    "transport": "Transport",
    "work": "Work",
    "family": "Family",
    "cost": "Cost",
    "other": "Other",
}


def practitioner_page(letter: Letter) -> Page:
    """Write to the practitioner, in his zone: who, why, the old time and the new."""
    speech = Speech(letter.practitioner.locale, letter.practitioner.zone)
    texts, meeting, change = speech.texts, meeting_of(letter), letter.change
    title = _TITLES[topic_of(letter)]
    why = (("Reason", _reason(change.reason_code)), ("Note", change.note))
    return Page(
        language=speech.tag,
        texts=texts,
        subject=title.subject.format(day=speech.day(meeting.starts_at)),
        heading=title.heading,
        sentences=(
            *costs(letter, "The practice", speech),
            *((texts.changed_since,) if change.superseded else ()),
        ),
        facts=(
            *_practitioner(letter, texts),
            Fact("Client", one_line(letter.client.name)),
            *times(letter, speech),
            Fact(texts.service, one_line(letter.service_name)),
            *place(meeting, texts),
            Fact("Done by", "The client" if change.by_client else "The practice"),
            *(Fact(label, lines(text)) for label, text in why if text),
        ),
    )


def _practitioner(letter: Letter, texts: Texts) -> tuple[Fact, ...]:
    """Name the practitioner where the mail goes to the practice's address: several may share it."""
    if letter.practitioner.email != letter.practice_email:
        return ()
    return (Fact(texts.practitioner, one_line(letter.practitioner.name)),)


def _reason(code: str | None) -> str | None:
    """Name a reason; a code that is not known yet is shown as it is."""
    return None if code is None else _REASONS.get(code, code)
