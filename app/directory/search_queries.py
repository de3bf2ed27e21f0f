"""Search for a part of a name, without regard to capitals and accents.

The search uses built-in functions of PostgreSQL only and needs no extension. An ordinary index
cannot find a part in the middle of a name, so the names of one practice are compared one by one, in
the order of the index by name, until a page is full. Source: product.md section 10, "Lists by a
part of the name".
"""

from typing import Any

from sqlalchemy import ColumnElement, func, literal, literal_column, select

from app.directory.search_terms import ACCENTS

# Letters that NFKD does not decompose into a letter and an accent. U+0131 is the dotless i.
_LETTERS = ("ĐđÐðĦħ\u0131ŁłØø", "DdDdHhiLlOo")
_PAIRS = (("ß", "ss"), ("æ", "ae"), ("œ", "oe"), ("þ", "th"))


def contains_part(name: Any, part: str) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Match names that contain `part`. `part` has no wildcards."""
    # An uncorrelated subquery is evaluated once, and not for each name.
    wanted = select(_folded(literal(part))).scalar_subquery()
    found: ColumnElement[bool] = func.strpos(_folded(name), wanted) > 0
    return found


def _folded(text: Any) -> Any:  # noqa: ANN401 - column expressions
    plain = func.regexp_replace(func.normalize(text, literal_column("NFKD")), ACCENTS, "", "g")
    folded = func.lower(func.translate(plain, *_LETTERS))
    for letter, pair in _PAIRS:
        folded = func.replace(folded, letter, pair)
    return folded
