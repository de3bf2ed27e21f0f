"""Policy versions as they are read, and why one of them applies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.errors import Explanation


class Level(StrEnum):
    """Whose policy it is, the most specific first (product.md section 2, "Resolution")."""

    SERVICE = "service"
    PRACTITIONER = "practitioner"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class PolicyVersionRecord:
    """One immutable version."""

    id: UUID
    service_id: UUID | None
    practitioner_id: UUID | None
    number: int
    text: str
    rules: dict[str, Any] | None
    created_at: datetime

    @property
    def level(self) -> Level:
        """Say whose policy it is."""
        if self.service_id is not None:
            return Level.SERVICE
        return Level.PRACTICE if self.practitioner_id is None else Level.PRACTITIONER


class Place(NamedTuple):
    """Where a list, newest first, goes on: after this version."""

    created_at: datetime
    number: int
    id: UUID


@dataclass(frozen=True, slots=True)
class Resolution:
    """The version that applies, None for free until the start, and why."""

    applies: PolicyVersionRecord | None
    reasons: Sequence[Explanation]


def resolve(latest: Sequence[PolicyVersionRecord]) -> Resolution:
    """Pick from the latest versions of all levels, and say what the levels before it have."""
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
