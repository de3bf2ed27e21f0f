"""Shapes of fees, as the client and as the practice's own software sees them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.domain.session import FeeStatus
from app.sessions.staff_api.schemas import StaffReason
from app.web.pagination import ListQuery, PageAnswer, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, RequestBody, Text
from app.web.views import Answer, MoneyView


class Named(Answer):
    """Something with a name."""

    id: UUID
    name: str = Field(examples=["Follow-up"])


class FeeSession(Answer):
    """The session that a fee is about."""

    id: UUID
    starts_at: datetime
    service: Named
    practitioner: Named


class FeeView(Answer):
    """A fee. `cause` is what it was recorded for: the kind of the change in the session's history.

    `due`: the practice collects it. `waived`: it does not ask for it any more. `settled`: it was
    paid. `void`: what caused it was undone. `closed_at` is when it stopped being due.
    """

    id: UUID
    session_id: UUID
    amount: MoneyView
    status: FeeStatus
    cause: str = Field(examples=["cancelled"])
    recorded_at: datetime
    closed_at: datetime | None = Field(examples=[None])
    session: FeeSession


class FeePage(PageAnswer[FeeView]):
    """The client's fees, the latest first. `next_cursor` null: there are no more."""


class PracticeFeeView(FeeView):
    """A fee with whose it is, and how it was paid."""

    client: Named
    payment_reference: str | None = Field(examples=[None])


class PracticeFeePage(PageAnswer[PracticeFeeView]):
    """A page of fees, the latest first. `next_cursor` null: there are no more."""


class FeeQuery(ListQuery):
    """Which page of a list."""

    limit: PageLimit = 20
    cursor: NextCursor = None


class PracticeFeeQuery(FeeQuery):
    """Which fees, and which page of them."""

    client: Id | None = Field(default=None, description="Only this client's.")
    session: Id | None = Field(default=None, description="Only of this session.")
    status: Annotated[FeeStatus | None, Field(description="Only those that stand so.")] = None
    since: Instant | None = first_instant("Recorded")
    until: Instant | None = last_instant("Recorded")


class WaiveRequest(RequestBody):
    """Ask for a fee no more."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "It was our mistake."}}]}
    )
    reason: StaffReason


class SettleRequest(RequestBody):
    """Write down that a fee was paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"payment_reference": "INV-2041"}]})
    payment_reference: Annotated[
        Text, Field(description="How your books know the payment. Nothing personal.")
    ]
