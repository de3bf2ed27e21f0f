"""Shapes of opening a link."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from app.sessions.client_api.schemas import SessionDetails
from app.web.types import RequestBody, Token
from app.web.views import Answer


class OpenLinkRequest(RequestBody):
    """The token from the fragment of the email's link."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "WyIzZjBjN2YyZSIsMF0.signature"}]}
    )
    token: Token


class OpenedLink(Answer):
    """A short-lived access token for one session, and that session."""

    access_token: str
    token_type: str = Field(examples=["Bearer"], description="How it is sent. Always `Bearer`.")
    expires_in: int = Field(description="Seconds that the access token is good for.")
    session: SessionDetails


class IssuedLinkView(Answer):
    """The "Need to reschedule?" link of a session. It is a secret: whoever has it can use it."""

    url: Annotated[
        str,
        Field(
            description="What the client opens: the portal, with the token in the fragment.",
            examples=["https://reslot.example/portal/#WyIzZjBjN2YyZSIsMF0.signature"],
        ),
    ]
    token: Annotated[
        str,
        Field(
            description="What `POST /v1/links/open` takes.",
            examples=["WyIzZjBjN2YyZSIsMF0.signature"],
        ),
    ]
    good_until: Annotated[
        datetime,
        Field(
            description="When it ends as the session is now; it moves with the session. UTC.",
            examples=["2027-01-02T20:50:00Z"],
        ),
    ]


class RevokedLinksView(Answer):
    """From when on no link that was made before opens the session. UTC."""

    revoked_at: datetime
