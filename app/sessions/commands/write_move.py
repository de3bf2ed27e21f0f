"""Write a move that is checked: by a client or by staff, of one session or of several."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.history import ChangeKind
from app.domain.policy.decide import counts_as_move
from app.domain.policy.free import is_grace_over
from app.domain.policy.judgement import Judged
from app.identity.queries import check_not_erased
from app.outbox.outbox import NewNotification
from app.policies.stored import rules_of
from app.sessions.commands.carried_repository import CarriedRepository
from app.sessions.commands.finish import new_change
from app.sessions.commands.history_repository import NewChange
from app.sessions.commands.meeting import Meeting, is_same_time
from app.sessions.commands.orders import NO_UNDO, ChangeReason
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.request_repository import end_request
from app.sessions.commands.undo_window import undo_of
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.commands.wish_ending import end_wish_of_session
from app.sessions.read.records import SessionRecord


class WrittenMove(NamedTuple):
    """The entry of the history of a move, and the mails before the moved session."""

    change: NewChange
    to_come: list[NewNotification]


async def write_move(
    db: AsyncConnection,
    record: SessionRecord,
    to: Meeting,
    judged: Judged,
    *,
    actor: Actor,
    reason: ChangeReason | None,
    now: datetime,
    undo_window: timedelta = NO_UNDO,
) -> WrittenMove:
    """Write a checked move, and give the entry of its history and the mails before the session.

    Only a client's moves to another start count towards the limit and can carry a cost (product.md
    section 10, "Counting" and "Carried cost"). Those that something makes free do neither.

    Raises:
        ClientErasedError: the session's client was erased.
    """
    if not actor.is_client:
        await check_not_erased(db, record.practice_id, record.client_id)
    sessions = SessionRepository(db, record.practice_id)
    changes_start = to.starts_at != record.starts_at
    answers = await end_request(db, record, "moved", actor, now) if changes_start else None
    undo = undo_of(record, undo_window, now, answers=answers)
    policy = rules_of(record.policy)
    facts = await sessions.move(
        record,
        to,
        by_client=actor.is_client if changes_start else None,
        counted=counts_as_move(policy, record.facts, now),
        # The grace ends two hours before the start: a later start must not reopen one that is over.
        ends_grace=changes_start and is_grace_over(policy, record.facts, now),
        undo=undo,
    )
    if changes_start and actor.is_client:
        await end_wish_of_session(db, record.practice_id, record.id, actor=actor, now=now)
    carries = judged.cost.carries
    if changes_start and carries != record.carried:
        since = record.carried_since or record.version + 1
        await CarriedRepository(db, record.practice_id).set(record.id, carries, since)
        facts = replace(facts, carried=carries)
    kind: ChangeKind = "format_changed" if is_same_time(record, to) else "rescheduled"
    change = new_change(kind, actor, record, to=to, judged=judged, reason=reason, answers=answers)
    change = replace(change, collect_after=None if undo is None else undo.until)
    is_confirmed = record.confirmed_at is not None and not changes_start
    return WrittenMove(change, mails_to_come(record, facts, now, confirmed=is_confirmed))
