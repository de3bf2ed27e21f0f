"""Writes the content of a mail about a group, in the practitioner's language."""

from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.data import GroupMailData
from app.notifications.mail.facts import Fact, day_of, differing, place, span_of, tile_of
from app.texts.catalogue import Texts


def group_content(data: GroupMailData) -> MailContent:
    """Write time, seats and note, and whose seats were moved or cancelled.

    Times are in the practitioner's zone. No client is named in the subject line.
    """
    formatter = Formatter(data.practitioner.locale, data.practitioner.zone)
    texts, meeting, topic = formatter.texts, data.present, _topic_of(data)
    when = span_of(meeting, formatter)
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=texts(f"practitioner.{topic}.subject", day=day_of(meeting, formatter)),
        heading=texts(f"practitioner.{topic}.heading"),
        sentences=_sentences(data, texts),
        greeting=None
        if data.kind == "group_below_minimum"
        else texts("mail.greeting", name=one_line(data.practitioner.name)),
        preheader=when,
        when=Fact(texts("mail.when"), when),
        tile=tile_of(meeting, formatter, is_over=data.is_cancelled),
        facts=(
            Fact(texts("mail.practitioner"), one_line(data.practitioner.name)),
            *_before(data, formatter),
            Fact(texts("mail.service"), one_line(data.service_name)),
            *place(meeting, texts),
            *_seats(data, texts),
            *_clients(data, texts),
            *_note(data, texts),
        ),
    )


def _topic_of(data: GroupMailData) -> str:
    """Return a part of the text's key: a group that keeps its start was not moved."""
    before, is_move = data.before, data.kind == "group_moved"
    if is_move and before is not None and before.starts_at == data.present.starts_at:
        return "group-changed"
    return data.kind.replace("_", "-")


def _note(data: GroupMailData, texts: Texts) -> tuple[Fact, ...]:
    if not data.note:
        return ()
    return (Fact(texts("practitioner.note"), lines(data.note), is_typed=True),)


def _sentences(data: GroupMailData, texts: Texts) -> tuple[str, ...]:
    """Write that too few seats are taken, or that the group was cancelled for this reason."""
    if data.cancels or (data.kind == "group_cancelled" and data.actor == "system"):
        told = (texts("practitioner.clients-told"),) if data.clients else ()
        return (texts("practitioner.cancelled-below-minimum", minimum=data.seats.minimum), *told)
    if data.kind == "group_below_minimum":
        return (texts("practitioner.below-minimum", minimum=data.seats.minimum),)
    return ()


def _before(data: GroupMailData, formatter: Formatter) -> tuple[Fact, ...]:
    """Write what differed before a move: the time, or format and location."""
    if data.kind != "group_moved" or data.before is None:
        return ()
    written = differing(data.before, data.present, formatter)
    return (Fact(formatter.texts("mail.before"), written),) if written else ()


def _seats(data: GroupMailData, texts: Texts) -> tuple[Fact, ...]:
    if data.is_cancelled:
        return ()
    taken = texts("practitioner.seats-taken", taken=data.seats.taken, total=data.seats.total)
    return (Fact(texts("practitioner.seats"), taken),)


def _clients(data: GroupMailData, texts: Texts) -> tuple[Fact, ...]:
    """List the clients whose seats the command moved, and those whose seats it cancelled."""
    moved = [one_line(name) for name, kind in data.clients if kind != "cancelled"]
    cancelled = [one_line(name) for name, kind in data.clients if kind == "cancelled"]
    listed = (("practitioner.moved", moved), ("practitioner.cancelled", cancelled))
    return tuple(Fact(texts(key), "\n".join(names)) for key, names in listed if names)
