"""Cursors of lists: the signed position after which the next page starts."""

import hashlib
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from app.domain.errors import InvalidInputError
from app.web.signing import BadTokenError, TokenSigner

Position = TypeVar("Position", bound=tuple[Any, ...])


class TimePosition(NamedTuple):
    """The position of an entry in a list by time."""

    instant: datetime
    entry_id: UUID


class Cursors(Generic[Position]):
    """Writes and reads the cursors of one list.

    `position` is the named tuple that says where a page ends. `of` names the list, its owner and
    its filters: a cursor of any other list is refused.
    """

    def __init__(self, signer: TokenSigner, position: type[Position], *of: object) -> None:
        self._signer = signer
        self._position = position
        self._of = hashlib.sha256(repr(of).encode()).hexdigest()

    def write(self, position: Position) -> str:
        """Make the cursor of the page that starts after `position`."""
        return self._signer.sign([self._of, *map(_plain, position)])

    def read(self, cursor: str | None, *, where: str = "query") -> Position | None:
        """Return the position in a cursor, or None for the first page.

        `where` is the part of the request that has the cursor.

        Raises:
            InvalidInputError: the text is not a cursor of this list.
        """
        if cursor is None:
            return None
        try:
            of, *position = self._signer.read(cursor)
        except BadTokenError:
            of = None
        if of != self._of:
            raise InvalidInputError("/cursor", "field.cursor", where=where)
        found: Position = _adapter(self._position).validate_python(position)
        return found


@cache
def _adapter(position: type[Position]) -> TypeAdapter[Position]:
    return TypeAdapter(position)


def _plain(value: object) -> object:
    """Convert one part of a position to a JSON value: a string, a number or null."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex if isinstance(value, UUID) else value
