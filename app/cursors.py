"""Cursors of lists: signed keysets, so that a page goes on exactly where the one before ended."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.errors import InvalidInputError
from app.signing import BadTokenError, TokenSigner


class Place(NamedTuple):
    """Where a page of a list by time ends: behind this entry of this instant."""

    instant: datetime
    entry_id: UUID


class Cursors:
    """Writes and reads the cursors of one list: `of` names it, with whose it is and its filters."""

    def __init__(self, signer: TokenSigner, *of: object) -> None:
        self._signer = signer
        self._of = hashlib.sha256(repr(of).encode()).hexdigest()

    def write(self, *position: object) -> str:
        """Make the cursor of the page that goes on after `position`: strings, numbers, nulls."""
        return self._signer.sign([self._of, *position])

    def read(self, cursor: str | None) -> list[Any] | None:
        """Give the position in a cursor that came back; None on the first page.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        if cursor is None:
            return None
        try:
            of, *position = self._signer.read(cursor)
        except BadTokenError:
            of = None
        if of != self._of:
            raise InvalidInputError("/cursor", "field.cursor", where="query")
        return position

    def write_place(self, instant: datetime, entry_id: UUID) -> str:
        """Make the cursor of the page that goes on after this entry of a list by time."""
        return self.write(instant.isoformat(), entry_id.hex)

    def read_place(self, cursor: str | None) -> Place | None:
        """Give the place in a cursor that came back; None on the first page.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        parts = self.read(cursor)
        return None if parts is None else Place(datetime.fromisoformat(parts[0]), UUID(parts[1]))
