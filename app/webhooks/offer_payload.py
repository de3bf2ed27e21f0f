"""The payload of a webhook event about an offer of the waitlist: ids, times and states."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

# pydantic cannot use the standard library's TypedDict before 3.12
from typing_extensions import TypedDict

from app.audit.write import BY_CLIENT
from app.domain.session import Format
from app.domain.waitlist import OfferState
from app.outbox.events import EventType
from app.webhooks.event_queries import EventRow
from app.webhooks.group_payload import ExternalRef

_STATES: dict[str, OfferState] = {
    "offer.accepted": "accepted",
    "offer.declined": "declined",
    "offer.expired": "expired",
    "offer.made": "open",
}


class OfferEventData(TypedDict):
    """An offer of a freed time, as it was after the change. Times are UTC.

    If an acceptance moves or books a session, `session.rescheduled` or `session.booked` of the same
    command tells of that.
    """

    offer_id: UUID
    wish_id: UUID
    state: Annotated[OfferState, Field(description="`open`: the offer was made.")]
    session_id: Annotated[
        UUID | None, Field(description="The session that is to move. Null: a new one is booked.")
    ]
    session_external_ref: ExternalRef
    service_id: UUID
    service_external_ref: ExternalRef
    practitioner_id: UUID
    practitioner_external_ref: ExternalRef
    client_id: UUID
    client_external_ref: ExternalRef
    group_id: UUID | None
    location_id: UUID | None
    location_external_ref: ExternalRef
    starts_at: datetime
    ends_at: datetime
    old_starts_at: Annotated[
        datetime | None, Field(description="The session's start when the offer was made.")
    ]
    format: Format
    answer_by: Annotated[datetime, Field(description="The last instant for an answer.")]
    change_id: Annotated[UUID, Field(description="The entry in the audit log.")]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that one command made.")
    ]
    by: Annotated[str, Field(description="`client`, or `system`.", examples=["system"])]


class OfferEvent(TypedDict):
    """A webhook event about an offer."""

    type: EventType
    timestamp: Annotated[datetime, Field(description="When the change was made.")]
    data: OfferEventData


def offer_event(row: EventRow, location_ref: str | None) -> OfferEvent:
    """Build the event from the row of the offer's change (`read_offer_event`)."""
    details = row.details
    old = details["old_starts_at"]
    data: OfferEventData = {
        "offer_id": row.offer_id,
        "wish_id": row.wish_id,
        "state": _STATES[row.event],
        "session_id": row.offered_session_id,
        "session_external_ref": row.session_ref,
        "service_id": row.service_id,
        "service_external_ref": row.service_ref,
        "practitioner_id": row.practitioner_id,
        "practitioner_external_ref": row.practitioner_ref,
        "client_id": row.client_id,
        "client_external_ref": row.client_ref,
        "group_id": row.offered_group_id,
        "location_id": row.offered_location_id,
        "location_external_ref": location_ref,
        "starts_at": datetime.fromisoformat(details["starts_at"]),
        "ends_at": datetime.fromisoformat(details["ends_at"]),
        "old_starts_at": None if old is None else datetime.fromisoformat(old),
        "format": details["format"],
        "answer_by": datetime.fromisoformat(details["answer_by"]),
        "change_id": row.change_id,
        "command_id": row.command_id,
        "by": "client" if row.actor in BY_CLIENT else "system",
    }
    return {"type": row.event, "timestamp": row.at, "data": data}
