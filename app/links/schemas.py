"""Shapes of opening a link."""

from typing import Literal

from pydantic import ConfigDict

from app.inputs import RequestBody, Token
from app.sessions.schemas import Answer, SessionDetails


class OpenLinkRequest(RequestBody):
    """The token from the fragment of the email's link."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "WyIzZjBjN2YyZSIsMF0.signature"}]}
    )
    token: Token


class OpenedLink(Answer):
    """A short-lived access token for one session, and that session."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    session: SessionDetails
