"""The `webhooks` section of the OpenAPI file: what a webhook endpoint is sent for each event."""

from typing import Any

from pydantic import TypeAdapter

from app.operations.openapi.examples.events import EVENT_EXAMPLES
from app.outbox.events import EVENT_TYPES, EventType
from app.webhooks.payload import WebhookEvent

_Json = dict[str, Any]

_SUMMARIES: dict[EventType, str] = {
    "session.booked": "A session was booked",
    "session.rescheduled": "A session was moved, or its format changed",
    "session.cancelled": "A session was cancelled",
    "session.fulfilled": "A session was marked as having taken place",
    "session.noshow": "A session was marked as missed by its client",
    "session.restored": "A session is booked again",
    "fee.recorded": "A fee is due",
    "fee.waived": "A fee was waived",
    "fee.settled": "A fee was paid",
}
_HEADERS = {
    "webhook-id": "Names the event. A copy of an event has the same one.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "Signs id, timestamp and body, in the way of Standard Webhooks.",
}


def webhooks() -> dict[str, _Json]:
    """Describe the request that is posted for each event, and what may be answered."""
    return {event: {"post": _post(event)} for event in EVENT_TYPES}


def event_schemas() -> dict[str, _Json]:
    """Make a schema for the payload of each event, and for what they have in common."""
    common = TypeAdapter(WebhookEvent).json_schema(
        ref_template="#/components/schemas/{model}", mode="serialization"
    )
    parts: dict[str, _Json] = common.pop("$defs")
    return {
        **parts,
        "WebhookEvent": common,
        **{_name(event): _schema(event) for event in EVENT_TYPES},
    }


def _post(event: EventType) -> _Json:
    return {
        "tags": ["Events"],
        "operationId": f"receive_{event.replace('.', '_')}",
        "summary": _SUMMARIES[event],
        "description": "Sent to every webhook endpoint that asked for it. "
        "`POST /v1/practice/webhook-endpoints` says how events are signed and tried again.",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{_name(event)}"},
                    "example": EVENT_EXAMPLES[event],
                }
            },
        },
        "responses": {
            "2XX": {"description": "The event was received. The body is not read."},
            "410": {"description": "There is nothing here any more: the endpoint is switched off."},
            "default": {"description": "The event is sent again later."},
        },
    }


def _schema(event: EventType) -> _Json:
    return {
        "title": _name(event),
        "description": f"{_SUMMARIES[event]}.",
        "allOf": [
            {"$ref": "#/components/schemas/WebhookEvent"},
            {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string", "enum": [event]}},
            },
        ],
    }


def _name(event: EventType) -> str:
    """Name the component of an event: `SessionBookedEvent` for `session.booked`."""
    return "".join(word.capitalize() for word in event.split(".")) + "Event"
