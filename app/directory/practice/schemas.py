"""Shapes of the practice itself on the wire, for staff."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.directory.fields import Email, Name, Phone, RecordBody, unchanged
from app.web.views import Answer


class PracticeRecord(Answer):
    """The practice, and how its clients reach it. Its currency is that of all its prices."""

    id: UUID
    name: str = Field(examples=["Harbor Wellness"])
    email: str = Field(examples=["hello@harbor.example"])
    phone: str | None = Field(examples=["+1 303 555 0199"])
    currency: str = Field(examples=["USD"])
    currency_decimals: int = Field(
        description="The decimals of its amounts, by ISO 4217.", examples=[2]
    )


class ChangePractice(RecordBody):
    """What is to change. What is left out stays; a phone of null is cleared."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "+1 303 555 0199"}]})
    name: Name = unchanged()
    email: Email = unchanged()
    phone: Phone | None = unchanged()
