"""The range of dates that a query names by `from` and `to`."""

from datetime import date

from app.domain.errors import InvalidInputError


def check_days(first: date, last: date, *, most: int | None = None) -> None:
    """Check a range of dates, both inclusive. `most` is how many it may have.

    Raises:
        InvalidInputError: the range is reversed or too long.
    """
    if last < first:
        raise InvalidInputError("/to", "field.before-first", where="query", first=first)
    if most is not None and (last - first).days >= most:
        raise InvalidInputError("/to", "field.range-too-long", where="query", days=most)
