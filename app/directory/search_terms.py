"""Checks the part of a name to search for. The search itself is in search_queries.py."""

import re
import unicodedata

from app.texts.errors import InvalidValueError

ACCENTS = "[\u0300-\u036f]"


def has_letters(part: str) -> str:
    """Refuse a text of accents only: every name would contain it.

    Raises:
        ValueError: the text has no character other than accents and spaces.
    """
    if not re.sub(ACCENTS, "", unicodedata.normalize("NFKD", part)).strip():
        raise InvalidValueError("field.name-part")
    return part
