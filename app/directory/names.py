"""Search for a part of a name, without regard to capitals and accents.

The search uses built-in functions of PostgreSQL only and needs no extension. An ordinary index
cannot find a part in the middle of a name, so the names of one practice are compared one by one, in
the order of the index by name, until a page is full.
"""

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
