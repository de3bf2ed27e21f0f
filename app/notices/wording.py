"""How dates, money and formats are written for a reader. The language is English for now."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency, get_currency_precision

from app.domain.money import Money
from app.domain.session import Format

FORMATS = {Format.IN_PERSON: "In person", Format.VIDEO: "Video", Format.PHONE: "Phone"}
_REASONS = {
    "feeling-better": "Feeling better",
    "unwell": "Unwell",
    "transport": "Transport",
    "work": "Work",
    "family": "Family",
    "cost": "Cost",
    "other": "Other",
}


class Speech:
    """Writes for one reader: in his zone, and in his kind of English."""

    def __init__(self, locale: str | None, zone: ZoneInfo) -> None:
        self._locale = english(locale)
        self._zone = zone

    def day(self, instant: datetime) -> str:
        """Write a date and a time, short enough for a subject line."""
        local = instant.astimezone(self._zone)
        return f"{self._date(local, 'long')}, {self._time(local)}"

    def instant(self, instant: datetime) -> str:
        """Write a date and a time with the zone's name."""
        local = instant.astimezone(self._zone)
        return f"{self._date(local, 'full')}, {self._time(local)} ({self._zone_name(local)})"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """Write when something begins and ends, with the zone's name."""
        start, end = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        until = self._time(end)
        if start.date() != end.date():
            until = f"{self._date(end, 'full')}, {until}"
        begin = f"{self._date(start, 'full')}, {self._time(start)}"
        return f"{begin} to {until} ({self._zone_name(start)})"

    def money(self, money: Money) -> str:
        """Write an amount with its currency."""
        amount = Decimal(money.amount_minor).scaleb(-get_currency_precision(money.currency))
        return _plain(format_currency(amount, money.currency, locale=self._locale))

    def _date(self, local: datetime, style: str) -> str:
        return _plain(format_date(local.date(), style, locale=self._locale))

    def _time(self, local: datetime) -> str:
        return _plain(format_time(local.time(), "short", locale=self._locale))

    def _zone_name(self, local: datetime) -> str:
        return _plain(get_timezone_name(local, "long", locale=self._locale))


@lru_cache(maxsize=256)
def english(tag: str | None) -> Locale:
    """Choose the reader's kind of English; plain English where his language is another."""
    try:
        locale = Locale.parse((tag or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
    return locale if locale.language == "en" else Locale("en")


def reason(code: str | None) -> str | None:
    """Name a reason; a code that is not known yet is shown as it is."""
    return None if code is None else _REASONS.get(code, code)


def _plain(text: str) -> str:
    """Use spaces that every mail program shows."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
