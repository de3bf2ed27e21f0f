"""The sentences of text messages fit: in four languages, with the longest time and a long name."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.money import Money
from app.domain.session import Format
from app.domain.text_messages import MAX_SEGMENTS, Message, segments, write
from app.mail.texts.formatter import Formatter, format_name

KEYS = (
    "booked",
    "rescheduled",
    "restored",
    "cancelled",
    "reminder",
    "nudge-fee",
    "nudge-credit",
    "nudge-closes-fee",
    "nudge-closes-credit",
    "format-changed",
    "length-changed",
    "move-request",
    "asked-cancelled",
    "offer",
    "answer",
)
LOCALES = ("en-US", "de-DE", "fr-FR", "es-ES")
LINK = "https://termine.example/portal/#offer=" + "aB3" * 5 + "x"
# A Wednesday in September: the longest short names. The portal's zone is not the client's.
WHEN = datetime(2026, 9, 23, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", KEYS)
def test_a_sentence_fits_into_two_segments_with_the_whole_name(locale: str, key: str) -> None:
    formatter = Formatter(locale, ZoneInfo("Europe/Berlin"))
    when = formatter.brief(WHEN, ZoneInfo("America/New_York"))
    fee = formatter.money(Money(123456, "EUR"))
    until, how = when, format_name(Format.IN_PERSON, formatter.texts)
    sentence = formatter.texts(f"sms.{key}", when=when, until=until, fee=fee, format=how)
    text = write(Message("Praxisgemeinschaft am Park", sentence, None, LINK))
    assert text == f"Praxisgemeinschaft am Park: {sentence}. {LINK}"
    assert segments(text) <= MAX_SEGMENTS


OF_SEVERAL = ("and-more", "move-request-of-several", "asked-cancelled-of-several")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", OF_SEVERAL)
def test_a_sentence_about_several_sessions_fits_as_well(locale: str, key: str) -> None:
    formatter = Formatter(locale, ZoneInfo("Europe/Berlin"))
    when = formatter.brief(WHEN, ZoneInfo("America/New_York"))
    booked = formatter.texts("sms.rescheduled", when=when)
    values = {"sentence": booked} if key == "and-more" else {"when": when, "until": when}
    sentence = formatter.texts.counted(f"sms.{key}", 99, count=99, **values)
    text = write(Message("Praxisgemeinschaft am Park", sentence, None, LINK))
    assert text == f"Praxisgemeinschaft am Park: {sentence}. {LINK}"
    assert segments(text) <= MAX_SEGMENTS


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", OF_SEVERAL[1:])
def test_how_many_more_stands_beside_the_session_and_not_beside_the_deadline(
    locale: str, key: str
) -> None:
    texts = Formatter(locale, ZoneInfo("UTC")).texts
    for count in (1, 2):
        said = texts.counted(f"sms.{key}", count, count=count, when="WHEN", until="UNTIL")
        assert re.search(rf"WHEN \w+ {count} ", said), said


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", [*KEYS, *OF_SEVERAL])
def test_the_words_themselves_are_of_the_short_alphabet(locale: str, key: str) -> None:
    """One other letter makes the whole message cost twice as much."""
    texts = Formatter(locale, ZoneInfo("UTC")).texts
    for count in (1, 2):
        values = {"when": "x", "until": "x", "fee": "x", "format": "x"}
        if key in OF_SEVERAL:
            words = texts.counted(f"sms.{key}", count, sentence="x", count=count, **values)
        else:
            words = texts(f"sms.{key}", **values)
        assert segments(words + "x" * (160 - len(words))) == 1, words
        assert "{" not in words


@pytest.mark.parametrize(
    ("locale", "zone"),
    [("en-GB", "CET"), ("de-DE", "MEZ"), ("es-ES", "CET"), ("fr-FR", "UTC+01:00")],
)
def test_the_zone_is_one_that_people_can_read(locale: str, zone: str) -> None:
    """French has no short name for it."""
    winter = datetime(2026, 12, 9, 3, tzinfo=UTC)
    written = Formatter(locale, ZoneInfo("Europe/Paris")).brief(
        winter, ZoneInfo("America/New_York")
    )
    assert written.endswith(f"({zone})")
