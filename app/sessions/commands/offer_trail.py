"""Write audit log entries about offers, and queue what is told of them.

Neither a name nor a reason is in an entry: entries cannot be erased.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, NewEntry, write_changes
from app.outbox.outbox import Kind, NewNotification, OfChange, queue_for_changes


def offer_entry(offer: Any, kind: str, command_id: UUID) -> NewEntry:  # noqa: ANN401 - an offer, or its row
    """Make the entry about an offer. It is also what a webhook event tells."""
    details: dict[str, Any] = {
        "wish_id": str(offer.wish_id),
        "client_id": str(offer.client_id),
        "session_id": _text(offer.session_id),
        "service_id": str(offer.service_id),
        "practitioner_id": str(offer.practitioner_id),
        "group_id": _text(offer.group_id),
        "starts_at": offer.starts_at.isoformat(),
        "ends_at": offer.ends_at.isoformat(),
        "format": offer.format,
        "location_id": _text(offer.location_id),
        "old_starts_at": None if offer.old_starts_at is None else offer.old_starts_at.isoformat(),
        "answer_by": offer.answer_by.isoformat(),
        "holds": offer.holds,
    }
    return NewEntry("offer", offer.id, kind, None, command_id, {"details": details})


async def tell_of_offers(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    offers: Sequence[Any],
    kind: str,
    command_id: UUID,
    now: datetime,
    *,
    mail: Kind | None = None,
    event: Kind | None = None,
) -> None:
    """Add an entry about each offer, and queue a mail to its client and a webhook event."""
    if not offers:
        return
    entries = [offer_entry(offer, kind, command_id) for offer in offers]
    ids = await write_changes(db, practice_id, actor, now, entries)
    queued = []
    for offer, change_id in zip(offers, ids, strict=True):
        if mail is not None:
            to_client = NewNotification(mail, "client", offer.starts_at, now)
            queued.append(OfChange(None, change_id, to_client))
        if event is not None:
            told = NewNotification(event, "webhook", offer.starts_at, now)
            queued.append(OfChange(None, change_id, told))
    if queued:
        await queue_for_changes(db, practice_id, queued, now)


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
