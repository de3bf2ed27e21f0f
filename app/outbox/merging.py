"""Drops mails that have not left and that a later change makes needless (product.md section 10).

A mail is merged into the mail about a later change: it is dropped in the transaction of that
change, and what the person does not know is read when the later mail is sent
(app/notifications/mail/merged_queries.py). Of a change that its client takes back, nobody is told.
"""

from collections.abc import Mapping, Sequence
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
from app.outbox.outbox import REMINDERS, NewNotification, Recipient
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
# A mail that a worker is sending, or whose first attempt failed, may have left. Whether a text
# message is out of date is asked when it is sent.
_is_untried = and_(
    Notification.channel == "mail",
    Notification.status == "pending",
    Notification.attempts == 0,
    Notification.leased_until.is_(None),
)
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
        _is_untried,
        _costs_nothing,
        ~_changed_others,
    )
    .with_for_update(skip_locked=True, of=Notification)
    .cte("unsent")
)
_DROP = Write(
    update(Notification)
    .where(Notification.practice_id == _practice, Notification.id == _UNSENT.c.id)
    .values(status="dropped"),
    "finished_at",
)


async def merge_unsent(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    notifications: Sequence[NewNotification],
    now: datetime,
) -> None:
    """Drop the mails about a session that its new mails make needless.

    A mail that a worker is sending, or whose first attempt failed, may have left: it stays. So does
    one that says more than how the session stands: a cost, or to the practitioner a reason.
    """
    kinds = next((_MERGED[one.kind] for one in notifications if one.kind in _MERGED), None)
    if kinds is None:
        return
    asked = {
        "of_practice": practice_id,
        "of_session": session_id,
        "of_kinds": list(kinds),
        "finished_at": now,
    }
    await _DROP.run(db, asked)


_own, _former, _former_mail = aliased(Change), aliased(Change), aliased(Notification)
# The mail about the change before was merged into this one, so it has to be sent.
_has_merged = exists().where(
    _own.practice_id == _practice,
    _own.id == Notification.change_id,
    _former.practice_id == _practice,
    _former.session_id == _own.session_id,
    _former.session_version == _own.session_version - 1,
    _former_mail.practice_id == _practice,
    _former_mail.change_id == _former.id,
    _former_mail.recipient == Notification.recipient,
    _former_mail.channel == "mail",
    _former_mail.status == "dropped",
    *(_former_mail.kind != kind for kind in REMINDERS),
)
_UNDONE = (
    select(Notification.id)
    .where(
        Notification.practice_id == _practice,
        Notification.change_id == bindparam("of_change"),
        or_(Notification.recipient == "client", Notification.recipient == "practitioner"),
        *(Notification.kind != kind for kind in REMINDERS),
        _is_untried,
        ~_has_merged,
    )
    .with_for_update(skip_locked=True)
    .cte("undone")
)
_DROP_UNDONE = Write(
    update(Notification)
    .where(Notification.practice_id == _practice, Notification.id == _UNDONE.c.id)
    .values(status="dropped")
    .returning(Notification.recipient),
    "finished_at",
)


async def drop_unsent(
    db: AsyncConnection, practice_id: UUID, change_id: UUID, now: datetime
) -> set[Recipient]:
    """Drop the mails about a change that nobody has tried to send; give their recipients.

    A mail that a worker is sending, or whose first attempt failed, may have left: it stays.
    So does one into which an earlier mail was merged: nobody would tell of that change.
    """
    asked = {"of_practice": practice_id, "of_change": change_id, "finished_at": now}
    return {row["recipient"] for row in await _DROP_UNDONE.run(db, asked)}
