"""Sends one text message: claim and lease, check, write, send, mark (product.md section 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.clock import Clock
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.domain.session import Status
from app.domain.text_messages import text_at
from app.identity.short_links.codes import make_code
from app.identity.short_links.repository import store_link
from app.identity.tokens.link import link_url
from app.identity.tokens.offer import offer_url
from app.notifications.mail.data import MailData
from app.notifications.mail.offer_data import OfferMailData
from app.notifications.mail.offer_queries import load_offer_mail_data
from app.notifications.mail.queries import load_mail_data
from app.notifications.sms.content import (
    offer_of,
    start_of,
    takes_text,
    text_of_offer,
    text_of_session,
)
from app.notifications.sms.repository import keep_number, lock_text
from app.notifications.staleness import is_of_erased, is_out_of_date
from app.observability.metrics.counts import count_text
from app.observability.tracing.jobs import note_outcome
from app.outbox.channels import change_channel
from app.outbox.claiming import LEFT_TO_OTHERS, postpone, take, why_not_taken
from app.outbox.errors import UnansweredError, UndeliverableError, describe
from app.outbox.marking import mark_failed, mark_finished
from app.outbox.outbox import REMINDERS, TEXT_ANSWER
from app.sms.message import TextMessage, message_id
from app.sms.posting import TIMEOUT_SECONDS
from app.sms.senders import TextSender

# The timeout of a post, and the same time again to record its result.
LEASE = timedelta(seconds=2 * TIMEOUT_SECONDS)
# This many attempts as a text message, within a few minutes. Then the reminder goes by mail.
MAX_ATTEMPTS_OF_REMINDER = 4

log = structlog.get_logger()

AnyTextData = MailData | OfferMailData


@dataclass(frozen=True, slots=True)
class TextContext:
    """Database, sender, settings and clock for sending text messages."""

    engine: AsyncEngine
    sender: TextSender
    settings: Settings
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A text message to send, and until when its notification is leased."""

    message: TextMessage
    is_reminder: bool
    leased_until: datetime


async def send_text(context: TextContext, practice_id: UUID, notification_id: UUID) -> str:
    """Send one text message that is due, or drop it if it is out of date; return its status.

    No database connection is held during the post: the row is leased for longer than a post takes.
    If this process stops after the post and before the result is recorded, or if the gateway's
    answer is lost, the message is written and sent again, with the same id.

    In the client's night it waits. A failed attempt sets the time of the next one. A reminder goes
    by mail if the gateway refuses it, or after `MAX_ATTEMPTS_OF_REMINDER`. If an attempt got no
    answer, the reminder goes by mail at the time of the next attempt, so that a receipt can come
    before. No exception is raised: the job library would store the text of the exception.
    """
    ids = (practice_id, notification_id)
    error: Exception | None = None
    try:
        prepared = await transact(context.engine, lambda db: _begin(db, context, ids))
        if isinstance(prepared, str):
            status = prepared
        else:
            error = await _try_to_send(context, prepared.message)
            status = await transact(
                context.engine, lambda db: _settle(db, context, ids, prepared, error)
            )
    except Exception as unexpected:  # noqa: BLE001 - any error: only its class may be logged
        status, error = "pending", unexpected
    if status in LEFT_TO_OTHERS:
        note_outcome(status)
        return status
    cause = None if error is None else describe(error)
    outcome = "delayed" if status == "pending" else status
    count_text(outcome)
    note_outcome(outcome, cause)
    log.info(
        "text_delayed" if status == "pending" else "text_settled",
        status=status,
        error=cause,
        practice_id=str(practice_id),
        notification_id=str(notification_id),
    )
    return status


async def _begin(
    db: AsyncConnection, context: TextContext, ids: tuple[UUID, UUID]
) -> _Prepared | str:
    """Lease the notification and write its message, or return why it is not sent now."""
    now = context.clock()
    taken = await take(db, *ids, now, until=now + LEASE)
    if taken is None:
        return await why_not_taken(db, *ids, now)
    data = await load_mail_data(db, *ids) or await load_offer_mail_data(db, *ids)
    if data is None:
        return "gone"
    takes_it = takes_text(data)
    goes_by_mail = data.kind in REMINDERS and (taken.unanswered > 0 or not takes_it)
    # After an attempt without an answer a second text message could be a copy; the mail is none.
    if taken.channel == "mail" or goes_by_mail:
        await change_channel(db, *ids, "mail", now, now)
        return "waiting"
    number = data.texting.number
    if number is None or not takes_it or _is_obsolete(data, now):
        await mark_finished(db, *ids, "dropped", now)
        return "dropped"
    due = now if data.kind == TEXT_ANSWER else text_at(now, start_of(data), data.client.zone)
    # The telephone can change after it was read, and then no link may go to the old one.
    if due > now or not await keep_number(db, ids[0], data.texting.client_id, number):
        await postpone(db, *ids, due, now)
        return "waiting"
    link = offer_of(data).link if isinstance(data, OfferMailData) else data.link
    code = make_code(context.settings.keys, ids[1], number, link)
    # Stored before anybody can get it.
    await store_link(db, code, context.settings.keys[-1], link, now)
    text = _written(context, data, code, now)
    message = TextMessage(message_id(*ids), number, text)
    return _Prepared(message, data.kind in REMINDERS, now + LEASE)


def _is_obsolete(data: AnyTextData, now: datetime) -> bool:
    """Tell whether nobody needs a message any more, or a later change has its own."""
    if is_of_erased(data) or is_out_of_date(data, now):
        return True
    if isinstance(data, OfferMailData) or data.kind in REMINDERS:
        return False
    if data.kind == TEXT_ANSWER:
        is_to_come = data.facts.status is Status.BOOKED and data.facts.starts_at > now
        return data.practice_closed or not is_to_come
    return data.change.superseded


def _written(context: TextContext, data: AnyTextData, code: str, now: datetime) -> str:
    portal = context.settings.portal_url
    if isinstance(data, OfferMailData):
        return text_of_offer(data, offer_url(portal, code))
    return text_of_session(data, link_url(portal, code), now)


async def _try_to_send(context: TextContext, message: TextMessage) -> Exception | None:
    try:
        await context.sender.send(message)
    except Exception as error:  # noqa: BLE001 - any error: only its class may be logged
        return error
    return None


async def _settle(
    db: AsyncConnection,
    context: TextContext,
    ids: tuple[UUID, UUID],
    prepared: _Prepared,
    error: Exception | None,
) -> str:
    """Record the result of the attempt, and return the notification's status.

    A receipt, an erasure or a cancellation can have come first: what they recorded stays. A failure
    is recorded only while the lease is this attempt's own.
    """
    now = context.clock()
    text = await lock_text(db, *ids)
    if text is None or text.status != "pending":
        return "done"
    if error is None:
        await mark_finished(db, *ids, "sent", now)
        return "sent"
    if text.leased_until != prepared.leased_until:
        return "waiting"
    may_have_arrived = isinstance(error, UnansweredError)
    is_last = text.attempts + 1 >= MAX_ATTEMPTS_OF_REMINDER and not may_have_arrived
    if prepared.is_reminder and (is_last or isinstance(error, UndeliverableError)):
        await change_channel(db, *ids, "mail", now, now, error=describe(error))
        return "pending"
    return await mark_failed(db, *ids, error, now)
