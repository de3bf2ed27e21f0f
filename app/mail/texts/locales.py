"""Chooses the locale for a reader: the language of sentences, the region of dates and money.

Sentences are in English, French, German or Spanish. A reader of another language gets English
sentences, with the English formats of their own region for dates, times, zones and money: for
"nl-NL" that is "Thursday, 3 December 2026, 15:00", not the American order.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global, parse_locale

from app.texts.catalogue import LANGUAGES

# CLDR's English for Europe and for the world.
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
    """Choose the locale if only the time zone is known: English with its region's formats."""
    key = get_global("zone_aliases").get(zone.key, zone.key)
    region = get_global("zone_territories").get(key)
    return Locale("en") if region is None else _english_in(region)


def _english_in(region: str | None) -> Locale:
    """Return the English locale for a region.

    CLDR has no English for many regions. For those the result is European English if the region's
    main language uses the 24-hour clock, else world English, with "am" and "pm".
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
    """Read the longest prefix of a tag that `read` accepts; None if it accepts none."""
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
    """Return the region of a locale identifier, even if CLDR does not know its language."""
    try:
        return parse_locale(identifier)[1]
    except ValueError:
        return None


def _likely_region(identifier: str) -> str | None:
    """Return the most likely region of a language, by CLDR."""
    likely = get_global("likely_subtags").get(identifier)
    return None if likely is None else parse_locale(likely)[1]
