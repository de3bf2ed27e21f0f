"""Response schemas of a move request, as the client of a session sees it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.move_requests import Meanwhile


class ProposalView(TypedDict):
    """A time that the practice proposes, in the session's own format. It may be taken by now."""

    start: datetime
    end: datetime
    location_id: UUID | None


class MoveRequestOfSession(TypedDict):
    """The practice asks the client to choose another time. Until `answer_by` that is free.

    To answer, move or cancel the session as usual. If `meanwhile` is `cancel`, the session is
    cancelled already: a move books it again, and `cancel` answers that the client needs no other
    time, and leaves it as it is, although `actions.cancel` is refused.
    """

    id: UUID
    note: Annotated[str | None, Field(description="Why, in the practice's own words.")]
    answer_by: Annotated[
        datetime, Field(description="Until when an answer is free. Exactly then is in time.")
    ]
    meanwhile: Annotated[
        Meanwhile, Field(description="Whether the session stays booked, or is cancelled already.")
    ]
    proposals: Annotated[
        list[ProposalView],
        Field(description="Offer these first. Availability has those that are free."),
    ]
