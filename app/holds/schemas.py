"""Request and response schemas of holds."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.session import Format
from app.sessions.client_api.decision_schemas import CancelAfterView
from app.sessions.client_api.schemas import TargetFields
from app.web.types import QuoteToken


class HoldRequest(TargetFields):
    """The time, or the group of a seat, to hold while the client chooses it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"start": "2026-12-08T15:00:00-05:00", "format": "video"},
                {
                    "group_id": "d84a1f3c-9b27-4e05-8c6d-1f2e3a4b5c6d",
                    "start": "2026-12-08T18:00:00-05:00",
                },
            ]
        }
    )
    quote: QuoteToken | None = Field(
        default=None,
        description="The quote of `actions.reschedule` that the client was shown, or of "
        "`actions.change_format` if the start stays the same. Required only if the option has "
        "closed since.",
    )


class HoldView(TypedDict):
    """A time that is kept free for the session, in the client's time zone."""

    start: datetime
    end: datetime
    format: Format
    location_id: UUID | None
    group_id: Annotated[UUID | None, Field(description="For a seat: the group.")]
    expires_at: Annotated[
        datetime,
        Field(description="Until when the time is kept. After it the time is open to all again."),
    ]
    cancel_after: Annotated[
        CancelAfterView,
        Field(
            description="What cancelling costs right after the move, if it is made now as "
            "`actions.reschedule` says. It assumes a reason of `effect` `usual`, and the allowance "
            "used where `would_use` says so: after a reason that makes the move free, or with "
            "`use_allowance: false`, it may be something else."
        ),
    ]
