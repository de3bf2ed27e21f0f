"""Cursors of lists: signed keysets, so that a page goes on exactly where the one before ended."""

import hashlib
from typing import Any

from app.domain.errors import InvalidInputError
from app.signing import BadTokenError, TokenSigner


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
            raise InvalidInputError("/cursor", "is not a cursor of this list", where="query")
        return position
