"""Writing policy versions. None is ever changed: what a session was promised stays true."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.changes.trail import write_change
from app.practices.models import Practitioner, Service
from app.practices.policy_versions.queries import check_own, read_policy
from app.practices.policy_versions.records import PolicyVersionRecord
from app.practices.repository import PracticeRepository


async def add_policy_version(
    db: AsyncConnection,
    staff: Staff,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    text: str,
    rules: dict[str, Any] | None,
    *,
    now: datetime,
) -> PolicyVersionRecord:
    """Write the next version of a service's, a practitioner's, or the practice's policy.

    Sessions booked from now on come under it; those booked before keep theirs.

    Raises:
        InvalidInputError: the practice has no such service or practitioner.
    """
    if service_id is not None:
        await check_own(db, staff.practice_id, Service, service_id, "/service_id")
    if practitioner_id is not None:
        await check_own(db, staff.practice_id, Practitioner, practitioner_id, "/practitioner_id")
    policy_id = await PracticeRepository(db, staff.practice_id).add_policy_version(
        text=text, rules=rules, now=now, service_id=service_id, practitioner_id=practitioner_id
    )
    version = await read_policy(db, staff.practice_id, policy_id)
    await write_change(
        db,
        staff.practice_id,
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
