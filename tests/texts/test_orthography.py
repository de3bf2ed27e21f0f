"""Spelling and punctuation of the catalogues and of the portal's words."""

import re

import pytest

from app.portal.site import FILES
from app.texts.catalogue import ENGLISH, LANGUAGES
from tests.texts.test_catalogue import texts

NO_BREAK = "\u00a0"
# Before a quotation mark it is JavaScript: `count > 1 ? "a" : "b"`.
BARE_SIGN = re.compile(r"""[^\s] [:;?!»](?! ["`])|« """)
# As the Swiss write them.
WITHOUT_ESZETT = re.compile(
    r"\b(ausser\w*|weiss\w*|liess\w*|gross\w*|grösser\w*|(ab|an|aus|ein)?schliess\w*|heiss\w*"
    r"|gemäss|mass|strasse\w*|statt dessen)\b",
    re.IGNORECASE,
)


def portal_words(language: str) -> str:
    return (FILES / "texts" / f"{language}.js").read_text()


def test_french_signs_stand_after_a_space_that_does_not_break() -> None:
    """In text messages it would need UTF-16, which makes them twice as long."""
    bare = [
        key
        for key, forms in texts("fr").items()
        if not key.startswith("sms.") and any(BARE_SIGN.search(form) for form in forms)
    ]
    assert bare == []
    assert not BARE_SIGN.findall(portal_words("fr"))
    assert not [
        key
        for key, forms in texts("fr").items()
        if key.startswith("sms.") and NO_BREAK in "".join(forms)
    ]


def test_french_has_one_apostrophe() -> None:
    assert not [key for key, forms in texts("fr").items() if "\u2019" in "".join(forms)]
    assert "\u2019" not in portal_words("fr")


def test_german_is_written_as_in_germany_and_austria() -> None:
    found = {key: WITHOUT_ESZETT.findall(" ".join(forms)) for key, forms in texts("de").items()}
    assert {key: words for key, words in found.items() if words} == {}
    assert not WITHOUT_ESZETT.findall(portal_words("de"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_time_with_a_full_stop_ends_the_sentence(language: str) -> None:
    """English of Canada and Spanish of Mexico write "8:00 a.m."."""
    say = LANGUAGES[language]
    when = "8:00 a.m."
    for key, forms in texts(language).items():
        names = set(re.findall(r"{(\w+)}", forms[-1]))
        values = dict.fromkeys(names, when)
        if len(forms) > 1:
            said = say.counted(key, 2, **values)
        elif values:
            said = say(key, **values)
        else:
            continue
        assert ".." not in said, key
        assert said.count(when) >= len(names), key


def test_an_ellipsis_of_a_value_stays() -> None:
    said = ENGLISH("mail.offer.price", price="...")
    assert said == "It costs ..."


# Each thing has one word (product.md section 1), and people are named without a gender.
OTHER_WORDS = {
    "en": r"appointments?|mails?|places? free|released|its own in version|is done with",
    "de": r"Klient\w*|Behandler\w*|Betreiber\w*|(?<!im )Formate?|Absageregeln|Fassung",
    "fr": r"formats?|clients?|praticiens?|exploitants?|frais (sont )?annulés|annulé les frais|"
    r"proposition|annulation impossible",
    "es": r"clientes?|(el|un|al|del) profesional|operador|formato|vídeo|consultas?|condiciones|"
    r"se condonan|cargo (queda )?anulado|anulado el cargo",
}
QUOTED = re.compile(r'"[^"\n]*"|`[^`\n]*`')
# Names of values, code, and addresses of examples.
NO_WORDS = re.compile(r"\$?{[^{}]*}|`[^`]+`|\w+\.example")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_thing_has_one_word(language: str) -> None:
    other = re.compile(rf"\b({OTHER_WORDS[language]})\b", re.IGNORECASE)
    said = {key: NO_WORDS.sub("", " ".join(forms)) for key, forms in texts(language).items()}
    quoted = "\n".join(QUOTED.findall(portal_words(language))).replace("`", "")
    said["portal"] = NO_WORDS.sub("", quoted)
    found = {key: other.search(text) for key, text in said.items()}
    assert {key: match.group() for key, match in found.items() if match} == {}
