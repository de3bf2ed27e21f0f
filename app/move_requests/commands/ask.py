"""Ask the clients of some sessions to choose another time; only staff do this."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.policy.judgement import judge_for_staff
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.move_requests.commands.plan import plan_request
from app.move_requests.commands.trail import write_request_change
from app.move_requests.queries import read_move_request
from app.move_requests.records import NewMoveRequest, RequestOutcome
from app.move_requests.repository import MoveRequestRepository
from app.outbox.outbox import NewNotification, OfChange, drop_reminders, queue_for_changes
from app.policies.stored import rules_of
from app.sessions.commands.ending import write_end
from app.sessions.commands.finish import PEOPLE, new_change, told_first
from app.sessions.commands.history_repository import About, HistoryRepository, NewChange
from app.sessions.read.records import SessionRecord


async def ask_to_move(
    db: AsyncConnection,
    staff: Staff,
    new: NewMoveRequest,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> RequestOutcome:
    """Ask the clients of sessions for another time. Each gets one mail about all their sessions.

    With `meanwhile` "cancel" the sessions are cancelled at once, free of charge and with their
    credits returned. Otherwise nothing about them changes until their clients answer. A former
    request that is over, and that the worker has not closed yet, ends for them as `kept`.

    Raises:
        InvalidInputError: see `plan_request`.
    """
    practice_id, request_id, command_id = staff.practice_id, uuid4(), uuid4()
    plan = await plan_request(db, practice_id, new, now)
    changes = [
        (record, await _change(db, staff, record, request_id, new, now, credit_grace))
        for record in plan.sessions
    ]
    requests = MoveRequestRepository(db, practice_id)
    over = [record.id for record in plan.sessions if record.move_request is not None]
    if over:
        await requests.close_former(over, now)
    await requests.add(request_id, new, plan.sessions, now)
    request = await read_move_request(db, practice_id, request_id)
    await write_request_change(db, practice_id, staff.actor, request, "asked", command_id, now)
    entries = [(record.id, replace(change, command_id=command_id)) for record, change in changes]
    change_ids = await HistoryRepository(db, practice_id).record(entries, now)
    if new.meanwhile == "cancel":
        await drop_reminders(db, practice_id, [record.id for record in plan.sessions], now)
    records = zip(plan.sessions, change_ids, strict=True)
    await queue_for_changes(db, practice_id, _notifications(list(records), new, now), now)
    return RequestOutcome(request, command_id)


async def _change(
    db: AsyncConnection,
    staff: Staff,
    record: SessionRecord,
    request_id: UUID,
    new: NewMoveRequest,
    now: datetime,
    credit_grace: timedelta,
) -> NewChange:
    """Cancel a session if the request says so, and give the entry of its history.

    Without a cancellation the entry has the session's present version: the session is the same.
    """
    if new.meanwhile == "keep":
        change = new_change("asked_to_move", staff.actor, record, in_calendar=False)
        return replace(
            change, session_version=record.version, about=About("move_request", request_id)
        )
    rules = rules_of(record.policy)
    judged = judge_for_staff(rules, Action.CANCEL, record.facts, now, charged=False)
    return await write_end(
        db,
        record,
        Status.CANCELLED,
        judged,
        actor=staff.actor,
        reason=None,
        now=now,
        credit_grace=credit_grace,
    )


def _notifications(
    sessions: list[tuple[SessionRecord, UUID]], new: NewMoveRequest, now: datetime
) -> list[OfChange]:
    """Ask each client in one mail, about their first session, which lists the others.

    If the sessions are cancelled, practitioners and webhooks are told as of any cancellation.
    """
    is_cancelled = new.meanwhile == "cancel"
    people = PEOPLE if is_cancelled else ("client",)
    told = told_first([record for record, _ in sessions], people)
    queued = []
    for record, change_id in sessions:
        about: list[NewNotification] = [
            NewNotification(
                "move_request" if person == "client" else "cancelled", person, record.starts_at, now
            )
            for person in told[record.id]
        ]
        if is_cancelled:
            about.append(NewNotification("session.cancelled", "webhook", record.starts_at, now))
        queued += [OfChange(record.id, change_id, one) for one in about]
    return queued
