"""Write audit log entries about wishes and offers, and queue what is told of them.

Neither a name nor a reason is in an entry: entries cannot be erased.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, NewEntry, write_changes
from app.outbox.outbox import Kind, NewNotification, OfChange, queue_for_changes


async def write_wish_change(
    db: AsyncConnection,
    actor: Actor,
    wish: Mapping[str, Any],
    kind: str,
    command_id: UUID | None,
    now: datetime,
) -> UUID:
    """Add an entry about a wish as it is after the change, and return its id.

    `wish` has the values of its columns. `command_id` None: it is the only entry of its command.
    """
    entry = _wish_entry(wish, kind, command_id)
    (change_id,) = await write_changes(db, wish["practice_id"], actor, now, [entry])
    return change_id


def _wish_entry(wish: Mapping[str, Any], kind: str, command_id: UUID | None) -> NewEntry:
    until, first, last = wish["until"], wish["from_time"], wish["to_time"]
    details = {
        "client_id": str(wish["client_id"]),
        "session_id": _text(wish["session_id"]),
        "service_id": str(wish["service_id"]),
        "practitioner_id": _text(wish["practitioner_id"]),
        "group_id": _text(wish["group_id"]),
        "state": wish["state"],
        "paused": wish["paused_at"] is not None,
        "urgent": wish["urgent"],
        "until": None if until is None else until.isoformat(),
        "weekdays": list(wish["weekdays"]),
        "from_time": None if first is None else f"{first:%H:%M}",
        "to_time": None if last is None else f"{last:%H:%M}",
        "formats": list(wish["formats"]),
        "notice_hours": wish["notice_hours"],
    }
    return NewEntry("wish", wish["id"], kind, None, command_id, {"details": details})


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
