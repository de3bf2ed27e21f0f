"""Request and response schemas of move requests, for staff."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from app.calendar.locks import MAX_SESSIONS
from app.domain.move_requests import MAX_PROPOSALS, Meanwhile, RequestState
from app.domain.session import Status
from app.move_requests.records import Choice, MisfitsOf, NewMoveRequest, SessionsOfRange
from app.texts.errors import InvalidValueError
from app.web.pagination import ListQuery, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, RequestBody, Text, UntilInstant
from app.web.views import CommandId

_SESSION = "3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f"
_ILL_DAY: JsonDict = {
    "practitioner_id": "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05",
    "from": "2026-12-03T00:00:00-05:00",
    "to": "2026-12-04T00:00:00-05:00",
    "note": "Dr. Chen is ill.",
    "answer_by": "2026-12-02T18:00:00-05:00",
    "meanwhile": "cancel",
}
_NAMED: JsonDict = {
    "sessions": [_SESSION],
    "answer_by": "2026-12-01T18:00:00-05:00",
    "meanwhile": "keep",
    "proposals": {_SESSION: ["2026-12-08T15:00:00-05:00", "2026-12-09T10:00:00-05:00"]},
}
_Starts = Annotated[list[Instant], Field(min_length=1, max_length=MAX_PROPOSALS)]


class AskToMove(RequestBody):
    """Ask clients to choose another time.

    Name the sessions in one of three ways: `sessions`; `practitioner_id` with `from` and `to`; or
    `misfits_of`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ILL_DAY, _NAMED]})
    sessions: Annotated[
        list[Id] | None,
        Field(
            min_length=1,
            max_length=MAX_SESSIONS,
            description="These sessions. One that cannot be asked for is a 422.",
        ),
    ] = None
    practitioner_id: Annotated[
        Id | None,
        Field(description="This practitioner's booked sessions, from `from` until before `to`."),
    ] = None
    since: Annotated[
        Instant | None, Field(alias="from", description="The first start; it is included.")
    ] = None
    until: Annotated[
        UntilInstant | None,
        Field(alias="to", description="The end of the range; it is not included."),
    ] = None
    misfits_of: Annotated[
        Id | None,
        Field(description="This practitioner's booked sessions that no longer fit (`…/misfits`)."),
    ] = None
    note: Annotated[Text | None, Field(description="Why, in your own words, for the clients.")] = (
        None
    )
    answer_by: Annotated[
        Instant, Field(description="Until when an answer is free. Exactly then is in time.")
    ]
    meanwhile: Annotated[
        Meanwhile,
        Field(
            description="`keep`: the sessions stay booked; those without an answer stay as they "
            "are. `cancel`: they are cancelled at once, free of charge; their clients can still "
            "choose another time."
        ),
    ]
    proposals: Annotated[
        dict[Id, _Starts],
        Field(
            max_length=MAX_SESSIONS,
            description="Starts that are proposed, by session. They are offered if they are free, "
            "also outside working hours. A seat takes none: it moves to another group.",
        ),
    ] = Field(default_factory=dict)
    preview: Annotated[
        bool, Field(strict=True, description="Only show who would be asked; write nothing.")
    ] = False

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        range_ = {"practitioner_id": self.practitioner_id, "from": self.since, "to": self.until}
        of_range = [name for name, value in range_.items() if value is not None]
        others = {"sessions": self.sessions, "misfits_of": self.misfits_of}
        ways = of_range[:1] + [name for name, value in others.items() if value is not None]
        if len(ways) != 1:
            member = ways[-1] if ways else None
            raise InvalidValueError("field.one-way-to-name-sessions", member=member)
        if 0 < len(of_range) < len(range_):
            member = next(name for name in range_ if name not in of_range)
            raise InvalidValueError("field.one-way-to-name-sessions", member=member)
        return self

    def request(self) -> NewMoveRequest:
        """Give the request to make. A start that is proposed twice counts once."""
        return NewMoveRequest(
            self._choice(),
            self.note,
            self.answer_by,
            self.meanwhile,
            {
                session_id: list(dict.fromkeys(starts))
                for session_id, starts in self.proposals.items()
            },
        )

    def _choice(self) -> Choice:
        if self.sessions is not None:
            return list(dict.fromkeys(self.sessions))
        if self.misfits_of is not None:
            return MisfitsOf(self.misfits_of)
        assert self.practitioner_id and self.since and self.until  # noqa: S101, PT018 - checked
        return SessionsOfRange(self.practitioner_id, self.since, self.until)


class MoveRequestsQuery(ListQuery):
    """Filters and page of a list of move requests."""

    open: bool | None = Field(
        default=None, description="Whether a client has still to answer, before `answer_by`."
    )
    since: Instant | None = first_instant("Asked")
    until: UntilInstant | None = last_instant("Asked")
    limit: PageLimit = 20
    cursor: NextCursor = None


class AskedSessionView(TypedDict):
    """A session of a request, and what has become of the request for it. Times are UTC."""

    session_id: UUID
    client_id: UUID
    client_name: Annotated[str, Field(examples=["Ana Ruiz"])]
    practitioner_id: UUID
    starts_at: Annotated[datetime, Field(description="The start when its client was asked.")]
    present_starts_at: Annotated[datetime, Field(description="The session's start now.")]
    status: Annotated[Status, Field(description="The session's status now.")]
    state: Annotated[
        RequestState,
        Field(
            description="`asked`: no answer yet. `moved`, `cancelled`: the client's answer. "
            "`kept`: no answer in time. `withdrawn`: you have withdrawn it, or you have moved or "
            "cancelled the session."
        ),
    ]
    answered_at: Annotated[
        datetime | None, Field(description="When the state changed.", examples=[None])
    ]
    proposals: Annotated[list[datetime], Field(description="The starts that you propose.")]


class MoveRequestView(TypedDict):
    """A move request. Times are UTC."""

    id: UUID
    note: Annotated[str | None, Field(examples=["Dr. Chen is ill."])]
    answer_by: Annotated[datetime, Field(description="Until when an answer is free.")]
    meanwhile: Meanwhile
    asked_at: Annotated[datetime, Field(description="When the clients were asked.")]
    withdrawn_at: Annotated[datetime | None, Field(examples=[None])]
    closed_at: Annotated[
        datetime | None,
        Field(
            description="When it was closed: after `answer_by`, or once all its sessions have "
            "started. You are then told who has not answered.",
            examples=[None],
        ),
    ]
    waiting: Annotated[int, Field(description="The sessions without an answer.", examples=[1])]
    sessions: Annotated[
        list[AskedSessionView], Field(description="All its sessions, soonest first.")
    ]


class MoveRequestAnswer(MoveRequestView):
    """A move request after a command."""

    command_id: CommandId


class MoveRequestPreview(TypedDict):
    """Whose clients would be asked. Nothing was written."""

    preview: Annotated[bool, Field(examples=[True])]
    sessions: list[AskedSessionView]


class MoveRequestPage(TypedDict):
    """A page of move requests, the latest first. `next_cursor` is null on the last page."""

    items: list[MoveRequestView]
    next_cursor: Annotated[str | None, Field(examples=[None])]
