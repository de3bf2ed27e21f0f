"""Schemas of the audit log."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from app.audit.write import ActorKind, Subject
from app.web.json import Answer
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, UntilInstant, no_nul
from app.web.views import Moment, MoneyView, ReasonView


class ActorView(Answer):
    """Who made a change. `name` is the API key's name; `origin` the network address, if kept."""

    kind: ActorKind = Field(examples=["practice"])
    name: str | None = Field(examples=["Front desk"])
    key_id: UUID | None
    origin: str | None = Field(examples=["192.0.2.17"])


class TrailEntryView(Answer):
    """One change of one `subject`: who made it, when, what changed, and why.

    `before` and `after` are the time, format and location of a session. `details` has other data of
    the change, never personal data. An erased note is null.
    """

    id: UUID
    command_id: UUID = Field(
        description="The command: the same for all changes that one command made."
    )
    at: datetime = Field(description="Time of the change.")
    subject: Subject = Field(examples=["session"])
    subject_id: UUID
    kind: str = Field(examples=["cancelled"])
    by: ActorView
    session_id: UUID | None
    session_version: int | None = Field(examples=[3])
    reason: ReasonView | None
    before: Moment | None
    after: Moment | None
    fee: MoneyView | None
    credit: str | None = Field(examples=["returned"])
    details: dict[str, Any] | None = Field(examples=[None])


class TrailPage(PageAnswer[TrailEntryView]):
    """A page of the audit log, latest first. `next_cursor` is null on the last page."""


class TrailQuery(ListQuery):
    """Filters and page of the audit log."""

    subject: Annotated[Subject | None, Field(description="Filter by kind of subject.")] = None
    subject_id: Id | None = Field(default=None, description="Filter by the subject's id.")
    kind: Annotated[
        Annotated[str, AfterValidator(no_nul)] | None,
        Field(max_length=50, description="Filter by kind of change, for example `cancelled`."),
    ] = None
    actor: Annotated[ActorKind | None, Field(description="Filter by kind of actor.")] = None
    key: Id | None = Field(default=None, description="Filter by API key.")
    session: Id | None = Field(default=None, description="Filter by session.")
    command: Id | None = Field(default=None, description="Filter by command.")
    client: Id | None = Field(
        default=None, description="Filter by client: changes of the client's record and sessions."
    )
    since: Instant | None = first_instant("Changed")
    until: UntilInstant | None = last_instant("Changed")
    limit: PageLimit = 20
    cursor: NextCursor = None
