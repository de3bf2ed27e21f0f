"""Request and response schemas of links."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from app.sessions.client_api.schemas import SessionDetails
from app.web.json import Answer
from app.web.types import RequestBody, Token
from app.web.views import PracticeView


class OpenLinkRequest(RequestBody):
    """The token from the fragment of the link's URL."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "WyIzZjBjN2YyZSIsMF0.signature"}]}
    )
    token: Annotated[
        Token,
        Field(description="The part of the link after `#`, up to the first `&` if there is one."),
    ]


class OpenedLink(Answer):
    """A short-lived access token for one session, that session, and its practice."""

    access_token: str
    token_type: str = Field(examples=["Bearer"], description="The token type. Always `Bearer`.")
    expires_in: int = Field(description="Lifetime of the access token in seconds.")
    session: SessionDetails
    practice: PracticeView


class IssuedLinkView(Answer):
    """The "Need to reschedule?" link of a session. It is a secret: anyone with it can use it."""

    url: Annotated[
        str,
        Field(
            description="The URL for the client: the portal, with the token in the fragment.",
            examples=["https://reslot.example/portal/#WyIzZjBjN2YyZSIsMF0.signature"],
        ),
    ]
    token: Annotated[
        str,
        Field(
            description="The token for `POST /v1/links/open`.",
            examples=["WyIzZjBjN2YyZSIsMF0.signature"],
        ),
    ]
    good_until: Annotated[
        datetime,
        Field(
            description="When the link expires (UTC). It changes when the session moves.",
            examples=["2027-01-02T20:50:00Z"],
        ),
    ]


class RevokedLinksView(Answer):
    """When all links issued before were revoked (UTC)."""

    revoked_at: datetime
