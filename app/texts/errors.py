"""The error of an invalid value. Its reason is a text of the catalogue."""

from app.domain.errors import Explanation
from app.texts.catalogue import ENGLISH


class InvalidValueError(ValueError):
    """A value is invalid. The text of `key`, with `values` in its placeholders, is the reason.

    `str()` returns the reason in English, for settings and the command line.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.explanation = Explanation(key, values)

    def __str__(self) -> str:
        """Return the reason in English."""
        return ENGLISH.explain(self.explanation)
