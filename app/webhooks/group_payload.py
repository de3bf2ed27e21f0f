"""The payload of a webhook event about a group: ids, times, seats and states."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

# pydantic cannot use the standard library's TypedDict before 3.12
from typing_extensions import TypedDict

from app.domain.groups import GroupChangedBy, GroupStatus
from app.domain.session import Format
from app.outbox.events import EventType
from app.web.views import ReasonCode
from app.webhooks.event_queries import EventRow

ExternalRef = Annotated[str | None, Field(description="Its id in your own software.")]


class GroupEventData(TypedDict):
    """The change of a group as it was made, even if the event arrives late. Times are UTC.

    Fields whose names begin with `old_` are null unless the group moved. Each seat that the same
    command changed has an event of its own, with the same `command_id`.
    """

    group_id: UUID
    group_external_ref: ExternalRef
    version: Annotated[
        int, Field(description="The group's version after the change. It only increases.")
    ]
    status: GroupStatus
    service_id: UUID
    service_external_ref: ExternalRef
    practitioner_id: UUID
    practitioner_external_ref: ExternalRef
    location_id: UUID | None
    location_external_ref: ExternalRef
    starts_at: datetime
    ends_at: datetime
    old_starts_at: Annotated[datetime | None, Field(description="The start before the change.")]
    old_ends_at: Annotated[datetime | None, Field(description="The end before the change.")]
    format: Format
    old_format: Format | None
    old_location_id: UUID | None
    seats: Annotated[int, Field(description="How many seats the group has.")]
    seats_taken: Annotated[int, Field(description="Seats that are taken after the change.")]
    min_seats: Annotated[
        int | None, Field(description="The fewest seats with which it takes place.")
    ]
    change_id: Annotated[UUID, Field(description="The entry in the audit log.")]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that one command made.")
    ]
    by: GroupChangedBy
    reason_code: ReasonCode | None


class GroupEvent(TypedDict):
    """A webhook event about a group."""

    type: EventType
    timestamp: Annotated[datetime, Field(description="When the change was made.")]
    data: GroupEventData


def group_event(row: EventRow, location_ref: str | None) -> GroupEvent:
    """Build the event from its row (`read_group_event`). The entry has the state at its time."""
    at_change = row.details
    data: GroupEventData = {
        "group_id": row.group_id,
        "group_external_ref": row.group_ref,
        "version": at_change["version"],
        "status": at_change["status"],
        "service_id": row.service_id,
        "service_external_ref": row.service_ref,
        "practitioner_id": row.practitioner_id,
        "practitioner_external_ref": row.practitioner_ref,
        "location_id": at_change["location_id"],
        "location_external_ref": location_ref,
        "starts_at": datetime.fromisoformat(at_change["starts_at"]),
        "ends_at": datetime.fromisoformat(at_change["ends_at"]),
        "old_starts_at": row.old_starts_at,
        "old_ends_at": row.old_ends_at,
        "format": at_change["format"],
        "old_format": row.old_format,
        "old_location_id": row.old_location_id,
        "seats": at_change["seats"],
        "seats_taken": at_change["seats_taken"],
        "min_seats": at_change["min_seats"],
        "change_id": row.change_id,
        "command_id": row.command_id,
        "by": "system" if row.actor == "system" else "practice",
        "reason_code": row.reason_code if row.include_reason else None,
    }
    return {"type": row.event, "timestamp": row.at, "data": data}
