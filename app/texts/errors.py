"""Values that cannot be used, with the reason as a text of the catalogue."""

from app.domain.errors import Explanation
from app.texts.catalogue import ENGLISH


class InvalidValueError(ValueError):
    """A value cannot be used. The text of `key`, with `values` in it, says why.

    As a string it is that text in English, for settings and the command line.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.explanation = Explanation(key, values)

    def __str__(self) -> str:
        """Say why, in English."""
        return ENGLISH.explain(self.explanation)
