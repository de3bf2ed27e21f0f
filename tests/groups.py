"""Groups and their seats, for the tests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import OPERATOR
from app.calendar.taken_times import take_for_group
from app.database.transactions import transact
from app.domain.session import Occupancy
from app.outbox.outbox import notifications_about, reminders
from app.policies.queries import resolve_policy_version
from app.policies.stored import frozen_document
from app.sessions.commands.credit_repository import CreditRepository, CreditUse
from app.sessions.commands.finish import finish
from app.sessions.commands.history_repository import NewChange
from app.sessions.commands.seat_repository import SeatRepository
from app.tables.groups import Group
from app.tables.sessions import Session
from tests.world import NOW, World

# A Thursday, 18:00 in New York.
CLASS = datetime.fromisoformat("2026-12-03T18:00:00-05:00")
DAY = timedelta(days=1)
LENGTH = timedelta(minutes=50)
# Of the world's practitioner.
_ZONE = ZoneInfo("America/New_York")


async def add_group(world: World, start: datetime = CLASS, **values: Any) -> UUID:
    """Write a class at the world's place, by default of eight seats and 50 minutes."""
    return await transact(world.engine, lambda db: write_group(db, world, start, **values))


async def put_group(world: World, start: datetime, practitioner_id: UUID | None = None) -> UUID:
    """Write a group that meets by video."""
    return await transact(
        world.engine, lambda db: write_video_group(db, world, start, practitioner_id)
    )


async def write_video_group(
    db: AsyncConnection, world: World, start: datetime, practitioner_id: UUID | None = None
) -> UUID:
    """Write a group that meets by video, in the caller's transaction."""
    owner = practitioner_id or world.practitioner_id
    video = {"format": "video", "location_id": None}
    return await write_group(db, world, start, practitioner_id=owner, **video)


async def write_group(db: AsyncConnection, world: World, start: datetime, **values: Any) -> UUID:
    """Write a group, and take its time if it is scheduled."""
    record: dict[str, Any] = {
        "practice_id": world.practice_id,
        "id": uuid4(),
        "service_id": world.service_id,
        "practitioner_id": world.practitioner_id,
        "status": "scheduled",
        "version": 1,
        "calendar_sequence": 0,
        "starts_at": start,
        "ends_at": start + LENGTH,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 10,
        "format": "in_person",
        "location_id": world.location_id,
        "seats": 8,
    } | values
    await db.execute(insert(Group).values(record))
    if record["status"] == "scheduled":
        time = Occupancy(
            record["starts_at"], record["ends_at"], timedelta(0), timedelta(minutes=10)
        )
        owner = record["practitioner_id"]
        await take_for_group(db, world.practice_id, owner, record["id"], time)
    group_id: UUID = record["id"]
    return group_id


def seat_values(world: World, group_id: UUID, seat: int, **values: Any) -> dict[str, Any]:
    """Give the columns of a booked seat; its time and format are among `values`."""
    return {
        "practice_id": world.practice_id,
        "id": uuid4(),
        "client_id": world.client_id,
        "service_id": world.service_id,
        "practitioner_id": world.practitioner_id,
        "policy_time_zone": _ZONE.key,
        "status": "booked",
        "version": 1,
        "calendar_sequence": 0,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 10,
        "currency": "USD",
        "client_moves": 0,
        "link_generation": 0,
        "group_id": group_id,
        "seat": seat,
    } | values


async def put_seat(
    world: World,
    group_id: UUID,
    start: datetime,
    seat: int,
    *,
    client_id: UUID | None = None,
    practitioner_id: UUID | None = None,
) -> UUID:
    """Write a booked seat of a group that starts then, without its history and mails."""
    values = seat_values(
        world,
        group_id,
        seat,
        client_id=client_id or world.client_id,
        practitioner_id=practitioner_id or world.practitioner_id,
        starts_at=start,
        ends_at=start + LENGTH,
        taken_until=start + LENGTH,
        format="video",
        price_minor=12000,
        booked_starts_at=start,
    )
    async with world.engine.begin() as db:
        await db.execute(insert(Session).values(values))
    session_id: UUID = values["id"]
    return session_id


async def add_seat(
    world: World,
    group_id: UUID,
    *,
    client_id: UUID | None = None,
    package_id: UUID | None = None,
    now: datetime = NOW,
    **values: Any,
) -> UUID:
    """Book the lowest free seat of a group, by default for the world's client."""
    session_id, owner = uuid4(), client_id or world.client_id

    async def command(db: AsyncConnection) -> None:
        practice_id = world.practice_id
        group = await SeatRepository(db, practice_id).group(group_id)
        assert group is not None
        assert group.free_seat is not None
        policy = await resolve_policy_version(
            db, practice_id, group.service_id, group.practitioner_id
        )
        meeting = group.meeting(group.free_seat)
        own = {
            "id": session_id,
            "client_id": owner,
            "service_id": group.service_id,
            "practitioner_id": group.practitioner_id,
            "policy_version_id": policy.version_id,
            "frozen_deadlines": frozen_document(policy.freeze(group.starts_at, _ZONE)),
            "starts_at": group.starts_at,
            "ends_at": group.ends_at,
            "taken_until": group.ends_at,
            "buffer_before_minutes": group.buffer_before_minutes,
            "buffer_after_minutes": group.buffer_after_minutes,
            "format": group.format,
            "location_id": group.location_id,
            "join_url": group.join_url,
            "instructions": group.instructions,
            "price_minor": 2000,
            "booked_starts_at": group.starts_at,
        }
        record = seat_values(world, group_id, group.free_seat, **(own | values))
        await db.execute(insert(Session).values(record))
        if package_id is not None:
            use = CreditUse(session_id, owner, group.service_id)
            await CreditRepository(db, practice_id).redeem(package_id, use, now)
        change = NewChange("booked", OPERATOR, 1, 0, None, meeting, "USD")
        notifications = [
            *notifications_about("booked", group.starts_at, now),
            *reminders(group.starts_at, [1440], now),
        ]
        await finish(db, practice_id, session_id, change, notifications, now)

    await transact(world.engine, command)
    return session_id


async def add_clients(world: World, count: int) -> list[UUID]:
    """Write more clients of the practice."""
    return [
        await world.add_client(name=f"Client {number}", email=f"client{number}@clients.example")
        for number in range(count)
    ]


async def seats_of(world: World, group_id: UUID) -> dict[UUID, int]:
    """Give the number of each seat that is taken in a group, by session."""
    rows = await world.rows(Session, group_id=group_id)
    return {row.id: row.seat for row in rows if row.seat is not None}
