"""Shapes of the practice's own sign-in on the wire."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StringConstraints

from app.identity.oidc.records import Match, Provider
from app.web.json import Answer
from app.web.types import RequestBody, visible

MAX_ISSUER = 500

_Visible = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=255),
    AfterValidator(visible),
]
_ISSUER = "https://login.harbor.example/realms/clients"
_AUDIENCE = "reslot"

Issuer = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_ISSUER),
    AfterValidator(visible),
    Field(
        description="The issuer, exactly as its tokens name it in `iss`: an `https` URL that is "
        "not in a private network. Its `/.well-known/openid-configuration` names its keys.",
        examples=[_ISSUER],
    ),
]
Audience = Annotated[
    _Visible,
    Field(
        description="A value of `aud` in the tokens that are meant for this API. Issuer and "
        "audience together belong to one practice.",
        examples=[_AUDIENCE],
    ),
]
ClientClaim = Annotated[
    _Visible,
    Field(
        description="The claim that says who the client is. Default: `sub` for `external_ref`, "
        "`email` for `email`.",
        examples=["sub"],
    ),
]
OwnLinks = Annotated[
    bool,
    Field(description="Whether Reslot still emails sign-in links to this practice's clients."),
]
_DEFAULT_CLAIMS = {Match.EXTERNAL_REF: "sub", Match.EMAIL: "email"}


class SignInProviderView(Answer):
    """The practice's own sign-in."""

    issuer: Issuer
    audience: Audience
    client_claim: ClientClaim
    match: Annotated[
        Match,
        Field(description="The field of a client that the claim holds.", examples=["external_ref"]),
    ]
    own_links: OwnLinks


class SignInProviderBody(RequestBody):
    """The practice's own sign-in. It replaces the former one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "issuer": _ISSUER,
                    "audience": _AUDIENCE,
                    "client_claim": "sub",
                    "match": "external_ref",
                    "own_links": False,
                }
            ]
        }
    )
    issuer: Issuer
    audience: Audience
    client_claim: ClientClaim | None = None
    match: Annotated[
        Match,
        Field(
            description="The field of a client that the claim holds. `email`: the token must also "
            "have `email_verified: true`, and exactly one active client must have the address."
        ),
    ]
    own_links: Annotated[StrictBool, OwnLinks.__metadata__[0]] = True

    def provider(self) -> Provider:
        """Return the sign-in, with the default claim where none is named."""
        claim = self.client_claim or _DEFAULT_CLAIMS[self.match]
        return Provider(self.issuer, self.audience, claim, self.match, self.own_links)
