"""Cursors of the practice's lists: signed, each good for the list that it was made for only."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from app.domain.errors import InvalidInputError
from app.signing import BadTokenError, TokenSigner


class ListCursor:
    """Writes and reads the cursors of one list. `of` says which, with its filters, in JSON."""

    def __init__(self, signer: TokenSigner, *of: object) -> None:
        self._signer = signer
        self._of = hashlib.sha256(json.dumps(of, default=str).encode()).hexdigest()

    def write(self, position: Sequence[object]) -> str:
        """Make the cursor that goes on after `position`: strings, numbers and nulls."""
        return self._signer.sign([self._of, *position])

    def read(self, cursor: str | None) -> list[Any] | None:
        """Read the position out of a cursor that came back.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        if cursor is None:
            return None
        try:
            of, *position = self._signer.read(cursor)
        except BadTokenError:
            of, position = None, []
        if of != self._of:
            raise InvalidInputError("/cursor", "is not a cursor of this list", where="query")
        return position
