"""Shapes of API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.identity.api_keys.keys import Scope
from app.web.types import Name, RequestBody
from app.web.views import Answer, PracticeView

_SCOPES = (
    "How far it reaches, each as far as the ones before it: `read` looks at everything but "
    "reasons, `write` sees these too and does a receptionist's work, `admin` also changes "
    "policies, webhook endpoints and keys."
)


class NewKey(RequestBody):
    """A new API key of the practice."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Front desk", "scope": "write"}]}
    )
    name: Annotated[Name, Field(description="Who uses it; stands in the history of what it did.")]
    scope: Annotated[Scope, Field(description=_SCOPES)]


class CallingKey(Answer):
    """The key that a request came with."""

    id: UUID
    name: Annotated[str, Field(examples=["Front desk"])]
    scope: Annotated[Scope, Field(examples=["write"])]


class KeyView(CallingKey):
    """An API key. Its secret is never shown again. Times are UTC."""

    created_at: datetime
    revoked_at: Annotated[
        datetime | None, Field(description="From then on it is dead.", examples=[None])
    ]


class KeyPage(Answer):
    """The practice's keys, the revoked ones too, oldest first. They always come whole."""

    items: list[KeyView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class NewKeyView(KeyView):
    """A new key, with its text."""

    secret: Annotated[
        str,
        Field(
            description="The key itself, for `Authorization: Bearer …`. It is shown this once.",
            examples=["rk_3f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f9a4f0f631c7d4b558f0e3f3d0b6a7c94_secret"],
        ),
    ]


class CallingKeyView(Answer):
    """Who is calling: a key of a practice."""

    key: CallingKey
    practice: PracticeView
