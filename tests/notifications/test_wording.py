"""How times, zones and money are written for a reader."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from app.domain.money import Money
from app.mail.texts.formatter import Formatter
from app.standards.currencies import DECIMALS, decimals_of
from tests.notifications.scenario import START


@pytest.mark.parametrize(
    ("locale", "zone", "when"),
    [
        ("en-GB", "Europe/Paris", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("en-US", "America/New_York", "Thursday, December 3, 2026, 10:00 AM to 10:50 AM"),
        ("nl-NL", "Europe/Amsterdam", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("nl", "Europe/Amsterdam", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("nl-BE-u-hc-h12", "Europe/Brussels", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("pt-BR", "Europe/Berlin", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("sr-Latn-RS", "Europe/Belgrade", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("en-RS", "Europe/Belgrade", "Thursday, 3 December 2026, 16:00 to 16:50"),
        ("ar-EG", "Africa/Cairo", "Thursday, 3 December 2026, 5:00 pm to 5:50 pm"),
        ("hi", "Asia/Tokyo", "Friday, 4 December 2026, 12:00 am to 12:50 am"),
        ("zh-Hant-HK", "UTC", "Thursday, 3 December 2026, 3:00 pm to 3:50 pm"),
        ("tlh-NL", "UTC", "Thursday, 3 December 2026, 15:00 to 15:50"),
        ("tlh", "UTC", "Thursday, 3 December 2026, 3:00 pm to 3:50 pm"),
        ("es-US", "UTC", "jueves, 3 de diciembre de 2026, de 3:00 p.m. a 3:50 p.m."),
        ("no such", "UTC", "Thursday, 3 December 2026, 3:00 pm to 3:50 pm"),
        ("", "Asia/Tokyo", "Friday, 4 December 2026, 12:00 am to 12:50 am"),
        # For a practitioner, only the time zone is known.
        (None, "America/Denver", "Thursday, December 3, 2026, 8:00 AM to 8:50 AM"),
        (None, "Europe/Amsterdam", "Thursday, 3 December 2026, 16:00 to 16:50"),
        (None, "Europe/Dublin", "Thursday 3 December 2026, 15:00 to 15:50"),
        (None, "Asia/Calcutta", "Thursday, 3 December 2026, 8:30 pm to 9:20 pm"),
        (None, "UTC", "Thursday, December 3, 2026, 3:00 PM to 3:50 PM"),
    ],
)
def test_times_are_written_for_the_reader(locale: str | None, zone: str, when: str) -> None:
    written = Formatter(locale, ZoneInfo(zone)).span(START, START + timedelta(minutes=50))
    assert written.startswith(f"{when} (")
    assert written.isascii()


# From the first occurrence of a repeated hour into the second.
OVER_THE_CHANGE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "start", "end"),
    [
        (
            "en-GB",
            "Sunday, 25 October 2026, 02:30 (Central European Summer Time) to ",
            "02:20 (Central European Standard Time)",
        ),
        (
            "nl-NL",
            "Sunday, 25 October 2026, 02:30 (Central European Summer Time) to ",
            "02:20 (Central European Standard Time)",
        ),
        (
            "de-DE",
            "Sonntag, 25. Oktober 2026, 02:30 Uhr (Mitteleuropäische Sommerzeit) bis ",
            "02:20 Uhr (Mitteleuropäische Normalzeit)",
        ),
        (
            "fr-FR",
            "dimanche 25 octobre 2026, de 02:30 (heure d\u2019été d\u2019Europe centrale) à ",
            "02:20 (heure normale d\u2019Europe centrale)",
        ),
        (
            "es-ES",
            "domingo, 25 de octubre de 2026, de 2:30 (hora de verano de Europa central) a ",
            "2:20 (hora estándar de Europa central)",
        ),
    ],
)
def test_over_a_change_of_clocks_both_ends_name_their_zone(
    locale: str, start: str, end: str
) -> None:
    say = Formatter(locale, ZoneInfo("Europe/Paris"))
    assert say.span(OVER_THE_CHANGE, OVER_THE_CHANGE + timedelta(minutes=50)) == start + end


def test_over_midnight_and_a_change_of_clocks_both_ends_name_day_and_zone() -> None:
    say = Formatter("en-US", ZoneInfo("America/New_York"))
    start = datetime(2026, 11, 1, 3, 30, tzinfo=UTC)
    assert say.span(start, start + timedelta(hours=3)) == (
        "Saturday, October 31, 2026, 11:30 PM (Eastern Daylight Time) "
        "to Sunday, November 1, 2026, 1:30 AM (Eastern Standard Time)"
    )


def test_a_zone_that_keeps_its_name_is_shown_by_its_offset() -> None:
    """Kazakhstan became one zone: clocks were set back permanently, and the name stayed."""
    say = Formatter("en-GB", ZoneInfo("Asia/Almaty"))
    start = datetime(2024, 2, 29, 17, 45, tzinfo=UTC)
    assert say.span(start, start + timedelta(minutes=50)).endswith(
        "23:45 (GMT+06:00) to 23:35 (GMT+05:00)"
    )


def test_a_subject_distinguishes_the_repeated_hours() -> None:
    say = Formatter("en-US", ZoneInfo("America/New_York"))
    hours = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (4, 5, 6, 7)]
    assert [say.day(hour).removeprefix("November 1, 2026, ") for hour in hours] == [
        "12:30 AM",
        "1:30 AM (Eastern Daylight Time)",
        "1:30 AM (Eastern Standard Time)",
        "2:30 AM",
    ]


def test_the_repeated_hours_of_autumn_are_distinguished() -> None:
    say = Formatter("en-US", ZoneInfo("America/Denver"))
    first = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    assert say.instant(first).endswith("1:30 AM (Mountain Daylight Time)")
    assert say.instant(first + timedelta(hours=1)).endswith("1:30 AM (Mountain Standard Time)")


def test_a_session_over_midnight_names_both_days() -> None:
    say = Formatter("en-GB", ZoneInfo("Europe/London"))
    start = datetime(2026, 12, 3, 23, 30, tzinfo=UTC)
    assert say.span(start, start + timedelta(hours=1)) == (
        "Thursday, 3 December 2026, 23:30 to Friday, 4 December 2026, 00:30 (Greenwich Mean Time)"
    )


@pytest.mark.parametrize("locale", ["en-US", "nl-NL", "sr-RS", "de-CH", "fr-CA", "es-MX", "es-ES"])
def test_every_currency_has_the_decimals_of_iso_4217(locale: str) -> None:
    say = Formatter(locale, ZoneInfo("UTC"))
    for currency, decimals in DECIMALS.items():
        written = say.money(Money(1234567, currency))
        assert "".join(filter(str.isdigit, written)) == "1234567", written
        few = say.money(Money(12, currency))
        fraction = re.search(r"\d[.,](\d+)", few)
        assert len(fraction[1] if fraction else "") == decimals, few


def test_the_table_of_currencies_is_that_of_iso_4217() -> None:
    some = {"RSD": 2, "IQD": 3, "HUF": 2, "COP": 2, "IDR": 2, "PKR": 2, "LBP": 2, "JPY": 0}
    assert some.items() <= DECIMALS.items()
    assert not DECIMALS.keys() & {"XXX", "XAU", "XTS", "DEM", "XDR"}
    assert decimals_of("DEM") == 2, "as a practice may still have it"


def test_money_has_the_decimals_of_its_currency() -> None:
    say = Formatter("en-US", ZoneInfo("UTC"))
    assert [say.money(Money(4500, code)) for code in ("USD", "JPY", "KWD")] == [
        "$45.00",
        "¥4,500",
        "KWD4.500",
    ]


# A time of day that is unambiguous everywhere, in both halves of two years.
HALVES = [datetime(year, month, 15, 12, tzinfo=UTC) for year in (2026, 2027) for month in (1, 7)]


def zone_name(zone: str, instant: datetime, locale: str | None = "en-GB") -> str:
    return Formatter(locale, ZoneInfo(zone)).instant(instant).partition("(")[2].removesuffix(")")


@pytest.mark.slow
def test_no_zone_has_the_name_of_another_offset() -> None:
    """Over all zones and both halves of the year, one name means one offset."""
    offsets = defaultdict(set)
    for zone in available_timezones() - {"Factory", "localtime"}:
        for instant in HALVES:
            offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
            offsets[zone_name(zone, instant)].add(offset)
    assert {name: found for name, found in offsets.items() if len(found) > 1} == {}


@pytest.mark.parametrize("locale", ["en-IE", "en-US", "nl-NL", None])
def test_irish_standard_time_is_in_summer(locale: str | None) -> None:
    names = [zone_name("Europe/Dublin", instant, locale) for instant in HALVES]
    assert names == ["Greenwich Mean Time", "Irish Standard Time"] * 2
