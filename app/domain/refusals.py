"""Refusals that show what the rules say instead: the policy's decision, or other slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.availability import Slot
from app.domain.errors import DomainError
from app.domain.groups import GroupSlot
from app.domain.policy.decide import Decision, Refusal
from app.domain.policy.targets import TargetFees


class ActionRefusedError(DomainError):
    """The policy refuses the action. The public code is the refusal's. `zone` is the client's."""

    code = "action-refused"

    def __init__(self, decision: Decision, zone: ZoneInfo) -> None:
        super().__init__(decision.action)
        self.decision = decision
        self.zone = zone


class ConfirmationRefusedError(DomainError):
    """The client cannot say that they are coming. The public code is the refusal's."""

    code = "confirmation-refused"

    def __init__(self, refusal: Refusal, zone: ZoneInfo) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.zone = zone


@dataclass(frozen=True, slots=True)
class TimeConflict:
    """A time that is not free, and the nearest that are. `session_id` None: it is to be booked.

    `fees`: what the client pays for each, where that depends on the target.
    """

    session_id: UUID | None
    wanted: datetime
    alternatives: Sequence[Slot]
    duration: timedelta
    fees: TargetFees | None = None


class ScopeConflictsError(DomainError):
    """Some dates of a series do not fit; nothing was changed. `zone` is the viewer's."""

    code = "scope-conflicts"

    def __init__(self, conflicts: Sequence[TimeConflict], zone: ZoneInfo) -> None:
        super().__init__()
        self.conflicts = conflicts
        self.zone = zone


class ScopeRefusedError(DomainError):
    """The policy refuses an action for one of several sessions; nothing was changed."""

    code = "scope-refused"

    def __init__(self, session_id: UUID, decision: Decision, zone: ZoneInfo) -> None:
        super().__init__(decision.action)
        self.session_id = session_id
        self.decision = decision
        self.zone = zone


class SlotUnavailableError(DomainError):
    """The requested start is not available. `alternatives` are the nearest slots that are.

    `duration` is the session's; `zone` is the zone in which the alternatives are shown. If
    the time is free, but somebody else holds it, `held_until` says until when; `is_offered`: it is
    held for the client, by an offer that they have not answered. `fees`: what the client pays for
    each alternative, where that depends on the target.
    """

    code = "slot-unavailable"

    def __init__(
        self,
        alternatives: Sequence[Slot],
        duration: timedelta,
        zone: ZoneInfo,
        *,
        held_until: datetime | None = None,
        is_offered: bool = False,
        fees: TargetFees | None = None,
    ) -> None:
        super().__init__()
        self.is_offered = is_offered
        self.fees = fees
        self.held_until = held_until
        self.alternatives = alternatives
        self.duration = duration
        self.zone = zone


class GroupUnavailableError(SlotUnavailableError):
    """The requested group is not available. `groups` are the nearest that are."""

    def __init__(
        self,
        groups: Sequence[GroupSlot],
        zone: ZoneInfo,
        *,
        held_until: datetime | None = None,
        is_offered: bool = False,
        fees: TargetFees | None = None,
    ) -> None:
        super().__init__(
            (), timedelta(0), zone, held_until=held_until, is_offered=is_offered, fees=fees
        )
        self.groups = groups


class SeatConflict(NamedTuple):
    """A seat whose client has another session at the time to which its group is to move."""

    seat_id: UUID
    client_id: UUID
    other_id: UUID


class SeatsConflictError(DomainError):
    """Clients of a group have other sessions at the time to which the group is to move."""

    code = "seats-conflict"

    def __init__(self, conflicts: Sequence[SeatConflict]) -> None:
        super().__init__()
        self.conflicts = conflicts
