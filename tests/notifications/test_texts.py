"""Mails use the language of their reader, and have a name for each format in it."""

import pytest

from app.domain.session import Format
from app.mail.texts.formatter import format_name, texts_in
from app.texts.catalogue import LANGUAGES


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
