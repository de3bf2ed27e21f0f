"""Shapes of notifications on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from typing_extensions import TypeAliasType

from app.outbox.outbox import Recipient
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit
from app.web.views import Answer

NotificationStatus = TypeAliasType(
    "NotificationStatus", Literal["pending", "sent", "dropped", "failed"]
)


class NotificationView(Answer):
    """A mail, or an event for one webhook endpoint, and what became of it."""

    id: UUID = Field(
        description="Of a webhook the `webhook-id`, of a mail the first part of its Message-ID."
    )
    kind: str = Field(
        examples=["cancelled"],
        description="What it tells of; of a webhook the type of the event.",
    )
    recipient: Recipient = Field(examples=["client"])
    session_id: UUID | None = Field(description="Null where it is about no session.")
    change_id: UUID
    endpoint_id: UUID | None = Field(
        examples=[None], description="The webhook endpoint that it goes to."
    )
    starts_at: datetime | None = Field(
        examples=["2026-12-03T20:00:00Z"],
        description="The session's start that it is about. A reminder is dropped where that is no "
        "longer the session's.",
    )
    send_at: datetime = Field(description="When it was, or is, due for the first time.")
    status: NotificationStatus = Field(
        examples=["failed"],
        description="`pending`: waits for its time or its next try. `sent`: a mail server, or the "
        "receiver, took it. `dropped`: it had lost its sense. `failed`: given up.",
    )
    attempts: int = Field(examples=[13])
    last_error: str | None = Field(
        examples=["SMTPConnectError"], description="What went wrong the last time, in a few words."
    )
    finished_at: datetime | None = Field(examples=["2026-11-26T10:15:00Z"])


class NotificationPage(PageAnswer[NotificationView]):
    """A page of notifications. `next_cursor` null: there are no more."""


class NotificationQuery(ListQuery):
    """Which notifications, and which page of them."""

    status: Annotated[NotificationStatus | None, Field(description="Only those that stand so.")] = (
        None
    )
    recipient: Annotated[Recipient | None, Field(description="Only those to these.")] = None
    kind: Annotated[
        Annotated[str, StringConstraints(pattern="^[a-z_.]{1,50}$")] | None,
        Field(description="Only those of this kind, like `reminder` or `session.cancelled`."),
    ] = None
    session: Annotated[Id | None, Field(description="Only those about this session.")] = None
    endpoint: Annotated[Id | None, Field(description="Only those for this webhook endpoint.")] = (
        None
    )
    since: Instant | None = first_instant("Due")
    until: Instant | None = last_instant("Due")
    limit: PageLimit = 20
    cursor: NextCursor = None
