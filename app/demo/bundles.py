"""Books what has several sessions in the demo: classes, a weekly series, and a move request."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.demo import MAIN_CLIENT, demo_id
from app.demo.free_time import FreeTime, Taken
from app.demo.records import (
    AROHA,
    COACHING,
    HARBOR,
    HARBOR_STREET,
    PRIYA,
    YOGA,
    YOGA_CLIENTS,
    classes_of,
)
from app.domain.series import Every
from app.domain.session import Format
from app.groups.commands.create import create_group
from app.groups.records import GroupDetails, NewGroup, SeatRules
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.move_requests.commands.ask import ask_to_move
from app.move_requests.records import NewMoveRequest
from app.series.commands import SeriesOrder, book_series
from app.sessions.commands.book_seat import book_seat
from app.sessions.commands.booking import Booking, SeatBooking
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.commands.reschedule import reschedule

SEATS = SeatRules(seats=8, min_seats=3, decide_hours=24, auto_cancel=False)
DATES = 10
# The fourth date of the series was moved alone.
MOVED = 3


async def book_classes(
    engine: AsyncEngine, staff: Staff, now: datetime, of_clients: Mapping[str, Taken]
) -> UUID:
    """Create a class with five clients, and an empty one; return the main client's seat."""
    first = await _create_class(engine, staff, now, days=5)
    await _create_class(engine, staff, now, days=12)
    seats = {}
    for email in YOGA_CLIENTS:
        wanted = SeatBooking(demo_id(email), first.id, {}, package_id=classes_of(email))
        seats[email] = await _book_seat(engine, staff, wanted, now)
        of_clients[email].append((first.starts_at, first.ends_at))
    return seats[MAIN_CLIENT]


async def _create_class(
    engine: AsyncEngine, staff: Staff, now: datetime, *, days: int
) -> GroupDetails:
    start = _local(now, days=days, hour=18)
    new = NewGroup(YOGA, PRIYA.id, start, Format.IN_PERSON, SEATS, HARBOR_STREET)
    created_at = now - timedelta(days=14)
    outcome = await transact(
        engine, lambda db: create_group(db, staff, new, force=False, now=created_at)
    )
    return outcome.group


def _local(now: datetime, *, days: int, hour: int) -> datetime:
    """Return an hour of a later day in New York."""
    day = (now + timedelta(days=days)).astimezone(ZoneInfo(PRIYA.zone))
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


async def _book_seat(engine: AsyncEngine, staff: Staff, wanted: SeatBooking, now: datetime) -> UUID:
    booked_at = now - timedelta(days=6)
    booked = await transact(
        engine,
        lambda db: book_seat(db, staff.practice_id, wanted, actor=staff.actor, now=booked_at),
    )
    return booked.session_id


async def book_weekly_series(
    engine: AsyncEngine,
    staff: Staff,
    now: datetime,
    quotes: Quotes,
    *,
    free: FreeTime,
    of_client: Taken,
) -> None:
    """Book a series of the main client, who then moves one of its dates alone."""
    starts = free.pick_weekly(now + timedelta(days=2), 45, of_client, DATES)
    booking = Booking(demo_id(MAIN_CLIENT), AROHA.id, COACHING, starts[0], Format.VIDEO)
    order = SeriesOrder(
        booking,
        Every(1, "weeks"),
        DATES,
        None,
        skip_conflicts=False,
        force=False,
        notify=True,
    )
    booked_at = now - timedelta(days=7)
    booked = await transact(engine, lambda db: book_series(db, staff, order, now=booked_at))
    date = booked.series.sessions[MOVED].session
    start = free.pick(starts[MOVED] + timedelta(days=1), 45, of_client)
    reason = ChangeReason("work", "I am on a course that day.")
    await transact(
        engine,
        lambda db: reschedule(
            db,
            Caller(HARBOR, demo_id(MAIN_CLIENT), 0),
            date.id,
            requested=WantedMove(start, Format.VIDEO),
            order=ClientOrder(reason, quote=None, if_match=None),
            quotes=quotes,
            now=now - timedelta(days=1),
        ),
    )


async def ask_for_another_time(
    engine: AsyncEngine,
    staff: Staff,
    now: datetime,
    sessions: Sequence[UUID],
    proposals: Mapping[UUID, Sequence[datetime]],
) -> None:
    """Ask the clients of some sessions to choose another time; they have five days to answer."""
    answer_by = _local(now, days=5, hour=12)
    note = "Dr. Chen is at a conference that week."
    new = NewMoveRequest(sessions, note, answer_by, "keep", proposals)
    asked_at = now - timedelta(days=1)
    await transact(
        engine,
        lambda db: ask_to_move(db, staff, new, now=asked_at, credit_grace=timedelta(0)),
    )
