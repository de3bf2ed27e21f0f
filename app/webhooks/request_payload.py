"""The payload of a webhook event about a move request: ids, times and states."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

# pydantic cannot use the standard library's TypedDict before 3.12
from typing_extensions import TypedDict

from app.domain.move_requests import RequestAnswer
from app.outbox.events import EventType
from app.webhooks.event_queries import EventRow
from app.webhooks.group_payload import ExternalRef


class RequestEventData(TypedDict):
    """How a client has answered a move request for one session. Times are UTC.

    `session.rescheduled` or `session.cancelled` tells of the same change in full. A session that
    the practice has cancelled itself, and whose client needs no other time, has only this event.
    """

    move_request_id: UUID
    session_id: UUID
    session_external_ref: ExternalRef
    version: Annotated[
        int, Field(description="The session's version after the answer. It only increases.")
    ]
    state: Annotated[
        RequestAnswer,
        Field(
            description="Whether the client has moved the session, or has cancelled it or left it "
            "cancelled."
        ),
    ]
    practitioner_id: UUID
    practitioner_external_ref: ExternalRef
    client_id: UUID
    client_external_ref: ExternalRef
    starts_at: datetime
    ends_at: datetime
    old_starts_at: Annotated[datetime | None, Field(description="The start before the answer.")]
    old_ends_at: Annotated[datetime | None, Field(description="The end before the answer.")]
    change_id: Annotated[UUID, Field(description="The entry in the session's history.")]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that one command made.")
    ]


class MoveRequestEvent(TypedDict):
    """A webhook event about a move request."""

    type: EventType
    timestamp: Annotated[datetime, Field(description="When the answer was given.")]
    data: RequestEventData


def request_event(row: EventRow) -> MoveRequestEvent:
    """Build the event from the row of the session's change (`read_events`)."""
    data: RequestEventData = {
        "move_request_id": UUID(row.details["move_request"]),
        "session_id": row.session_id,
        "session_external_ref": row.session_ref,
        "version": row.session_version,
        "state": "moved" if row.kind == "rescheduled" else "cancelled",
        "practitioner_id": row.practitioner_id,
        "practitioner_external_ref": row.practitioner_ref,
        "client_id": row.client_id,
        "client_external_ref": row.client_ref,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "old_starts_at": row.old_starts_at,
        "old_ends_at": row.old_ends_at,
        "change_id": row.change_id,
        "command_id": row.command_id,
    }
    return {"type": row.event, "timestamp": row.at, "data": data}
