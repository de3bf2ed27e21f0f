"""What a caller says with a command, and what the command answers."""

from dataclasses import dataclass

from app.domain.policy.costs import Cost
from app.sessions.read.records import SessionRecord
from app.sessions.read.staff_queries import StaffSession

NO_COST = Cost(None, None)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a session is changed: a code to count by, and the caller's own words."""

    code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class ClientOrder:
    """What a client says: why, the quote that they were shown, the version that they saw."""

    reason: Reason
    quote: str | None
    if_match: str | None


@dataclass(frozen=True, slots=True)
class StaffOrder:
    """What staff say: why, whether the client is charged, the version that they saw."""

    reason: Reason | None
    charged: bool
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The session as it is after a client's command, and what the command cost."""

    record: SessionRecord
    cost: Cost


@dataclass(frozen=True, slots=True)
class StaffOutcome:
    """The session as it is after a command of staff, and what the command cost its client."""

    found: StaffSession
    cost: Cost
