"""The types of webhook events."""

from typing import Literal, get_args

from typing_extensions import TypeAliasType

EventType = TypeAliasType(
    "EventType",
    Literal[
        "session.booked",
        "session.rescheduled",
        "session.cancelled",
        "session.fulfilled",
        "session.noshow",
        "session.restored",
        "session.absence_announced",
        "session.confirmed",
        "fee.recorded",
        "fee.collectable",
        "fee.forgiven",
        "fee.refundable",
        "fee.waived",
        "fee.settled",
        "fee.waiver_asked",
        "fee.waiver_declined",
        "fee.waiver_lapsed",
        "session.credit_returned",
        "session.allowance_returned",
        "group.below_minimum",
        "group.cancelled",
        "group.moved",
        "move_request.answered",
        "offer.accepted",
        "offer.declined",
        "offer.expired",
        "offer.made",
    ],
)
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType.__value__)
