"""Shapes of notifications on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints
from typing_extensions import TypeAliasType

from app.outbox.outbox import Channel, Recipient
from app.web.json import Answer
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, UntilInstant

NotificationStatus = TypeAliasType(
    "NotificationStatus", Literal["pending", "sent", "dropped", "failed"]
)


class NotificationView(Answer):
    """A mail, a text message, or an event for one webhook endpoint, and its status."""

    id: UUID = Field(
        description="For a webhook event its `webhook-id`, for a mail the first part of its "
        "Message-ID."
    )
    kind: str = Field(
        examples=["cancelled"],
        description="What it is about. For a webhook event the type of the event.",
    )
    recipient: Recipient = Field(examples=["client"])
    channel: Channel = Field(
        examples=["mail"],
        description="How it goes, or went. A reminder that a text message could not bring goes by "
        "`mail` then.",
    )
    session_id: UUID | None = Field(description="Null if it is about no session.")
    change_id: UUID
    endpoint_id: UUID | None = Field(
        examples=[None], description="The webhook endpoint that it is sent to."
    )
    starts_at: datetime | None = Field(
        examples=["2026-12-03T20:00:00Z"],
        description="The start of the session or group that it is about. A reminder, and a mail "
        "about a group, is dropped if that starts at another time by then.",
    )
    send_at: datetime = Field(description="When it was or will be due for its first attempt.")
    status: NotificationStatus = Field(
        examples=["failed"],
        description="`pending`: not due yet, or waiting for its next attempt. `sent`: accepted by "
        "the mail server, the gateway of text messages, or the receiver. `dropped`: out of date "
        "before it was sent. `failed`: the last attempt failed.",
    )
    attempts: int = Field(examples=[13])
    last_error: str | None = Field(
        examples=["SMTPConnectError"], description="The error of the last failed attempt."
    )
    finished_at: datetime | None = Field(examples=["2026-11-26T10:15:00Z"])
    delivered_at: datetime | None = Field(
        examples=[None],
        description="When the gateway said that a text message was delivered. Null for mails and "
        "events: they have no delivery receipt.",
    )


class NotificationPage(PageAnswer[NotificationView]):
    """A page of notifications. `next_cursor` null: there are no more."""


class NotificationQuery(ListQuery):
    """Filters and page of the list of notifications."""

    status: Annotated[
        NotificationStatus | None, Field(description="Only those with this status.")
    ] = None
    recipient: Annotated[Recipient | None, Field(description="Only those to this recipient.")] = (
        None
    )
    channel: Annotated[Channel | None, Field(description="Only those that go this way.")] = None
    kind: Annotated[
        Annotated[str, StringConstraints(pattern="^[a-z_.]{1,50}$")] | None,
        Field(description="Only those of this kind, such as `reminder` or `session.cancelled`."),
    ] = None
    session: Annotated[Id | None, Field(description="Only those about this session.")] = None
    endpoint: Annotated[Id | None, Field(description="Only those for this webhook endpoint.")] = (
        None
    )
    since: Instant | None = first_instant("Due")
    until: UntilInstant | None = last_instant("Due")
    limit: PageLimit = 20
    cursor: NextCursor = None
