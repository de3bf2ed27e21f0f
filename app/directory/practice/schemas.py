"""Schemas of the practice itself, for staff."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.directory.contact_fields import Email, Phone
from app.directory.fields import Name, RecordBody, unchanged
from app.web.json import Answer


class PracticeRecord(Answer):
    """The practice, with its contact for clients and the currency of all its prices."""

    id: UUID
    name: str = Field(examples=["Harbor Wellness"])
    email: str = Field(examples=["hello@harbor.example"])
    phone: str | None = Field(examples=["+1 303 555 0199"])
    currency: str = Field(examples=["USD"])
    currency_decimals: int = Field(
        description="Number of decimals of the currency, by ISO 4217.", examples=[2]
    )


class ChangePractice(RecordBody):
    """The fields to change. Missing fields keep their values; null clears the phone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "+1 303 555 0199"}]})
    name: Name = unchanged()
    email: Email = unchanged()
    phone: Phone | None = unchanged()
