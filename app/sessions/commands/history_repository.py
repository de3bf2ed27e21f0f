"""Write the history of sessions, and the fees caused by their changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import Actor, NewEntry, Subject, write_changes
from app.database.writing import Write
from app.domain.history import ChangeKind
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judgement
from app.domain.policy.recorded import write_judgement
from app.domain.policy.rules import Credit
from app.domain.session import Status
from app.sessions.commands.allowance_repository import GivenBackBy, give_back_use
from app.sessions.commands.fee_repository import close_fee
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.orders import Effect
from app.sessions.commands.waiver_repository import WAIVER_ASKED, NewWaiver
from app.tables.allowance_uses import AllowanceUse
from app.tables.changes import Change
from app.tables.joins import of_practice
from app.tables.sessions import Fee, Refill


class NewRefill(NamedTuple):
    """The time that a cancellation frees, and how much of it others must take, in percent."""

    practitioner_id: UUID
    client_id: UUID
    group_id: UUID | None
    covered_percent: int


class About(NamedTuple):
    """What an entry of a session's history is about, if not about the session itself."""

    subject: Subject
    id: UUID


# The kind of a change with which a client announces that they cannot come, and keeps the session.
ABSENCE_ANNOUNCED: Literal["absence_announced"] = "absence_announced"
# With this one they need no other time for a session that the practice has cancelled.
LEFT_CANCELLED: Literal["left_cancelled"] = "left_cancelled"


@dataclass(frozen=True, slots=True)
class NewChange:
    """A new entry of a session's history. `before` is None for the booking.

    `about` is set if the entry is about something of the session, such as its fee; the session
    itself stays as it is, also its version. `command_id` is set if one command changes several
    sessions.
    `answers` is the move request that the change answers. The fee of the change may be collected
    only after `collect_after` (UTC); None: at once. `refill` is the freed time of a cancellation
    that may be forgiven. With `waiver` the client asks the practice to waive the fee.
    `judgement` is how the policy came to fee and credit; None: no policy was asked. `used_by` is
    the client of whose allowance the change uses up one.
    """

    kind: ChangeKind
    actor: Actor
    session_version: int
    calendar_sequence: int
    before: Meeting | None
    after: Meeting
    currency: str
    fee: Money | None = None
    credit: Credit | None = None
    reason_code: str | None = None
    note: str | None = None
    details: dict[str, Any] | None = None
    about: About | None = None
    command_id: UUID | None = None
    answers: UUID | None = None
    collect_after: datetime | None = None
    refill: NewRefill | None = None
    waiver: NewWaiver | None = None
    judgement: Judgement | None = None
    used_by: UUID | None = None


class MadeChange(NamedTuple):
    """An entry of a session's history. `is_alone`: its command has changed nothing else."""

    id: UUID
    kind: str
    at: datetime
    is_alone: bool


_RECORD_FEE = Write(
    insert(Fee),
    "practice_id",
    "id",
    "session_id",
    "change_id",
    "amount_minor",
    "currency",
    "status",
    "recorded_at",
    "collect_after",
)


_ADD_REFILL = Write(
    insert(Refill).values(state="pending", covered_by=[]),
    "practice_id",
    "id",
    "session_id",
    "starts_at",
    "ends_at",
    "cancelled_at",
    *NewRefill._fields,
)


_ADD_USE = Write(insert(AllowanceUse), "practice_id", "id", "client_id", "session_id", "used_at")


class HistoryRepository:
    """Changes and fees of one practice's sessions, in the caller's transaction."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def record(self, changes: Sequence[tuple[UUID, NewChange]], now: datetime) -> list[UUID]:
        """Add entries of sessions with their notes and fees, and give the entries' ids.

        One actor has made all of the changes.
        """
        actor = changes[0][1].actor
        entries = [_entry(session_id, change) for session_id, change in changes]
        ids = await write_changes(self._db, self._practice_id, actor, now, entries)
        fees = [
            {
                "practice_id": self._practice_id,
                "id": uuid4() if change.waiver is None else change.waiver.fee_id,
                "session_id": session_id,
                "change_id": change_id,
                "amount_minor": change.fee.amount_minor,
                "currency": change.fee.currency,
                "status": "due",
                "recorded_at": now,
                "collect_after": change.collect_after,
            }
            for change_id, (session_id, change) in zip(ids, changes, strict=True)
            if change.fee is not None and change.about is None
        ]
        await _RECORD_FEE.run_for_each(self._db, fees)
        refills = [
            {
                "practice_id": self._practice_id,
                "id": change_id,
                "session_id": session_id,
                "starts_at": change.after.starts_at,
                "ends_at": change.after.ends_at,
                "cancelled_at": now,
                **change.refill._asdict(),
            }
            for change_id, (session_id, change) in zip(ids, changes, strict=True)
            if change.refill is not None
        ]
        await _ADD_REFILL.run_for_each(self._db, refills)
        await self._add_uses(ids, changes, now)
        return ids

    async def _add_uses(
        self, ids: Sequence[UUID], changes: Sequence[tuple[UUID, NewChange]], now: datetime
    ) -> None:
        """Add what the changes, which have these ids, use up of their clients' allowances."""
        uses = [
            {
                "practice_id": self._practice_id,
                "id": change_id,
                "client_id": change.used_by,
                "session_id": session_id,
                "used_at": now,
            }
            for change_id, (session_id, change) in zip(ids, changes, strict=True)
            if change.used_by is not None
        ]
        await _ADD_USE.run_for_each(self._db, uses)

    async def latest_effect(self, session_id: UUID, kind: str) -> Effect:
        """Give the cost and the command of the session's latest change of this kind."""
        found = (
            await self._db.execute(
                self._latest(
                    select(Change.fee_minor, Change.currency, Change.credit, Change.command_id),
                    session_id,
                    kind,
                )
            )
        ).one()
        return Effect(_cost_of(found), found.command_id)

    async def command_of_cancelled(self, session_id: UUID, left: Collection[UUID]) -> UUID | None:
        """Give the latest command that cancelled a session, or left one of `left` cancelled."""
        command_id: UUID | None = await self._db.scalar(
            select(Change.command_id)
            .where(
                Change.practice_id == self._practice_id,
                or_(
                    and_(Change.session_id == session_id, Change.kind == Status.CANCELLED),
                    and_(Change.session_id.in_(left), Change.kind == LEFT_CANCELLED),
                ),
            )
            .order_by(Change.at.desc(), (Change.kind == LEFT_CANCELLED).desc())
            .limit(1)
        )
        return command_id

    async def command_of_confirmation(self, session_id: UUID, at: datetime) -> UUID | None:
        """Give the command with which the client has said at `at` that they are coming."""
        command_id: UUID | None = await self._db.scalar(
            select(Change.command_id).where(
                Change.practice_id == self._practice_id,
                Change.session_id == session_id,
                Change.subject == "confirmation",
                Change.at == at,
            )
        )
        return command_id

    async def costs_of_cancelled(self, session_ids: Sequence[UUID]) -> dict[UUID, Cost]:
        """Give the cost of the latest cancellation of each of these sessions."""
        found = await self._db.execute(
            select(Change.session_id, Change.fee_minor, Change.currency, Change.credit)
            .where(
                Change.practice_id == self._practice_id,
                Change.session_id.in_(session_ids),
                Change.kind == Status.CANCELLED,
            )
            .order_by(Change.session_version)
        )
        # A later one replaces those before it.
        return {row.session_id: _cost_of(row) for row in found if row.session_id is not None}

    def _latest(
        self, chosen: Select[*tuple[Any, ...]], session_id: UUID, kind: str
    ) -> Select[*tuple[Any, ...]]:
        """Choose columns of the session's latest change of this kind."""
        return (
            chosen.where(
                Change.practice_id == self._practice_id,
                Change.session_id == session_id,
                Change.kind == kind,
            )
            .order_by(Change.session_version.desc())
            .limit(1)
        )

    async def change_to(self, session_id: UUID, version: int) -> MadeChange:
        """Read the change that made this version of a session.

        A question about its fee is no other change, nor is a session that stays cancelled.
        """
        others = aliased(Change)
        has_others = exists().where(
            of_practice(
                self._practice_id,
                others,
                others.command_id == Change.command_id,
                others.id != Change.id,
                others.kind.not_in([WAIVER_ASKED, LEFT_CANCELLED]),
            )
        )
        found = await self._db.execute(
            select(Change.id, Change.kind, Change.at, ~has_others).where(
                of_practice(
                    self._practice_id,
                    Change,
                    Change.session_id == session_id,
                    Change.session_version == version,
                    Change.subject == "session",
                    # It announces something, and makes no version.
                    Change.kind != ABSENCE_ANNOUNCED,
                )
            )
        )
        return MadeChange(*found.one())

    async def void_fee(self, session_id: UUID, kind: str, now: datetime) -> bool:
        """Void the fee of the session's latest change of this kind; tell whether there was one.

        What others do with the time that the change freed does not matter any more.
        """
        voided = await close_fee(
            self._db,
            self._practice_id,
            self._fee_of_latest(session_id, kind),
            "void",
            now,
            among=("due", "settled"),
        )
        await self.void_refill(session_id, kind)
        return voided is not None

    async def forgive_fee(self, session_id: UUID, kind: str, now: datetime) -> UUID | None:
        """Forgive the fee of the session's latest change of this kind; give its id if it was due.

        The session is locked, and without that lock no fee of it is closed.
        """
        which = self._fee_of_latest(session_id, kind)
        return await close_fee(self._db, self._practice_id, which, "forgiven", now)

    def _fee_of_latest(self, session_id: UUID, kind: str) -> ColumnElement[bool]:
        """Match the fee of the session's latest change of this kind."""
        return Fee.change_id == self._latest(select(Change.id), session_id, kind).scalar_subquery()

    async def give_back_use(
        self, session_id: UUID, kind: str, by: GivenBackBy, now: datetime
    ) -> bool:
        """Give back what the session's latest change of this kind has used of the allowance.

        Tells whether it had used one that still counts. The session's client is locked.
        """
        latest = self._latest(select(Change.id), session_id, kind).scalar_subquery()
        return await give_back_use(self._db, self._practice_id, latest, by, now)

    async def void_refill(self, session_id: UUID, kind: str) -> None:
        """Say that it does not matter any more what others do with the freed time."""
        latest = self._latest(select(Change.id), session_id, kind).scalar_subquery()
        await self._db.execute(
            update(Refill)
            .where(
                Refill.practice_id == self._practice_id,
                Refill.id == latest,
                Refill.state == "pending",
            )
            .values(state="void")
        )


def _cost_of(change: Any) -> Cost:  # noqa: ANN401 - a row of changes
    return Cost(
        fee=None if change.fee_minor is None else Money(change.fee_minor, change.currency),
        credit=None if change.credit is None else Credit(change.credit),
    )


def _entry(session_id: UUID, change: NewChange) -> NewEntry:
    before = change.before
    facts = {
        "details": change.details,
        "session_id": session_id,
        "session_version": change.session_version,
        "calendar_sequence": change.calendar_sequence,
        "reason_code": change.reason_code,
        "old_starts_at": before and before.starts_at,
        "old_ends_at": before and before.ends_at,
        "old_format": before and before.format,
        "old_location_id": before and before.location_id,
        "starts_at": change.after.starts_at,
        "ends_at": change.after.ends_at,
        "format": change.after.format,
        "location_id": change.after.location_id,
        "fee_minor": change.fee and change.fee.amount_minor,
        "currency": change.currency,
        "credit": change.credit,
        "judgement": None if change.judgement is None else write_judgement(change.judgement),
    }
    subject, subject_id = change.about or About("session", session_id)
    return NewEntry(
        subject=subject,
        subject_id=subject_id,
        kind=change.kind,
        note=change.note,
        command_id=change.command_id,
        facts=facts,
    )
