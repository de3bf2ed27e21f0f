"""Schemas of the practice itself, for staff."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from app.directory.contact_fields import Email, Phone, SecureWebAddress
from app.directory.fields import Name, RecordBody, unchanged
from app.web.json import Answer
from app.web.types import Text, distinct

MAX_SENDER_NAME = 80

Accent = Annotated[
    str,
    StringConstraints(strict=True, pattern="^#[0-9A-Fa-f]{6}$"),
    AfterValidator(str.lower),
    Field(
        description="Colour of buttons and links, `#rrggbb`. Where it is too light or too dark to "
        "be read, pages and emails use a darker or lighter one of the same hue."
    ),
]
Address = Annotated[
    Text, Field(description="The postal address: at most 500 characters, in one or several lines.")
]
Website = Annotated[SecureWebAddress, Field(description="An `https` URL.")]
SenderName = Annotated[
    Name,
    StringConstraints(max_length=MAX_SENDER_NAME),
    Field(description="Name from which emails come. Null: the practice's name."),
]
Welcome = Annotated[
    Text,
    Field(description="Plain text for the top of pages: at most 500 characters."),
]
Footer = Annotated[
    Text,
    Field(
        description="Plain text for the end of pages and emails, such as a legal notice: at most "
        "500 characters."
    ),
]

TextDetail = TypeAliasType("TextDetail", Literal["service", "practitioner"])
TextDetails = Annotated[
    list[TextDetail],
    Field(
        max_length=2,
        description="What text messages may say besides the practice, the time and the link, where "
        "there is room. Empty: nothing, so that a lost telephone tells nobody why its owner comes.",
    ),
    AfterValidator(distinct),
    AfterValidator(sorted),
]


class PracticeRecord(Answer):
    """The practice: its contact for clients, the currency of all its prices, and its look."""

    id: UUID
    name: str = Field(examples=["Harbor Wellness"])
    email: str = Field(examples=["hello@harbor.example"])
    phone: str | None = Field(examples=["+1 303 555 0199"])
    currency: str = Field(examples=["USD"])
    currency_decimals: int = Field(
        description="Number of decimals of the currency, by ISO 4217.", examples=[2]
    )
    address: str | None = Field(examples=["12 Harbor Street\nNew York, NY 10004"])
    website: str | None = Field(examples=["https://harbor.example"])
    sender_name: str | None = Field(examples=["Harbor Wellness"])
    accent: str | None = Field(examples=["#2a6f6b"])
    logo_url: str | None = Field(
        description="Path of the logo. `PUT /v1/practice/logo` sets it.", examples=[None]
    )
    welcome: str | None = Field(examples=["Welcome to Harbor Wellness."])
    footer: str | None = Field(examples=["Harbor Wellness LLC, New York"])
    text_details: list[TextDetail] = Field(examples=[[]])


class ChangePractice(RecordBody):
    """The fields to change. Missing fields keep their values; null clears an optional field."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"phone": "+1 303 555 0199"},
                {"accent": "#2a6f6b", "website": "https://harbor.example"},
            ]
        }
    )
    name: Name = unchanged()
    email: Email = unchanged()
    phone: Phone | None = unchanged()
    address: Address | None = unchanged()
    website: Website | None = unchanged()
    sender_name: SenderName | None = unchanged()
    accent: Accent | None = unchanged()
    welcome: Welcome | None = unchanged()
    footer: Footer | None = unchanged()
    text_details: TextDetails = unchanged()
