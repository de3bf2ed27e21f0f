"""Schemas of a client's own record, practice and packages."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.web.json import Answer
from app.web.views import ClientView, PracticeView


class MeView(Answer):
    """The caller. `session_id` is the session of a link's token, and null for other tokens."""

    client: ClientView
    practice: PracticeView
    session_id: UUID | None


class PackageService(Answer):
    """The service that a package pays for."""

    id: UUID
    name: str


class PackageView(Answer):
    """A package of prepaid sessions. Times are in the client's time zone.

    `usable_until`: until when a credit can be used that was returned to a package which has expired
    or expires soon.
    """

    id: UUID
    name: str
    service: PackageService
    credits: int
    credits_left: int
    expires_at: datetime | None = Field(description="Null: it does not expire.")
    usable_until: datetime | None = Field(description="Null: there is no such credit.")


class PackagePage(Answer):
    """All packages of the client on one page. Those that expire first come first."""

    items: list[PackageView]
    next_cursor: str | None = Field(examples=[None])
