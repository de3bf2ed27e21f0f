"""The texts of all languages say the same, and each in its own words."""

from collections.abc import Iterator
from dataclasses import fields
from string import Formatter

import pytest

from app.domain.session import Format
from app.notices.locales import LANGUAGES
from app.notices.texts import Texts, Title
from app.notices.texts.english import ENGLISH
from app.notices.wording import format_name, texts_in

OTHERS = sorted(set(LANGUAGES) - {"en"})
# What is spelled as in English, rightly.
SAME = {
    "de": {"colon", "video"},
    "es": {"moment", "colon"},
    "fr": set(),
}


def sentences(texts: Texts) -> Iterator[tuple[str, str]]:
    """Give every text with its name."""
    for field in fields(texts):
        value = getattr(texts, field.name)
        if isinstance(value, Title):
            yield f"{field.name}.heading", value.heading
            yield f"{field.name}.subject", value.subject
        else:
            yield field.name, value


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_text_is_there_with_the_placeholders_of_the_english_one(language: str) -> None:
    english = dict(sentences(ENGLISH))
    for name, text in sentences(LANGUAGES[language]):
        assert text.strip(" ") == text != "", name
        assert placeholders(text) == placeholders(english[name]), name


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_was_left_in_english(language: str) -> None:
    english = dict(sentences(ENGLISH))
    same = {name for name, text in sentences(LANGUAGES[language]) if text == english[name]}
    assert same == SAME[language]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_two_texts_are_the_same(language: str) -> None:
    """A sentence that was copied and never changed would say the wrong thing."""
    texts = [text for _, text in sentences(LANGUAGES[language])]
    assert len(set(texts)) == len(texts)


def test_headings_and_subjects_have_room_for_a_day_only() -> None:
    for texts in LANGUAGES.values():
        for field in fields(texts):
            title = getattr(texts, field.name)
            if isinstance(title, Title):
                assert placeholders(title.heading) == set()
                assert placeholders(title.subject) == {"day"}


def test_german_has_no_letter_that_switzerland_does_not_write() -> None:
    assert not [text for _, text in sentences(LANGUAGES["de"]) if "ß" in text]


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-CH", "de"),
        ("DE-at", "de"),
        ("de-XX", "de"),
        ("de-Latn-DE-1996", "de"),
        ("fr-CA", "fr"),
        ("fr-u-hc-h23", "fr"),
        ("es-419", "es"),
        ("en-GB", "en"),
        ("pt-BR", "en"),
        ("deutsch", "en"),
        ("x", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_chosen_by_the_tag(tag: str, language: str) -> None:
    assert texts_in(tag) is LANGUAGES[language]


def test_every_format_has_a_name_in_every_language() -> None:
    for texts in LANGUAGES.values():
        assert len({format_name(kind, texts) for kind in Format}) == len(Format)
