"""Parts of answers that several features show: money, slots, contacts, reasons."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NotRequired
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, WithJsonSchema
from typing_extensions import TypeAliasType, TypedDict

from app.domain.availability import Slot
from app.domain.groups import GroupSlot
from app.domain.money import Money
from app.domain.policy.reasons import STANDARD_REASONS
from app.domain.policy.targets import TargetFees
from app.domain.refusals import SeatConflict, TimeConflict
from app.domain.session import Contact, Format
from app.domain.zones import local_text
from app.standards.currencies import decimals_of
from app.web.json import Answer
from app.web.types import RequestBody, Text

# An instant that is already text: slots are formatted as strings, for speed.
InstantText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

REASON_CODE = "^[a-z0-9-]{1,40}$"
# The code of a reason: a standard one, or one of the practice's own list.
ReasonCode = TypeAliasType(
    "ReasonCode",
    Annotated[
        str,
        WithJsonSchema(
            {
                "type": "string",
                "enum": list(STANDARD_REASONS),
                "description": "A code of the policy's own `reasons`, or a standard code.",
            }
        ),
    ],
)
ReasonCodeInput = TypeAliasType(
    "ReasonCodeInput", Annotated[str, StringConstraints(strict=True, pattern=REASON_CODE)]
)

# Of each answer to a command.
CommandId = Annotated[
    UUID | None,
    Field(
        description="The command that made the change: the `command_id` of its entries in the "
        "history and of its webhook events. A repeated command that finds done what it asks for, "
        "such as a cancellation, gives the command that did it. Null if there is no such command, "
        "or if a push, a wish or a release has the same values again."
    ),
]


class MoneyView(TypedDict):
    """An amount in minor units (cents, pence) of an ISO 4217 currency.

    The amount is `amount_minor / 10 ** decimals`. Format it with exactly `decimals` decimals:
    `Intl` and other libraries use other numbers of decimals for some currencies.
    """

    amount_minor: Annotated[int, Field(examples=[4500])]
    currency: Annotated[str, Field(examples=["USD"])]
    decimals: Annotated[
        int, Field(description="Number of decimals of the currency, by ISO 4217.", examples=[2])
    ]


class ContactView(TypedDict):
    """Contact for the client: the practitioner's, or the practice's where that is missing."""

    name: Annotated[
        str,
        Field(
            description="The practitioner's name; the practice's if email and phone are both the "
            "practice's."
        ),
    ]
    email: Annotated[str | None, Field(description="The practice's if the practitioner has none.")]
    phone: Annotated[
        str | None,
        Field(
            description="The practice's if the practitioner has none. Null: neither has a phone."
        ),
    ]


class ReasonView(TypedDict):
    """The reason of a change. A part that the caller may not read, or that was erased, is null.

    A reason may contain health information, so API keys with the scope `read` see neither part.
    """

    code: Annotated[
        ReasonCode | None,
        Field(description="A category for statistics. Null for API keys with `read`."),
    ]
    note: Annotated[
        str | None,
        Field(description="The words of the person who did it. Null for API keys with `read`."),
    ]


class LocationView(TypedDict):
    """The location of an in-person session."""

    id: UUID
    name: str
    address: str
    time_zone: Annotated[
        str,
        Field(
            description="IANA time zone of the place, or else of the practitioner.",
            examples=["America/New_York"],
        ),
    ]


class SlotView(TypedDict):
    """A free time, in the viewer's time zone. `location_id` is set for an in-person session.

    For a seat, a slot is another group with a free seat. Only such slots have `group_id` and
    `seats_left`. Only the slot that the session holds has `held_until`.
    """

    start: InstantText
    end: InstantText
    location_id: UUID | None
    group_id: NotRequired[Annotated[UUID, Field(description="Send it with `reschedule`.")]]
    seats_left: NotRequired[
        Annotated[int, Field(description="How many seats of the group are free now.")]
    ]
    fee: NotRequired[
        Annotated[
            MoneyView | None,
            Field(
                description="The fee of moving to this slot now. Only where the session's policy "
                "has `free_if_within`; null: none. What such a move carries is in "
                "`actions.reschedule`."
            ),
        ]
    ]
    uses_allowance: NotRequired[
        Annotated[
            bool,
            Field(
                description="True: moving to this slot uses up one of the client's allowance. "
                "Only where slots have a `fee`; else absent."
            ),
        ]
    ]
    held_until: NotRequired[
        Annotated[InstantText, Field(description="Until then this session holds the slot.")]
    ]


class SeatConflictView(TypedDict):
    """A seat whose client has another session at the time to which its group is to move."""

    session_id: Annotated[UUID, Field(description="The session that is the seat.")]
    client_id: UUID
    other_session_id: Annotated[UUID, Field(description="The client's session at that time.")]


class ConflictView(TypedDict):
    """A time that is not free. `session_id` is null if the session is yet to be booked."""

    session_id: UUID | None
    wanted: Annotated[datetime, Field(description="The start that is not free.")]
    alternatives: Annotated[
        list[SlotView], Field(description="The nearest free slots, three at most.")
    ]


class Moment(TypedDict):
    """Time, format and location of a session before or after a change."""

    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None


class Reason(RequestBody):
    """The reason of a command. The practitioner, the practice's staff and their software see it.

    An API key needs the scope `write` to read it. Webhook endpoints that ask for reasons get the
    code, never the note. The client sees the reason in the history.
    """

    code: ReasonCodeInput | None = Field(
        default=None,
        description="A code of the decision's `reasons`, which says what it changes. If that is "
        f"null, one of {', '.join(f'`{code}`' for code in STANDARD_REASONS)}. Staff may use both. "
        "Without a code nothing changes.",
        examples=["unwell"],
    )
    note: Annotated[
        Text,
        Field(
            description="In the client's words: 1 to 500 characters after trimming, at least one "
            "of them visible."
        ),
    ]


def present_slots(
    slots: Sequence[Slot], duration: timedelta, zone: ZoneInfo, fees: TargetFees | None = None
) -> list[SlotView]:
    """Present slots in the viewer's time zone, in the given order; with `fees` the fee of each."""
    length = duration // timedelta(seconds=1)
    shown: list[SlotView] = [
        {
            "start": local_text(slot.start, zone),
            "end": local_text(slot.start + length, zone),
            "location_id": slot.location_id,
        }
        for slot in slots
    ]
    _add_fees(shown, (slot.start for slot in slots), fees)
    return shown


def present_group_slots(
    slots: Sequence[GroupSlot], zone: ZoneInfo, fees: TargetFees | None = None
) -> list[SlotView]:
    """Present groups with a free seat, as `present_slots` does slots."""
    shown: list[SlotView] = [
        {
            "start": local_text(slot.start, zone),
            "end": local_text(slot.end, zone),
            "location_id": slot.location_id,
            "group_id": slot.group_id,
            "seats_left": slot.seats_left,
        }
        for slot in slots
    ]
    _add_fees(shown, (slot.start for slot in slots), fees)
    return shown


def _add_fees(shown: list[SlotView], starts: Iterable[int], fees: TargetFees | None) -> None:
    if fees is not None:
        for slot, start in zip(shown, starts, strict=True):
            slot["fee"] = present_money(fees.fee_at(start))
            if fees.uses_allowance_at(start):
                slot["uses_allowance"] = True


def present_conflicts(conflicts: Sequence[TimeConflict], zone: ZoneInfo) -> list[ConflictView]:
    """Present times that are not free, in the viewer's time zone."""
    return [
        {
            "session_id": conflict.session_id,
            "wanted": conflict.wanted.astimezone(zone),
            "alternatives": present_slots(
                conflict.alternatives, conflict.duration, zone, conflict.fees
            ),
        }
        for conflict in conflicts
    ]


def present_seat_conflicts(conflicts: Sequence[SeatConflict]) -> list[SeatConflictView]:
    """Present the seats whose clients have other sessions."""
    return [
        {
            "session_id": conflict.seat_id,
            "client_id": conflict.client_id,
            "other_session_id": conflict.other_id,
        }
        for conflict in conflicts
    ]


def present_contact(contact: Contact) -> ContactView:
    """Present a contact."""
    return ContactView(name=contact.name, email=contact.email, phone=contact.phone)


def present_money(money: Money | None) -> MoneyView | None:
    """Present an amount, or null."""
    return None if money is None else present_amount(money)


def present_amount(money: Money) -> MoneyView:
    """Present an amount."""
    return {
        "amount_minor": money.amount_minor,
        "currency": money.currency,
        "decimals": decimals_of(money.currency),
    }


class ClientView(Answer):
    """The calling client."""

    id: UUID
    name: str
    email: str
    phone: str | None
    time_zone: str
    locale: str


# Where a photo is served.
PhotoPath = Annotated[
    str | None,
    Field(
        description="Path of a photo at this API. It needs no token and can be cached for ever: "
        "another photo has another path.",
        examples=[None],
    ),
]


class LookView(TypedDict):
    """How the practice wants its pages to look. What it has not chosen is null."""

    accent: Annotated[
        str | None,
        Field(
            description="A colour, `#rrggbb`, as the practice chose it. Correct its contrast "
            "before you write on it, or in it.",
            examples=["#2a6f6b"],
        ),
    ]
    logo_url: Annotated[
        str | None,
        Field(
            description="Path of the logo at this API. It needs no token and can be cached for "
            "ever: another logo has another path.",
            examples=[None],
        ),
    ]
    welcome: Annotated[
        str | None,
        Field(
            description="Plain text for the top of a page, in one or several lines.",
            examples=["Welcome to Harbor Wellness."],
        ),
    ]
    footer: Annotated[
        str | None,
        Field(
            description="Plain text for the end of a page, in one or several lines.",
            examples=["Harbor Wellness LLC, New York"],
        ),
    ]


class PracticeView(TypedDict):
    """The caller's practice."""

    id: UUID
    name: str
    email: str
    phone: str | None
    address: Annotated[
        str | None,
        Field(
            description="The postal address, in one or several lines.",
            examples=["12 Harbor Street\nNew York, NY 10004"],
        ),
    ]
    website: Annotated[str | None, Field(examples=["https://harbor.example"])]
    look: LookView
    currency: Annotated[
        str,
        Field(description="ISO 4217 code of the currency of all its prices.", examples=["USD"]),
    ]
    currency_decimals: Annotated[
        int, Field(description="Number of decimals of the currency, by ISO 4217.", examples=[2])
    ]
