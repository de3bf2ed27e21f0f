"""Shapes of what a client sees of himself and of the practice."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.web.views import Answer, ClientView, PracticeView


class MeView(Answer):
    """Who calls. `session_id`: the one session that a link's token is bound to, else null."""

    client: ClientView
    practice: PracticeView
    session_id: UUID | None


class PackageService(Answer):
    """What the package's sessions are."""

    id: UUID
    name: str


class PackageView(Answer):
    """Prepaid sessions. `usable_until`: how long a credit that came back late can still be used."""

    id: UUID
    name: str
    service: PackageService
    credits: int
    credits_left: int
    expires_at: datetime | None = Field(description="Null: it does not expire.")
    usable_until: datetime | None = Field(description="Null where there is no such credit.")


class PackagePage(Answer):
    """The client's packages, those that expire first at the top. They always come whole."""

    items: list[PackageView]
    next_cursor: str | None = Field(examples=[None])
