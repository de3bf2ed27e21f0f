"""Request and response schemas of commands on a session and those that follow it in its series."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from app.calendar.locks import MAX_SESSIONS
from app.domain.policy.rules import Credit
from app.domain.scope import SeriesScope, Stays
from app.domain.session import Format, Status
from app.sessions.commands.moves import Override
from app.sessions.commands.scope import ScopeChoice
from app.texts.errors import InvalidValueError
from app.web.types import Id, Instant, RequestBody
from app.web.views import MoneyView

INCLUDE_MOVED = "Also change following sessions that were moved alone. By default they stay."
KEEP = "Following sessions that stay as they are."
Ids = Annotated[list[Id], Field(max_length=MAX_SESSIONS)]


class ScopeFields(RequestBody):
    """Which sessions of a series a command changes."""

    scope: SeriesScope = Field(
        default=SeriesScope.THIS,
        description="`this_and_following`: also change the sessions that follow in the series.",
    )
    include_moved: bool = Field(default=False, strict=True, description=INCLUDE_MOVED)
    keep: Ids = Field(default_factory=list, description=KEEP)

    @model_validator(mode="after")
    def _only_with_following(self) -> Self:
        if self.scope is SeriesScope.THIS:
            for name in ("include_moved", "keep"):
                if getattr(self, name):
                    raise InvalidValueError("field.needs-following", member=name)
        return self

    def choice(self) -> ScopeChoice:
        """Give what the command takes along, and what it leaves."""
        return ScopeChoice(self.include_moved, frozenset(self.keep))


class OverrideField(RequestBody):
    """Another time or format for one of the following sessions."""

    session_id: Id
    start: Annotated[Instant, Field(description="The new start, with a UTC offset.")]
    format: Format | None = Field(default=None, description="Default: the session's own format.")
    location_id: Id | None = Field(
        default=None, description="Default: the session's own location, if the format stays."
    )


class MoveScopeFields(ScopeFields):
    """Which sessions of a series a move changes, and those with another time than the others."""

    overrides: Annotated[list[OverrideField], Field(max_length=MAX_SESSIONS)] = Field(
        default_factory=list,
        description="Following sessions that move to another time than the others.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if self.scope is SeriesScope.THIS and self.overrides:
            raise InvalidValueError("field.needs-following", member="overrides")
        if len({override.session_id for override in self.overrides}) < len(self.overrides):
            raise InvalidValueError("field.distinct", member="overrides")
        return self

    def overriding(self) -> dict[UUID, Override]:
        """Give the times that differ, by session."""
        return {
            override.session_id: Override(override.start, override.format, override.location_id)
            for override in self.overrides
        }


class TouchedView(TypedDict):
    """A session in the scope of a command, after the command."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    version: Annotated[int, Field(description="The session's version after the command.")]
    fee: MoneyView | None
    credit: Credit | None
    touched: Annotated[bool, Field(description="Whether the command changed the session.")]
    why: Annotated[Stays | None, Field(description="Why the session stayed as it was, if it did.")]
