"""Groups and their seats, written directly: for tests of what stands below the commands."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.taken_times import take_for_group
from app.domain.session import Occupancy
from app.tables.groups import Group
from app.tables.sessions import Session
from tests.world import World

LENGTH = timedelta(minutes=50)
BUFFER = timedelta(minutes=10)


async def add_group(
    db: AsyncConnection, world: World, start: datetime, practitioner_id: UUID | None = None
) -> UUID:
    """Write a group of eight seats, all of them free, and take its time."""
    group_id, practitioner_id = uuid4(), practitioner_id or world.practitioner_id
    await db.execute(
        insert(Group).values(
            practice_id=world.practice_id,
            id=group_id,
            service_id=world.service_id,
            practitioner_id=practitioner_id,
            status="scheduled",
            version=1,
            calendar_sequence=0,
            starts_at=start,
            ends_at=start + LENGTH,
            buffer_before_minutes=0,
            buffer_after_minutes=10,
            format="video",
            seats=8,
        )
    )
    taken = Occupancy(start, start + LENGTH, timedelta(0), BUFFER)
    await take_for_group(db, world.practice_id, practitioner_id, group_id, taken)
    return group_id


async def put_group(world: World, start: datetime, practitioner_id: UUID | None = None) -> UUID:
    async with world.engine.begin() as db:
        return await add_group(db, world, start, practitioner_id)


async def put_seat(
    world: World,
    group_id: UUID,
    start: datetime,
    seat: int,
    *,
    client_id: UUID | None = None,
    practitioner_id: UUID | None = None,
) -> UUID:
    """Write a booked seat of a group that starts then."""
    session_id = uuid4()
    async with world.engine.begin() as db:
        await db.execute(
            insert(Session).values(
                practice_id=world.practice_id,
                id=session_id,
                client_id=client_id or world.client_id,
                practitioner_id=practitioner_id or world.practitioner_id,
                service_id=world.service_id,
                policy_time_zone="America/New_York",
                status="booked",
                version=1,
                calendar_sequence=0,
                starts_at=start,
                ends_at=start + LENGTH,
                taken_until=start + LENGTH,
                buffer_before_minutes=0,
                buffer_after_minutes=10,
                format="video",
                price_minor=12000,
                currency="USD",
                booked_starts_at=start,
                client_moves=0,
                link_generation=0,
                group_id=group_id,
                seat=seat,
            )
        )
    return session_id
