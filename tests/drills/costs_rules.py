"""Makes up policies for the stories about costs."""

from random import Random
from typing import Any


def new_rules(rng: Random) -> dict[str, Any]:
    """Make up a policy of which most rules change a cost."""

    def some(chance: float, name: str, *values: Any) -> dict[str, Any]:
        return {name: rng.choice(values)} if rng.random() < chance else {}

    def tiers() -> list[dict[str, Any]]:
        deadlines: list[dict[str, Any]] = [
            {"before_minutes": 60 * rng.choice([2, 12, 24, 72, 400])},
            {"days_before": rng.randrange(4), "at": "17:00"},
            {"working_days": rng.randrange(4), "at": "12:00"},
        ]
        fees: list[dict[str, Any]] = [
            {"amount_minor": rng.choice([1500, 4500, 9000])},
            {"percent": "37.5"},
        ]
        return [
            {"deadline": rng.choice(deadlines)} | rng.choice(fees)
            for _ in range(rng.randrange(1, 4))
        ]

    cancel: dict[str, Any] = {"fees": tiers()}
    cancel |= some(0.5, "late_credit", "forfeited")
    cancel |= some(0.7, "refilled", {"covered_percent": 80}, {"covered_percent": 20})
    cancel |= some(0.6, "closes", {"before_minutes": 120}, {"before_minutes": 24 * 60})
    move = some(0.5, "fees", tiers(), None)
    move |= some(0.4, "free_if_within", {"days": 2}, {"same_iso_week": True})
    rules: dict[str, Any] = {"cancel": cancel, "reschedule": move}
    rules |= some(0.5, "change_format", {"fees": tiers()})
    rules |= some(0.3, "grace_minutes", 30, 24 * 60)
    rules |= some(0.3, "free_after_practice_move", None)
    rules |= some(0.7, "rebook", {"days": 30, "fee": "credited"}, {"days": 30, "fee": "stands"})
    actions = rng.choice([["cancel"], ["reschedule"], ["cancel", "reschedule"]])
    per = rng.choice(["calendar_year", {"days": 2}, {"days": 365}])
    rules |= some(0.6, "allowance", {"free": rng.randrange(1, 4), "per": per, "for": actions})
    if rng.random() < 0.5:
        rules["reasons"] = [
            {"code": code, "labels": {"en": code}, "fee": fee}
            for code, fee in (("ill", "none"), ("late", "usual"), ("sorry", "ask"))
        ]
    return rules
