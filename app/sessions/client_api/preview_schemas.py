"""Query and response schemas of the preview of a command on several sessions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.policy.rules import Action
from app.domain.scope import SeriesScope, Stays
from app.domain.session import Format
from app.sessions.client_api.decision_schemas import DecisionView
from app.sessions.client_api.scope_schemas import INCLUDE_MOVED, KEEP, Ids
from app.sessions.commands.scope import ScopeChoice
from app.web.types import Id, Instant, QueryParameters, ZoneName
from app.web.views import ConflictView, MoneyView


class ScopeQuery(QueryParameters):
    """The command to preview."""

    action: Action = Field(
        default=Action.CANCEL,
        description="The action to preview. If one session would change its start, it is "
        "`reschedule` for all; `change_format` only if all keep their starts.",
    )
    scope: SeriesScope = Field(
        default=SeriesScope.THIS_AND_FOLLOWING,
        description="`this_and_following`: with the sessions that follow in the series. For "
        "`absence` always `this`.",
    )
    start: Instant | None = Field(
        default=None,
        description="For `reschedule`: the new start of the session. The answer then has the new "
        "starts of all, and the conflicts. Where all keep their starts, and only the format or "
        "location changes, its `action` is `change_format`.",
    )
    format: Format | None = Field(
        default=None,
        description="With `start`: the format that the session would have. Default: its own.",
    )
    location_id: Id | None = Field(
        default=None,
        description="With `start`: the location that the session would have. Required only with a "
        "`format` that has more than one. Default without `format`: its own.",
    )
    include_moved: bool = Field(default=False, description=INCLUDE_MOVED)
    keep: Ids = Field(default_factory=list, description=KEEP)
    time_zone: Annotated[
        ZoneName | None, Field(description="IANA time zone for all times. Default: the client's.")
    ] = None

    @property
    def covered_scope(self) -> SeriesScope:
        """The scope to preview: an absence is always about one session."""
        return SeriesScope.THIS if self.action is Action.ABSENCE else self.scope

    def choice(self) -> ScopeChoice:
        """Give what the command would take along, and what it would leave."""
        return ScopeChoice(self.include_moved, frozenset(self.keep))


class CoveredView(TypedDict):
    """A session that the command would change."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    new_starts_at: Annotated[
        datetime | None, Field(description="Where the session would go; null without `start`.")
    ]
    decision: Annotated[
        DecisionView,
        Field(
            description="The decision about this session. `quote` is null: one quote is for all."
        ),
    ]


class StayingView(TypedDict):
    """A following session that would stay as it is."""

    session_id: UUID
    starts_at: datetime
    why: Annotated[
        Stays,
        Field(
            description="`moved`: it was moved alone; `include_moved` takes it along. `unchanged`: "
            "it is at its new time already."
        ),
    ]


class ScopeView(TypedDict):
    """What a command would do to a session and those that follow it."""

    action: Action
    scope: SeriesScope
    allowed: Annotated[
        bool, Field(description="False if one of the decisions refuses; then there is no quote.")
    ]
    sessions: Annotated[
        list[CoveredView], Field(description="The sessions that would change, in order.")
    ]
    staying: Annotated[
        list[StayingView], Field(description="The following sessions that would stay.")
    ]
    conflicts: Annotated[
        list[ConflictView], Field(description="The new starts that are not available.")
    ]
    fee: Annotated[MoneyView | None, Field(description="The sum of the fees.")]
    credits_forfeited: Annotated[
        int, Field(description="How many package credits would be forfeited.")
    ]
    quote: Annotated[
        str | None,
        Field(
            description="One quote for all these sessions. Send it with the command, in the "
            "same `scope`."
        ),
    ]
    quote_expires_at: datetime | None
