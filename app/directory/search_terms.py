"""Search terms: a part of a name that a list is asked for. The search is in search_queries.py."""

import re
import unicodedata

from app.texts.errors import InvalidValueError

ACCENTS = "[\u0300-\u036f]"


def has_letters(part: str) -> str:
    """Refuse a term without letters, which every name would match.

    Raises:
        ValueError: the term consists of accents and spaces.
    """
    if not re.sub(ACCENTS, "", unicodedata.normalize("NFKD", part)).strip():
        raise InvalidValueError("field.name-part")
    return part
