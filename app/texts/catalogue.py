"""The catalogue of texts by language and key (docs/decisions/0025-texts.md).

The sources are `locale/LANGUAGE/LC_MESSAGES/reslot.po`. The build compiles them.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from gettext import NullTranslations, translation
from pathlib import Path

from app.domain.errors import Explanation

DOMAIN = "reslot"
FOLDER = Path(__file__).parent / "locale"


class TextsError(Exception):
    """The texts are not compiled. The message says what to run."""


class Texts:
    """The texts of one language. `language` is its BCP 47 tag. They are read at the first use.

    `wanted` are the languages that the reader prefers, the best one first: for texts of a practice,
    which may be in others than the catalogue. By default the language of the texts.

    Texts have named placeholders. Values are inserted without inflection: names, amounts, and
    dates as Babel formats them.
    """

    def __init__(self, language: str, wanted: Sequence[str] = ()) -> None:
        self.language = language
        self.wanted = tuple(wanted) or (language,)

    @cached_property
    def _translations(self) -> NullTranslations:
        try:
            return translation(DOMAIN, FOLDER, [self.language])
        except FileNotFoundError:
            raise TextsError(
                f"The texts are not compiled. Run `make`, or `pybabel compile -d {FOLDER} "
                f"-D {DOMAIN}`."
            ) from None

    def load(self) -> None:
        """Read the texts now.

        Raises:
            TextsError: they are not compiled.
        """
        _ = self._translations

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key, with `values` in its placeholders.

        Raises:
            KeyError: the key is unknown, or a placeholder has no value.
        """
        text = self._translations.gettext(key)
        if text is key:  # gettext returns the key itself if it has no text
            raise KeyError(key)
        return _filled(text, values) if values else text

    def counted(self, key: str, count: int, /, **values: object) -> str:
        """Return the singular or the plural of a text, for `count`.

        Raises:
            KeyError: the key is unknown, or a placeholder has no value.
        """
        text = self._translations.ngettext(key, key, count)
        if text is key:
            raise KeyError(key)
        return _filled(text, values)

    def explain(self, explanation: Explanation) -> str:
        """Return the text of a domain error."""
        return self(explanation.key, **explanation.values)

    def has(self, key: str) -> bool:
        """Return whether the key has a text."""
        return self._translations.gettext(key) is not key


def _filled(text: str, values: Mapping[str, object]) -> str:
    """Insert the values. One with a full stop of its own ("8:00 a.m.") also ends its sentence."""
    for name, value in values.items():
        if str(value).endswith("."):
            text = text.replace(f"{{{name}}}.", f"{{{name}}}")
    return text.format(**values)


LANGUAGES: Mapping[str, Texts] = {
    language: Texts(language) for language in ("en", "fr", "de", "es")
}
ENGLISH = LANGUAGES["en"]


def load_texts() -> None:
    """Read the texts of all languages now, so that a program without them does not start.

    Raises:
        TextsError: they are not compiled.
    """
    for texts in LANGUAGES.values():
        texts.load()
