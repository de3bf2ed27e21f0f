"""Merges a mail that has not left into the mail about a later change (product.md section 10).

A mail is dropped in the transaction of the later change. What the person does not know is then read
when the later mail is sent: app/notifications/mail/merged_queries.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Text,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.writing import Write
from app.outbox.outbox import NewNotification
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification

# Which mails that have not left are merged into a mail of a kind. A cancellation does not take the
# place of a confirmation: nobody would know what was cancelled.
_MERGED: Mapping[str, Sequence[str]] = {
    "rescheduled": ("booked", "rescheduled"),
    "cancelled": ("rescheduled",),
}
# Details of a change that a mail tells: such a mail is sent.
_TOLD = (
    "allowance",
    "carries",
    "forgiven_fee",
    "message",
    "rebooked",
    "release",
    "undone",
    "voided_fee",
    "waiver",
)
_other = aliased(Change)
_practice: BindParameter[UUID] = bindparam("of_practice", type_=Uuid)
_costs_nothing = and_(
    Change.fee_minor.is_(None),
    or_(Change.credit.is_(None), Change.credit == "kept", Change.credit == "redeemed"),
    ~func.coalesce(Change.details.has_any(array(_TOLD)), False),
)
# The practitioner reads why: a reason is not lost in a later mail.
_has_reason = or_(
    Change.reason_code.is_not(None),
    exists().where(ChangeNote.practice_id == _practice, ChangeNote.change_id == Change.id),
)
_changed_others = exists().where(
    _other.practice_id == _practice,
    _other.command_id == Change.command_id,
    _other.session_id != Change.session_id,
)
_UNSENT = (
    select(Notification.id)
    .join(Change, and_(Change.practice_id == _practice, Change.id == Notification.change_id))
    .where(
        Notification.practice_id == _practice,
        Notification.session_id == bindparam("of_session"),
        Notification.kind == func.any(bindparam("of_kinds", type_=ARRAY(Text))),
        or_(
            Notification.recipient == "client",
            and_(Notification.recipient == "practitioner", ~_has_reason),
        ),
        Notification.status == "pending",
        Notification.attempts == 0,
        Notification.leased_until.is_(None),
        _costs_nothing,
        ~_changed_others,
    )
    .with_for_update(skip_locked=True, of=Notification)
    .cte("unsent")
)
_DROP = Write(
    update(Notification)
    .where(Notification.practice_id == _practice, Notification.id == _UNSENT.c.id)
    .values(status="dropped")
    .returning(Notification.recipient, Notification.kind),
    "finished_at",
)


async def merge_unsent(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    notifications: Sequence[NewNotification],
    now: datetime,
) -> Sequence[NewNotification]:
    """Drop the mails about a session that the new mails make needless, and give the new ones.

    A mail that a worker is sending, or whose first attempt failed, may have left: it stays. So does
    one that says more than how the session stands: a cost, or to the practitioner a reason. Who was
    not told of the booking is told of it now, with the present time.
    """
    kinds = next((_MERGED[one.kind] for one in notifications if one.kind in _MERGED), None)
    if kinds is None:
        return notifications
    asked = {
        "of_practice": practice_id,
        "of_session": session_id,
        "of_kinds": list(kinds),
        "finished_at": now,
    }
    dropped = await _DROP.run(db, asked)
    unconfirmed = {row["recipient"] for row in dropped if row["kind"] == "booked"}
    return [
        replace(one, kind="booked")
        if one.kind == "rescheduled" and one.recipient in unconfirmed
        else one
        for one in notifications
    ]
