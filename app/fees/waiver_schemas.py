"""Request and response schemas of the page on which a practitioner answers a waiver."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.history import FeeCause
from app.domain.session import FeeStatus
from app.fees.schemas import FeeSession, Message
from app.sessions.client_api.waiver_schemas import WaiverView
from app.web.types import RequestBody, Token
from app.web.views import CommandId, MoneyView, PracticeView


class ClientName(TypedDict):
    """Who asks."""

    name: Annotated[str, Field(examples=["Ana Ruiz"])]


class AskedWaiverView(WaiverView):
    """What a client asks about a fee, for whoever answers. Times are in the practitioner's zone."""

    fee_id: UUID
    amount: MoneyView
    fee_status: FeeStatus
    cause: FeeCause
    recorded_at: datetime
    note: Annotated[
        str | None,
        Field(
            description="The client's words. Null once the question has ended.",
            examples=["I was in hospital that night."],
        ),
    ]
    time_zone: Annotated[str, Field(examples=["America/New_York"])]
    client: ClientName
    session: FeeSession


class OpenedWaiver(AskedWaiverView):
    """The question of a link, and the practice."""

    practice: PracticeView


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
