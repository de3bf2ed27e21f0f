"""How dates, money and formats are written for a reader: in his language, as his region does."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency, get_currency_precision

from app.domain.money import Money
from app.domain.session import Format
from app.notices.texts import Texts
from app.notices.texts.english import ENGLISH
from app.notices.texts.french import FRENCH
from app.notices.texts.german import GERMAN
from app.notices.texts.spanish import SPANISH

LANGUAGES = {"en": ENGLISH, "fr": FRENCH, "de": GERMAN, "es": SPANISH}


class Speech:
    """Writes for one reader: in his zone, his language, and as his region writes it.

    `locale` is a BCP 47 tag; of one whose language is none of ours, and of none, comes English.
    """

    def __init__(self, locale: str | None, zone: ZoneInfo) -> None:
        self._locale = _spoken(locale)
        self._zone = zone
        self.texts = LANGUAGES[self._locale.language]

    @property
    def tag(self) -> str:
        """Name what is spoken, as a BCP 47 tag: "de-AT"."""
        parts = (self._locale.language, self._locale.script, self._locale.territory)
        return "-".join(part for part in parts if part)

    def day(self, instant: datetime) -> str:
        """Write a date and a time, short enough for a subject line."""
        return self._moment(instant.astimezone(self._zone), "long")

    def instant(self, instant: datetime) -> str:
        """Write a date and a time with the zone's name."""
        local = instant.astimezone(self._zone)
        return f"{self._moment(local, 'full')} ({self._zone_name(local)})"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """Write when something begins and ends, with the zone's name."""
        start, end = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        if start.date() == end.date():
            written = self.texts.span.format(
                date=self._date(start, "full"), start=self._time(start), end=self._time(end)
            )
        else:
            written = self.texts.span_of_days.format(
                start=self._moment(start, "full"), end=self._moment(end, "full")
            )
        return f"{written} ({self._zone_name(start)})"

    def money(self, money: Money) -> str:
        """Write an amount with its currency."""
        amount = Decimal(money.amount_minor).scaleb(-get_currency_precision(money.currency))
        return _plain(format_currency(amount, money.currency, locale=self._locale))

    def _moment(self, local: datetime, style: str) -> str:
        return self.texts.moment.format(date=self._date(local, style), time=self._time(local))

    def _date(self, local: datetime, style: str) -> str:
        return _plain(format_date(local.date(), style, locale=self._locale))

    def _time(self, local: datetime) -> str:
        return _plain(format_time(local.time(), "short", locale=self._locale))

    def _zone_name(self, local: datetime) -> str:
        return _plain(get_timezone_name(local, "long", locale=self._locale))


def texts_in(locale: str | None) -> Texts:
    """Give the words for a reader's BCP 47 tag."""
    return LANGUAGES[_spoken(locale).language]


def format_name(kind: Format, texts: Texts) -> str:
    """Name a format."""
    names = {
        Format.IN_PERSON: texts.in_person,
        Format.VIDEO: texts.video,
        Format.PHONE: texts.phone,
    }
    return names[kind]


@lru_cache(maxsize=256)
def _spoken(tag: str | None) -> Locale:
    """Choose what Babel writes in: as much of the tag as it knows; plain English for the rest."""
    parts = (tag or "").split("-")
    while parts:
        try:
            locale = Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
        else:
            return locale if locale.language in LANGUAGES else Locale("en")
    return Locale("en")


def _plain(text: str) -> str:
    """Use spaces that every mail program shows."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
