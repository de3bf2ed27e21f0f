"""Request and response schemas of handing over and erasing a client."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.sessions.staff_api.schemas import StaffReason
from app.web.json import Answer
from app.web.types import RequestBody

Rows = list[dict[str, Any]]


class EraseRequest(RequestBody):
    """Why a client is erased. The reason is kept: do not write in it who the client is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "Asked for by letter."}}]}
    )
    reason: StaffReason
    force: Annotated[
        bool,
        Field(
            strict=True,
            description="Also if the client has booked sessions or due fees: these are cancelled "
            "without a fee and an email, and waived.",
        ),
    ] = False


class ErasedView(Answer):
    """What erasing a client has done. Of a repeated call: what the first one did."""

    client_id: UUID
    erased_at: Annotated[datetime, Field(description="When the client was erased, in UTC.")]
    sessions_cancelled: Annotated[
        int, Field(description="Booked sessions that were cancelled.", examples=[1])
    ]
    fees_waived: Annotated[int, Field(description="Due fees that were waived.", examples=[0])]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that it made.")
    ]


class ClientExport(Answer):
    """Everything held of a client: rows with the names of their columns, times in UTC.

    More lists and more fields may be added.
    """

    exported_at: Annotated[datetime, Field(description="When it was read, in UTC.")]
    client: Annotated[dict[str, Any], Field(description="The client's record.")]
    sessions: Annotated[Rows, Field(description="Their sessions, seats of groups too.")]
    taken_times: Annotated[Rows, Field(description="Times of practitioners that these take.")]
    series: Annotated[Rows, Field(description="Series of these sessions.")]
    changes: Annotated[
        Rows,
        Field(description="The audit log of the client, with notes and network addresses."),
    ]
    fees: Annotated[Rows, Field(description="Fees of these sessions.")]
    waivers: Annotated[Rows, Field(description="What the client asked about these fees.")]
    refills: Annotated[Rows, Field(description="Cancellations that others may fill.")]
    packages: Annotated[Rows, Field(description="Their packages.")]
    credits: Annotated[Rows, Field(description="Credits that paid for sessions.")]
    allowance_uses: Annotated[Rows, Field(description="What they used of an allowance.")]
    wishes: Annotated[Rows, Field(description="What they wait for, or waited for.")]
    offers: Annotated[Rows, Field(description="Freed times that they were asked for.")]
    freed_times: Annotated[Rows, Field(description="Times that they gave up.")]
    holds: Annotated[Rows, Field(description="Times that they hold.")]
    move_requests: Annotated[Rows, Field(description="With which the practice asked to move.")]
    asked_to_move: Annotated[Rows, Field(description="The sessions that these were about.")]
    notifications: Annotated[Rows, Field(description="Mails and events about the sessions.")]
    sign_ins: Annotated[Rows, Field(description="Links to sign in that were mailed.")]
    sign_in_families: Annotated[Rows, Field(description="Sign-ins.")]
    feeds: Annotated[Rows, Field(description="Calendar feeds.")]
