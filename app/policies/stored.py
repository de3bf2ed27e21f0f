"""Stored policy versions.

`rules` in the database is a document of this shape, every part optional:

    {"cancel": {"enabled": true,
                "closes": {"before_minutes": 1440},
                "fees": [{"deadline": {"days_before": 1, "at": "17:00"}, "percent": "50"},
                         {"deadline": {"before_minutes": 120}, "amount_minor": 4500}],
                "late_credit": "forfeited",
                "refilled": {"covered_percent": 80},
                "release": true},
     "reschedule": {..., "limit": 2, "max_days_from_original": 30, "free_if_within": {"days": 7}},
     "change_format": {...},
     "free_after_practice_move": "until_start",
     "grace_minutes": 60,
     "rebook": {"days": 30, "fee": "credited"},
     "allowance": {"free": 2, "per": "calendar_year", "for": ["cancel", "reschedule"]},
     "reasons": [{"code": "ill", "labels": {"en": "I am ill", "fr": "…"}, "fee": "none"}, …]}

If `closes` or `fees` of `reschedule` is absent, the value of `cancel` applies. Null has its own
meaning: open until the start, and free. `free_after_practice_move` is `until_start` if it is
absent, also in versions that are older than this field; null turns it off. Without `grace_minutes`
there is no grace after a booking. `release` of `cancel` is true if it is absent and `refilled` is
set, else false. If `rebook` is absent or null, a cancelled or missed session is not booked again by
its client; `fee` is `stands` if absent. Without `reasons` clients give the standard ones; `fee` of
a reason is `usual` if absent, and `other` is added to a list that lacks it.

`per` of `allowance` is "calendar_year" or {"days": 365}; without `allowance` there is none.

`free_if_within` is {"days": n} or {"same_iso_week": true}; without it no target is free.

A deadline may also be `{"working_days": 2, "at": "16:00"}`. A session whose version has such
deadlines stores their instants, `sessions.frozen_deadlines`:

    [{"working_days": 2, "at": "16:00", "instant": "2026-12-29T15:00:00+00:00"}]

app/policies/rules.py has the request schema for the same shape.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.policy.document import parse_rules
from app.domain.policy.rules import (
    FREE_UNTIL_THE_START,
    Policy,
    WorkingDays,
)
from app.domain.policy.working_days import ClosedDays, FrozenDeadline, freeze_deadlines


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The policy version of a session. `policy` has its rules."""

    id: UUID
    number: int
    text: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class PolicyToBook:
    """The policy version of a new booking; `version_id` None: free until the start.

    `closed` are the practice's closed days, if the version has deadlines that count working days.
    """

    version_id: UUID | None
    policy: Policy
    closed: ClosedDays

    def freeze(self, starts_at: datetime, zone: ZoneInfo) -> tuple[FrozenDeadline, ...]:
        """Calculate the instants of the deadlines in working days, for one start."""
        return freeze_deadlines(self.policy, starts_at, zone, self.closed)


def stored_policy(
    version_id: UUID | None, number: int | None, text: str | None, rules: str | None
) -> StoredPolicy | None:
    """Parse a stored version with its rules as JSON text; None if the session has no policy."""
    if version_id is None or number is None or text is None or rules is None:
        return None
    return StoredPolicy(version_id, number, text, parsed(rules))


@lru_cache(maxsize=1024)
def parsed(rules: str) -> Policy:
    """Parse a document. Cached by its text."""
    return parse_rules(json.loads(rules))


def rules_of(stored: StoredPolicy | None) -> Policy:
    """Give the rules that apply. A session without a policy is free until its start."""
    return FREE_UNTIL_THE_START if stored is None else stored.policy


def frozen_document(frozen: Sequence[FrozenDeadline]) -> list[dict[str, Any]] | None:
    """Give the instants of deadlines in working days as the document to store; None: none."""
    return [
        {
            "working_days": deadline.days,
            "at": deadline.at.isoformat("minutes"),
            "instant": instant.astimezone(UTC).isoformat(),
        }
        for deadline, instant in frozen
    ] or None


@lru_cache(maxsize=1024)
def frozen_of(text: str | None) -> tuple[FrozenDeadline, ...]:
    """Parse what `frozen_document` made, as JSON text. Cached by that text."""
    return parse_frozen(None if text is None else json.loads(text))


def parse_frozen(document: list[dict[str, Any]] | None) -> tuple[FrozenDeadline, ...]:
    """Parse what `frozen_document` made."""
    return tuple(
        FrozenDeadline(
            WorkingDays(one["working_days"], time.fromisoformat(one["at"])),
            datetime.fromisoformat(one["instant"]),
        )
        for one in document or ()
    )
