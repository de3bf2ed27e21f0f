"""Pages of lists: the query parameters, which rows to read, and the answer with its next cursor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar

from pydantic import Field

from app.database.lists import Part
from app.web.cursors import Cursors, Position
from app.web.json import Answer
from app.web.signing import TokenSigner
from app.web.types import QueryParameters

Row = TypeVar("Row")
Item = TypeVar("Item")


def first_instant(event: str) -> Any:  # noqa: ANN401 - a field's default
    """Declare the filter `from`: entries whose `event` is at or after an instant."""
    return Field(None, alias="from", description=f"{event} at or after this instant.")


def last_instant(event: str) -> Any:  # noqa: ANN401 - a field's default
    """Declare the filter `to`: entries whose `event` is before an instant."""
    return Field(None, alias="to", description=f"{event} before this instant.")


ActiveFilter = Annotated[
    bool | None,
    Field(description="`true`: active records only; `false`: inactive ones only. Default: both."),
]


class ListQuery(QueryParameters):
    """Query parameters of a list. Subclasses declare `limit` and `cursor` after their filters."""

    not_filters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    def filters(self) -> Mapping[str, Any]:
        """Return the filters that the request names."""
        return self.model_dump(exclude=set(self.not_filters), exclude_none=True)


class PageQuery(Protocol):
    """Query parameters that ask for a page."""

    @property
    def limit(self) -> int:
        """Entries on a page."""

    @property
    def cursor(self) -> str | None:
        """`next_cursor` of the page before."""

    def filters(self) -> Mapping[str, Any]:
        """Return the filters that the request names."""


class PageRequest(Generic[Position]):
    """The page of a list that a request asks for.

    `of` names the list, its owner and its order. A cursor also contains the filters: it is refused
    with other filters.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """

    def __init__(
        self, signer: TokenSigner, query: PageQuery, position: type[Position], *of: object
    ) -> None:
        filters = query.filters()
        self._limit = query.limit
        self._cursors = Cursors(signer, position, *of, filters)
        # One row more than the page shows tells whether there is a next page.
        self.part = Part(filters, self._cursors.read(query.cursor), query.limit + 1)

    def paginate(self, rows: Sequence[Row], position_of: Callable[[Row], Position]) -> "Page[Row]":
        """Cut the page from the rows that were read, and make the cursor of the next page."""
        shown = rows[: self._limit]
        if len(rows) == len(shown):
            return Page(shown, None)
        return Page(shown, self._cursors.write(position_of(shown[-1])))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page. `next_cursor` is None on the last page."""

    rows: Sequence[Row]
    next_cursor: str | None


class PageAnswer(Answer, Generic[Item]):
    """A page of a list as it is sent."""

    items: list[Item]
    next_cursor: str | None = Field(examples=[None])

    @classmethod
    def of(cls, page: Page[Row], present: Callable[[Row], Item]) -> Self:
        """Show each row of a page."""
        return cls(items=[present(row) for row in page.rows], next_cursor=page.next_cursor)
