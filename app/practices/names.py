"""Finding names by a part of them, whatever the capitals and the accents.

PostgreSQL does it with what it has of itself: no extension is needed. A part within a name is in no
ordinary index, so the names of one practice are compared one by one, in the order of its index of
names, until a page is full.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, func, literal, literal_column, select

from app.texts.errors import InvalidValueError

# Letters that Unicode does not take apart into a letter and an accent; U+0131 has no dot.
_LETTERS = ("ĐđÐðĦħ\u0131ŁłØø", "DdDdHhiLlOo")
_PAIRS = (("ß", "ss"), ("æ", "ae"), ("œ", "oe"), ("þ", "th"))
_ACCENTS = "[\u0300-\u036f]"


def has_letters(part: str) -> str:
    """Refuse what would be in every name: nothing but accents.

    Raises:
        ValueError: that is all there is.
    """
    if not re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", part)).strip():
        raise InvalidValueError("field.name-part")
    return part


def contains_part(name: Any, part: str) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Tell whether a name has `part` in it. No character of `part` stands for others."""
    # A subquery of its own is calculated once, and not for each name.
    wanted = select(_folded(literal(part))).scalar_subquery()
    found: ColumnElement[bool] = func.strpos(_folded(name), wanted) > 0
    return found


def _folded(text: Any) -> Any:  # noqa: ANN401 - column expressions
    plain = func.regexp_replace(func.normalize(text, literal_column("NFKD")), _ACCENTS, "", "g")
    folded = func.lower(func.translate(plain, *_LETTERS))
    for letter, pair in _PAIRS:
        folded = func.replace(folded, letter, pair)
    return folded
