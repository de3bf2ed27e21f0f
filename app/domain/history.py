"""The kinds of entries in a session's history."""

from typing import Literal

from typing_extensions import TypeAliasType

# Another software may have charged for what took place.
FeeCause = TypeAliasType(
    "FeeCause", Literal["cancelled", "noshow", "fulfilled", "rescheduled", "format_changed"]
)
ChangeKind = TypeAliasType(
    "ChangeKind",
    Literal[
        "booked",
        "rescheduled",
        "format_changed",
        "cancelled",
        "fulfilled",
        "noshow",
        "restored",
        "absence_announced",
        "confirmed",
        "asked_to_move",
        "left_cancelled",
        "released",
        "release_withdrawn",
        "release_ended",
        "fee_waived",
        "fee_settled",
        "fee_collectable",
        "fee_forgiven",
        "fee_refundable",
        "fee_waiver_asked",
        "fee_waiver_declined",
        "fee_waiver_lapsed",
        "credit_returned",
        "allowance_returned",
    ],
)
