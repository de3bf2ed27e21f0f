"""A client asks the practice to waive the fee of a change (product.md section 10, "Waiver").

The change is made at once, whatever the practice answers.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.domain.policy.judgement import Judged
from app.domain.waiver import collect_after_asking
from app.outbox.outbox import NewNotification, queue_notifications
from app.sessions.commands.history_repository import About, HistoryRepository, NewChange
from app.sessions.commands.waiver_repository import WAIVER_ASKED, NewWaiver, add_waiver


def check_question(note: str | None, judged: Iterable[Judged]) -> None:
    """Check that there is a fee to ask about, or that nothing is due at all.

    Only a fee can be waived. A question about what costs nothing has its answer, and is dropped; so
    is one about a fee that the client's allowance lifts.

    Raises:
        InvalidInputError: a credit is forfeited, or a cost is carried, and there is no fee.
    """
    found = list(judged)
    if note is None or any(one.cost.fee is not None or one.used is not None for one in found):
        return
    if any(not one.cost.is_free for one in found):
        raise InvalidInputError("/ask_waiver", "field.no-fee-to-waive")


def with_question(change: NewChange, note: str | None, now: datetime) -> NewChange:
    """Add a client's question about the fee of a change, if it has a fee."""
    if note is None or change.fee is None:
        return change
    otherwise = change.collect_after
    return replace(
        change,
        details=(change.details or {}) | {"waiver": "asked"},
        collect_after=collect_after_asking(otherwise or now, now),
        waiver=NewWaiver(uuid4(), note, otherwise),
    )


async def ask_about(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    change: NewChange,
    command_id: UUID | None,
    now: datetime,
) -> None:
    """Record the question that a recorded change asks, if it does, and tell the practitioner."""
    waiver = change.waiver
    if waiver is None:
        return
    question = replace(
        change,
        kind=WAIVER_ASKED,
        before=None,
        credit=None,
        reason_code=None,
        note=waiver.note,
        details=None,
        about=About("fee", waiver.fee_id),
        command_id=command_id,
        answers=None,
        collect_after=None,
        refill=None,
        waiver=None,
    )
    await record_question(db, practice_id, session_id, question, waiver, now)


async def record_question(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    question: NewChange,
    waiver: NewWaiver,
    now: datetime,
) -> UUID:
    """Record a question about a fee, and tell the practitioner and webhooks; give its entry's id.

    The practitioner's mail has the link with which they answer.
    """
    (change_id,) = await HistoryRepository(db, practice_id).record([(session_id, question)], now)
    await add_waiver(db, practice_id, waiver, change_id, now)
    starts_at = question.after.starts_at
    notifications = [
        NewNotification("fee_waiver_asked", "practitioner", starts_at, now),
        NewNotification("fee.waiver_asked", "webhook", starts_at, now),
    ]
    await queue_notifications(db, practice_id, session_id, change_id, notifications, now)
    return change_id
