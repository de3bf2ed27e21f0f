"""Request and response schemas of fees, for clients and for staff."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.history import FeeCause
from app.domain.session import FeeStatus
from app.domain.waiver import WaiverState
from app.sessions.client_api.waiver_schemas import (
    AskWaiverUntil,
    WaiverOfFee,
    WaiverQuestion,
    WaiverView,
)
from app.sessions.staff_api.schemas import StaffReason
from app.web.json import Answer
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, RequestBody, Text, UntilInstant
from app.web.views import CommandId, MoneyView

Message = Annotated[Text | None, Field(description="The client gets it by email, with the answer.")]


class Named(TypedDict):
    """The id and the name of a record."""

    id: UUID
    name: Annotated[str, Field(examples=["Follow-up"])]


class FeeSession(TypedDict):
    """The session that caused a fee."""

    id: UUID
    starts_at: datetime
    service: Named
    practitioner: Named


class PracticeWaiverView(WaiverView):
    """What the client asks, in their words."""

    note: Annotated[
        str | None,
        Field(
            description="May speak of health. Null for keys without the scope `write`.",
            examples=["I was in hospital that night."],
        ),
    ]


class FeeView(Answer):
    """A fee. `cause` is the kind of the change, in the session's history, that caused it.

    `due`: the practice collects it. `waived`: the practice no longer asks for it. `settled`: it was
    paid. `void`: its cause was undone. `forgiven`: the policy no longer asks for it. `closed_at` is
    when it stopped being due.
    """

    id: UUID
    session_id: UUID
    amount: MoneyView
    status: FeeStatus
    cause: FeeCause
    recorded_at: datetime
    collect_after: Annotated[
        datetime | None,
        Field(
            description="The practice collects the fee only after this instant, because it may "
            "still fall away until then. Null: it can be collected at once.",
            examples=[None],
        ),
    ]
    closed_at: datetime | None = Field(examples=[None])
    waiver: WaiverOfFee
    session: FeeSession


class OwnFeeView(FeeView):
    """A fee as its client sees it."""

    ask_waiver_until: AskWaiverUntil


class OwnFeeAnswer(OwnFeeView):
    """The client's fee after the command."""

    command_id: CommandId


class FeePage(PageAnswer[OwnFeeView]):
    """A page of the client's fees, latest first. `next_cursor` is null on the last page."""


class PracticeFeeView(FeeView):
    """A fee with its client and its payment reference."""

    client: Named
    payment_reference: str | None = Field(examples=[None])
    waiver: Annotated[
        PracticeWaiverView | None,
        Field(description="Null: the client has not asked the practice to waive it."),
    ]


class FeeCommandAnswer(PracticeFeeView):
    """The fee after the command."""

    command_id: CommandId
    warning: Annotated[
        str | None,
        Field(
            description="`not-collectable-yet`: the fee was settled before `collect_after`. If it "
            "falls away, you have to pay it back.",
            examples=[None],
        ),
    ]


class PracticeFeePage(PageAnswer[PracticeFeeView]):
    """A page of fees, latest first. `next_cursor` is null on the last page."""


class FeeQuery(ListQuery):
    """The page to list."""

    limit: PageLimit = 20
    cursor: NextCursor = None


class PracticeFeeQuery(FeeQuery):
    """Filters and page of a list of fees."""

    client: Id | None = Field(default=None, description="Filter by client.")
    session: Id | None = Field(default=None, description="Filter by session.")
    status: Annotated[FeeStatus | None, Field(description="Filter by status.")] = None
    collectable: Annotated[
        bool | None,
        Field(
            description="`true`: fees that are due and can be collected now; `false`: all others. "
            "Default: both."
        ),
    ] = None
    waiver: Annotated[
        WaiverState | None,
        Field(description="Filter by what became of the client's question to waive the fee."),
    ] = None
    since: Instant | None = first_instant("Recorded")
    until: UntilInstant | None = last_instant("Recorded")


class WaiveRequest(RequestBody):
    """Waive a fee."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "It was our mistake."}}]}
    )
    reason: StaffReason


class AskWaiverRequest(WaiverQuestion):
    """Ask the practice to waive a fee."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "I was in hospital that night."}]}
    )


class UpholdRequest(RequestBody):
    """Answer that the fee stands."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "Please tell us a day ahead next time."}]}
    )
    message: Message = None


class SettleRequest(RequestBody):
    """Record that a fee was paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payment_reference": "INV-2041"}]})
    payment_reference: Annotated[
        Text,
        Field(description="The payment's reference in your accounting. No personal data."),
    ]
