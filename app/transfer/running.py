"""How many exports run at once (product.md section 10, "In bulk, the export")."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from app.domain.errors import UnavailableError

# An export keeps a connection of the pool for reads for as long as it is read.
MOST_EXPORTS = 2


class RunningExports:
    """The practices whose exports this process writes at the moment."""

    def __init__(self) -> None:
        self._practices: set[UUID] = set()

    @contextmanager
    def place_for(self, practice_id: UUID) -> Iterator[None]:
        """Keep a place for the export of a practice.

        Raises:
            UnavailableError: this practice has one that runs, or no place is left.
        """
        if practice_id in self._practices:
            raise UnavailableError("Another export of this practice is running.")
        if len(self._practices) >= MOST_EXPORTS:
            raise UnavailableError("Too many exports are running.")
        self._practices.add(practice_id)
        try:
            yield
        finally:
            self._practices.remove(practice_id)
