"""Add policy versions. Versions are immutable, so each session keeps the rules of its booking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.directory.practice.repository import PracticeRepository, lock_practice
from app.directory.services.repository import SERVICE_ROWS
from app.identity.api_keys.keys import Staff
from app.policies.checks import check_policy
from app.policies.proof import Proof, proof_read
from app.policies.queries import read_policy
from app.policies.records import PolicyVersionRecord


@dataclass(frozen=True, slots=True)
class NewVersion:
    """The version that was added, and what its rules say. `proof` None: it has no rules."""

    version: PolicyVersionRecord
    proof: Proof | None


async def add_policy_version(
    db: AsyncConnection,
    staff: Staff,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    text: str,
    rules: dict[str, Any] | None,
    *,
    now: datetime,
) -> NewVersion:
    """Add the next version of a service's, a practitioner's, or the practice's policy.

    It applies to sessions booked from now on; earlier sessions keep their version. `rules` None
    ends the policy of this level.

    Raises:
        InvalidInputError: see `check_policy`.
    """
    version = await replay_policy_version(
        db, staff, service_id, practitioner_id, text, rules, created_at=now, now=now, is_old=False
    )
    proof = None
    if rules is not None:
        proof = await proof_read(db, staff.practice_id, service_id, rules)
    return NewVersion(version, proof)


async def replay_policy_version(
    db: AsyncConnection,
    staff: Staff,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    text: str,
    rules: dict[str, Any] | None,
    *,
    created_at: datetime,
    now: datetime,
    is_old: bool,
) -> PolicyVersionRecord:
    """Add the next version as one that was created at `created_at`, and record it at `now`.

    `is_old`: it was in force when prices were others, so its fees are not compared with them.

    Raises:
        InvalidInputError: see `check_policy`.
    """
    practice_id = staff.practice_id
    await _lock(db, practice_id, service_id)
    await check_policy(db, practice_id, service_id, practitioner_id, rules, is_old=is_old)
    policy_id = await PracticeRepository(db, practice_id).add_policy_version(
        text=text,
        rules=rules,
        now=created_at,
        service_id=service_id,
        practitioner_id=practitioner_id,
    )
    version = await read_policy(db, practice_id, policy_id)
    await write_change(
        db,
        practice_id,
        staff.actor,
        now,
        subject="policy",
        subject_id=policy_id,
        kind="created",
        details={
            "level": version.level,
            "service_id": service_id and str(service_id),
            "practitioner_id": practitioner_id and str(practitioner_id),
            "version": version.number,
            "has_rules": rules is not None,
        },
    )
    return version


async def _lock(db: AsyncConnection, practice_id: UUID, service_id: UUID | None) -> None:
    """Lock the practice, whose versions are counted, then the service.

    A change of the service's price takes the service's lock too: of a fee and a price, the second
    is checked against the first.
    """
    await lock_practice(db, practice_id)
    if service_id is not None:
        await SERVICE_ROWS.lock(db, practice_id, service_id)
