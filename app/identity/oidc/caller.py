"""Finds the client who calls with an access token of their practice's own sign-in."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import read_connection
from app.identity.oidc.errors import RefusedTokenError
from app.identity.oidc.keys import IssuerKeys
from app.identity.oidc.queries import find_client, find_providers
from app.identity.oidc.records import KnownClient, Match, Provider
from app.identity.oidc.token import VerifiedToken, read_unverified, verify
from app.identity.tokens.access import Caller

log = structlog.get_logger()


async def caller_of_token(
    text: str, keys: IssuerKeys, engine: AsyncEngine, now: datetime, *, origin: str | None
) -> Caller:
    """Verify a token and find its client.

    Raises:
        RefusedTokenError: the token is not valid, no practice uses its issuer with its audience, or
            it does not name exactly one active client. The log has the reason.
    """
    try:
        return await _caller(text, keys, engine, now, origin)
    except RefusedTokenError as error:
        log.info("token_refused", reason=error.reason)
        raise


async def _caller(
    text: str, keys: IssuerKeys, engine: AsyncEngine, now: datetime, origin: str | None
) -> Caller:
    token = read_unverified(text)
    async with read_connection(engine) as db:
        found = await find_providers(db, token.issuer, token.audiences)
    if len(found) != 1:
        raise RefusedTokenError("issuer")
    ((practice_id, provider),) = found
    # No connection is held meanwhile: the issuer may take seconds to answer.
    key = await keys.find(provider.issuer, token.algorithm, token.key_id, now)
    verified = verify(token, key, now)
    client = await _client(engine, practice_id, provider, verified)
    if client.tokens_ended_at is not None and verified.issued_at < client.tokens_ended_at:
        raise RefusedTokenError("revoked")
    return Caller(practice_id, client.id, client.token_generation, origin=origin)


async def _client(
    engine: AsyncEngine, practice_id: UUID, provider: Provider, token: VerifiedToken
) -> KnownClient:
    value = token.claims.get(provider.client_claim)
    if not isinstance(value, str) or not value or "\0" in value:
        raise RefusedTokenError("claim")
    if provider.match is Match.EMAIL and token.claims.get("email_verified") is not True:
        raise RefusedTokenError("email_not_verified")
    async with read_connection(engine) as db:
        client = await find_client(db, practice_id, provider.match, value)
    if client is None:
        raise RefusedTokenError("client")
    return client
