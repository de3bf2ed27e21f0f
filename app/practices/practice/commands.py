"""Reading and changing the practice itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.changes.trail import write_change
from app.practices.models import Practice

_SHOWN = select(
    Practice.practice_id.label("id"),
    Practice.name,
    Practice.email,
    Practice.phone,
    Practice.currency,
)


async def read_practice(db: AsyncConnection, practice_id: UUID) -> Mapping[str, Any]:
    """Read the practice that a key is of."""
    found = await db.execute(_SHOWN.where(Practice.practice_id == practice_id))
    return found.one()._asdict()


async def change_practice(
    db: AsyncConnection, staff: Staff, values: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Change the fields that are named and differ; where none does, nothing is written."""
    own = Practice.practice_id == staff.practice_id
    await db.execute(select(Practice.practice_id).where(own).with_for_update(key_share=True))
    before = await read_practice(db, staff.practice_id)
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return before
    await db.execute(update(Practice).where(own).values(**changed))
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
