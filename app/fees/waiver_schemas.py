"""Request and response schemas of the page on which a practitioner answers a waiver."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.domain.session import FeeStatus
from app.fees.schemas import FeeSession, Message, WaiverView
from app.web.json import Answer
from app.web.types import RequestBody, Token
from app.web.views import CommandId, MoneyView


class ClientName(Answer):
    """Who asks."""

    name: str = Field(examples=["Ana Ruiz"])


class AskedWaiverView(WaiverView):
    """What a client asks about a fee, for whoever answers. Times are in the practitioner's zone."""

    fee_id: UUID
    amount: MoneyView
    fee_status: FeeStatus
    cause: str = Field(examples=["cancelled"])
    recorded_at: datetime
    note: Annotated[
        str | None,
        Field(
            description="The client's words. Null once the question has ended.",
            examples=["I was in hospital that night."],
        ),
    ]
    time_zone: str = Field(examples=["America/New_York"])
    client: ClientName
    session: FeeSession


class WaiverAnswer(AskedWaiverView):
    """The question after the answer."""

    command_id: CommandId


class OpenWaiverRequest(RequestBody):
    """Open the link of a waiver."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "WyI3ZjZi…"}]})
    token: Annotated[Token, Field(description="The part of the link after `#waiver=`.")]


class AnswerRequest(RequestBody):
    """Answer a client who asks for a waiver."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Get well soon!"}]})
    message: Message = None
