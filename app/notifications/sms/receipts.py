"""Records what the gateway says of a text message, in the caller's transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.notifications.sms.repository import lock_text, mark_delivered, mark_settled
from app.outbox.channels import change_channel
from app.outbox.outbox import REMINDERS
from app.sms.message import parse_message_id

# The error of a notification that its gateway could not deliver.
_UNDELIVERED = "NotDelivered"


async def note_receipt(db: AsyncConnection, message_id: str, status: str, now: datetime) -> None:
    """Record that a text message was `delivered`, or that it `failed` after it was accepted.

    A reminder that failed goes by mail. The receipt can come before the answer to the attempt is
    recorded, or instead of that answer. Any other status, an unknown message, and one that has
    been delivered, was dropped or is no text message any more, change nothing.
    """
    ids = parse_message_id(message_id)
    if ids is None or status not in {"delivered", "failed"}:
        return
    text = await lock_text(db, *ids)
    if text is None or text.delivered_at is not None or text.status == "dropped":
        return
    # The worker has not recorded the attempt yet, and will leave the row alone.
    attempts = text.attempts + (text.leased_until is not None)
    if status == "delivered":
        if text.status != "sent":
            await mark_settled(db, *ids, now, status="sent", attempts=attempts, error=None)
        await mark_delivered(db, *ids, now)
    elif text.status == "failed":
        return
    elif text.kind in REMINDERS:
        await change_channel(db, *ids, "mail", now, now, error=_UNDELIVERED)
    else:
        await mark_settled(db, *ids, now, status="failed", attempts=attempts, error=_UNDELIVERED)
