"""The catalogues of all languages have the same keys and placeholders, and every key is used."""

import re
from functools import cache
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from app.domain.policy.reasons import STANDARD_REASONS
from app.policies.records import Level
from app.texts.catalogue import DOMAIN, ENGLISH, FOLDER, LANGUAGES
from app.web.problems.catalogue import CATALOGUE
from tests.texts.usage import find_uses

OTHERS = sorted(set(LANGUAGES) - {"en"})
CODE = re.compile("`[^`]+`")
KEY = re.compile(r"[a-z-]+(\.[a-z_-]+){1,2}")
# Texts that are correctly the same as in English.
SAME = {
    "de": {"mail.colon", "mail.video", "webhook-disabled.host", "practitioner.reason-and-words"},
    "es": {"mail.moment", "mail.colon", "practitioner.reason-and-words"},
    "fr": {"rules.duration.minutes"},
}
# Keys that may have the same text, because both have the same meaning.
ALIKE = [
    {f"problem.{code}.{part}" for code in ("quote-stale", "version-mismatch")}
    for part in ("title", "detail")
]
# Clients are addressed formally.
INFORMAL = {
    "de": r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*)\b",
    "es": r"\b([Tt]ú|[Tt]us?|[Tt]i|[Tt]uy[oa]s?)\b",
    "fr": r"\b([Tt]u|[Tt]oi|[Tt]on|[Tt]es)\b",
}
# What a session and a working day are not called. A Werktag can be a Saturday.
OTHER_WORDS = {
    "de": r"\b(sitzung|werktag)",
    "es": r"\bsesiones\b|(?<!inicio de )(?<!iniciar )(?<!inicia )(?<!inicie )(?<!toda la )"
    r"\bsesión\b(?! no iniciada)(?! de grupo)",
    "fr": r"\bséances?\b(?! de groupe)",
}


@cache
def catalogue(language: str) -> Catalog:
    with (FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, language)


@cache
def texts(language: str) -> dict[str, tuple[str, ...]]:
    return forms_by_key(catalogue(language))


def forms_by_key(catalogue: Catalog) -> dict[str, tuple[str, ...]]:
    """Return the forms of each text by key: one form, or singular and plural."""
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        if key:
            text = message.string or ""
            found[key] = (text,) if isinstance(text, str) else tuple(text)
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_keys(language: str) -> None:
    assert texts(language).keys() == texts("en").keys()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_text_exists_with_the_placeholders_of_the_english_text(language: str) -> None:
    for key, forms in texts(language).items():
        assert len(forms) == len(texts("en")[key]), key
        for text in forms:
            assert text.strip(" ") == text != "", key
            assert placeholders(text) == placeholders(texts("en")[key][-1]), key


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_entry_is_fuzzy_or_obsolete(language: str) -> None:
    assert not [message.id for message in catalogue(language) if message.fuzzy]
    assert not catalogue(language).obsolete
    assert not list(catalogue(language).check())


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    same = {key for key, forms in texts(language).items() if forms == texts("en")[key]}
    assert same == SAME[language]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_two_texts_are_the_same(language: str) -> None:
    """A text that was copied and not changed would have the wrong meaning."""
    by_text: dict[tuple[str, ...], set[str]] = {}
    for key, forms in texts(language).items():
        by_text.setdefault(forms, set()).add(key)
    assert not [
        keys
        for keys in by_text.values()
        if len(keys) > 1 and not any(keys <= alike for alike in ALIKE)
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_people_are_addressed_formally(language: str) -> None:
    informal = re.compile(INFORMAL[language])
    assert not [key for key, forms in texts(language).items() if informal.search(" ".join(forms))]


@pytest.mark.parametrize("language", OTHERS)
def test_a_session_and_a_working_day_have_one_word(language: str) -> None:
    other = re.compile(OTHER_WORDS[language], re.IGNORECASE)
    assert not [key for key, forms in texts(language).items() if other.search(" ".join(forms))]


def test_headings_have_no_placeholder_and_subjects_only_the_day() -> None:
    for key, (text, *_) in texts("en").items():
        if key.endswith(".heading"):
            assert placeholders(text) == set(), key
        if key.startswith(("mail.", "practitioner.")) and key.endswith(".subject"):
            assert placeholders(text) == {"day"}, key


def test_exactly_the_existing_codes_have_texts() -> None:
    """A search of the code does not find keys that are built from a code."""
    families: dict[str, set[str]] = {}
    for key in texts("en"):
        family, code, *_ = key.split(".")
        families.setdefault(family, set()).add(code)
    assert families["problem"] == set(CATALOGUE)
    assert families["reason"] == set(STANDARD_REASONS)
    assert families["policy"] == {*Level, "nowhere"}


@pytest.mark.parametrize("language", OTHERS)
def test_code_in_explanations_is_not_translated(language: str) -> None:
    for key, (english, *_) in texts("en").items():
        here = CODE.findall(texts(language)[key][0])
        assert sorted(here) == sorted(CODE.findall(english)), key


def test_an_unknown_key_and_a_missing_value_raise() -> None:
    for key in ("mail.nothing", "mail.fee-due"):
        with pytest.raises(KeyError):
            ENGLISH(key, practice="Harbor")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_compiled_texts_are_up_to_date(language: str) -> None:
    """If this fails, compile the texts again: `make .venv/.ready`."""
    with (FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        assert forms_by_key(read_mo(file)) == texts(language)


@pytest.mark.slow
def test_no_key_is_unused() -> None:
    uses = find_uses()
    assert not [key for key in texts("en") if not uses.include(key)]


@pytest.mark.slow
def test_no_key_is_unknown() -> None:
    """A string in the code that has the form and the prefix of a key must be a key."""
    families = {key.partition(".")[0] for key in texts("en")}
    looks = {text for text in find_uses().whole if KEY.fullmatch(text)}
    unknown = {text for text in looks if text.partition(".")[0] in families} - texts("en").keys()
    assert not unknown
