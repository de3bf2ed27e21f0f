"""Sends one mail notification: claim, check, render, send, mark (product.md section 6)."""

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Literal, TypeGuard
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import allow_outside_wait, transact
from app.domain.text_messages import text_at
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
from app.notifications.mail.offer_data import OfferMailData
from app.notifications.mail.offer_message import make_offer_mail
from app.notifications.mail.offer_queries import load_offer_mail_data
from app.notifications.mail.practice_notification import make_practice_mail
from app.notifications.mail.queries import load_mail_data, load_practice_mail_data
from app.notifications.mail.unanswered import make_unanswered_mail
from app.notifications.mail.unanswered_queries import load_unanswered_mail_data
from app.notifications.sms.content import goes_beside_mail, goes_instead, start_of
from app.notifications.staleness import AnyMailData, is_of_erased, is_out_of_date
from app.observability.metrics.counts import count_mail
from app.observability.tracing.jobs import note_outcome
from app.outbox.channels import change_channel, queue_text
from app.outbox.claiming import DUE, LEFT_TO_OTHERS, claim
from app.outbox.errors import describe
from app.outbox.marking import mark_failed, mark_finished

log = structlog.get_logger()


async def send_notification(context: MailContext, practice_id: UUID, notification_id: UUID) -> None:
    """Send one notification that is due, or drop it if it is out of date.

    A notification that is not due, or that another worker has claimed, is not changed.

    A mail can be sent twice in two cases: this process or its database connection is lost after
    the mail server accepted the mail and before the row was updated; or the mail server accepts the
    mail and its answer is lost or takes minutes (app/outbox/marking.py limits such attempts). The
    copy has the same Message-ID.

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
    if status not in LEFT_TO_OTHERS:
        count_mail(status)
        if status == "failed":
            log.warning("notification_settled", status=status, error=attempt.error, **ids)
        else:
            log.info("notification_settled", status=status, **ids)
    note_outcome(status)


@dataclass(slots=True)
class _Attempt:
    """One attempt. `accepted` is kept outside the transaction.

    `transact` may run `run` again after a rollback, and a mail cannot be rolled back: the second
    run then only updates the row. `text_due` is when the text message is due that goes beside the
    mail, whether or not the mail can be sent. `error` says why the attempt failed.
    """

    context: MailContext
    practice_id: UUID
    notification_id: UUID
    accepted: bool = field(default=False, init=False)
    error: str | None = field(default=None, init=False)
    text_due: datetime | None = field(default=None, init=False)

    async def make(self) -> str:
        """Make the attempt, record its result, and return the notification's status."""
        try:
            return await transact(self.context.engine, self.run)
        except Exception as error:
            failure, now = error, self.context.clock()
            self.error = describe(error)
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
        # A text message has a wake of its own.
        found = claimed.found if claimed.channel == "mail" else "waiting"
        if found != DUE:
            return found
        data = await self._load(db)
        if data is None:
            return "gone"
        if is_of_erased(data) or is_out_of_date(data, now):
            return await self._finish(db, "dropped")
        if self._may_text(data):
            due = text_at(now, start_of(data), data.client.zone)
            if goes_instead(data) and claimed.attempts == 0:
                await change_channel(db, *self._ids, "text", due, now)
                return "waiting"
            self.text_due = due if goes_beside_mail(data) else None
        await allow_outside_wait(db)
        await self.context.sender.send(self._mail(data, now))
        self.accepted = True
        return await self._finish(db, "sent")

    async def record_result(self, db: AsyncConnection, *, error: Exception, now: datetime) -> str:
        """Record the result after `run` failed, and return the notification's status."""
        if self.accepted:
            return await self._finish(db, "sent")
        await self._queue_text(db)
        return await mark_failed(db, *self._ids, error, now)

    async def _finish(self, db: AsyncConnection, status: Literal["sent", "dropped"]) -> str:
        await self._queue_text(db)
        await mark_finished(db, *self._ids, status, self.context.clock())
        return status

    async def _queue_text(self, db: AsyncConnection) -> None:
        if self.text_due is not None:
            await queue_text(db, *self._ids, self.text_due, self.context.clock())

    def _may_text(self, data: AnyMailData) -> TypeGuard[MailData | OfferMailData]:
        """Tell whether a mail is to a client, and text messages can be sent at all."""
        is_to_client = isinstance(data, OfferMailData) or (
            isinstance(data, MailData) and data.recipient == "client"
        )
        return is_to_client and self.context.settings.sends_texts

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
