"""Parts of answers that several features show: money, slots, contacts, reasons."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict

from app.domain.availability import Slot
from app.domain.money import Money
from app.domain.session import Contact, Format, ReasonCode
from app.domain.zones import local_text
from app.standards.currencies import decimals_of
from app.web.types import RequestBody, Text

# Written once, where hundreds of slots are shown again and again.
InstantText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class Answer(BaseModel):
    """Part of an answer: built by us, so never validated twice."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class MoneyView(TypedDict):
    """An amount in minor units (cents, pence) of an ISO 4217 currency.

    It is `amount_minor / 10 ** decimals`. Write it with exactly so many decimals: `Intl` and other
    libraries have other digits for some currencies.
    """

    amount_minor: Annotated[int, Field(examples=[4500])]
    currency: Annotated[str, Field(examples=["USD"])]
    decimals: Annotated[
        int, Field(description="The decimals of the currency, by ISO 4217.", examples=[2])
    ]


class ContactView(TypedDict):
    """Whom the client asks: the practitioner, or the practice where it has to stand in."""

    name: Annotated[
        str,
        Field(description="The practitioner's; the practice's where neither way is the former's."),
    ]
    email: Annotated[
        str | None, Field(description="The practice's where the practitioner has none.")
    ]
    phone: Annotated[
        str | None,
        Field(description="The practice's where the practitioner has none. Null: it has none."),
    ]


class ReasonView(TypedDict):
    """Why something was changed. What is not shown, or was erased, is null.

    A reason may tell of somebody's health: API keys with `read` are shown neither code nor note.
    """

    code: Annotated[
        ReasonCode | None,
        Field(description="A reason to count by. Null for API keys with `read`."),
    ]
    note: Annotated[
        str | None,
        Field(description="In the words of whoever did it. Null for API keys with `read`."),
    ]


class SlotView(TypedDict):
    """A time on offer, in the viewer's zone; `location_id` where one is visited."""

    start: InstantText
    end: InstantText
    location_id: UUID | None


class Moment(TypedDict):
    """A time and format that a session had."""

    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None


class Reason(RequestBody):
    """Why. It is told to the practitioner, to the practice's staff, and to software of theirs.

    An API key needs `write` to read it. The code, never the note, is sent to those webhook
    endpoints of the practice that ask for it. The client sees it in the history.
    """

    code: ReasonCode | None = Field(
        default=None, description="A reason to count by. More codes may be added."
    )
    note: Annotated[Text, Field(description="In the client's words, 1 to 500 characters.")]


def present_slots(slots: Sequence[Slot], duration: timedelta, zone: ZoneInfo) -> list[SlotView]:
    """Show slots in the viewer's zone, in the order in which they are."""
    length = duration // timedelta(seconds=1)
    return [
        {
            "start": local_text(slot.start, zone),
            "end": local_text(slot.start + length, zone),
            "location_id": slot.location_id,
        }
        for slot in slots
    ]


def present_contact(contact: Contact) -> ContactView:
    """Show whom to contact."""
    return ContactView(name=contact.name, email=contact.email, phone=contact.phone)


def present_money(money: Money | None) -> MoneyView | None:
    """Show an amount, or null."""
    return None if money is None else present_amount(money)


def present_amount(money: Money) -> MoneyView:
    """Show an amount."""
    return {
        "amount_minor": money.amount_minor,
        "currency": money.currency,
        "decimals": decimals_of(money.currency),
    }


class ClientView(Answer):
    """The client who calls."""

    id: UUID
    name: str
    email: str
    phone: str | None
    time_zone: str
    locale: str


class PracticeView(Answer):
    """The practice he is a client of."""

    id: UUID
    name: str
    email: str
    phone: str | None
    currency: str = Field(description="Of all its prices, in ISO 4217.", examples=["USD"])
    currency_decimals: int = Field(
        description="The decimals of its amounts, by ISO 4217.", examples=[2]
    )
