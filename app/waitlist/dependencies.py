"""Dependencies that authenticate whoever answers an offer, and the signer of offers' links."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import read_connection
from app.domain.errors import LinkInvalidError, UnauthorizedError
from app.identity.client_dependencies import SCHEME_OF_CLIENTS, TEXT_OF_CLIENTS, caller_of
from app.identity.short_links.codes import is_code
from app.identity.short_links.queries import read_offer_link
from app.identity.tokens.offer import OfferLink, OfferTokens
from app.waitlist.access import OfferCaller, confirm_offer_caller
from app.web.app_settings import AppSettings
from app.web.dependencies import Engine, Now, Origin, ReadEngine, Write
from app.web.request_headers import bearer_token, idempotency_key


async def _offer_tokens(request: Request) -> OfferTokens:
    tokens: OfferTokens = request.app.state.offer_tokens
    return tokens


async def _oldest_end(now: Now, settings: AppSettings) -> datetime:
    return now - timedelta(days=settings.link_days)


OfferSigner = Annotated[OfferTokens, Depends(_offer_tokens)]
OldestEnd = Annotated[datetime, Depends(_oldest_end)]


class _OfferToken(HTTPBearer):
    """Dependency that reads the access token, or the token of an offer's link, of a request."""

    def __init__(self) -> None:
        super().__init__(
            auto_error=False,
            scheme_name=SCHEME_OF_CLIENTS,
            description=TEXT_OF_CLIENTS,
        )

    async def __call__(  # type: ignore[override] # more than a token
        self,
        request: Request,
        offers: OfferSigner,
        engine: ReadEngine,
        origin: Origin,
        now: Now,
        oldest_end: OldestEnd,
    ) -> OfferCaller:
        token = bearer_token(request)
        try:
            return OfferCaller(await caller_of(request, token, now), oldest_end, origin)
        except UnauthorizedError:
            pass
        try:
            return OfferCaller(await _read_link(engine, token, offers), oldest_end, origin)
        except LinkInvalidError:
            raise UnauthorizedError from None


async def _read_link(engine: AsyncEngine, token: str, offers: OfferTokens) -> OfferLink:
    if not is_code(token):
        return offers.read(token)
    async with read_connection(engine) as db:
        return await read_offer_link(db, token, offers)


AnyOfferCaller = Annotated[OfferCaller, Depends(_OfferToken())]


async def _offer_writing(
    request: Request,
    caller: AnyOfferCaller,
    engine: Engine,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return Write(
        request,
        engine,
        now,
        key,
        practice_id=caller.practice_id,
        scope=caller.scope,
        confirm=lambda db: confirm_offer_caller(db, caller),
    )


OfferWriting = Annotated[Write, Depends(_offer_writing)]
