"""The error of an invalid value. Its reason is a text of the catalogue."""

from app.domain.errors import Explanation
from app.texts.catalogue import ENGLISH


class InvalidValueError(ValueError):
    """A value is invalid. The text of `key`, with `values` in its placeholders, is the reason.

    `member` is the member of the value that is wrong, by its name in the request, if the value is
    an object. Without it the value as a whole is wrong.

    `str()` returns the reason in English, for settings and the command line.
    """

    def __init__(self, key: str, *, member: str | None = None, **values: object) -> None:
        super().__init__(key)
        self.member = member
        self.explanation = Explanation(key, values)

    def __str__(self) -> str:
        """Return the reason in English."""
        return ENGLISH.explain(self.explanation)
