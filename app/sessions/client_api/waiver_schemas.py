"""What a client asks about a fee, and how it stands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.session import FeeStatus
from app.domain.waiver import WaiverState
from app.web.types import RequestBody, Text
from app.web.views import MoneyView


class WaiverQuestion(RequestBody):
    """Ask the practice to waive the fee. The practitioner and staff with `write` see the words."""

    note: Annotated[Text, Field(description="In the client's words, 1 to 500 characters.")]


AskWaiver = Annotated[
    WaiverQuestion | None,
    Field(
        description="Ask the practice to waive the fee of this command, which is done at once. "
        "The fee is collected after the answer, or after seven days. Dropped if nothing is due. "
        "Refused if what is due is no fee: a credit, or the cost that a move carries along."
    ),
]


class WaiverView(TypedDict):
    """What the client asks: that the practice waives the fee. `ended_at` is null while it is open.

    `asked`: the practice has not answered, and can until `answer_by`. `granted`: it has waived the
    fee. `declined`: it has not. `lapsed`: it has not answered in time. `void`: the fee ended
    otherwise before the answer.
    """

    state: WaiverState
    asked_at: Annotated[datetime, Field(description="When the client asked.")]
    answer_by: Annotated[datetime, Field(description="The last instant for an answer.")]
    ended_at: Annotated[datetime | None, Field(examples=[None])]


WaiverOfFee = Annotated[
    WaiverView | None,
    Field(
        description="Null: the client has not asked the practice to waive the fee.", examples=[None]
    ),
]
AskWaiverUntil = Annotated[
    datetime | None,
    Field(
        description="Until then the client may ask the practice to waive the fee (`POST "
        "/v1/fees/{fee_id}/ask-waiver`). Null: not, or no more.",
        examples=[None],
    ),
]


class OwnSessionFeeView(TypedDict):
    """A fee that the session has caused."""

    id: UUID
    amount: MoneyView
    status: FeeStatus
    recorded_at: datetime
    collect_after: Annotated[
        datetime | None,
        Field(description="The practice collects it only after this instant. Null: at once."),
    ]
    waiver: WaiverOfFee
    ask_waiver_until: AskWaiverUntil
