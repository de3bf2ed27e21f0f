"""Request and response schemas of wishes and offers, for clients and staff."""

from datetime import datetime, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from app.domain.session import Format
from app.domain.waitlist import MAX_NOTICE_HOURS, OfferState, WishState
from app.sessions.client_api.decision_schemas import CancelAfterView
from app.texts.errors import InvalidValueError
from app.waitlist.records import NewWish, WishedTimes
from app.web.pagination import ListQuery, first_instant, last_instant
from app.web.types import (
    Id,
    Instant,
    NextCursor,
    PageLimit,
    RequestBody,
    TimeOfDay,
    Token,
    UntilInstant,
    distinct,
)
from app.web.views import CommandId, LocationView, MoneyView, PracticeView

_SOONER: JsonDict = {
    "until": "2026-12-02T18:00:00-05:00",
    "weekdays": [1, 2, 3],
    "from_time": "09:00",
    "to_time": "12:00",
    "notice_hours": 12,
}


class WishRequest(RequestBody):
    """The times that the client would rather have. Without any field: any time that is sooner."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SOONER, {}]})
    until: Annotated[
        Instant | None,
        Field(
            description="The latest start; exactly then suits. At the latest the session's present "
            "start. After it the wish lapses."
        ),
    ] = None
    weekdays: Annotated[
        list[Annotated[int, Field(strict=True, ge=1, le=7)]],
        Field(
            max_length=7,
            description="ISO weekdays (1 is Monday) in the client's zone. Empty: all.",
        ),
        AfterValidator(distinct),
        AfterValidator(sorted),
    ] = Field(default_factory=list)
    from_time: Annotated[
        TimeOfDay | None, Field(description="The earliest local time of a start, included.")
    ] = None
    to_time: Annotated[
        TimeOfDay | None, Field(description="The latest local time of a start, included.")
    ] = None
    formats: Annotated[
        list[Format],
        Field(
            max_length=3,
            description="The formats that suit, at any location. Empty: the session's own format "
            "and location; without a session, all formats of the service.",
        ),
        AfterValidator(distinct),
        AfterValidator(sorted),
    ] = Field(default_factory=list)
    notice_hours: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=MAX_NOTICE_HOURS,
            description="How many hours the client needs at least between an offer and the start.",
        ),
    ] = 0

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.times().are_out_of_order:
            raise InvalidValueError("field.times-in-order", member="to_time")
        return self

    def times(self) -> WishedTimes:
        """Give the times that the client wishes for."""
        return WishedTimes(
            self.until,
            tuple(self.weekdays),
            _time(self.from_time),
            _time(self.to_time),
            tuple(self.formats),
            self.notice_hours,
        )


def _time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


class NewPracticeWish(WishRequest):
    """A wish that staff enter: for a session that is to come sooner, or for a new session."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"session_id": "3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f", "urgent": True},
                {
                    "client_id": "5d2f1b7e-3c4a-4f9e-8b6d-1a2c3e4f5a6b",
                    "service_id": "0b6f2d3a-7e1c-4d5b-9a8f-6c5d4e3f2a1b",
                    "from_time": "09:00",
                    "to_time": "12:00",
                },
            ]
        }
    )
    session_id: Annotated[
        Id | None,
        Field(description="The session that is to come sooner. Then name nothing else."),
    ] = None
    client_id: Annotated[Id | None, Field(description="Who waits for a new session.")] = None
    service_id: Annotated[Id | None, Field(description="What they wait for.")] = None
    practitioner_id: Annotated[
        Id | None,
        Field(description="With whom. Null: with anybody who has given up a time of this service."),
    ] = None
    group_id: Annotated[
        Id | None, Field(description="The group in which they wait for a seat.")
    ] = None
    package_id: Annotated[
        Id | None, Field(description="The client's package that pays for the new session.")
    ] = None
    urgent: Annotated[
        bool, Field(strict=True, description="Urgent wishes are asked before all others.")
    ] = False

    @model_validator(mode="after")
    def _check_named(self) -> Self:
        if self.session_id is not None:
            for name in ("client_id", "service_id", "practitioner_id", "group_id", "package_id"):
                if getattr(self, name) is not None:
                    raise InvalidValueError("field.wish-of-session", member=name)
        elif self.client_id is None:
            raise InvalidValueError("field.wish-of-whom", member="client_id")
        elif self.service_id is None and self.group_id is None:
            raise InvalidValueError("field.wish-of-whom", member="service_id")
        return self

    def wish(self) -> NewWish:
        """Give the wish to enter."""
        return NewWish(
            self.times(),
            self.urgent,
            self.session_id,
            self.client_id,
            self.service_id,
            self.practitioner_id,
            self.group_id,
            self.package_id,
        )


class OfferName(TypedDict):
    """The id and the name of a record."""

    id: UUID
    name: str


class OfferView(TypedDict):
    """A freed time that a client is asked for. Times are in the client's zone; for staff in UTC.

    Accepting it moves the session in `session_id`, free of charge; without one it books a session
    at `price`, or with a credit of `package`.
    """

    id: UUID
    state: Annotated[
        OfferState,
        Field(
            description="`withdrawn`: the time is gone, or the practice or a newer change has "
            "ended the offer."
        ),
    ]
    session_id: UUID | None
    service: OfferName
    practitioner: OfferName
    start: datetime
    end: datetime
    time_zone: Annotated[str, Field(examples=["America/New_York"])]
    old_start: Annotated[
        datetime | None, Field(description="The session's start when the offer was made.")
    ]
    format: Format
    location: LocationView | None
    group_id: UUID | None
    price: Annotated[
        MoneyView | None,
        Field(description="Of a new session. Null: a session moves, or a credit pays."),
    ]
    package: Annotated[OfferName | None, Field(description="Whose credit pays for a new session.")]
    held: Annotated[
        bool, Field(description="Whether the time is kept for the client until `answer_by`.")
    ]
    made_at: Annotated[datetime, Field(description="When the client was asked.")]
    answer_by: Annotated[
        datetime, Field(description="The last instant at which the offer can be accepted.")
    ]
    cancel_after: Annotated[
        CancelAfterView | None,
        Field(description="What cancelling costs right after a yes. Null: it is not open."),
    ]


class WishView(TypedDict):
    """A wish for an earlier time of a session. Times are in the client's zone."""

    id: UUID
    session_id: UUID | None
    state: Annotated[
        WishState,
        Field(
            description="`waiting`; `offered`: an offer is open; `met`: an offer was accepted; "
            "`withdrawn`; `lapsed`: the session has started or ended, its client has moved it, or "
            "`until` has passed."
        ),
    ]
    paused: Annotated[
        bool,
        Field(
            description="Three offers in a row were not answered. Send the wish again to resume."
        ),
    ]
    until: Annotated[datetime | None, Field(description="The latest start.")]
    weekdays: Annotated[list[int], Field(description="ISO weekdays. Empty: all.")]
    from_time: Annotated[str | None, Field(examples=["09:00"])]
    to_time: Annotated[str | None, Field(examples=["12:00"])]
    formats: Annotated[list[Format], Field(description="Empty: see the request.")]
    notice_hours: Annotated[int, Field(description="The least notice, in hours.")]
    made_at: Annotated[datetime, Field(description="When the wish was made.")]
    offer: Annotated[OfferView | None, Field(description="The offer that is open, if one is.")]


class WishOfSession(TypedDict):
    """The latest wish for a session."""

    wish: Annotated[WishView | None, Field(description="Null: there never was one.")]


class WishAnswer(WishView):
    """A wish after a command."""

    command_id: CommandId


class PracticeWishView(WishView):
    """A wish, for staff. Times are UTC."""

    client: OfferName
    service_id: UUID
    practitioner_id: UUID | None
    group_id: UUID | None
    package_id: UUID | None
    urgent: Annotated[bool, Field(description="Asked before all others.")]
    unanswered: Annotated[int, Field(description="Offers in a row without an answer.")]
    ended_at: Annotated[datetime | None, Field(description="When it ended.")]


class PracticeWishAnswer(PracticeWishView):
    """A wish after a command of staff."""

    command_id: CommandId


class PracticeWishPage(TypedDict):
    """A page of wishes, the latest first. `next_cursor` is null on the last page."""

    items: list[PracticeWishView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class WishesQuery(ListQuery):
    """Filters and page of a list of wishes."""

    active: Annotated[
        bool | None,
        Field(description="`true`: those that are `waiting` or `offered` now; `false`: others."),
    ] = None
    client: Annotated[Id | None, Field(description="Of this client.")] = None
    session: Annotated[Id | None, Field(description="For this session.")] = None
    service: Annotated[Id | None, Field(description="For this service.")] = None
    practitioner: Annotated[
        Id | None, Field(description="Only with this practitioner, or for a session with them.")
    ] = None
    group: Annotated[Id | None, Field(description="For a seat of this group.")] = None
    limit: PageLimit = 20
    cursor: NextCursor = None


class OpenOfferRequest(RequestBody):
    """The token from the fragment of the URL in the email."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "WyIzZjBjN2YyZSIsMF0.signature"}]}
    )
    token: Annotated[
        Token,
        Field(description="The part of the link after `#offer=`, up to the first `&`, if any."),
    ]


class OpenedOffer(OfferView):
    """The offer of a link, and its practice."""

    practice: PracticeView


class OfferList(TypedDict):
    """The offers to a client that are open, soonest start first."""

    items: list[OfferView]


class OfferAnswer(OfferView):
    """An offer after its answer."""

    booked_session_id: Annotated[
        UUID | None,
        Field(description="The session that the acceptance has moved or booked."),
    ]
    command_id: CommandId


class PracticeOfferView(OfferView):
    """An offer, for staff. Times are UTC."""

    wish_id: UUID
    client: OfferName
    ended_at: Annotated[datetime | None, Field(description="When it ended.")]


class PracticeOfferAnswer(PracticeOfferView):
    """An offer after a command of staff."""

    command_id: CommandId


class PracticeOfferPage(TypedDict):
    """A page of offers, the latest first. `next_cursor` is null on the last page."""

    items: list[PracticeOfferView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class OffersQuery(ListQuery):
    """Filters and page of a list of offers."""

    state: Annotated[OfferState | None, Field(description="In this state now.")] = None
    wish: Annotated[Id | None, Field(description="For this wish.")] = None
    client: Annotated[Id | None, Field(description="To this client.")] = None
    service: Annotated[Id | None, Field(description="Of this service.")] = None
    practitioner: Annotated[Id | None, Field(description="With this practitioner.")] = None
    since: Instant | None = first_instant("Made")
    until: UntilInstant | None = last_instant("Made")
    limit: PageLimit = 20
    cursor: NextCursor = None


class OfferCountsQuery(ListQuery):
    """The offers to count."""

    since: Annotated[Instant, Field(alias="from", description="Made at or after this instant.")]
    until: Annotated[UntilInstant, Field(alias="to", description="Made before this instant.")]


class OfferCounts(TypedDict):
    """How many offers were made, and what has become of them."""

    made: Annotated[int, Field(description="All offers of that time.")]
    open: Annotated[int, Field(description="Without an answer yet.")]
    accepted: Annotated[int, Field(description="Answered with yes.")]
    declined: Annotated[int, Field(description="Answered with no.")]
    expired: Annotated[int, Field(description="Not answered in time.")]
    withdrawn: Annotated[int, Field(description="The time was gone, or the wish ended.")]
    accepted_share: Annotated[
        float | None,
        Field(
            description="Accepted of those that were accepted, declined or expired; null if there "
            "are none.",
            examples=[0.4],
        ),
    ]
