"""What a request is handled with: dependencies that endpoints name in their signatures."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import Depends, Header, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth.queries import confirm_caller
from app.auth.tokens import AccessTokens, Caller
from app.clock import Clock
from app.database.idempotency import IdempotentRequest, StoredAnswer, answer_once
from app.database.transactions import transact
from app.domain.errors import ForbiddenError, InvalidInputError, UnauthorizedError
from app.links.tokens import LinkTokens
from app.sessions.quotes import Quotes
from app.settings import Settings
from app.signing import TokenSigner

T = TypeVar("T")

MAX_KEY_LENGTH = 255

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="AccessToken",
    description="An access token: of a client, or from a link (`POST /v1/links/open`).",
)


# All dependencies are coroutines: a plain function would be sent to a thread for nothing.


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _engine(request: Request) -> AsyncEngine:
    engine: AsyncEngine = request.app.state.engine
    return engine


async def _quotes(request: Request) -> Quotes:
    quotes: Quotes = request.app.state.quotes
    return quotes


async def _access_tokens(request: Request) -> AccessTokens:
    tokens: AccessTokens = request.app.state.access_tokens
    return tokens


async def _link_tokens(request: Request) -> LinkTokens:
    tokens: LinkTokens = request.app.state.link_tokens
    return tokens


async def _cursor_signer(request: Request) -> TokenSigner:
    signer: TokenSigner = request.app.state.cursor_signer
    return signer


async def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock()


AppSettings = Annotated[Settings, Depends(_settings)]
Engine = Annotated[AsyncEngine, Depends(_engine)]
QuoteSigner = Annotated[Quotes, Depends(_quotes)]
AccessSigner = Annotated[AccessTokens, Depends(_access_tokens)]
LinkSigner = Annotated[LinkTokens, Depends(_link_tokens)]
CursorSigner = Annotated[TokenSigner, Depends(_cursor_signer)]
Now = Annotated[datetime, Depends(_now)]


async def json_only(request: Request) -> None:
    """Refuse a body that is not declared as JSON, before anything reads it."""
    has_body = request.headers.get("content-length", "0") != "0"
    has_body = has_body or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _reading(engine: Engine) -> AsyncIterator[AsyncConnection]:
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        yield db


async def _caller(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    tokens: AccessSigner,
    now: Now,
) -> Caller:
    if credentials is None:
        raise UnauthorizedError
    return tokens.read(credentials.credentials, now)


async def _client(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if caller.is_link:
        raise ForbiddenError
    return caller


Reading = Annotated[AsyncConnection, Depends(_reading, scope="function")]
AnyCaller = Annotated[Caller, Depends(_caller)]
ClientCaller = Annotated[Caller, Depends(_client)]


def json_answer(model: BaseModel, *, etag: str | None = None) -> Response:
    """Send a model that we built ourselves."""
    return _respond(StoredAnswer(200, etag, as_json(model)))


def as_json(model: BaseModel) -> bytes:
    """Write a model as it goes over the wire."""
    return model.model_dump_json(by_alias=True).encode()


def _respond(answer: StoredAnswer) -> Response:
    headers = {"Cache-Control": "no-store"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, "application/json")


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Any text of 1 to 255 visible characters. The same key with the same "
            'request gets the first answer again, for 24 hours. `key` and `"key"` are the same.',
            examples=["7c1d5a52-5ce2-4d6c-9f0e-0d5f3d6f4a11"],
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    key = idempotency_key.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInputError(
            "/Idempotency-Key", "must be 1 to 255 visible ASCII characters", where="header"
        )
    return key


class Write:
    """Runs a command for a caller: in one transaction, once per idempotency key."""

    def __init__(
        self,
        request: Request,
        engine: AsyncEngine,
        caller: Caller,
        now: datetime,
        key: str | None,
    ) -> None:
        self._request = request
        self._engine = engine
        self._caller = caller
        self._now = now
        self._key = key

    async def __call__(
        self,
        command: Callable[[AsyncConnection], Awaitable[T]],
        answer: Callable[[T], StoredAnswer],
    ) -> Response:
        """Run `command` and send its answer, or the one that its key has already got."""

        async def answered(db: AsyncConnection) -> StoredAnswer:
            return answer(await command(db))

        request = None
        if self._key is not None:
            request = IdempotentRequest(
                self._caller.practice_id, self._scope(), self._key, await self._fingerprint()
            )

        async def once(db: AsyncConnection) -> StoredAnswer:
            await confirm_caller(db, self._caller)
            if request is None:
                return await answered(db)
            return await answer_once(db, request, answered, self._now)

        return _respond(await transact(self._engine, once))

    def _scope(self) -> str:
        if self._caller.is_link:
            return f"link:{self._caller.session_id}"
        return f"client:{self._caller.client_id}"

    async def _fingerprint(self) -> bytes:
        url = self._request.url
        target = f"{self._request.method} {url.path}?{url.query}\n"
        return hashlib.sha256(target.encode() + await self._request.body()).digest()


async def _writing(
    request: Request,
    engine: Engine,
    caller: AnyCaller,
    now: Now,
    key: Annotated[str | None, Depends(_idempotency_key)],
) -> Write:
    return Write(request, engine, caller, now, key)


Writing = Annotated[Write, Depends(_writing)]
IfMatch = Annotated[
    str | None,
    Header(
        description="The session's `ETag`: the command is refused where the session has changed.",
        examples=['"3"'],
    ),
]
