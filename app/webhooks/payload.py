"""The payload of a webhook event: ids, times, amounts, and on request the code of a reason."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

# pydantic cannot use the standard library's TypedDict before 3.12
from typing_extensions import TypedDict

from app.audit.write import BY_CLIENT
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import Credit
from app.domain.session import ChangedBy, FeeStatus, Format, Status
from app.domain.waiver import WaiverState
from app.outbox.events import EventType
from app.standards.currencies import decimals_of
from app.web.views import ReasonCode
from app.webhooks.event_queries import (
    EventRow,
    location_ref,
    read_events,
    read_group_event,
    read_offer_event,
    read_session_at,
)
from app.webhooks.group_payload import ExternalRef, GroupEvent, group_event
from app.webhooks.offer_payload import OfferEvent, offer_event
from app.webhooks.request_payload import MoveRequestEvent, request_event

_STATUS = {"cancelled": Status.CANCELLED, "fulfilled": Status.FULFILLED, "noshow": Status.NOSHOW}
_FEE_STATUS: dict[str, FeeStatus] = {
    "fee.waived": "waived",
    "fee.settled": "settled",
    "fee.refundable": "settled",
    "fee.forgiven": "forgiven",
}
_WAIVER: dict[str, WaiverState] = {
    "fee.waiver_asked": "asked",
    "fee.waiver_declined": "declined",
    "fee.waiver_lapsed": "lapsed",
}


class EventFee(TypedDict):
    """The fee that the event is about, as it was after the change."""

    id: UUID
    amount_minor: Annotated[int, Field(description="In minor units of the currency.")]
    currency: Annotated[str, Field(description="ISO 4217.")]
    decimals: Annotated[int, Field(description="The decimals of the currency, by ISO 4217.")]
    status: FeeStatus
    collect_after: Annotated[
        datetime | None,
        Field(description="Collect the fee only after this instant. Null: at once."),
    ]
    waiver: Annotated[
        WaiverState | None,
        Field(
            description="Set if the event is about the client's question to waive the fee, or if "
            "its command asked it."
        ),
    ]


class EventData(TypedDict):
    """The change as it was made, even if the event arrives late. Times are UTC.

    Fields whose names begin with `old_` are null unless time, format or location changed.
    """

    session_id: UUID
    session_external_ref: ExternalRef
    version: Annotated[
        int, Field(description="The session's version after the change. It only increases.")
    ]
    status: Status
    service_id: UUID
    service_external_ref: ExternalRef
    practitioner_id: UUID
    practitioner_external_ref: ExternalRef
    client_id: UUID
    client_external_ref: ExternalRef
    location_id: UUID | None
    location_external_ref: ExternalRef
    starts_at: datetime
    ends_at: datetime
    old_starts_at: Annotated[datetime | None, Field(description="The start before the change.")]
    old_ends_at: Annotated[datetime | None, Field(description="The end before the change.")]
    format: Format
    old_format: Format | None
    old_location_id: UUID | None
    change_id: Annotated[UUID, Field(description="The entry in the session's history.")]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that one command made.")
    ]
    by: ChangedBy
    reason_code: ReasonCode | None
    confirmed_at: Annotated[
        datetime | None,
        Field(
            description="When the client said that they are coming; as of this change, or null if "
            "the session has changed again since."
        ),
    ]
    fee: EventFee | None
    credit: Credit | None
    free_because: Annotated[
        FreeBecause | None,
        Field(
            description="`allowance` if the change used up one of the client's allowance. What "
            "else made it free is not said here.",
            examples=[None],
        ),
    ]


class WebhookEvent(TypedDict):
    """A webhook event."""

    type: EventType
    timestamp: Annotated[datetime, Field(description="When the change was made.")]
    data: EventData


@dataclass(frozen=True, slots=True)
class Event:
    """One notification for one endpoint. `body` is the JSON that is sent.

    `active`: the endpoint is active and its practice is open. `failures`: failed attempts at the
    endpoint since its last successful one. `put_off`: how often the notification was postponed.
    """

    notification_id: UUID
    endpoint_id: UUID
    url: str
    secret: str
    active: bool
    failures: int
    body: str
    put_off: int = 0


async def load_events(db: AsyncConnection, ids: Sequence[tuple[UUID, UUID]]) -> list[Event | None]:
    """Read notifications for webhooks, given by practice and id, and write their bodies.

    None: there is no such notification.
    """
    rows = await read_events(db, ids)
    return [
        await _of_session(db, one[0], rows[one]) if one in rows else await _of_other(db, *one)
        for one in ids
    ]


async def _of_session(db: AsyncConnection, practice_id: UUID, row: EventRow) -> Event:
    if row.event == "move_request.answered":
        return _written(row, request_event(row))
    if row.subject == "session":
        return _written(row, _event(row, row, row.location_ref))
    # A change to a fee has no session columns: read the session's state at that time.
    facts = await read_session_at(db, practice_id, row.session_id, row.at)
    place = await location_ref(db, practice_id, facts.location_id)
    return _written(row, _event(row, facts, place))


async def _of_other(db: AsyncConnection, practice_id: UUID, notification_id: UUID) -> Event | None:
    row = await read_offer_event(db, practice_id, notification_id)
    if row is not None:
        place = await location_ref(db, practice_id, row.offered_location_id)
        return _written(row, offer_event(row, place))
    row = await read_group_event(db, practice_id, notification_id)
    if row is None:
        return None
    place = await location_ref(db, practice_id, row.details["location_id"])
    return _written(row, group_event(row, place))


def _written(
    row: EventRow, event: WebhookEvent | GroupEvent | MoveRequestEvent | OfferEvent
) -> Event:
    return Event(
        notification_id=row.notification_id,
        endpoint_id=row.endpoint_id,
        url=row.url,
        secret=row.secret,
        active=row.active,
        failures=row.failures,
        # As Standard Webhooks specifies: type, timestamp, data.
        body=json.dumps(event, default=_plain, separators=(",", ":")),
    )


def _event(row: EventRow, facts: EventRow, location_ref: str | None) -> WebhookEvent:
    data: EventData = {
        "session_id": row.session_id,
        "session_external_ref": row.session_ref,
        "version": facts.session_version,
        "status": _STATUS.get(facts.kind, Status.BOOKED),
        "service_id": row.service_id,
        "service_external_ref": row.service_ref,
        "practitioner_id": row.practitioner_id,
        "practitioner_external_ref": row.practitioner_ref,
        "client_id": row.client_id,
        "client_external_ref": row.client_ref,
        "location_id": facts.location_id,
        "location_external_ref": location_ref,
        "starts_at": facts.starts_at,
        "ends_at": facts.ends_at,
        "old_starts_at": row.old_starts_at,
        "old_ends_at": row.old_ends_at,
        "format": facts.format,
        "old_format": row.old_format,
        "old_location_id": row.old_location_id,
        "change_id": row.change_id,
        "command_id": row.command_id,
        "by": "client" if row.actor in BY_CLIENT else "practice",
        "reason_code": row.reason_code if row.include_reason else None,
        "confirmed_at": row.at if row.event == "session.confirmed" else row.confirmed_at,
        "fee": _fee(row),
        "credit": row.credit,
        "free_because": FreeBecause.ALLOWANCE if "allowance" in (row.details or {}) else None,
    }
    return {"type": row.event, "timestamp": row.at, "data": data}


def _fee(row: EventRow) -> EventFee | None:
    """Return the fee as it was after the change; later changes to it are events of their own."""
    if row.fee_id is None:
        return None
    return {
        "id": row.fee_id,
        "amount_minor": row.amount_minor,
        "currency": row.fee_currency,
        "decimals": decimals_of(row.fee_currency),
        "status": _FEE_STATUS.get(row.event, "due"),
        "collect_after": row.collect_after,
        "waiver": _WAIVER.get(row.event) or (row.details or {}).get("waiver"),
    }


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
