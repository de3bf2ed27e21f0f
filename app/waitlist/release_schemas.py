"""Request and response schemas of a release."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from app.sessions.client_api.decision_schemas import ReleaseView
from app.web.types import Instant, RequestBody
from app.web.views import CommandId


class ReleaseRequest(RequestBody):
    """Until when the time may be taken."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{}, {"until": "2026-12-03T09:00:00-05:00"}]}
    )
    until: Annotated[
        Instant | None,
        Field(
            description="The last instant at which somebody can take the time; at the latest, and "
            "by default, two hours before the start."
        ),
    ] = None


class ReleaseAnswer(TypedDict):
    """The session's time is released."""

    session_id: UUID
    release: ReleaseView
    command_id: CommandId
