"""Shapes of API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.identity.api_keys.keys import Scope
from app.web.json import Answer
from app.web.types import Name, RequestBody
from app.web.views import PracticeView

_SCOPES = (
    "What the key may do. Each scope includes the ones before it: `read` reads everything except "
    "reasons; `write` also reads reasons and changes sessions, fees, records and working hours; "
    "`admin` also changes policies, webhook endpoints, API keys and the practice."
)


class NewKey(RequestBody):
    """A new API key of the practice."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Front desk", "scope": "write"}]}
    )
    name: Annotated[Name, Field(description="Who uses the key. The audit log shows this name.")]
    scope: Annotated[Scope, Field(description=_SCOPES)]


class CallingKey(Answer):
    """The API key of a request."""

    id: UUID
    name: Annotated[str, Field(examples=["Front desk"])]
    scope: Annotated[Scope, Field(examples=["write"])]


class KeyView(CallingKey):
    """An API key. Its secret is never shown again. Times are UTC."""

    created_at: datetime
    revoked_at: Annotated[
        datetime | None,
        Field(description="The key is not accepted from this time on.", examples=[None]),
    ]


class KeyPage(Answer):
    """All keys of the practice on one page, including revoked ones, oldest first."""

    items: list[KeyView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class NewKeyView(KeyView):
    """A new key with its secret."""

    secret: Annotated[
        str,
        Field(
            description="The key itself, for `Authorization: Bearer …`. It is shown only once.",
            examples=["rk_3f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f9a4f0f631c7d4b558f0e3f3d0b6a7c94_secret"],
        ),
    ]


class CallingKeyView(Answer):
    """The calling API key and its practice."""

    key: CallingKey
    practice: PracticeView
