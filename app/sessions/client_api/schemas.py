"""Request and response schemas of sessions, for clients (product.md section 9).

Fields without a value are null, never absent. Frequent responses are typed dictionaries: they are
serialised without validation, because the presenter builds them.
"""

from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

# pydantic requires this TypedDict instead of the standard library's before Python 3.12
from typing_extensions import TypedDict

from app.domain.history import ChangeKind
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import Credit
from app.domain.session import ChangedBy, Format, Status
from app.sessions.client_api.allowance_schemas import AllowanceTermsView, UseAllowance
from app.sessions.client_api.decision_schemas import (
    ActionsView,
    FreeTermsView,
    RebookView,
    ReleaseView,
    TermsView,
    WayOutView,
)
from app.sessions.client_api.reason_schemas import ReasonToCancel
from app.sessions.client_api.request_schemas import MoveRequestOfSession
from app.sessions.client_api.scope_schemas import MoveScopeFields, ScopeFields, TouchedView
from app.sessions.client_api.waiver_schemas import AskWaiver, OwnSessionFeeView
from app.web.types import Id, Instant, QuoteToken, RequestBody
from app.web.views import (
    CommandId,
    ContactView,
    LocationView,
    Moment,
    MoneyView,
    PhotoPath,
    Reason,
    ReasonView,
)

_Value = TypeVar("_Value")


class ServiceView(TypedDict):
    """The booked service."""

    id: UUID
    name: str
    duration_minutes: int


class PractitionerView(TypedDict):
    """The practitioner of the session."""

    id: UUID
    name: str
    time_zone: str
    photo_url: PhotoPath
    contact: ContactView


class FormatView(TypedDict):
    """How the client and the practitioner meet, and how to join."""

    kind: Format
    join_url: Annotated[str | None, Field(description="The video room's URL, for `video`.")]
    location: LocationView | None
    instructions: Annotated[
        str | None, Field(description="How to join, for example who calls whom.")
    ]


class FormatChoice(TypedDict):
    """A format in which the service is available; in person, one entry for each location."""

    kind: Format
    location: LocationView | None


class SessionPackage(TypedDict):
    """The package that pays for the session, with its remaining credits."""

    id: UUID
    name: str
    credits_left: int


class SessionGroupView(TypedDict):
    """The group in which the session is one seat. Nobody sees who has the other seats."""

    id: UUID
    seats: Annotated[int, Field(description="How many seats the group has.", examples=[8])]
    seats_left: Annotated[
        int,
        Field(
            description="How many of them are free now; none if the group is cancelled.",
            examples=[3],
        ),
    ]


class PolicyView(TypedDict):
    """The policy of the booking. `version` null: there was none, so it is free until the start."""

    version: Annotated[int | None, Field(examples=[2])]
    text: Annotated[
        str | None, Field(description="The practice's text for clients. Show it as written.")
    ]
    terms: TermsView
    rebook: Annotated[
        RebookView | None,
        Field(description="Null: a cancelled or missed session cannot be booked again online."),
    ]
    free_targets: Annotated[
        FreeTermsView | None,
        Field(
            description="The starts to which a move costs no fee, if the policy has "
            "`free_if_within`.",
            examples=[None],
        ),
    ]
    allowance: Annotated[
        AllowanceTermsView | None,
        Field(
            description="Changes that cost nothing, of all of the client's sessions together. "
            "Null: the policy has none.",
            examples=[None],
        ),
    ]


class CancellationView(TypedDict):
    """When, by whom and why the session was cancelled."""

    at: datetime
    by: ChangedBy
    reason: ReasonView


class SeriesPlaceView(TypedDict):
    """The place of a session in a series of sessions that were booked together."""

    id: UUID
    position: Annotated[int, Field(description="Counted from 1.")]
    of: Annotated[int, Field(description="The number of dates that were booked.")]


class AbsenceView(TypedDict):
    """What the client has announced: that they cannot come."""

    at: datetime
    free_time: Annotated[
        bool,
        Field(description="Whether they have given up their time, which cancelled the session."),
    ]
    reason: ReasonView


class SessionSummary(TypedDict):
    """A session in a list. Times are in `time_zone`; the `_utc` fields are the same in UTC."""

    id: UUID
    status: Status
    version: Annotated[int, Field(description="Rises with time, format, place, status, payment.")]
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
    group: Annotated[SessionGroupView | None, Field(description="Null for a single session.")]
    series: SeriesPlaceView | None
    absence: Annotated[
        AbsenceView | None,
        Field(description="Null: the client has not announced that they cannot come."),
    ]
    confirmed_at: Annotated[
        datetime | None,
        Field(
            description="When the client said that they are coming. Null: they have not, or the "
            "session has moved since. It does not change `version`.",
            examples=[None],
        ),
    ]


class SessionDetails(SessionSummary):
    """All details of a session."""

    formats: Annotated[
        list[FormatChoice],
        Field(description="The formats that the client may choose; of a seat its group's alone."),
    ]
    policy: PolicyView
    actions: ActionsView
    ways_out: Annotated[
        list[WayOutView],
        Field(
            description="What the client can do now, cheapest first: what `actions` and the "
            "decision on a release allow. Empty: nothing, except to ask the practice."
        ),
    ]
    release: Annotated[
        ReleaseView | None,
        Field(description="Null: the time is not offered to others.", examples=[None]),
    ]
    move_request: Annotated[
        MoveRequestOfSession | None,
        Field(description="Null: the practice does not ask for another time."),
    ]
    fees: Annotated[list[OwnSessionFeeView], Field(description="What the session has cost so far.")]


class SessionPage(TypedDict):
    """A page of sessions. `next_cursor` is null on the last page."""

    items: list[SessionSummary]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class CommandAnswer(TypedDict):
    """The session after the command, the recorded fee, and what happened to a package credit.

    For several sessions, `fee` is the sum of the fees, and `credit` is that of `session`.
    """

    session: SessionDetails
    fee: MoneyView | None
    credit: Credit | None
    command_id: CommandId
    sessions: Annotated[
        list[TouchedView] | None,
        Field(
            description="With `scope: this_and_following`: the session and those that follow it."
        ),
    ]


class ChangeView(TypedDict):
    """An entry of the session's history.

    `before` is null for the booking, and for entries about something of the session, which stays as
    it is: its fee, credit, release, confirmation or move request.
    """

    id: UUID
    kind: ChangeKind
    at: datetime
    by: ChangedBy
    reason: ReasonView | None
    before: Moment | None
    after: Moment
    fee: MoneyView | None
    credit: Credit | None
    free_because: Annotated[
        FreeBecause | None,
        Field(
            description="`allowance` if it used up one of the client's allowance. What else made "
            "it free is not said here.",
            examples=[None],
        ),
    ]
    version: Annotated[int, Field(description="The session's version after the change.")]
    command_id: Annotated[
        UUID, Field(description="The command: the same for all changes that one command made.")
    ]


class ChangePage(TypedDict):
    """The whole history, oldest first. `next_cursor` is always null."""

    items: list[ChangeView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class AbsenceRequest(RequestBody):
    """Announce that the client cannot come to the session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": {"code": "unwell", "note": "I woke up with a fever."},
                    "free_time": False,
                }
            ]
        }
    )
    reason: Reason
    free_time: bool = Field(
        strict=True,
        description="True: give up the time, which cancels the session at the cost of a missed "
        "one. False: the session stays booked, and the practice decides.",
    )
    quote: QuoteToken | None = Field(
        default=None,
        description="The quote of `actions.absence` that the client was shown. Required with "
        "`free_time: true` if that costs a fee or a credit.",
    )
    ask_waiver: AskWaiver = None
    use_allowance: UseAllowance = True


class CancelRequest(ScopeFields):
    """Cancel a session, or also those that follow it in its series."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": {"code": "unwell", "note": "I have caught a cold."}}]
        }
    )
    reason: ReasonToCancel = None
    quote: QuoteToken | None = Field(
        default=None,
        description="The quote of `actions.cancel` that the client was shown; with "
        "`scope: this_and_following` that of the preview (`GET …/scope`), also for one session. "
        "Required if cancelling costs a fee or a credit.",
    )
    ask_waiver: AskWaiver = None
    use_allowance: UseAllowance = True


class TargetFields(RequestBody):
    """Another time or format of a session, or for a seat another group."""

    group_id: Id | None = Field(
        default=None,
        description="For a seat of a group: the group to which it moves. `start`, `format` and "
        "`location_id` must then be the group's, or be left out. Send the `start` of the slot too: "
        "a group that the practice has moved meanwhile is then `slot-unavailable`.",
    )
    start: Instant | None = Field(
        default=None,
        validate_default=True,
        description="The new start, with a UTC offset; for clients that of an available slot. "
        "Required without `group_id`.",
    )
    format: Format | None = Field(
        default=None, validate_default=True, description="Required without `group_id`."
    )
    location_id: Id | None = Field(
        default=None,
        description="Required only if an in-person service has more than one location.",
    )

    @field_validator("start", "format")
    @classmethod
    def _required_without_group(cls, value: _Value, info: ValidationInfo) -> _Value:
        is_single = "group_id" in info.data and info.data["group_id"] is None
        if value is None and is_single:
            raise PydanticKnownError("missing")
        return value


class MoveTarget(TargetFields, MoveScopeFields):
    """What a session moves to: another time or format, or for a seat another group."""


class RescheduleRequest(MoveTarget):
    """Move a session, or change its format, or both; or also those that follow it.

    A seat moves to another group.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "start": "2026-12-08T15:00:00-05:00",
                    "format": "video",
                    "reason": {"code": "work", "note": "A meeting was put on this hour."},
                },
                {
                    "group_id": "d84a1f3c-9b27-4e05-8c6d-1f2e3a4b5c6d",
                    "start": "2026-12-08T18:00:00-05:00",
                    "reason": {"code": "work", "note": "A meeting was put on this hour."},
                },
            ]
        }
    )
    reason: Reason
    quote: QuoteToken | None = Field(
        default=None,
        description="The quote of `actions.reschedule`, or of `actions.change_format` if the "
        "start stays the same; with `scope: this_and_following` that of the preview "
        "(`GET …/scope`), also for one session. Required if the change has a fee or a carried "
        "cost.",
    )
    ask_waiver: AskWaiver = None
    use_allowance: UseAllowance = True
