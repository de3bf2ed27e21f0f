"""Makes every recorded decision of a practice again, with its own policy version."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.document import parse_rules
from app.domain.policy.judgement import Judgement, replay
from app.domain.policy.reasons import effect_of
from app.domain.policy.recorded import Constants, read_carried, read_judgement
from app.domain.policy.rules import Credit, Policy

# Each entry that a decision can have, with what the decision depended on. `$1` is the practice.
ENTRIES = """
SELECT changes.id, changes.kind, actor, fee_minor, credit, old_starts_at, changes.starts_at,
  price_minor, sessions.currency, policy_time_zone, group_id, details::text AS details,
  judgement::text AS judgement, rules::text AS rules, reason_code
FROM changes JOIN sessions ON sessions.practice_id = $1 AND sessions.id = session_id
LEFT JOIN policy_versions ON policy_versions.practice_id = $1
  AND policy_versions.id = policy_version_id
WHERE changes.practice_id = $1 AND subject = 'session'
  AND changes.kind IN ('cancelled', 'rescheduled', 'format_changed', 'noshow')
"""


@dataclass
class Replayed:
    """Judgements by what was done, and what was wrong with them, each as a sentence."""

    made: list[tuple[str, Judgement]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def replay_practice(engine: AsyncEngine, practice_id: UUID) -> Replayed:
    """Make each recorded decision of a practice again."""
    async with engine.connect() as db:
        rows = await db.exec_driver_sql(ENTRIES, (practice_id,))
        return replay_all(rows.mappings().all())


def replay_all(rows: Iterable[Any]) -> Replayed:
    """Make each decision again. An entry that should have one, and has none, is wrong too."""
    found = Replayed()
    for row in rows:
        details = json.loads(row["details"] or "{}")
        # No policy is asked where somebody accepts an offered time, or takes a released one.
        asked = row["actor"] in {"client", "link"} and not {"offer", "release"} & details.keys()
        cost = _recorded_cost(row, details)
        if row["judgement"] is None:
            if asked or cost.fee is not None or cost.credit is Credit.FORFEITED:
                found.wrong.append(f"{row['kind']} {row['id']}: nothing is recorded")
            continue
        judgement = read_judgement(json.loads(row["judgement"]), constants_of(row))
        policy = _policy(row["rules"])
        effect = effect_of(policy.reasons, row["reason_code"])
        if not judgement.charged_by_staff and judgement.effect is not effect:
            found.wrong.append(f"{row['kind']} {row['id']}: another effect of its reason")
        again, uses_allowance = replay(policy, judgement)
        found.made.append((row["kind"], judgement))
        if again != cost:
            found.wrong.append(f"{row['kind']} {row['id']}: {cost}, and again {again}")
        if uses_allowance != ("allowance" in details):
            found.wrong.append(f"{row['kind']} {row['id']}: an allowance is used once only")
    return found


def constants_of(row: Mapping[str, Any]) -> Constants:
    price = Money(row["price_minor"], row["currency"])
    zone = ZoneInfo(row["policy_time_zone"])
    is_seat = row["group_id"] is not None
    return Constants(row["old_starts_at"], zone, price, is_seat, row["starts_at"])


def _recorded_cost(row: Mapping[str, Any], details: Mapping[str, Any]) -> Cost:
    currency, credit = row["currency"], row["credit"]
    return Cost(
        fee=None if row["fee_minor"] is None else Money(row["fee_minor"], currency),
        credit=None if credit is None else Credit(credit),
        carries=read_carried(details.get("carries"), currency),
    )


def _policy(rules: str | None) -> Policy:
    return Policy() if rules is None else parse_rules(json.loads(rules))
