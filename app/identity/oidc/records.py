"""Records of a practice's own sign-in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Match(StrEnum):
    """The field of a client that a claim of the token holds."""

    EXTERNAL_REF = "external_ref"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Provider:
    """The sign-in of a practice. `client_claim` names the claim that says who the client is.

    `own_links` false: Reslot mails no sign-in links to the practice's clients.
    """

    issuer: str
    audience: str
    client_claim: str
    match: Match
    own_links: bool


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client who was found by a token. Tokens from before `tokens_ended_at` are revoked."""

    id: UUID
    token_generation: int
    tokens_ended_at: datetime | None
