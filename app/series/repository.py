"""Insert series, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.series import Series


async def add_series(
    db: AsyncConnection,
    practice_id: UUID,
    series_id: UUID,
    *,
    client_id: UUID,
    time_zone: str,
    now: datetime,
) -> None:
    """Insert a series; its sessions follow."""
    await db.execute(
        insert(Series).values(
            practice_id=practice_id,
            id=series_id,
            client_id=client_id,
            time_zone=time_zone,
            created_at=now,
        )
    )
