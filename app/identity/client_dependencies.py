"""Dependencies that authenticate a client by an access token, and the signers of tokens."""

from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.errors import ForbiddenError
from app.identity.oidc.caller import caller_of_token
from app.identity.oidc.token import is_json_web_token
from app.identity.queries import confirm_caller
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.link import LinkTokens
from app.identity.tokens.quote import Quotes
from app.identity.tokens.sign_in import SignInTokens
from app.texts.catalogue import Texts
from app.web.dependencies import Engine, Write, _instant_of, _origin_of
from app.web.request_headers import bearer_token, idempotency_key, texts_of
from app.web.signing import TokenSigner


async def _quotes(request: Request) -> Quotes:
    quotes: Quotes = request.app.state.quotes
    return quotes


async def _access_tokens(request: Request) -> AccessTokens:
    tokens: AccessTokens = request.app.state.access_tokens
    return tokens


async def _link_tokens(request: Request) -> LinkTokens:
    tokens: LinkTokens = request.app.state.link_tokens
    return tokens


async def _sign_in_tokens(request: Request) -> SignInTokens:
    tokens: SignInTokens = request.app.state.sign_in_tokens
    return tokens


QuoteSigner = Annotated[Quotes, Depends(_quotes)]
AccessSigner = Annotated[AccessTokens, Depends(_access_tokens)]
LinkSigner = Annotated[LinkTokens, Depends(_link_tokens)]
SignInSigner = Annotated[SignInTokens, Depends(_sign_in_tokens)]


SCHEME_OF_CLIENTS = "AccessToken"
TEXT_OF_CLIENTS = (
    "An access token of a client who signed in (`POST /v1/auth/tokens`) or opened the link of an "
    "email or a text message (`POST /v1/links/open`), or an access token of the practice's own "
    "sign-in (`PUT /v1/practice/sign-in`). To see and answer one offer, the token of the link in "
    "its email, or the code in its text message, does as well."
)


class Call(NamedTuple):
    """A request of a client: the caller, the time of the request, and what a read needs.

    One dependency instead of five: resolving five takes longer than evaluating a policy.
    """

    caller: Caller
    now: datetime
    engine: AsyncEngine
    quotes: Quotes
    cursors: TokenSigner
    texts: Texts


async def caller_of(request: Request, token: str, now: datetime) -> Caller:
    """Read who calls: an access token of ours, or of the practice's own sign-in.

    Raises:
        UnauthorizedError: the token is neither, or not valid.
    """
    state, origin = request.app.state, _origin_of(request)
    if is_json_web_token(token):
        return await caller_of_token(
            token, state.issuer_keys, state.read_engine, now, origin=origin
        )
    tokens: AccessTokens = state.access_tokens
    return tokens.read(token, now, origin=origin)


class _AccessToken(HTTPBearer):
    """Dependency that reads the access token of a request and returns a `Call`.

    `by_link`: whether a token from an emailed link is accepted.
    """

    def __init__(self, *, by_link: bool) -> None:
        super().__init__(
            auto_error=False,
            scheme_name=SCHEME_OF_CLIENTS,
            description=TEXT_OF_CLIENTS,
        )
        self._by_link = by_link

    async def __call__(self, request: Request) -> Call:  # type: ignore[override] # more than a token
        state, now = request.app.state, _instant_of(request)
        caller = await caller_of(request, bearer_token(request), now)
        if caller.is_link and not self._by_link:
            raise ForbiddenError
        return Call(
            caller, now, state.read_engine, state.quotes, state.cursor_signer, texts_of(request)
        )


AnyCall = Annotated[Call, Depends(_AccessToken(by_link=True))]
ClientCall = Annotated[Call, Depends(_AccessToken(by_link=False))]


async def _caller(call: AnyCall) -> Caller:
    return call.caller


async def _client(call: ClientCall) -> Caller:
    return call.caller


AnyCaller = Annotated[Caller, Depends(_caller)]
ClientCaller = Annotated[Caller, Depends(_client)]


async def _writing(
    request: Request,
    call: AnyCall,
    engine: Engine,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return _of_client(request, engine, call, key)


async def _secret_writing(request: Request, call: ClientCall, engine: Engine) -> Write:
    return _of_client(request, engine, call, None)


def _of_client(request: Request, engine: AsyncEngine, call: Call, key: str | None) -> Write:
    caller = call.caller
    return Write(
        request,
        engine,
        call.now,
        key,
        practice_id=caller.practice_id,
        scope=caller.scope,
        confirm=lambda db: confirm_caller(db, caller),
    )


Writing = Annotated[Write, Depends(_writing)]
# An answer that contains a secret must not be stored, so this takes no Idempotency-Key.
ClientSecretWriting = Annotated[Write, Depends(_secret_writing)]
