"""Records of what clients have used of their allowance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.policy.allowance import AllowanceLeft
from app.sessions.commands.allowance_repository import GivenBackBy


class UseRecord(NamedTuple):
    """One use. `id` and `kind` are those of the audit log's entry that made it.

    `session_id` None: staff have added it.
    """

    id: UUID
    used_at: datetime
    kind: str
    session_id: UUID | None
    given_back_at: datetime | None
    given_back_by: GivenBackBy | None


@dataclass(frozen=True, slots=True)
class SessionAllowance:
    """What is left for a booked session, by the policy of its booking. `zone` is that of its days.

    `policy_version` is the number of that policy.
    """

    session_id: UUID
    starts_at: datetime
    service_id: UUID
    service_name: str
    policy_version: int
    zone: ZoneInfo
    left: AllowanceLeft


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment by staff: the use that it added or gave back, and what is left afterwards."""

    use: UseRecord
    sessions: Sequence[SessionAllowance]
    command_id: UUID
