"""Finding names by a part of them, whatever the capitals and the accents.

PostgreSQL does it with what it has of itself: no extension is needed. A part within a name is in no
ordinary index, so the names of one practice are compared one by one, in the order of its index of
names, until a page is full.
"""

import re
import unicodedata

from app.texts.errors import InvalidValueError

ACCENTS = "[\u0300-\u036f]"


def has_letters(part: str) -> str:
    """Refuse what would be in every name: nothing but accents.

    Raises:
        ValueError: that is all there is.
    """
    if not re.sub(ACCENTS, "", unicodedata.normalize("NFKD", part)).strip():
        raise InvalidValueError("field.name-part")
    return part
