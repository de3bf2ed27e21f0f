"""Read a series with its sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Part
from app.domain.errors import NotFoundError
from app.domain.series import LARGEST_SERIES
from app.sessions.read.staff_queries import StaffSummary, list_for_staff
from app.tables.joins import of_practice
from app.tables.series import Series
from app.web.cursors import TimePosition


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """A series, with its sessions in the order of their positions."""

    id: UUID
    client_id: UUID
    zone: ZoneInfo
    created_at: datetime
    sessions: Sequence[StaffSummary]


async def read_series(db: AsyncConnection, practice_id: UUID, series_id: UUID) -> SeriesRecord:
    """Read a series of the practice.

    Raises:
        NotFoundError: the practice has no such series.
    """
    found = (
        await db.execute(
            select(Series.client_id, Series.time_zone, Series.created_at).where(
                of_practice(practice_id, Series, Series.id == series_id)
            )
        )
    ).one_or_none()
    if found is None:
        raise NotFoundError
    whole: Part[TimePosition] = Part({"series": series_id}, None, LARGEST_SERIES)
    sessions = await list_for_staff(db, practice_id, whole, latest_first=False)
    return SeriesRecord(
        series_id,
        found.client_id,
        ZoneInfo(found.time_zone),
        found.created_at,
        sorted(sessions, key=_position),
    )


def _position(found: StaffSummary) -> int:
    return 0 if found.session.series is None else found.session.series.position
