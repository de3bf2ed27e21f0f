"""Reads and verifies an access token of a practice's own sign-in.

Source: product.md section 10, "The practice's own sign-in".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.identity.oidc.errors import RefusedTokenError
from app.web.types import no_nul

# Signatures by public keys only. `EdDSA` is the former name of `Ed25519`.
ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
LEEWAY = timedelta(seconds=60)
OLDEST = timedelta(hours=24)
MAX_LENGTH = 8192
MAX_AUDIENCES = 20
_LAST_SECOND = 253_370_764_800  # the year 9999
_DOTS = 2

_Instant = Annotated[float, Field(strict=True, ge=0, le=_LAST_SECOND, allow_inf_nan=False)]
_Short = Annotated[str, Field(strict=True, min_length=1, max_length=1000), AfterValidator(no_nul)]


class _Claims(BaseModel):
    model_config = ConfigDict(extra="allow")
    iss: _Short
    aud: _Short | Annotated[list[_Short], Field(min_length=1, max_length=MAX_AUDIENCES)]
    exp: _Instant
    iat: _Instant
    nbf: _Instant = 0


class _Header(BaseModel):
    alg: _Short
    kid: _Short | None = None


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token says of itself, before its signature is verified."""

    text: str
    algorithm: str
    key_id: str | None
    issuer: str
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a token with a good signature, which is valid now."""

    issued_at: datetime
    claims: Mapping[str, Any]


def is_json_web_token(text: str) -> bool:
    """Tell such a token from one of ours, which has one dot."""
    return text.count(".") == _DOTS


def read_unverified(text: str) -> UnverifiedToken:
    """Read who has issued a token, and for whom. Nothing of it is true yet.

    Raises:
        RefusedTokenError: it is malformed, too long, or has an algorithm that is not accepted.
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise RefusedTokenError("malformed")
    try:
        parts = jws.extract_compact(text.encode())
        header = _Header.model_validate(parts.headers())
        claims = _Claims.model_validate(orjson.loads(parts.payload))
    except (JoseError, ValidationError, ValueError, TypeError):
        raise RefusedTokenError("malformed") from None
    if header.alg not in ALGORITHMS:
        raise RefusedTokenError("algorithm")
    audiences = (claims.aud,) if isinstance(claims.aud, str) else tuple(claims.aud)
    return UnverifiedToken(text, header.alg, header.kid, claims.iss, audiences)


def verify(token: UnverifiedToken, key: Key, now: datetime) -> VerifiedToken:
    """Verify the signature of a token, and that it is valid at `now`, within a minute.

    Raises:
        RefusedTokenError: the signature is wrong, or the token is expired, not valid yet, or was
            issued more than 24 hours ago.
    """
    try:
        signed = jws.deserialize_compact(token.text.encode(), key, algorithms=[token.algorithm])
    except (JoseError, ValueError, TypeError):
        raise RefusedTokenError("signature") from None
    claims = _Claims.model_validate(orjson.loads(signed.payload))
    issued_at = datetime.fromtimestamp(claims.iat, UTC)
    if now > datetime.fromtimestamp(claims.exp, UTC) + LEEWAY:
        raise RefusedTokenError("expired")
    if max(issued_at, datetime.fromtimestamp(claims.nbf, UTC)) > now + LEEWAY:
        raise RefusedTokenError("not_valid_yet")
    if now - issued_at > OLDEST:
        raise RefusedTokenError("too_old")
    return VerifiedToken(issued_at, claims.model_dump())
