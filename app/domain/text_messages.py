"""When a text message may go, and how much it may say (product.md section 10, "Text messages").

A message is sent in segments. The alphabet of GSM 03.38 has 7 bits a character, so that 160 fit
into one segment, and 153 into each of several. With any other character, all are in UTF-16: 70, and
67 in each of several.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from app.domain.nights import after_night

MAX_SEGMENTS = 2
# A session that starts earlier on the next morning cannot wait for that morning.
_EARLY = time(10)
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each takes two places, and no segment ends between them.
_EXTENDED = frozenset("\f^{}\\[~]|€")
# The last character that UTF-16 writes in one unit.
_LAST_OF_ONE_UNIT = 0xFFFF
_CUT = "..."
# So much of a name is left at least: a shorter one says nothing.
_MIN_NAME = 8
# Quotation marks, dashes and the ellipsis of typography.
_ALIKE = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
    }
)


def text_at(due: datetime, starts_at: datetime | None, zone: ZoneInfo) -> datetime:
    """Give when a text message that is due goes: in the client's night, at 8:00 after it.

    If the session starts before 10:00 of that morning, it goes at once. `starts_at` None: it is
    about no session.
    """
    morning = after_night(due, zone)
    if starts_at is None:
        return morning
    local = morning.astimezone(zone)
    early = datetime.combine(local.date(), _EARLY, zone).astimezone(UTC)
    return due if starts_at < early else morning


def segments(text: str) -> int:
    """Count the segments that a text message takes."""
    if _is_gsm(text):
        return _count([2 if char in _EXTENDED else 1 for char in text], 160, 153)
    return _count([2 if ord(char) > _LAST_OF_ONE_UNIT else 1 for char in text], 70, 67)


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a text message. `name` and `detail` are what people entered.

    `sentence` is what it has to say. `detail` goes where there is room, `link` is never cut.
    """

    name: str
    sentence: str
    detail: str | None
    link: str | None


def write(message: Message) -> str:
    """Write a text message of at most two segments.

    What is left out first: the detail, the end of the name, then accents and letters that would
    need UTF-16. The sentence and the link are always whole.
    """
    variants = list(_variants(message))
    return next((text for text in variants if segments(text) <= MAX_SEGMENTS), variants[-1])


def _variants(message: Message) -> Iterator[str]:
    """Write the message in all ways, the best one first."""
    name, link = message.name, [message.link] if message.link else []
    sentence = f"{message.sentence} ({message.detail})." if message.detail else None
    if sentence is not None:
        yield " ".join([f"{name}:", sentence, *link])
    for is_plain in (False, True):
        # A time may have a full stop of its own: "8:00 a.m.".
        name, sentence = message.name, f"{message.sentence.removesuffix('.')}."
        if is_plain:
            name, sentence = _plain(name), _plain(sentence)
        for short in _shorter(name):
            yield " ".join([f"{short}:", sentence, *link])
        if is_plain:
            yield " ".join([sentence, *link])


def _shorter(name: str) -> Iterator[str]:
    yield name
    for length in range(len(name) - len(_CUT) - 1, _MIN_NAME - 1, -1):
        yield name[:length].rstrip() + _CUT


def _plain(text: str) -> str:
    """Write a text in the alphabet of GSM 03.38, without the accents that it does not have."""
    return "".join(_plain_char(char) for char in text.translate(_ALIKE)).strip()


def _plain_char(char: str) -> str:
    if char in _BASIC or char in _EXTENDED:
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base in _BASIC else ""


def _is_gsm(text: str) -> bool:
    return all(char in _BASIC or char in _EXTENDED for char in text)


def _count(widths: Sequence[int], alone: int, of_several: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, room = 1, of_several
    for width in widths:
        if width > room:
            count, room = count + 1, of_several
        room -= width
    return count
