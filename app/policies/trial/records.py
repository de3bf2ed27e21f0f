"""Records of past decisions, and of what other rules would have decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.policy.costs import Cost
from app.domain.policy.decide import RefusalCode
from app.domain.policy.judgement import Judgement
from app.policies.records import Level

# A missed session is judged as a cancellation; people know it by its own name.
NOSHOW = "noshow"
ACTIONS = ("cancel", "reschedule", "change_format", "absence", NOSHOW)


class Trial(NamedTuple):
    """What is tried: rules of a level, on decisions from an instant until before another one.

    `of` is the service or the practitioner; None: the practice. Unless `with_reasons`, clients are
    taken to have given no reason, since the caller may not see them.
    """

    practice_id: UUID
    level: Level
    of: UUID | None
    start: datetime
    end: datetime
    with_reasons: bool


class PastPosition(NamedTuple):
    """The position of an entry in the audit log, oldest first."""

    at: datetime
    id: UUID


class PastDecision(NamedTuple):
    """One entry of the audit log that a policy has decided about.

    `judgement` None: what it depended on was not recorded, or for another engine. `policy_id` is
    the session's policy version; None: it has none. `reason` is the code of the reason, if any, and
    if the trial is with reasons.
    """

    position: PastPosition
    action: str
    session_id: UUID
    client_id: UUID
    zone: ZoneInfo
    policy_id: UUID | None
    stood: Cost
    judgement: Judgement | None
    reason: str | None


class ChangePosition(NamedTuple):
    """The position of a changed decision: the greatest difference first, then the latest.

    `difference` is in minor units.
    """

    difference: int
    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A decision that the tried rules change."""

    position: ChangePosition
    past: PastDecision
    tried: Cost | RefusalCode
