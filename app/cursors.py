"""Cursors of lists: signed keysets, so that a page goes on exactly where the one before ended."""

from app.domain.errors import InvalidInputError
from app.signing import BadTokenError, TokenSigner


class Cursors:
    """Writes and reads the cursors of one list: `of` names it, with whose it is and its filters."""

    def __init__(self, signer: TokenSigner, *of: object) -> None:
        self._signer = signer
        self._of = [None if part is None else str(part) for part in of]

    def write(self, *position: str) -> str:
        """Make the cursor of the page that goes on after `position`."""
        return self._signer.sign([*self._of, *position])

    def read(self, cursor: str | None) -> list[str] | None:
        """Give the position in a cursor that came back; None on the first page.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        if cursor is None:
            return None
        try:
            parts = self._signer.read(cursor)
        except BadTokenError:
            parts = []
        if not parts or parts[: len(self._of)] != self._of:
            raise InvalidInputError("/cursor", "is not a cursor of this list", where="query")
        return parts[len(self._of) :]
