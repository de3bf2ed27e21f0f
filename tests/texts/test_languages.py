"""`Accept-Language` selects the language; an invalid header causes no error."""

import pytest
from starlette.responses import Response

from app.texts.catalogue import ENGLISH
from app.web.languages import language_headers, texts_for


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("fr-CA", "fr"),
        ("fr-CA, en;q=0.8", "fr"),
        ("de-CH, fr;q=0.9, en;q=0.1", "de"),
        ("en;q=0.2, es;q=0.8, de;q=0.5", "es"),
        ("nl, de;q=0.7, en;q=0.3", "de"),
        ("fr;q=0, de;q=0.1", "de"),
        ("*, es;q=0.1", "es"),
        ("*", "en"),
        ("nl, *;q=0.5", "en"),
        ("pt-BR", "en"),
        ("en-GB, de;q=0.9", "en"),
        ("", "en"),
        (";;,,", "en"),
        ("de;q=abc", "en"),
        ("de;q=7, es;q=1", "es"),
        ("deutsch", "en"),
        ("\x00\x80'\"<script>", "en"),
        ("de" * 10_000, "en"),
        ("x," * 10_000 + "fr", "fr"),
    ],
)
def test_the_language_is_chosen_by_weight_and_order(accepted: str, language: str) -> None:
    assert texts_for(accepted).language == language


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("pt-BR, it;q=0.5, de;q=0.7", ("pt-BR", "de", "it")),
        ("fr;q=0, de;q=0.1", ("de",)),
        ("", ("en",)),
    ],
)
def test_what_the_reader_prefers_is_kept_for_texts_of_the_practice(
    accepted: str, wanted: tuple[str, ...]
) -> None:
    assert texts_for(accepted).wanted == wanted


def test_of_a_long_header_only_the_first_languages_are_kept() -> None:
    assert len(texts_for("x," * 10_000 + "fr").wanted) == 20


def test_an_answer_that_varies_by_language_may_vary_by_more() -> None:
    answer = Response(headers=language_headers(ENGLISH.language))
    answer.headers.add_vary_header("Origin")
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Vary"] == "Accept-Language, Origin"
