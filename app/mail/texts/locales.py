"""Which language a reader is written to in, and as which region dates and money are written.

Sentences are in English, French, German or Spanish. A reader of another language gets English
sentences, with dates, times, zones and money as English writes them in the reader's own region:
"nl-NL" reads "Thursday, 3 December 2026, 15:00", not the American order.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global, parse_locale

from app.texts.catalogue import LANGUAGES

# English as Europe and as the rest of the world writes it.
_EUROPE, _WORLD = "en_150", "en_001"

T = TypeVar("T")


@lru_cache(maxsize=256)
def locale_of(tag: str) -> Locale:
    """Choose the locale for a reader's BCP 47 tag."""
    subtags = tag.split("-")
    known, region = _longest(subtags, _locale), _longest(subtags, _region)
    if known is None or known.language not in LANGUAGES:
        return _english_in(region or _longest(subtags, _likely_region))
    if known.language == "en" and region not in {None, known.territory}:
        return _english_in(region)
    return known


@lru_cache(maxsize=256)
def locale_in(zone: ZoneInfo) -> Locale:
    """Choose the locale for a reader of whom only the time zone is known: English of its region."""
    key = get_global("zone_aliases").get(zone.key, zone.key)
    region = get_global("zone_territories").get(key)
    return Locale("en") if region is None else _english_in(region)


def _english_in(region: str | None) -> Locale:
    """Give English as a region writes it.

    CLDR has no English for many regions. For those it is English as Europe writes it where the
    region's main language counts the hours to 24, else as the world does, with "am" and "pm".
    """
    if region is None:
        return Locale.parse(_WORLD)
    own = _locale(f"en_{region}")
    if own is not None:
        return own
    main = _locale(f"und_{region}")
    counts_to_24 = main is not None and "H" in main.time_formats["short"].pattern
    return Locale.parse(_EUROPE if counts_to_24 else _WORLD)


def _longest(subtags: Sequence[str], read: Callable[[str], T | None]) -> T | None:
    """Read as much of a tag as can be read."""
    for end in range(len(subtags), 0, -1):
        found = read("_".join(subtags[:end]))
        if found is not None:
            return found
    return None


def _locale(identifier: str) -> Locale | None:
    try:
        return Locale.parse(identifier)
    except (UnknownLocaleError, ValueError):
        return None


def _region(identifier: str) -> str | None:
    """Read the region, also where CLDR does not know the language."""
    try:
        return parse_locale(identifier)[1]
    except ValueError:
        return None


def _likely_region(identifier: str) -> str | None:
    """Give the region where most readers of a language live."""
    likely = get_global("likely_subtags").get(identifier)
    return None if likely is None else parse_locale(likely)[1]
