"""Refusals that show what the rules say instead: the policy's decision, or other slots."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.availability import Slot
from app.domain.errors import DomainError
from app.domain.groups import GroupSlot
from app.domain.policy.decide import Decision


class ActionRefusedError(DomainError):
    """The policy refuses. Its public code is that of the refusal; `zone` is the client's."""

    code = "action-refused"

    def __init__(self, decision: Decision, zone: ZoneInfo) -> None:
        super().__init__(decision.action)
        self.decision = decision
        self.zone = zone


class SlotUnavailableError(DomainError):
    """The wished start is not on offer (any more). `alternatives`: the nearest that are."""

    code = "slot-unavailable"

    def __init__(self, alternatives: Sequence[Slot], duration: timedelta, zone: ZoneInfo) -> None:
        super().__init__()
        self.alternatives = alternatives
        self.duration = duration
        self.zone = zone


class GroupUnavailableError(DomainError):
    """The wished group is not on offer (any more). `alternatives`: the nearest that are."""

    code = "slot-unavailable"

    def __init__(self, alternatives: Sequence[GroupSlot], zone: ZoneInfo) -> None:
        super().__init__()
        self.alternatives = alternatives
        self.zone = zone


class SeatConflict(NamedTuple):
    """A seat whose client has another session at the time to which its group shall move."""

    seat_id: UUID
    client_id: UUID
    other_id: UUID


class SeatsConflictError(DomainError):
    """Clients of a group have other sessions at the time to which the group shall move."""

    code = "seats-conflict"

    def __init__(self, conflicts: Sequence[SeatConflict]) -> None:
        super().__init__()
        self.conflicts = conflicts
