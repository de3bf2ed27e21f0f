"""Writes a calendar feed, and the ETag of what it contains."""

import hashlib
from collections.abc import Sequence
from unicodedata import combining
from zoneinfo import ZoneInfo

import icalendar

from app import __version__
from app.domain.session import Status
from app.feeds.records import FeedEntry, Names, OpenFeed
from app.mail.calendar import CalendarEvent, Person, make_feed
from app.mail.entry import entry_lines, entry_place, labelled
from app.mail.sanitize import one_line
from app.mail.texts.formatter import texts_in
from app.texts.catalogue import ENGLISH

_UTC = ZoneInfo("UTC")
# What, besides the data, decides which bytes are written.
_WRITER = f"{__version__} {icalendar.__version__}"


def etag_of(feed: OpenFeed, entries: Sequence[FeedEntry]) -> str:
    """Give the strong ETag of what `write_feed` would write, without writing it."""
    content = repr((_WRITER, feed, tuple(entries)))
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def write_feed(feed: OpenFeed, entries: Sequence[FeedEntry]) -> bytes:
    """Write the feed as an iCalendar file. A year of sessions takes a second: not in a loop."""
    return make_feed(_name(feed), ((_event(feed, entry), entry.changed_at) for entry in entries))


def initials(name: str) -> str:
    """Give the initials of the first and the last word of a name, for example "A. R."."""
    words = [word for word in name.split() if word[0].isalnum()]
    chosen = words[:1] + words[1:][-1:]
    return " ".join(f"{_first_letter(word)}." for word in chosen)


def _first_letter(word: str) -> str:
    """Give the first letter with the marks that belong to it."""
    end = 1
    while end < len(word) and combining(word[end]):
        end += 1
    return word[:end].upper()


def _name(feed: OpenFeed) -> str:
    if feed.practitioner_name is None:
        return feed.practice_name
    return f"{feed.practitioner_name}, {feed.practice_name}"


def _event(feed: OpenFeed, entry: FeedEntry) -> CalendarEvent:
    """Make the entry. It has no notes, reasons and money, and no link with a token.

    Fixed texts are in the client's language, in English for practitioners.
    """
    practice = Person(feed.practice_name, feed.practice_email)
    of_practitioner = feed.owner.practitioner_id is not None
    texts = ENGLISH if feed.locale is None else texts_in(feed.locale)
    what = entry.format, entry.location, entry.join_url
    with_whom = labelled(texts("mail.practitioner"), one_line(entry.practitioner_name), texts)
    how = entry_lines(*what, entry.instructions, texts)
    return CalendarEvent(
        id=entry.id,
        sequence=entry.sequence,
        status=Status.BOOKED,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        zone=_UTC,
        service_name=entry.service_name,
        with_whom=feed.practice_name,
        description=how if of_practitioner else (with_whom, *how),
        location=entry_place(*what, texts),
        url=entry.join_url,
        organizer=practice,
        attendee=practice,
        texts=texts,
        title=_title(feed, entry) if of_practitioner else None,
    )


def _title(feed: OpenFeed, entry: FeedEntry) -> str:
    """Write the service and, if the feed has names, the client, for a practitioner."""
    name = entry.client_name
    if name is None:
        return entry.service_name
    shown = initials(name) if feed.names is Names.INITIALS else name
    return f"{entry.service_name}, {shown}" if shown else entry.service_name
