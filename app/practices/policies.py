"""Policy versions as they are stored, and which of them applies to a booking.

`rules` in the database is a document of this shape, every part optional:

    {"cancel": {"enabled": true,
                "closes": {"before_minutes": 1440},
                "fees": [{"deadline": {"days_before": 1, "at": "17:00"}, "percent": "50"},
                         {"deadline": {"before_minutes": 120}, "amount_minor": 4500}],
                "late_credit": "forfeited"},
     "reschedule": {..., "limit": 2, "max_days_from_original": 30},
     "change_format": {...}}

`closes` and `fees` of `reschedule` are those of `cancel` where they are left out. Null is a value
of its own: open until the start, and free.

app/practices/policy_versions/rules.py is the same shape for those who write it.
"""

import json
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.domain.policy.rules import (
    FREE_UNTIL_THE_START,
    UNTIL_THE_START,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Deadline,
    ElapsedNotice,
    FixedFee,
    PercentFee,
    Policy,
    RescheduleRule,
    Tier,
    WallClock,
)


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The version that a session was booked under: `policy` is its rules."""

    id: UUID
    number: int
    text: str
    policy: Policy


def stored_policy(
    version_id: UUID | None, number: int | None, text: str | None, rules: str | None
) -> StoredPolicy | None:
    """Read a stored version, its rules as JSON; None where the session was booked without one."""
    if version_id is None or number is None or text is None or rules is None:
        return None
    return StoredPolicy(version_id, number, text, _parsed(rules))


@lru_cache(maxsize=1024)
def _parsed(rules: str) -> Policy:
    """Read a document once. The same text always means the same rules."""
    return parse_rules(json.loads(rules))


def rules_of(stored: StoredPolicy | None) -> Policy:
    """Give the rules that hold: a session booked without a policy is free until its start."""
    return FREE_UNTIL_THE_START if stored is None else stored.policy


def parse_rules(rules: dict[str, Any]) -> Policy:
    """Turn a stored document into the domain's rules."""
    cancel = rules.get("cancel", {})
    reschedule = rules.get("reschedule", {})
    change_format = rules.get("change_format", {})
    return Policy(
        cancel=CancelRule(
            enabled=cancel.get("enabled", True),
            closes=_deadline(cancel.get("closes")),
            fees=_tiers(cancel.get("fees", [])),
            late_credit=Credit(cancel.get("late_credit", Credit.RETURNED)),
        ),
        reschedule=RescheduleRule(
            enabled=reschedule.get("enabled", True),
            closes=_own_closes(reschedule),
            fees=_tiers(reschedule["fees"] or []) if "fees" in reschedule else None,
            limit=reschedule.get("limit"),
            max_days_from_original=reschedule.get("max_days_from_original"),
        ),
        change_format=ChangeFormatRule(
            enabled=change_format.get("enabled", True),
            closes=_deadline(change_format.get("closes")),
            fees=_tiers(change_format.get("fees", [])),
        ),
    )


def _own_closes(reschedule: dict[str, Any]) -> Deadline | None:
    """Read the deadline of moves; None where it is left out, which makes it that of `cancel`."""
    if "closes" not in reschedule:
        return None
    return _deadline(reschedule["closes"]) or UNTIL_THE_START


def _tiers(fees: list[dict[str, Any]]) -> tuple[Tier, ...]:
    return tuple(Tier(_some_deadline(fee["deadline"]), _fee(fee)) for fee in fees)


def _fee(fee: dict[str, Any]) -> FixedFee | PercentFee:
    if "percent" in fee:
        return PercentFee(Decimal(fee["percent"]))
    return FixedFee(fee["amount_minor"])


def _deadline(deadline: dict[str, Any] | None) -> Deadline | None:
    return None if deadline is None else _some_deadline(deadline)


def _some_deadline(deadline: dict[str, Any]) -> Deadline:
    if "before_minutes" in deadline:
        return ElapsedNotice(timedelta(minutes=deadline["before_minutes"]))
    return WallClock(deadline["days_before"], time.fromisoformat(deadline["at"]))
