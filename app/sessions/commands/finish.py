"""The last steps of every command: history, reminders, notifications and result."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import LEFT_GROUP, Actor
from app.domain.history import ChangeKind
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judged
from app.domain.policy.rules import Credit
from app.domain.session import Carried, Status
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.outbox.merging import merge_unsent
from app.outbox.outbox import (
    Done,
    NewNotification,
    OfChange,
    Recipient,
    drop_reminders,
    notifications_about,
    queue_for_changes,
    queue_notifications,
)
from app.sessions.commands.history_repository import About, HistoryRepository, NewChange
from app.sessions.commands.meeting import Meeting, TimeOfEnd, meeting_of
from app.sessions.commands.orders import ChangeReason, Effect, Outcome, StaffOutcome
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord
from app.sessions.read.staff_queries import read_for_staff

NOT_JUDGED = Judged(Cost(None, None))
# Details of a change that cost its client something: its mail says so, and tells of the change.
_COSTS = {"allowance", "carries"}
PEOPLE: tuple[Recipient, ...] = ("client", "practitioner")


async def finish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    change: NewChange,
    notifications: Sequence[NewNotification],
    now: datetime,
) -> Effect:
    """Record a change of a session or of its fee, queue its notifications, and give its effect.

    Drops the pending reminders, because they describe the session before the change;
    `notifications` must contain the new ones. An entry about something else keeps them.
    """
    history = HistoryRepository(db, practice_id)
    (change_id,) = await history.record([(session_id, change)], now)
    if change.about is None:
        await drop_reminders(db, practice_id, [session_id], now)
        if change.fee is None and not _COSTS & (change.details or {}).keys():
            await merge_unsent(db, practice_id, session_id, notifications, now)
    notifications = [*notifications, *_about_answer(change, now)]
    await queue_notifications(db, practice_id, session_id, change_id, notifications, now)
    return Effect(Cost(change.fee, change.credit), change_id)


@dataclass(frozen=True, slots=True)
class ChangedSession:
    """One of the sessions that one command changes: its record before the change, and the change.

    `done` is what the people and the webhooks are told. `reminders` are those that are still to
    come.
    """

    record: SessionRecord
    change: NewChange
    done: Done
    reminders: Sequence[NewNotification] = ()


async def finish_all(
    db: AsyncConnection,
    changed: Sequence[ChangedSession],
    now: datetime,
    *,
    command_id: UUID,
    named: UUID | None = None,
    people: Collection[Recipient] = PEOPLE,
) -> list[Effect]:
    """Record changes of several sessions of one practice by one command; see `finish`.

    Each client gets one mail about all their sessions, and so does each practitioner; with
    `people` only those that it names. The mail is about the session `named`, or else about the
    person's first one in time, and lists the others. Webhooks get an event for each session.
    """
    practice_id = changed[0].record.practice_id
    changes = [(one.record.id, replace(one.change, command_id=command_id)) for one in changed]
    ids = await HistoryRepository(db, practice_id).record(changes, now)
    await drop_reminders(db, practice_id, [session_id for session_id, _ in changes], now)
    by_time = sorted(changed, key=lambda one: (one.record.id != named, one.change.after.starts_at))
    told = told_first([one.record for one in by_time], people)
    queued = [
        OfChange(one.record.id, change_id, notification)
        for change_id, one in zip(ids, changed, strict=True)
        for notification in (
            *_notifications(one, told[one.record.id], now),
            *one.reminders,
        )
    ]
    await queue_for_changes(db, practice_id, queued, now)
    return [Effect(Cost(one.change.fee, one.change.credit), command_id) for one in changed]


def told_first(
    records: Sequence[SessionRecord], people: Collection[Recipient]
) -> dict[UUID, list[Recipient]]:
    """Give for each session those of `people` whose mail is about it, and lists the others.

    That is each person's first session of `records`.
    """
    told: dict[UUID, list[Recipient]] = {record.id: [] for record in records}
    seen: set[UUID] = set()
    for record in records:
        ids: dict[Recipient, UUID] = {
            "client": record.client_id,
            "practitioner": record.practitioner_id,
        }
        for person, person_id in ids.items():
            if person in people and person_id not in seen:
                told[record.id].append(person)
                seen.add(person_id)
    return told


def _notifications(
    one: ChangedSession, people: Sequence[Recipient], now: datetime
) -> list[NewNotification]:
    starts_at, fee = one.change.after.starts_at, one.change.fee
    return [
        *notifications_about(one.done, starts_at, now, fee=fee, people=False),
        *(NewNotification(one.done, person, starts_at, now) for person in people),
        *_about_answer(one.change, now),
    ]


def _about_answer(change: NewChange, now: datetime) -> list[NewNotification]:
    """Tell the practice's software that the client has answered a move request."""
    if change.answers is None:
        return []
    return [NewNotification("move_request.answered", "webhook", change.after.starts_at, now)]


async def answer_client(
    db: AsyncConnection, caller: Caller, session_id: UUID, effect: Effect
) -> Outcome:
    """Give the result of a client's command, with the session after it."""
    return Outcome(await read_session(db, caller, session_id), effect)


async def answer_staff(
    db: AsyncConnection, staff: Staff, session_id: UUID, effect: Effect
) -> StaffOutcome:
    """Give the result of a staff command, with the session after it."""
    return StaffOutcome(await read_for_staff(db, staff.practice_id, session_id), effect)


def new_change(
    kind: ChangeKind,
    actor: Actor,
    record: SessionRecord,
    *,
    to: Meeting | None = None,
    judged: Judged = NOT_JUDGED,
    reason: ChangeReason | None = None,
    in_calendar: bool = True,
    details: dict[str, Any] | None = None,
    answers: UUID | None = None,
) -> NewChange:
    """Make the history entry of a command. `to` None: time, format and location stay.

    `in_calendar`: the change is visible in calendar files, so `SEQUENCE` increases. `answers` is
    the move request that the change answers. It, the group that a seat has left, a carried cost,
    and what is left of an allowance after the change has used one, become part of `details`.
    `judged` has the cost, and how the policy came to it.
    """
    present, cost = meeting_of(record), judged.cost
    left_group = _left_group(kind, record, to)
    if left_group is not None:
        details = (details or {}) | {LEFT_GROUP: str(left_group)}
    if answers is not None:
        details = (details or {}) | {"move_request": str(answers)}
    if judged.used is not None:
        left = {"left": judged.used.left - 1, "of": judged.used.of}
        details = (details or {}) | {"allowance": left}
    if cost.carries is not None:
        details = (details or {}) | {"carries": _carried_details(cost.carries)}
    return NewChange(
        kind=kind,
        actor=actor,
        session_version=record.version + 1,
        calendar_sequence=record.calendar_sequence + int(in_calendar),
        before=present,
        after=to or present,
        currency=record.price.currency,
        fee=cost.fee,
        credit=cost.credit,
        reason_code=None if reason is None else reason.code,
        note=None if reason is None else reason.note,
        details=details,
        answers=answers,
        judgement=judged.judgement,
        used_by=None if judged.used is None else record.client_id,
    )


def _left_group(kind: ChangeKind, record: SessionRecord, to: Meeting | None) -> UUID | None:
    """Give the group in which a change frees the session's seat; None: it frees no seat.

    A cancelled seat was free before.
    """
    if record.status is Status.CANCELLED or record.group_id is None:
        return None
    leaves = kind == "cancelled" or (
        to is not None and to.seat is not None and to.seat.group_id != record.group_id
    )
    return record.group_id if leaves else None


def entry_about(
    about: About,
    kind: ChangeKind,
    actor: Actor,
    record: SessionRecord,
    *,
    fee: Money | None = None,
    credit: Credit | None = None,
    reason: ChangeReason | None = None,
    details: dict[str, Any] | None = None,
    end: TimeOfEnd | None = None,
) -> NewChange:
    """Make an entry about something of a session, such as its fee. The session stays as it is.

    `end`: it is about an end of the session, which may have been booked again at another time.
    """
    if end is not None and end != (record.starts_at, record.ends_at):
        written = {name: instant.isoformat() for name, instant in end._asdict().items()}
        details = (details or {}) | {"time_of_end": written}
    return NewChange(
        kind=kind,
        actor=actor,
        session_version=record.version,
        calendar_sequence=record.calendar_sequence,
        before=None,
        after=meeting_of(record),
        currency=record.price.currency,
        fee=fee,
        credit=credit,
        reason_code=None if reason is None else reason.code,
        note=None if reason is None else reason.note,
        details=details,
        about=about,
    )


def _carried_details(carried: Carried) -> dict[str, Any]:
    return {
        "fee_minor": None if carried.fee is None else carried.fee.amount_minor,
        "forfeits_credit": carried.forfeits_credit,
    }
