"""Shapes on the wire (product.md section 9). Fields without a value are null, never absent.

What hot pages answer with are typed dictionaries: they are built by us, go to the wire as they are,
and need nobody to look at them a second time on the way.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

# pydantic cannot use the standard library's TypedDict before 3.12
from typing_extensions import TypedDict

from app.domain.policy.decide import RefusalCode
from app.domain.policy.rules import Credit
from app.domain.session import ChangedBy, Format, Status
from app.web.types import Id, Instant, RequestBody, Token
from app.web.views import ContactView, Moment, MoneyView, Reason, ReasonView


class ServiceView(TypedDict):
    """What was booked."""

    id: UUID
    name: str
    duration_minutes: int


class PractitionerView(TypedDict):
    """Who gives the session."""

    id: UUID
    name: str
    time_zone: str
    contact: ContactView


class LocationView(TypedDict):
    """Where an in-person session takes place."""

    id: UUID
    name: str
    address: str


class FormatView(TypedDict):
    """How client and practitioner meet, with what is needed to join."""

    kind: Format
    join_url: Annotated[str | None, Field(description="The room, for `video`.")]
    location: LocationView | None
    instructions: Annotated[
        str | None, Field(description="How to join: who calls whom, which bell to ring.")
    ]


class FormatChoice(TypedDict):
    """A format that the service is on offer in; an in-person one once for each location."""

    kind: Format
    location: LocationView | None


class SessionPackage(TypedDict):
    """The package that pays for the session, with the credits still left in it."""

    id: UUID
    name: str
    credits_left: int


class CarriedView(TypedDict):
    """What cancelling the session later costs at least: a fee, or the credit that pays for it."""

    fee: MoneyView | None
    credit: Annotated[
        Credit | None, Field(description="`forfeited` where the credit will not be returned.")
    ]


class TermView(TypedDict):
    """What an action costs up to and including `until`, from the end of the term before."""

    until: Annotated[datetime, Field(description="This instant is still in time.")]
    fee: MoneyView | None
    credit: Credit | None
    carries: Annotated[
        CarriedView | None,
        Field(description="Of `reschedule`: what cancelling costs at least after such a move."),
    ]


class TermsView(TypedDict):
    """The whole rule as a timeline for each action; empty where the client may never do it."""

    cancel: list[TermView]
    reschedule: list[TermView]
    change_format: list[TermView]


class PolicyView(TypedDict):
    """The policy in force at the booking. `version` null: there was none, free until the start."""

    version: Annotated[int | None, Field(examples=[2])]
    text: Annotated[
        str | None, Field(description="The practitioner's own words. Show them as written.")
    ]
    terms: TermsView


class CancellationView(TypedDict):
    """When, by whom and why the session was cancelled."""

    at: datetime
    by: ChangedBy
    reason: ReasonView


class RefusalView(TypedDict):
    """Why the client may not do it, in a code and a sentence, and whom to contact."""

    code: RefusalCode
    message: Annotated[str, Field(description="A sentence that a client can read.")]
    deadline: Annotated[datetime | None, Field(description="The one that was missed, if one was.")]
    contact: ContactView


class DecisionView(TypedDict):
    """What the policy says of one action now. Send `quote` back with the command."""

    allowed: Annotated[
        bool, Field(description="Whether the client may do it now; else see `refusal`.")
    ]
    fee: MoneyView | None
    credit: Credit | None
    carries: Annotated[
        CarriedView | None,
        Field(
            description="Of `reschedule`: what cancelling costs at least after this move, until "
            "the practice moves the session, because cancelling is not free now. Show it before "
            "the client confirms; the command needs the quote. Null: nothing."
        ),
    ]
    free_until: Annotated[
        datetime | None,
        Field(
            description="Until then it costs nothing. Null: it is never free, or never possible."
        ),
    ]
    closes_at: Annotated[
        datetime | None, Field(description="After that the client cannot do it any more.")
    ]
    quote: Annotated[
        str | None, Field(description="This decision, signed. Null where it is refused.")
    ]
    quote_expires_at: datetime | None
    refusal: RefusalView | None


class ActionsView(TypedDict):
    """A decision for each action."""

    cancel: DecisionView
    reschedule: DecisionView
    change_format: DecisionView


class SessionSummary(TypedDict):
    """A session as lists show it. Times are in `time_zone`; their `_utc` twins are the same."""

    id: UUID
    status: Status
    version: Annotated[int, Field(description="Rises with every change; also in the `ETag`.")]
    starts_at: datetime
    ends_at: datetime
    starts_at_utc: datetime
    ends_at_utc: datetime
    time_zone: str
    service: ServiceView
    practitioner: PractitionerView
    format: FormatView
    price: MoneyView
    package: SessionPackage | None
    cancellation: CancellationView | None


class SessionDetails(SessionSummary):
    """Everything that the details page shows."""

    formats: list[FormatChoice]
    policy: PolicyView
    actions: ActionsView


class SessionPage(TypedDict):
    """A page of sessions. `next_cursor` null: there are no more."""

    items: list[SessionSummary]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class CommandAnswer(TypedDict):
    """The session as it is now, the fee recorded (the practice collects it), and the credit."""

    session: SessionDetails
    fee: MoneyView | None
    credit: Credit | None


class ChangeView(TypedDict):
    """One entry of the history. `before` is null for the booking itself."""

    id: UUID
    kind: Annotated[str, Field(description="What was done, like `rescheduled`. More may be added.")]
    at: datetime
    by: ChangedBy
    reason: ReasonView | None
    before: Moment | None
    after: Moment
    fee: MoneyView | None
    credit: Credit | None
    version: Annotated[int, Field(description="The session's, after it.")]


class ChangePage(TypedDict):
    """The history, oldest first. It always comes whole, so `next_cursor` is null."""

    items: list[ChangeView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class CancelRequest(RequestBody):
    """Cancel a session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": {"code": "unwell", "note": "I have caught a cold."}}]
        }
    )
    reason: Reason
    quote: Token | None = Field(
        default=None,
        description="The quote of `actions.cancel` that the client was shown. Needed where "
        "cancelling costs a fee or a credit.",
    )


class RescheduleRequest(RequestBody):
    """Move a session, or change its format, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "start": "2026-12-08T15:00:00-05:00",
                    "format": "video",
                    "reason": {"code": "work", "note": "A meeting was put on this hour."},
                }
            ]
        }
    )
    start: Annotated[Instant, Field(description="The start of a slot on offer, with an offset.")]
    format: Format
    location_id: Id | None = Field(
        default=None,
        description="Needed only where an in-person service has more than one location.",
    )
    reason: Reason
    quote: Token | None = Field(
        default=None,
        description="The quote of `actions.reschedule`, or of `actions.change_format` where the "
        "start stays the same. Needed where the change costs a fee or carries a cost.",
    )
