"""Shapes of the trail."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.audit.write import ActorKind, Subject
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit
from app.web.views import Answer, Moment, MoneyView, ReasonView


class ActorView(Answer):
    """Who did it. `name` is the API key's; `origin` the network address he came from, if kept."""

    kind: ActorKind = Field(examples=["practice"])
    name: str | None = Field(examples=["Front desk"])
    key_id: UUID | None
    origin: str | None = Field(examples=["192.0.2.17"])


class TrailEntryView(Answer):
    """One thing that was done to one `subject`: who, when, what, why.

    `before` and `after` are when and how a session took place; `details` has what else is worth
    telling, and never anything personal. A note that was erased is null.
    """

    id: UUID
    at: datetime = Field(description="When it was done.")
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
    """A page of the trail, the latest first. `next_cursor` null: there is no more."""


class TrailQuery(ListQuery):
    """Which entries, and which page of them."""

    subject: Annotated[Subject | None, Field(description="Only of this kind of thing.")] = None
    subject_id: Id | None = Field(default=None, description="Only of this very thing.")
    kind: Annotated[
        str | None, Field(max_length=50, description="Only what was done so, like `cancelled`.")
    ] = None
    actor: Annotated[ActorKind | None, Field(description="Only what was done by these.")] = None
    key: Id | None = Field(default=None, description="Only what was done with this API key.")
    session: Id | None = Field(default=None, description="Only of this session.")
    client: Id | None = Field(
        default=None, description="Only of this client's record and sessions."
    )
    since: Instant | None = first_instant("Done")
    until: Instant | None = last_instant("Done")
    limit: PageLimit = 20
    cursor: NextCursor = None
