"""The public keys of issuers: read from their published documents, and cached in the process.

Source: product.md section 10, "The practice's own sign-in".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from pydantic import BaseModel, Field, ValidationError

from app.identity.oidc.errors import RefusedTokenError
from app.outbound.fetching import FetchError

FRESH = timedelta(hours=1)
LAST_USE = timedelta(hours=24)
# After a failed attempt, and for a key id that is not known.
PAUSE = timedelta(minutes=1)
MIN_RSA_BITS = 2048
MAX_KEYS = 100

log = structlog.get_logger()

Fetch = Callable[[str], Awaitable[Any]]


class PublicKey(NamedTuple):
    """A key of an issuer, and the algorithms that it verifies."""

    id: str | None
    algorithms: frozenset[str]
    key: Key


class _Discovery(BaseModel):
    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    keys: Annotated[list[dict[str, Any]], Field(max_length=MAX_KEYS)]


@dataclass
class _Issuer:
    """What is known of an issuer. `asked_at` is the last attempt, `read_at` the last success."""

    keys: list[PublicKey] = field(default_factory=list)
    asked_at: datetime | None = None
    read_at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def key(self, algorithm: str, key_id: str | None) -> PublicKey | None:
        """Find the one key for a token. A token without a key id needs an issuer with one key."""
        fitting = [
            key
            for key in self.keys
            if algorithm in key.algorithms and (key_id is None or key.id == key_id)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def may_ask(self, now: datetime) -> bool:
        return self.asked_at is None or now - self.asked_at >= PAUSE

    def is_fresh(self, now: datetime) -> bool:
        return self.read_at is not None and now - self.read_at < FRESH

    def is_usable(self, now: datetime) -> bool:
        return self.read_at is not None and now - self.read_at < LAST_USE


class IssuerKeys:
    """Finds the keys of issuers. Only registered issuers may be asked for: each is kept."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._issuers: dict[str, _Issuer] = {}

    async def find(self, issuer: str, algorithm: str, key_id: str | None, now: datetime) -> Key:
        """Find the key that verifies a token of an issuer.

        Keys are read again after an hour, and for an unknown key id at most once a minute. While
        the issuer cannot be reached, its known keys are used for 24 hours.

        Raises:
            RefusedTokenError: the issuer has no such key, or its keys cannot be read.
        """
        known = self._issuers.setdefault(issuer, _Issuer())
        if not known.is_fresh(now):
            await self._read(issuer, known, now)
        found = known.key(algorithm, key_id)
        if found is None and known.is_usable(now):
            await self._read(issuer, known, now)
            found = known.key(algorithm, key_id)
        if found is None or not known.is_usable(now):
            raise RefusedTokenError("no_key")
        return found.key

    async def _read(self, issuer: str, known: _Issuer, now: datetime) -> None:
        """Read the issuer's keys, unless that was tried within the last minute.

        Several requests at once ask once: the others wait for the answer.
        """
        async with known.lock:
            if not known.may_ask(now):
                return
            known.asked_at = now
            try:
                known.keys = await self._published(issuer)
            except FetchError as error:
                log.warning("issuer_unreadable", issuer=issuer, reason=str(error))
            except ValidationError:
                log.warning("issuer_unreadable", issuer=issuer, reason="WrongDocument")
            else:
                known.read_at = now

    async def _published(self, issuer: str) -> list[PublicKey]:
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = _Discovery.model_validate(await self._fetch(address))
        if discovery.issuer != issuer:
            raise FetchError("OtherIssuer")
        document = _KeySet.model_validate(await self._fetch(discovery.jwks_uri))
        return list(_usable(document.keys))


def _usable(documents: list[dict[str, Any]]) -> Iterator[PublicKey]:
    """Give the keys that verify signatures. Others, such as those for encryption, are left out."""
    for document in documents:
        if document.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(document)
            algorithms = _algorithms(key)
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError):
            continue
        named = document.get("alg")
        if named is not None:
            algorithms &= {named}
        key_id = document.get("kid")
        if algorithms and (key_id is None or isinstance(key_id, str)):
            yield PublicKey(key_id, algorithms, key)


def _algorithms(key: Key) -> frozenset[str]:
    if isinstance(key, RSAKey) and key.public_key.key_size >= MIN_RSA_BITS:
        return frozenset({"RS256"})
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return frozenset({"ES256"})
    if isinstance(key, OKPKey) and key.get("crv") == "Ed25519":
        return frozenset({"EdDSA", "Ed25519"})
    return frozenset()
