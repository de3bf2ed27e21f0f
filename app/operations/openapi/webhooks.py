"""The `webhooks` section of OpenAPI: the request that each event sends to a webhook endpoint."""

import re
from typing import Any

from pydantic import TypeAdapter

from app.operations.openapi.examples.events import EVENT_EXAMPLES
from app.outbox.events import EVENT_TYPES, EventType
from app.webhooks.group_payload import GroupEvent
from app.webhooks.offer_payload import OfferEvent
from app.webhooks.payload import WebhookEvent
from app.webhooks.request_payload import MoveRequestEvent

_Json = dict[str, Any]

_SUMMARIES: dict[EventType, str] = {
    "session.booked": "A session was booked",
    "session.rescheduled": "A session was rescheduled, or its format changed",
    "session.cancelled": "A session was cancelled",
    "session.fulfilled": "A session was marked as having taken place",
    "session.noshow": "A session was marked as missed by its client",
    "session.restored": "A session is booked again",
    "session.absence_announced": "A client has announced that they cannot come",
    "session.confirmed": "A client has said that they are coming",
    "fee.recorded": "A fee is due",
    "fee.collectable": "A fee that is due can be collected now",
    "fee.forgiven": "A fee is no longer owed, by a rule of the policy",
    "fee.refundable": "A paid fee can be paid back, because others took the freed time",
    "fee.waived": "A fee was waived",
    "fee.settled": "A fee was paid",
    "fee.waiver_asked": "A client asks the practice to waive a fee",
    "fee.waiver_declined": "The practice does not waive a fee: it stands",
    "fee.waiver_lapsed": "The practice has not answered in time: a fee stands",
    "session.credit_returned": "A forfeited credit was returned: others took the freed time",
    "session.allowance_returned": "A use of the allowance was given back: others took the time",
    "group.below_minimum": "Fewer seats of a group are taken than its minimum",
    "group.cancelled": "A group was cancelled",
    "group.moved": "A group was moved, or its format changed",
    "move_request.answered": "A client has answered a move request",
    "offer.accepted": "A client has accepted an offer of a freed time",
    "offer.declined": "A client has declined an offer of a freed time",
    "offer.expired": "An offer of a freed time was not answered in time",
    "offer.made": "A client was asked for a freed time",
}
# The payload of events about other things than sessions and fees.
_KINDS: dict[str, Any] = {
    "group": GroupEvent,
    "move_request": MoveRequestEvent,
    "offer": OfferEvent,
}
_HEADERS = {
    "webhook-id": "The id of the event. Every copy of an event has the same id.",
    "webhook-timestamp": "The time of this attempt, in seconds since 1970-01-01 UTC.",
    "webhook-signature": "The signature of id, timestamp and body, by Standard Webhooks.",
}


def webhooks() -> dict[str, _Json]:
    """Return the request of each event, and the responses that an endpoint may give."""
    return {event: {"post": _post(event)} for event in EVENT_TYPES}


def event_schemas() -> dict[str, _Json]:
    """Return the schema of each event's payload, and the schemas that they share."""
    schemas: dict[str, _Json] = {}
    for kind in (WebhookEvent, GroupEvent, MoveRequestEvent, OfferEvent):
        common = TypeAdapter(kind).json_schema(
            ref_template="#/components/schemas/{model}", mode="serialization"
        )
        schemas |= common.pop("$defs")
        schemas[kind.__name__] = common
    return schemas | {_name(event): _schema(event) for event in EVENT_TYPES}


def _post(event: EventType) -> _Json:
    return {
        "tags": ["Events"],
        "operationId": f"receive_{event.replace('.', '_')}",
        "summary": _SUMMARIES[event],
        "description": "Sent to every webhook endpoint that subscribes to it. "
        "`POST /v1/practice/webhook-endpoints` describes signatures and retries.",
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
            "2XX": {"description": "The event was received. Reslot ignores the body."},
            "410": {"description": "The endpoint is gone: Reslot disables it."},
            "default": {"description": "Reslot sends the event again later."},
        },
    }


def _schema(event: EventType) -> _Json:
    kind = _KINDS.get(event.partition(".")[0], WebhookEvent)
    return {
        "title": _name(event),
        "description": f"{_SUMMARIES[event]}.",
        "allOf": [
            {"$ref": f"#/components/schemas/{kind.__name__}"},
            {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string", "enum": [event]}},
            },
        ],
    }


def _name(event: EventType) -> str:
    """Return the name of an event's component: `SessionBookedEvent` for `session.booked`."""
    return "".join(word.capitalize() for word in re.split(r"[._]", event)) + "Event"
