"""Write audit log entries about groups."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.groups.records import GroupDetails
from app.sessions.commands.meeting import Meeting


async def write_group_change(
    db: AsyncConnection,
    actor: Actor,
    group: GroupDetails,
    kind: str,
    now: datetime,
    *,
    before: Meeting | None = None,
    note: str | None = None,
    reason_code: str | None = None,
    details: dict[str, Any] | None = None,
) -> UUID:
    """Add an entry about a group as it is after the change, and return its id.

    `before` is the time, format and location before a move.
    """
    about = {
        "version": group.version,
        "starts_at": group.starts_at.isoformat(),
        "ends_at": group.ends_at.isoformat(),
        "format": group.format,
        "location_id": None if group.location is None else str(group.location.id),
    }
    if before is not None:
        about["before"] = {
            "starts_at": before.starts_at.isoformat(),
            "ends_at": before.ends_at.isoformat(),
            "format": before.format,
            "location_id": None if before.location_id is None else str(before.location_id),
        }
    return await write_change(
        db,
        group.practice_id,
        actor,
        now,
        subject="group",
        subject_id=group.id,
        kind=kind,
        note=note,
        reason_code=reason_code,
        details=about | (details or {}),
    )
