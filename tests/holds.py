"""Held times, for the tests."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from app.calendar.spans import spans_of_row
from app.tables.held_times import HeldTime
from tests.world import NOW, World

LENGTH = timedelta(minutes=50)


async def put_hold(world: World, session_id: UUID, start: datetime, **values: Any) -> datetime:
    """Write the hold of a video session, by default of five minutes from now; give its end."""
    record: dict[str, Any] = {
        "practice_id": world.practice_id,
        "id": uuid4(),
        "practitioner_id": world.practitioner_id,
        "client_id": world.client_id,
        "session_id": session_id,
        "group_id": None,
        "starts_at": start,
        "ends_at": start + LENGTH,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 10,
        "format": "video",
        "location_id": None,
        "held_by": "client",
        "first_held_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
        "new_since": NOW,
        "new_count": 1,
    } | values
    record |= spans_of_row(SimpleNamespace(**record))._asdict()
    async with world.engine.begin() as db:
        await db.execute(insert(HeldTime).values(record))
    until: datetime = record["expires_at"]
    return until
