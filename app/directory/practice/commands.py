"""Change the practice itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.directory.practice.queries import read_practice
from app.directory.practice.repository import lock_practice, write_practice


async def change_practice(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    *,
    values: Mapping[str, Any],
    now: datetime,
) -> Mapping[str, Any]:
    """Change the given fields that differ. If no field differs, nothing is written."""
    await lock_practice(db, practice_id)
    before = await read_practice(db, practice_id)
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return before
    await write_practice(db, practice_id, changed)
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="practice",
        subject_id=practice_id,
        kind="updated",
        details={"fields": sorted(changed)},
    )
    return await read_practice(db, practice_id)
