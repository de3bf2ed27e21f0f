"""Builds statements that read one part of a list: filters, order, start position, limit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_

PartStart = TypeVar("PartStart", bound=tuple[Any, ...])
Statement = TypeVar("Statement", bound=Select[Any])
# Makes the condition of a filter from the value in a request.
Filter = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Part(Generic[PartStart]):
    """A part of a list: rows that match all filters, after a position, up to a limit."""

    filters: Mapping[str, Any]
    after: PartStart | None
    limit: int


def equal(column: Any) -> Filter:  # noqa: ANN401 - a column
    """Make a filter: the column equals the value."""
    return lambda value: column == value


def is_set(column: Any) -> Filter:  # noqa: ANN401 - a column
    """Make a filter: the column has a value if true, and none if false."""
    return lambda wanted: column.is_not(None) if wanted else column.is_(None)


def from_instant(column: Any) -> Filter:  # noqa: ANN401 - a column
    """Make a filter: the column is at or after the instant."""
    return lambda instant: column >= instant


def before_instant(column: Any) -> Filter:  # noqa: ANN401 - a column
    """Make a filter: the column is before the instant."""
    return lambda instant: column < instant


def matching(known: Mapping[str, Filter], wanted: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Convert the filters of a request to conditions, which are combined with AND.

    Raises:
        KeyError: the list does not know one of the filters.
    """
    return [known[name](value) for name, value in wanted.items()]


def in_order(
    statement: Statement,
    columns: Sequence[Any],
    after: tuple[Any, ...] | None,
    limit: Any,  # noqa: ANN401 - a number, or a parameter that stands for one
    *,
    latest_first: bool = False,
) -> Statement:
    """Order by columns that identify a row, and read `limit` rows after the position `after`."""
    if after is not None:
        # With explicit types: the driver cannot infer them for values inside of a row value.
        values = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
        key, last = tuple_(*columns), tuple_(*values)
        statement = statement.where(key < last if latest_first else key > last)
    order = [column.desc() for column in columns] if latest_first else columns
    return statement.order_by(*order).limit(limit)
