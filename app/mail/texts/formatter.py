"""Formats dates, times, money and session formats for a reader's locale and time zone."""

import re
from copy import copy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_timezone_gmt,
    get_timezone_name,
)
from babel.numbers import format_currency

from app.domain.money import Money
from app.domain.session import Format
from app.domain.zones import is_daylight_time
from app.mail.texts.locales import locale_in, locale_of
from app.standards.currencies import decimals_of
from app.texts.catalogue import LANGUAGES, Texts

# Before the name of a month.
_FIRST = re.compile(r"\b1(?= [^\W\d_]{3})")
_DateStyle = Literal["long", "full"]


class Formatter:
    """Formats for one reader: their time zone, their language, their region's conventions.

    `locale` is a BCP 47 tag. None: only the zone is known; the language is English, with the
    conventions of the zone's region.
    """

    def __init__(self, locale: str | None, zone: ZoneInfo) -> None:
        self._locale = locale_in(zone) if locale is None else locale_of(locale)
        self._zone = zone
        self.texts = LANGUAGES[self._locale.language]

    @property
    def zone(self) -> ZoneInfo:
        """The reader's time zone, or the one that leads."""
        return self._zone

    def in_zone(self, zone: ZoneInfo) -> "Formatter":
        """Give a formatter for the same reader with the time of another zone."""
        other = copy(self)
        other._zone = zone  # noqa: SLF001 - a copy of this one
        return other

    @property
    def tag(self) -> str:
        """The BCP 47 tag of the locale that is used, for example "de-AT"."""
        parts = (self._locale.language, self._locale.script, self._locale.territory)
        return "-".join(part for part in parts if part)

    def day(self, instant: datetime, *, names_zone: bool = False) -> str:
        """Write a date and a time, short enough for a subject line.

        The zone's name follows if it is asked for, or if the local time occurs twice.
        """
        local, name = instant.astimezone(self._zone), ""
        if names_zone or _occurs_twice(local):
            name = f" ({self._zone_name(local)})"
        return f"{self._moment(local, 'long')}{name}"

    def brief(self, instant: datetime, other: ZoneInfo | None = None) -> str:
        """Write a date and a time as briefly as text messages need it.

        The zone follows where its time is not that of `other`, or if the local time occurs twice.
        """
        local = instant.astimezone(self._zone)
        written = self.texts(
            "mail.moment",
            date=_brief_date(local.date(), self._locale),
            time=self._time(local),
        )
        is_same = other is None or instant.astimezone(other).utcoffset() == local.utcoffset()
        if is_same and not _occurs_twice(local):
            return written
        zone = get_timezone_name(local, "short", locale=self._locale)
        if zone[0] in "+-":
            # The language has no short name for it.
            zone = get_timezone_gmt(local, "long", locale=self._locale)
        return f"{written} ({_plain(zone)})"

    def date(self, day: date) -> str:
        """Write a date."""
        return _date(day, "full", self._locale)

    def tile(self, starts_at: datetime, ends_at: datetime) -> tuple[str, str, str, str]:
        """Write the month, the day, the weekday and the hours of a session, each very short."""
        local, end = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        month, day, weekday = (
            _plain(format_date(local.date(), pattern, locale=self._locale))
            for pattern in ("LLL", "d", "ccc")
        )
        return month, day, weekday, f"{self._time(local)} – {self._time(end)}"  # noqa: RUF001

    def instant(self, instant: datetime) -> str:
        """Write a date and a time with the zone's name."""
        local = instant.astimezone(self._zone)
        return f"{self._moment(local, 'full')} ({self._zone_name(local)})"

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """Write a start and an end with the zone's name.

        If the offset changes in between, both have their own name.
        """
        start, end = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        if start.utcoffset() != end.utcoffset():
            return self._span_over_change(start, end)
        if start.date() == end.date():
            written = self.texts(
                "mail.span",
                date=self._date(start, "full"),
                start=self._time(start),
                end=self._time(end),
            )
        else:
            written = self.texts(
                "mail.span-of-days",
                start=self._moment(start, "full"),
                end=self._moment(end, "full"),
            )
        return f"{written} ({self._zone_name(start)})"

    def _span_over_change(self, start: datetime, end: datetime) -> str:
        names = self._zone_name(start), self._zone_name(end)
        if names[0] == names[1]:  # The zone's standard offset changed, not its name.
            names = self._offset(start), self._offset(end)
        if start.date() == end.date():
            return self.texts(
                "mail.span-over-change",
                date=self._date(start, "full"),
                start=self._time(start),
                start_zone=names[0],
                end=self._time(end),
                end_zone=names[1],
            )
        return self.texts(
            "mail.span-of-days",
            start=f"{self._moment(start, 'full')} ({names[0]})",
            end=f"{self._moment(end, 'full')} ({names[1]})",
        )

    def money(self, money: Money) -> str:
        """Write an amount with its currency, in the decimals of ISO 4217."""
        decimals = decimals_of(money.currency)
        pattern = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (decimals, decimals)
        written = format_currency(
            Decimal(money.amount_minor).scaleb(-decimals),
            money.currency,
            format=pattern,
            locale=self._locale,
            currency_digits=False,
        )
        return _plain(written)

    def clock(self, at: time) -> str:
        """Write a time of day."""
        return _time(at, self._locale)

    def _moment(self, local: datetime, style: _DateStyle) -> str:
        return self.texts("mail.moment", date=self._date(local, style), time=self._time(local))

    def _date(self, local: datetime, style: _DateStyle) -> str:
        return _date(local.date(), style, self._locale)

    def _time(self, local: datetime) -> str:
        return self.clock(local.time())

    def _zone_name(self, local: datetime) -> str:
        return _zone_name(local.astimezone(UTC), self._zone, self._locale)

    def _offset(self, local: datetime) -> str:
        return _plain(get_timezone_gmt(local, "long", locale=self._locale))


# Cached: the mails of a morning tell of the same few days, times and deadlines.
@lru_cache(maxsize=1024)
def _date(day: date, style: _DateStyle, locale: Locale) -> str:
    return _counted(format_date(day, style, locale=locale), locale)


def _brief_date(day: date, locale: Locale) -> str:
    return _counted(format_skeleton("MMMEd", day, locale=locale), locale)


def _counted(written: str, locale: Locale) -> str:
    """Write the first of a month as French does, "1er décembre", for which CLDR has no pattern."""
    plain = _plain(written)
    return _FIRST.sub("1er", plain) if locale.language == "fr" else plain


@lru_cache(maxsize=1024)
def _time(at: time, locale: Locale) -> str:
    return _plain(format_time(at, "short", locale=locale))


@lru_cache(maxsize=1024)
def _zone_name(instant: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """Return the zone's name at an instant. It is in UTC: a local time can occur twice.

    Babel's own choice of the variant, the sign of `dst()`, is wrong for Ireland.
    """
    local = instant.astimezone(zone)
    variant: Literal["daylight", "standard"] = (
        "daylight" if is_daylight_time(local, zone) else "standard"
    )
    return _plain(get_timezone_name(local, "long", locale=locale, zone_variant=variant))


def texts_in(locale: str) -> Texts:
    """Return the catalogue for a reader's BCP 47 tag."""
    return LANGUAGES[locale_of(locale).language]


def format_name(kind: Format, texts: Texts) -> str:
    """Return the text of a session format."""
    names = {
        Format.IN_PERSON: "mail.in-person",
        Format.VIDEO: "mail.video",
        Format.PHONE: "mail.phone",
    }
    return texts(names[kind])


def _occurs_twice(local: datetime) -> bool:
    """Return whether a local time occurs twice because clocks are set back."""
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _plain(text: str) -> str:
    """Replace special spaces, which some mail programs do not display."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
