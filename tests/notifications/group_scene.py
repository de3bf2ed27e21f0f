"""A practice with a group, and what its staff do with it at given times."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.database.transactions import transact
from app.domain.session import Format
from app.groups.commands.cancel import cancel_group
from app.groups.commands.create import create_group
from app.groups.commands.move import GroupMove, move_group
from app.groups.judging import judge_due_groups
from app.groups.records import NewGroup, SeatRules
from app.identity.api_keys.keys import Staff
from app.outbox.due import STILL_WAITING
from app.sessions.commands.book_seat import book_seat
from app.sessions.commands.booking import SeatBooking
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.orders import ChangeReason, StaffOrder
from app.tables.groups import Group
from app.tables.notifications import Notification
from tests.world import NOW, World

START = NOW + timedelta(days=3)
DUE = START - timedelta(hours=24)
HOUR = timedelta(hours=1)
GRACE = timedelta(days=14)
WHY = ChangeReason(None, "The room is closed.")
AUTO = SeatRules(8, 3, 24, auto_cancel=True)
TOLD = SeatRules(8, 3, 24, auto_cancel=False)


class GroupScene:
    """A practice with a group, and what its staff do at given times."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.world = world
        self.staff = staff
        self.group_id = UUID(int=0)

    async def create(self, rules: SeatRules, now: datetime = NOW, start: datetime = START) -> UUID:
        world = self.world
        new = NewGroup(world.service_id, world.practitioner_id, start, Format.VIDEO, rules)
        made = await transact(
            world.engine, lambda db: create_group(db, self.staff, new, force=True, now=now)
        )
        self.group_id = made.group.id
        return self.group_id

    async def book(self, client_id: UUID, now: datetime = NOW, **values: Any) -> UUID:
        world, wanted = self.world, SeatBooking(client_id, self.group_id, {}, **values)
        booked = await transact(
            world.engine,
            lambda db: book_seat(db, world.practice_id, wanted, actor=self.staff.actor, now=now),
        )
        return booked.session_id

    async def leave(self, session_id: UUID, now: datetime) -> None:
        order = StaffOrder(WHY, charged=False, if_match=None)
        await transact(
            self.world.engine,
            lambda db: cancel_by_staff(
                db, self.staff, session_id, order=order, now=now, credit_grace=GRACE
            ),
        )

    async def move(self, start: datetime, now: datetime) -> None:
        move = GroupMove(start, None, None, None, force=True, leave_behind=False, reason=WHY)
        await transact(
            self.world.engine,
            lambda db: move_group(
                db, self.staff, self.group_id, move, if_match=None, now=now, credit_grace=GRACE
            ),
        )

    async def judge(self, due: datetime) -> None:
        """Let the worker judge what was due then, as soon as it may."""
        await judge_due_groups(self.world.engine, due + STILL_WAITING, credit_grace=GRACE)

    async def status(self) -> str:
        (row,) = await self.world.rows(Group, id=self.group_id)
        return str(row.status)

    async def told(self) -> list[tuple[str, str]]:
        """List what was queued about the group itself."""
        rows = await self.world.rows(Notification, session_id=None)
        return sorted((row.recipient, row.kind) for row in rows if row.kind != "group_booked")

    async def cancel(self, now: datetime, reason: ChangeReason = WHY) -> None:
        await transact(
            self.world.engine,
            lambda db: cancel_group(
                db,
                self.staff,
                self.group_id,
                reason=reason,
                if_match=None,
                now=now,
                credit_grace=GRACE,
            ),
        )
