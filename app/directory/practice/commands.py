"""Change the practice itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.directory.practice.queries import read_practice
from app.directory.practice.repository import lock_practice, write_practice
from app.identity.api_keys.keys import Staff


async def change_practice(
    db: AsyncConnection, staff: Staff, values: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Change the given fields that differ. If no field differs, nothing is written."""
    await lock_practice(db, staff.practice_id)
    before = await read_practice(db, staff.practice_id)
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return before
    await write_practice(db, staff.practice_id, changed)
    await write_change(
        db,
        staff.practice_id,
        staff.actor,
        now,
        subject="practice",
        subject_id=staff.practice_id,
        kind="updated",
        details={"fields": sorted(changed)},
    )
    return await read_practice(db, staff.practice_id)
