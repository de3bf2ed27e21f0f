"""The proof-reader: a policy's rules as sentences, and what may not be meant by them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.practice.queries import closed_days_of, currency_of
from app.domain.policy.document import parse_rules
from app.domain.policy.sentences import Sentence, sentences
from app.domain.policy.warnings import PolicyWarning, warnings
from app.domain.policy.working_days import ClosedDays
from app.policies.proof_queries import read_service_terms


@dataclass(frozen=True, slots=True)
class Proof:
    """What rules say, what may not be meant by them, and the practice's currency."""

    sentences: list[Sentence]
    warnings: list[PolicyWarning]
    currency: str


async def proof_read(
    db: AsyncConnection, practice_id: UUID, service_id: UUID | None, rules: dict[str, Any]
) -> Proof:
    """Read rules, of a service or of all services without a policy of their own."""
    policy, currency = parse_rules(rules), await currency_of(db, practice_id)
    services = await read_service_terms(db, practice_id, service_id, currency)
    # Holidays matter for single dates only.
    closed = ClosedDays((await closed_days_of(db, practice_id)).weekdays)
    return Proof(sentences(policy), warnings(policy, services, closed, currency), currency)
