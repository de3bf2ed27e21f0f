"""Sends one mail notification: claim, check, render, send, mark (product.md section 6)."""

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import allow_outside_wait, transact
from app.erasure.records import ERASED_EMAIL
from app.mail.context import MailContext
from app.notifications.mail.data import (
    GroupMailData,
    MailData,
    PracticeMailData,
    UnansweredMailData,
)
from app.notifications.mail.group_message import make_group_mail
from app.notifications.mail.group_queries import load_group_mail_data
from app.notifications.mail.message import make_mail
from app.notifications.mail.nudge import still_free
from app.notifications.mail.offer_data import OfferMailData
from app.notifications.mail.offer_message import make_offer_mail
from app.notifications.mail.offer_queries import load_offer_mail_data
from app.notifications.mail.practice_notification import make_practice_mail
from app.notifications.mail.queries import load_mail_data, load_practice_mail_data
from app.notifications.mail.unanswered import make_unanswered_mail
from app.notifications.mail.unanswered_queries import load_unanswered_mail_data
from app.observability.metrics.counts import count_mail
from app.observability.tracing.jobs import note_outcome
from app.outbox.claiming import DUE, NOT_CLAIMABLE, claim
from app.outbox.errors import UndeliverableError, describe
from app.outbox.marking import mark_failed, mark_finished
from app.outbox.outbox import REMINDERS
from app.sessions.commands.waiver_repository import WAIVER_ASKED

log = structlog.get_logger()

_WAITING = {*REMINDERS, "release_ended", WAIVER_ASKED}

AnyMailData = MailData | GroupMailData | OfferMailData | UnansweredMailData | PracticeMailData


async def send_notification(context: MailContext, practice_id: UUID, notification_id: UUID) -> None:
    """Send one notification that is due, or drop it if it is out of date.

    A notification that is not due, or that another worker has claimed, is not changed.

    A mail can be sent twice in two cases: this process or its database connection is lost after
    the mail server accepted the mail and before the row was updated; or the mail server accepts the
    mail and its answer is lost. The copy has the same Message-ID.

    A failed attempt sets the time of the next attempt. No exception is raised: the job library
    would store the text of the exception.
    """
    attempt = _Attempt(context, practice_id, notification_id)
    ids = {"practice_id": str(practice_id), "notification_id": str(notification_id)}
    try:
        status = await attempt.make()
    except Exception as error:  # noqa: BLE001 - any error: only its class may be logged
        count_mail("delayed")
        note_outcome("delayed", describe(error))
        log.warning("notification_delayed", error=describe(error), **ids)
        return
    if status not in NOT_CLAIMABLE:
        count_mail(status)
        log.info("notification_settled", status=status, **ids)
    note_outcome(status)


@dataclass(slots=True)
class _Attempt:
    """One attempt. `accepted` is kept outside the transaction.

    `transact` may run `run` again after a rollback, and a mail cannot be rolled back: the second
    run then only updates the row.
    """

    context: MailContext
    practice_id: UUID
    notification_id: UUID
    accepted: bool = field(default=False, init=False)

    async def make(self) -> str:
        """Make the attempt, record its result, and return the notification's status."""
        try:
            return await transact(self.context.engine, self.run)
        except Exception as error:
            failure, now = error, self.context.clock()
            status = await transact(
                self.context.engine, lambda db: self.record_result(db, error=failure, now=now)
            )
            if status == "pending":
                raise
            return status

    async def run(self, db: AsyncConnection) -> str:
        """Claim, send and mark in one transaction; return the notification's status after it."""
        if self.accepted:
            return await self._finish(db, "sent")
        now = self.context.clock()
        claimed = await claim(db, *self._ids, now)
        if claimed.found != DUE:
            return claimed.found
        data = await self._load(db)
        if data is None:
            return "gone"
        if is_of_erased(data) or is_out_of_date(data, now):
            return await self._finish(db, "dropped")
        await allow_outside_wait(db)
        await self.context.sender.send(self._mail(data, now))
        self.accepted = True
        return await self._finish(db, "sent")

    async def record_result(self, db: AsyncConnection, *, error: Exception, now: datetime) -> str:
        """Record the result after `run` failed, and return the notification's status."""
        if self.accepted:
            return await self._finish(db, "sent")
        is_permanent = isinstance(error, UndeliverableError)
        marked = await mark_failed(db, *self._ids, describe(error), now, permanent=is_permanent)
        return "done" if marked is None else marked.status

    async def _finish(self, db: AsyncConnection, status: Literal["sent", "dropped"]) -> str:
        await mark_finished(db, *self._ids, status, self.context.clock())
        return status

    async def _load(self, db: AsyncConnection) -> AnyMailData | None:
        return (
            await load_mail_data(db, *self._ids)
            or await load_group_mail_data(db, *self._ids)
            or await load_offer_mail_data(db, *self._ids)
            or await load_unanswered_mail_data(db, *self._ids)
            or await load_practice_mail_data(db, *self._ids)
        )

    def _mail(self, data: AnyMailData, now: datetime) -> EmailMessage:
        if isinstance(data, PracticeMailData):
            return make_practice_mail(data, self.context.settings, now)
        if isinstance(data, UnansweredMailData):
            return make_unanswered_mail(data, self.context.settings, now)
        if isinstance(data, OfferMailData):
            return make_offer_mail(data, self.context.settings, now)
        if isinstance(data, GroupMailData):
            return make_group_mail(data, self.context.settings, now)
        return make_mail(data, self.context.settings, now)

    @property
    def _ids(self) -> tuple[UUID, UUID]:
        return self.practice_id, self.notification_id


def is_of_erased(data: AnyMailData) -> bool:
    """Tell whether a mail is to or about a client who was erased. Nobody gets it."""
    return isinstance(data, MailData | OfferMailData) and data.client.email == ERASED_EMAIL


def is_out_of_date(data: AnyMailData, now: datetime) -> bool:
    """Return whether a notification must be dropped instead of sent.

    A reminder, a nudge, and that nobody took a released time: the session was moved or cancelled or
    has started, or the practice is closed. A nudge also: its client has confirmed, or cancelling is
    not free any more, or stays free. A confirmation to the client: all its sessions had already
    ended when they were booked. A mail about a group: the group was moved or cancelled since, of
    which a later mail tells. A move request: it has ended for all sessions, and has cancelled none.
    An offer, and a question about a fee: it has ended, or was not answered in time.
    """
    if isinstance(data, PracticeMailData | UnansweredMailData):
        return False
    if isinstance(data, GroupMailData):
        return not data.is_current
    if isinstance(data, OfferMailData):
        return data.is_out_of_date(now)
    if data.kind == "move_request":
        return data.request is None
    if data.kind == "booked":
        has_ended = (one.change.after.ends_at <= one.change.at for one in (data, *data.others))
        return data.recipient == "client" and all(has_ended)
    return data.kind in _WAITING and _is_past(data, now)


def _is_past(data: MailData, now: datetime) -> bool:
    """Tell whether a mail that was queued for later, or asks something, is of no use any more."""
    if data.kind == "nudge" and still_free(data, now) is None:
        return True
    return data.practice_closed or data.is_over_at(now)
