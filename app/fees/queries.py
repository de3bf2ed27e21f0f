"""Read fees, of one client or of the whole practice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.domain.errors import NotFoundError
from app.domain.history import FeeCause
from app.domain.money import Money
from app.domain.session import FeeStatus
from app.domain.waiver import Question, WaiverState, ask_until
from app.identity.queries import confirm_caller
from app.identity.tokens.access import Caller
from app.outbox.due import due_in_open_practices
from app.sessions.commands.meeting import TimeOfEnd
from app.tables.changes import Change, ChangeNote
from app.tables.joins import of_practice
from app.tables.practices import Client, Practitioner, Service
from app.tables.sessions import Fee, Session
from app.tables.waivers import Waiver
from app.web.cursors import TimePosition

# The kinds of changes that end a session.
ENDS = ("cancelled", "noshow")


@dataclass(frozen=True, slots=True)
class WaiverRecord:
    """What a client asks about a fee, in their words (`note`). Datetimes are UTC.

    The fee could be collected after `otherwise` without the question; None: at once.
    """

    question: Question
    otherwise: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class FeeRecord:
    """A fee with its cause and its session. Datetimes are UTC.

    `cause` is the kind of the change that caused the fee, `cause_version` the session's version
    after that change, `end` the session's time if it was its end. The practice may collect the fee
    after `collect_after`; None: at once. `waiver`: what its client asks about it; None: nothing.
    """

    id: UUID
    amount: Money
    status: FeeStatus
    cause: FeeCause
    cause_version: int
    end: TimeOfEnd | None
    recorded_at: datetime
    collect_after: datetime | None
    closed_at: datetime | None
    payment_reference: str | None
    session_id: UUID
    starts_at: datetime
    service_id: UUID
    service_name: str
    practitioner_id: UUID
    practitioner_name: str
    practitioner_zone: str
    client_id: UUID
    client_name: str
    client_zone: str
    waiver: WaiverRecord | None

    @property
    def question(self) -> Question | None:
        """What its client asks about it; None: nothing."""
        return None if self.waiver is None else self.waiver.question

    def ask_until(self, now: datetime) -> datetime | None:
        """Give the last instant at which the client can ask for a waiver; None: they cannot."""
        is_due = self.status == "due"
        return ask_until(self.recorded_at, self.question, now) if is_due else None


def _collectable_at(now: datetime) -> ColumnElement[bool]:
    is_time = or_(Fee.collect_after.is_(None), Fee.collect_after < now)
    return and_(Fee.status == "due", is_time)


def _not_collectable_at(now: datetime) -> ColumnElement[bool]:
    return not_(_collectable_at(now))


def _waiver_is(wanted: tuple[WaiverState, datetime]) -> ColumnElement[bool]:
    """Match fees by the state of their waiver at an instant, also if the worker is late."""
    state, now = wanted
    is_late = and_(Waiver.state == "asked", Waiver.answer_by < now)
    if state == "asked":
        return and_(Waiver.state == "asked", not_(is_late))
    if state == "lapsed":
        return or_(Waiver.state == "lapsed", is_late)
    return Waiver.state == state


_FILTERS: Mapping[str, Filter] = {
    "client": equal(Session.client_id),
    "session": equal(Fee.session_id),
    "status": equal(Fee.status),
    "collectable_at": _collectable_at,
    "not_collectable_at": _not_collectable_at,
    "waiver_is": _waiver_is,
    "since": from_instant(Fee.recorded_at),
    "until": before_instant(Fee.recorded_at),
}


async def list_client_fees(
    db: AsyncConnection, caller: Caller, part: Part[TimePosition]
) -> list[FeeRecord]:
    """List a client's fees, latest first.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    own = replace(part, filters={"client": caller.client_id})
    return await list_fees(db, caller.practice_id, own)


async def list_practice_fees(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], now: datetime
) -> list[FeeRecord]:
    """List the practice's fees, latest first; with `collectable` those that it may collect now."""
    filters = dict(part.filters)
    if "waiver" in filters:
        filters["waiver_is"] = filters.pop("waiver"), now
    collectable = filters.pop("collectable", None)
    if collectable is not None:
        filters["collectable_at" if collectable else "not_collectable_at"] = now
    return await list_fees(db, practice_id, replace(part, filters=filters))


async def list_fees(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition]
) -> list[FeeRecord]:
    """List fees of a practice, latest first."""
    wanted = _fees(practice_id).where(*matching(_FILTERS, part.filters))
    key = (Fee.recorded_at, Fee.id)
    rows = await db.execute(in_order(wanted, key, part.after, part.limit, latest_first=True))
    return [_record(row) for row in rows.all()]


async def read_fee(db: AsyncConnection, practice_id: UUID, fee_id: UUID) -> FeeRecord:
    """Read one fee.

    Raises:
        NotFoundError: the practice has no such fee.
    """
    row = (await db.execute(_fees(practice_id).where(Fee.id == fee_id))).one_or_none()
    if row is None:
        raise NotFoundError
    return _record(row)


_TO_ANNOUNCE = due_in_open_practices(
    "SELECT practice_id, id FROM fees WHERE practice_id = practices.practice_id"
    " AND status = 'due' AND collect_after < :until AND announced_at IS NULL AND NOT EXISTS ("
    "SELECT FROM refills WHERE refills.practice_id = practices.practice_id"
    " AND refills.id = fees.change_id AND refills.state = 'pending')"
    # A waiver that lapses at that instant is recorded first.
    " AND NOT EXISTS (SELECT FROM waivers WHERE waivers.practice_id = practices.practice_id"
    " AND waivers.id = fees.id AND state = 'asked' AND answer_by <= collect_after)"
    " ORDER BY collect_after LIMIT :most"
)


async def list_fees_to_announce(
    db: AsyncConnection, until: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List due fees of all practices, `collect_after` before `until`: practice id and fee id."""
    due = await db.execute(_TO_ANNOUNCE, {"until": until, "most": most})
    return [(row.practice_id, row.id) for row in due]


async def read_command_of(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, kind: str
) -> UUID | None:
    """Give the id of the command that made the latest entry of this kind about a fee."""
    found: UUID | None = await db.scalar(
        select(Change.command_id)
        .where(of_practice(practice_id, Change, Change.subject_id == fee_id))
        .where(Change.subject == "fee", Change.kind == kind)
        .order_by(Change.at.desc())
        .limit(1)
    )
    return found


def _fees(practice_id: UUID) -> Select[Any]:
    def of(table: Any, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - tables and columns
        return of_practice(practice_id, table, table.id == column)

    columns: list[Any] = [
        Fee.id,
        Fee.amount_minor,
        Fee.currency,
        Fee.status,
        Change.kind,
        Change.session_version,
        Change.starts_at.label("cause_starts_at"),
        Change.ends_at.label("cause_ends_at"),
        Fee.recorded_at,
        Fee.collect_after,
        Fee.closed_at,
        Fee.payment_reference,
        Fee.session_id,
        Session.starts_at,
        Session.service_id,
        Service.name.label("service_name"),
        Session.practitioner_id,
        Practitioner.name.label("practitioner_name"),
        Practitioner.time_zone.label("practitioner_zone"),
        Session.client_id,
        Client.name.label("client_name"),
        Client.time_zone,
        Waiver.state.label("waiver_state"),
        Waiver.asked_at,
        Waiver.answer_by,
        Waiver.ended_at,
        Waiver.otherwise,
        ChangeNote.note,
    ]
    return (
        select(*columns)
        .join(Change, of(Change, Fee.change_id))
        .join(Session, of(Session, Fee.session_id))
        .join(Service, of(Service, Session.service_id))
        .join(Practitioner, of(Practitioner, Session.practitioner_id))
        .join(Client, of(Client, Session.client_id))
        .outerjoin(Waiver, of(Waiver, Fee.id))
        .outerjoin(
            ChangeNote,
            of_practice(practice_id, ChangeNote, ChangeNote.change_id == Waiver.change_id),
        )
        .where(Fee.practice_id == practice_id)
    )


def _record(row: Row[Any]) -> FeeRecord:
    return FeeRecord(
        id=row.id,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        cause=row.kind,
        cause_version=row.session_version,
        end=TimeOfEnd(row.cause_starts_at, row.cause_ends_at) if row.kind in ENDS else None,
        recorded_at=row.recorded_at,
        collect_after=row.collect_after,
        closed_at=row.closed_at,
        payment_reference=row.payment_reference,
        session_id=row.session_id,
        starts_at=row.starts_at,
        service_id=row.service_id,
        service_name=row.service_name,
        practitioner_id=row.practitioner_id,
        practitioner_name=row.practitioner_name,
        practitioner_zone=row.practitioner_zone,
        client_id=row.client_id,
        client_name=row.client_name,
        client_zone=row.time_zone,
        waiver=None if row.waiver_state is None else _waiver(row),
    )


def _waiver(row: Row[Any]) -> WaiverRecord:
    return WaiverRecord(
        question=Question(row.waiver_state, row.asked_at, row.answer_by, row.ended_at),
        otherwise=row.otherwise,
        note=row.note,
    )
