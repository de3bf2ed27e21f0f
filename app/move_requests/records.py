"""Move requests, as they are ordered and as they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.move_requests import Meanwhile, RequestState
from app.domain.session import Status
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class SessionsOfRange:
    """The booked sessions of a practitioner that start at or after `since`, before `until`."""

    practitioner_id: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class MisfitsOf:
    """The booked sessions of a practitioner that no longer fit the practitioner's time."""

    practitioner_id: UUID


# Which sessions are asked for: these ids, or all that are found in a range or among the misfits.
Choice = Sequence[UUID] | SessionsOfRange | MisfitsOf


@dataclass(frozen=True, slots=True)
class NewMoveRequest:
    """A request to make: of which sessions, why, until when, and the starts that are proposed."""

    choice: Choice
    note: str | None
    answer_by: datetime
    meanwhile: Meanwhile
    proposals: Mapping[UUID, Sequence[datetime]]


@dataclass(frozen=True, slots=True)
class AskedSession:
    """A session of a request. `starts_at` is its start when its client was asked."""

    session_id: UUID
    client_id: UUID
    client_name: str
    practitioner_id: UUID
    starts_at: datetime
    state: RequestState
    answered_at: datetime | None
    proposals: Sequence[datetime]
    status: Status
    present_start: datetime

    def state_at(self, answer_by: datetime, now: datetime) -> RequestState:
        """Give the state at `now`, also if the worker has not yet recorded that it is `kept`."""
        is_over = now > answer_by or now >= self.present_start
        return "kept" if self.state == "asked" and is_over else self.state


@dataclass(frozen=True, slots=True)
class MoveRequestRecord:
    """A move request with its sessions, soonest first."""

    id: UUID
    note: str | None
    answer_by: datetime
    meanwhile: Meanwhile
    asked_at: datetime
    withdrawn_at: datetime | None
    told_at: datetime | None
    sessions: Sequence[AskedSession]


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """The sessions whose clients would be asked."""

    new: NewMoveRequest
    sessions: Sequence[SessionRecord]


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """A move request after a command. `command_id` None: the command changed nothing."""

    request: MoveRequestRecord
    command_id: UUID | None
