"""Request and response schemas of groups, for staff."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from app.directory.fields import ExternalRef, RecordBody, unchanged
from app.directory.services.schemas import Duration
from app.domain.groups import GroupStatus
from app.domain.policy.rules import Credit
from app.domain.session import Format, Status
from app.groups.commands.move import GroupMove
from app.groups.records import NewGroup, SeatRules
from app.sessions.client_api.schemas import FormatView
from app.sessions.commands.orders import ChangeReason
from app.sessions.staff_api.schemas import StaffReason
from app.web.pagination import ListQuery, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, RequestBody, UntilInstant, ZoneName

# A command on a group changes all its seats at once.
MAX_SEATS = 100
MAX_DECIDE_HOURS = 366 * 24

Seats = Annotated[
    int, Field(strict=True, ge=1, le=MAX_SEATS, description="How many seats the group has.")
]
MinSeats = Annotated[
    int | None,
    Field(
        strict=True,
        ge=1,
        le=MAX_SEATS,
        description="If fewer seats are taken `decide_hours` before the start, the practice is "
        "told by email and by `group.below_minimum`. Null: no minimum.",
    ),
]
DecideHours = Annotated[
    int | None,
    Field(
        strict=True,
        ge=1,
        le=MAX_DECIDE_HOURS,
        description="When the minimum is judged, in hours before the start.",
    ),
]
AutoCancel = Annotated[
    bool,
    Field(
        strict=True,
        description="Whether the group is cancelled if the minimum is missed, as by staff.",
    ),
]


Force = Annotated[
    bool,
    Field(
        strict=True,
        description="Also permit times outside working hours and in time off, but never a time "
        "that overlaps another session or group.",
    ),
]
LeaveBehind = Annotated[
    bool,
    Field(
        strict=True,
        description="What happens to the seat of a client who has another session at the new time. "
        "`true`: it is cancelled free of charge. `false`: nothing moves (`seats-conflict`).",
    ),
]


class GroupName(TypedDict):
    """The id and the name of a record."""

    id: UUID
    name: Annotated[str, Field(examples=["Yoga"])]


class GroupView(TypedDict):
    """A group. Times are in `time_zone`; the `_utc` fields are the same in UTC."""

    id: UUID
    external_ref: Annotated[str | None, Field(examples=["class-20261203-18"])]
    status: GroupStatus
    version: Annotated[int, Field(description="Increases with every change; also in the `ETag`.")]
    starts_at: datetime
    ends_at: datetime
    starts_at_utc: datetime
    ends_at_utc: datetime
    time_zone: str
    service: GroupName
    practitioner: GroupName
    format: FormatView
    seats: Annotated[int, Field(description="How many seats the group has.", examples=[8])]
    seats_taken: Annotated[
        int,
        Field(description="Seats that are booked, fulfilled or missed.", examples=[5]),
    ]
    seats_left: Annotated[
        int, Field(description="Free seats; none if the group is cancelled.", examples=[3])
    ]
    min_seats: Annotated[
        int | None,
        Field(description="The fewest seats with which it takes place. Null: none.", examples=[3]),
    ]
    decide_hours: Annotated[
        int | None,
        Field(description="When that is judged, in hours before the start.", examples=[24]),
    ]
    auto_cancel: Annotated[
        bool, Field(description="Whether the group is cancelled if the minimum is missed.")
    ]
    decided_at: Annotated[
        datetime | None, Field(description="When the minimum was judged.", examples=[None])
    ]


class ChangedSeatView(TypedDict):
    """A seat that the command changed, as it is after it."""

    session_id: UUID
    client_id: UUID
    status: Status
    credit: Annotated[
        Credit | None,
        Field(description="What happened to its package credit. Null: no credit paid for it."),
    ]


class GroupCommandAnswer(GroupView):
    """The group after the command, and the seats that the command changed.

    `command_id` is null if the command changed nothing. If the group was cancelled already, it is
    the id of the command that cancelled it.
    """

    command_id: UUID | None
    sessions: Annotated[
        list[ChangedSeatView],
        Field(description="The seats that moved or were cancelled, by their session."),
    ]


class GroupPage(TypedDict):
    """A page of groups. `next_cursor` is null on the last page."""

    items: list[GroupView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class GroupQuery(ListQuery):
    """Filters and page of a list of groups."""

    not_filters = ListQuery.not_filters | {"order", "time_zone"}
    practitioner: Id | None = Field(default=None, description="Filter by practitioner.")
    service: Id | None = Field(default=None, description="Filter by service.")
    location: Id | None = Field(default=None, description="Filter by location.")
    status: Annotated[GroupStatus | None, Field(description="Filter by status.")] = None
    since: Instant | None = first_instant("Starts")
    until: UntilInstant | None = last_instant("Starts")
    order: Literal["soonest", "latest"] = Field(
        default="soonest", description="Order by start: `soonest` first, or `latest` first."
    )
    limit: PageLimit = 20
    cursor: NextCursor = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA time zone for all times. Default: each practitioner's own."),
    ] = None


_GROUP: JsonDict = {
    "service_id": "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21",
    "practitioner_id": "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05",
    "start": "2026-12-03T18:00:00-05:00",
    "format": "in_person",
    "seats": 8,
    "min_seats": 3,
    "decide_hours": 24,
    "auto_cancel": True,
}


class NewGroupBody(RequestBody):
    """A group: one time of a practitioner that several clients share."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GROUP]})
    service_id: Id
    practitioner_id: Id
    start: Annotated[Instant, Field(description="The start, with a UTC offset.")]
    format: Format
    location_id: Id | None = Field(
        default=None,
        description="Required only if an in-person service has more than one location.",
    )
    duration_minutes: Annotated[
        Duration | None,
        Field(description="The group's duration. Default: the service's duration."),
    ] = None
    seats: Seats
    min_seats: MinSeats = None
    decide_hours: DecideHours = None
    auto_cancel: AutoCancel = False
    force: Force = False

    def group(self, external_ref: str | None) -> NewGroup:
        """Give the group to create, with the practice's own id for it."""
        return NewGroup(
            self.service_id,
            self.practitioner_id,
            self.start,
            self.format,
            SeatRules(self.seats, self.min_seats, self.decide_hours, self.auto_cancel),
            location_id=self.location_id,
            duration_minutes=self.duration_minutes,
            external_ref=external_ref,
        )


class CreateGroup(NewGroupBody):
    """Create a group."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_GROUP | {"external_ref": "class-20261203-18"}]}
    )
    external_ref: ExternalRef | None = None


class PutGroup(NewGroupBody):
    """A group. Its service and its practitioner never change."""

    leave_behind: LeaveBehind = False


class ChangeGroup(RecordBody):
    """Change seats and minimum of a group. A field that is missing stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seats": 10, "min_seats": 4}]})
    seats: Seats = unchanged()
    min_seats: MinSeats = unchanged()
    decide_hours: DecideHours = unchanged()
    auto_cancel: AutoCancel = unchanged()


class CancelGroup(RequestBody):
    """Cancel a group with all its seats."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "Dr. Chen is ill."}}]}
    )
    reason: StaffReason


class MoveGroup(RequestBody):
    """Move a group with all its seats, or change its format, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "start": "2026-12-08T18:00:00-05:00",
                    "leave_behind": True,
                    "reason": {"note": "The room is being painted."},
                }
            ]
        }
    )
    start: Annotated[Instant, Field(description="The new start, with a UTC offset.")]
    format: Annotated[
        Format | None, Field(description="The new format. Default: the present one.")
    ] = None
    location_id: Id | None = Field(
        default=None,
        description="The new location. Default: the present one, if the format stays; required "
        "only if an in-person service has more than one location.",
    )
    force: Force = False
    leave_behind: LeaveBehind = False
    reason: StaffReason

    def move(self) -> GroupMove:
        """Give the move to make."""
        return GroupMove(
            self.start,
            self.format,
            self.location_id,
            None,
            force=self.force,
            leave_behind=self.leave_behind,
            reason=ChangeReason(self.reason.code, self.reason.note),
        )
