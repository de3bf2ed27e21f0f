"""What is held of a client, and what erasing has done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HeldIds:
    """The ids of a client's record, and of all rows that belong to it."""

    client_id: UUID
    sessions: Sequence[UUID]
    practitioners: Sequence[UUID]
    fees: Sequence[UUID]
    packages: Sequence[UUID]
    series: Sequence[UUID]
    wishes: Sequence[UUID]
    offers: Sequence[UUID]
    feeds: Sequence[UUID]

    @property
    def all(self) -> list[UUID]:
        """Give all ids but those of practitioners: subjects of the audit log, parts of answers."""
        of_records = (self.sessions, self.fees, self.packages, self.series)
        return [
            self.client_id,
            *(one for ids in of_records for one in ids),
            *(one for ids in (self.wishes, self.offers, self.feeds) for one in ids),
        ]


@dataclass(frozen=True, slots=True)
class ErasedClient:
    """A client whose data were erased, and what else the command did to their sessions and fees.

    Of a repeated command: what the first one did.
    """

    client_id: UUID
    erased_at: datetime
    sessions_cancelled: int
    fees_waived: int
    command_id: UUID


@dataclass(frozen=True, slots=True)
class ClientData:
    """Everything held of a client: the record, and rows of other tables by what they are."""

    client: Mapping[str, Any]
    exported_at: datetime
    parts: Mapping[str, Sequence[Mapping[str, Any]]]
