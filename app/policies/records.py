"""Records of policy versions, and the resolution of the one that applies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.errors import Explanation


class Level(StrEnum):
    """The level of a policy, most specific first."""

    SERVICE = "service"
    PRACTITIONER = "practitioner"
    PRACTICE = "practice"


def level_of(service_id: UUID | None, practitioner_id: UUID | None) -> Level:
    """Give the level of a policy of a service, of a practitioner, or of neither."""
    if service_id is not None:
        return Level.SERVICE
    return Level.PRACTICE if practitioner_id is None else Level.PRACTITIONER


@dataclass(frozen=True, slots=True)
class PolicyVersionRecord:
    """One immutable version of a policy. `rules` None: the level has no policy from here on."""

    id: UUID
    service_id: UUID | None
    practitioner_id: UUID | None
    number: int
    text: str
    rules: dict[str, Any] | None
    created_at: datetime

    @property
    def level(self) -> Level:
        """Give the level: service, practitioner or practice."""
        return level_of(self.service_id, self.practitioner_id)


class PolicyPosition(NamedTuple):
    """The position of a version in the list, newest first."""

    created_at: datetime
    number: int
    id: UUID


@dataclass(frozen=True, slots=True)
class Resolution:
    """The version that applies, and why. `applies` None: free until the start."""

    applies: PolicyVersionRecord | None
    reasons: Sequence[Explanation]


def resolve(latest: Sequence[PolicyVersionRecord]) -> Resolution:
    """Pick the version that applies from the latest version of each level.

    The reasons explain each level that was considered, in order.
    """
    by_level = {version.level: version for version in latest}
    reasons: list[Explanation] = []
    for level in Level:
        version = by_level.get(level)
        if version is not None and version.rules is not None:
            reasons.append(Explanation(f"policy.{level}.own", {"version": version.number}))
            return Resolution(version, reasons)
        reasons.append(_none(level, version))
    return Resolution(None, [*reasons, Explanation("policy.nowhere", {})])


def _none(level: Level, version: PolicyVersionRecord | None) -> Explanation:
    if version is None:
        return Explanation(f"policy.{level}.none", {})
    return Explanation(f"policy.{level}.ended", {"version": version.number})
