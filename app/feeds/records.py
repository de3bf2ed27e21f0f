"""What a calendar feed is, and what it contains."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.domain.session import Format


class Names(StrEnum):
    """How a practitioner's feed names clients: not at all, by their initials, or in full."""

    NONE = "none"
    INITIALS = "initials"
    FULL = "full"


class FeedOwner(NamedTuple):
    """Whose sessions a feed contains: exactly one of the two is set."""

    client_id: UUID | None = None
    practitioner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed without its secret. `names` and `label` are set for a practitioner's feed."""

    id: UUID
    names: Names | None
    label: str | None
    created_at: datetime
    last_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenFeed:
    """A feed whose token was right, and those whose names it shows. `locale`: the client's."""

    practice_id: UUID
    owner: FeedOwner
    names: Names | None
    practice_name: str
    practice_email: str
    practitioner_name: str | None
    locale: str | None


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A booked session or a scheduled group, as a feed shows it.

    `location` is the name and the address of the place. `changed_at` is when it last changed.
    `client_name` is set only in a practitioner's feed that has names.
    """

    id: UUID
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    service_name: str
    practitioner_name: str
    client_name: str | None
    format: Format
    location: tuple[str, str] | None
    join_url: str | None
    instructions: str | None
