"""Parse the stored JSON document of a policy into the domain's rules."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from app.domain.policy.reasons import OwnReason, ReasonEffect, with_other
from app.domain.policy.rules import (
    UNTIL_THE_START,
    Action,
    Allowance,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Deadline,
    ElapsedNotice,
    FixedFee,
    FreeIfWithin,
    PercentFee,
    Policy,
    RebookRule,
    RescheduleRule,
    Tier,
    WallClock,
    WithinDays,
    WithinIsoWeek,
    WorkingDays,
)

UNTIL_START = "until_start"
CREDITED = "credited"
CALENDAR_YEAR = "calendar_year"


def parse_rules(rules: dict[str, Any]) -> Policy:
    """Parse a stored document; app/policies/stored.py describes its shape."""
    cancel = rules.get("cancel", {})
    reschedule = rules.get("reschedule", {})
    change_format = rules.get("change_format", {})
    return Policy(
        cancel=CancelRule(
            enabled=cancel.get("enabled", True),
            closes=_deadline(cancel.get("closes")),
            fees=_tiers(cancel.get("fees", [])),
            late_credit=Credit(cancel.get("late_credit", Credit.RETURNED)),
            refilled=_share(cancel.get("refilled")),
            release=cancel.get("release", cancel.get("refilled") is not None),
        ),
        reschedule=RescheduleRule(
            enabled=reschedule.get("enabled", True),
            closes=_own_closes(reschedule),
            fees=_tiers(reschedule["fees"] or []) if "fees" in reschedule else None,
            limit=reschedule.get("limit"),
            max_days_from_original=reschedule.get("max_days_from_original"),
            free_if_within=_within(reschedule.get("free_if_within")),
        ),
        change_format=ChangeFormatRule(
            enabled=change_format.get("enabled", True),
            closes=_deadline(change_format.get("closes")),
            fees=_tiers(change_format.get("fees", [])),
        ),
        free_after_practice_move=rules.get("free_after_practice_move", UNTIL_START) is not None,
        grace=timedelta(minutes=rules.get("grace_minutes", 0)),
        rebook=_rebook(rules.get("rebook")),
        allowance=_allowance(rules.get("allowance")),
        reasons=_reasons(rules.get("reasons")),
    )


def _allowance(rule: dict[str, Any] | None) -> Allowance | None:
    if rule is None:
        return None
    per = rule["per"]
    return Allowance(
        free=rule["free"],
        days=None if per == CALENDAR_YEAR else per["days"],
        actions=frozenset(Action(name) for name in rule["for"]),
    )


def _reasons(listed: list[dict[str, Any]] | None) -> tuple[OwnReason, ...] | None:
    if listed is None:
        return None
    return with_other(
        OwnReason(
            code=reason["code"],
            labels=tuple(sorted(reason["labels"].items())),
            effect=ReasonEffect(reason.get("fee", ReasonEffect.USUAL)),
        )
        for reason in listed
    )


def _rebook(rule: dict[str, Any] | None) -> RebookRule | None:
    if rule is None:
        return None
    return RebookRule(days=rule["days"], credited=rule.get("fee") == CREDITED)


def _own_closes(reschedule: dict[str, Any]) -> Deadline | None:
    """Parse the deadline of moves; None if absent: the deadline of `cancel` then applies."""
    if "closes" not in reschedule:
        return None
    return _deadline(reschedule["closes"]) or UNTIL_THE_START


def _within(rule: dict[str, Any] | None) -> FreeIfWithin | None:
    if rule is None:
        return None
    return WithinDays(rule["days"]) if "days" in rule else WithinIsoWeek()


def _share(refilled: dict[str, Any] | None) -> int | None:
    return None if refilled is None else refilled["covered_percent"]


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
    at = time.fromisoformat(deadline["at"])
    if "working_days" in deadline:
        return WorkingDays(deadline["working_days"], at)
    return WallClock(deadline["days_before"], at)
