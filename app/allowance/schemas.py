"""Request and response schemas of clients' allowances, for staff."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticKnownError

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.fees.schemas import Named
from app.sessions.commands.allowance_repository import GivenBackBy
from app.sessions.staff_api.schemas import StaffReason
from app.web.json import Answer
from app.web.pagination import ListQuery
from app.web.types import NextCursor, PageLimit, RequestBody


def _whole(value: object) -> object:
    if type(value) is not int:
        raise PydanticKnownError("int_type")
    return value


class AllowanceQuery(ListQuery):
    """Query parameters of the list of uses."""

    limit: PageLimit = 50
    cursor: NextCursor = None


class SessionAllowanceView(TypedDict):
    """What is left for a session to come, by the policy of its booking."""

    session_id: UUID
    starts_at: datetime
    service: Named
    policy_version: Annotated[int, Field(examples=[3])]
    time_zone: Annotated[
        str,
        Field(
            description="The zone in which years and days are counted.",
            examples=["America/New_York"],
        ),
    ]
    left: Annotated[int, Field(examples=[1])]
    of: Annotated[int, Field(examples=[2])]
    renews_at: Annotated[
        datetime | None, Field(description="When one more is left. Null: all are left.")
    ]


class AllowanceUseView(TypedDict):
    """One use of the allowance. It counts until it is given back."""

    id: Annotated[UUID, Field(description="The entry of the audit log that made it.")]
    used_at: Annotated[datetime, Field(description="When the session was changed.")]
    kind: Annotated[
        str,
        Field(
            description="The kind of that entry: `cancelled`, `rescheduled`, or "
            "`allowance_adjusted` by staff. More kinds may be added.",
            examples=["cancelled"],
        ),
    ]
    session_id: Annotated[
        UUID | None, Field(description="The session that was changed. Null: staff have added it.")
    ]
    given_back_at: Annotated[datetime | None, Field(examples=[None])]
    given_back_by: Annotated[
        GivenBackBy | None,
        Field(
            description="`undo`: the change was undone. `refill`: others took the freed time. "
            "`staff`: by hand.",
            examples=[None],
        ),
    ]


class _OfClient(Answer):
    client_id: UUID
    sessions: Annotated[
        list[SessionAllowanceView],
        Field(
            description="The sessions to come whose policies have an allowance, soonest first; 50 "
            "at most. Policies may differ, so what is left is said for each."
        ),
    ]


class ClientAllowance(_OfClient):
    """What is left of a client's allowance, and what they have used of it, latest first.

    `next_cursor` is null on the last page of `items`.
    """

    items: list[AllowanceUseView]
    next_cursor: str | None = Field(examples=[None])


class AdjustRequest(RequestBody):
    """Adjust a client's allowance."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"uses": -1, "reason": {"note": "The lift was out of order."}}]
        }
    )
    uses: Annotated[
        Literal[1, -1],
        BeforeValidator(_whole),
        Field(
            description="`1`: count one use more, from now on. `-1`: give the latest use back that "
            "was not given back.",
        ),
    ]
    reason: StaffReason


class AdjustAnswer(_OfClient):
    """What is left after the command, and the use that was added or given back."""

    use: AllowanceUseView
    command_id: UUID
