"""What a request is handled with: dependencies that endpoints name in their signatures."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth.keys import Scope, Staff, confirm_staff, find_staff
from app.auth.queries import confirm_caller
from app.auth.sign_in_tokens import SignInTokens
from app.auth.tokens import AccessTokens, Caller
from app.clock import Clock
from app.database.idempotency import IdempotentRequest, StoredAnswer, answer_once
from app.database.transactions import transact
from app.domain.errors import ForbiddenError, UnauthorizedError
from app.links.tokens import LinkTokens
from app.origins import plain_address
from app.request_headers import credentials_of, idempotency_key, texts_of
from app.sessions.quotes import Quotes
from app.settings import Settings
from app.signing import TokenSigner
from app.texts.catalogue import Texts
from app.texts.languages import mark_language
from app.wire import Answer, as_json

T = TypeVar("T")


_key = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key of the practice, made by `reslot keys create`.",
)


# All dependencies are coroutines: a plain function would be sent to a thread for nothing.


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _engine(request: Request) -> AsyncEngine:
    engine: AsyncEngine = request.app.state.engine
    return engine


async def _read_engine(request: Request) -> AsyncEngine:
    engine: AsyncEngine = request.app.state.read_engine
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


async def _sign_in_tokens(request: Request) -> SignInTokens:
    tokens: SignInTokens = request.app.state.sign_in_tokens
    return tokens


async def _cursor_signer(request: Request) -> TokenSigner:
    signer: TokenSigner = request.app.state.cursor_signer
    return signer


async def _texts(request: Request) -> Texts:
    return texts_of(request)


async def _now(request: Request) -> datetime:
    return _instant_of(request)


def _instant_of(request: Request) -> datetime:
    """Give the instant of a request, which is asked for once."""
    known = request.scope["state"]
    if "now" not in known:
        clock: Clock = request.app.state.clock
        known["now"] = clock()
    now: datetime = known["now"]
    return now


AppSettings = Annotated[Settings, Depends(_settings)]
# Connections for commands. Reads have others, so that commands that wait do not use them up.
Engine = Annotated[AsyncEngine, Depends(_engine)]
ReadEngine = Annotated[AsyncEngine, Depends(_read_engine)]
QuoteSigner = Annotated[Quotes, Depends(_quotes)]
AccessSigner = Annotated[AccessTokens, Depends(_access_tokens)]
LinkSigner = Annotated[LinkTokens, Depends(_link_tokens)]
SignInSigner = Annotated[SignInTokens, Depends(_sign_in_tokens)]
CursorSigner = Annotated[TokenSigner, Depends(_cursor_signer)]
Now = Annotated[datetime, Depends(_now)]
ReaderTexts = Annotated[Texts, Depends(_texts)]


async def _reading(engine: ReadEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
        yield db


async def _origin(request: Request) -> str | None:
    return _origin_of(request)


def _origin_of(request: Request) -> str | None:
    """Give the network address that the request came from, as the server or a proxy knows it."""
    return None if request.client is None else plain_address(request.client.host)


Origin = Annotated[str | None, Depends(_origin)]


class Call(NamedTuple):
    """A call of a client's: who calls, when, and what the answer is made with.

    One dependency instead of five: resolving them takes longer than judging a policy does.
    """

    caller: Caller
    now: datetime
    engine: AsyncEngine
    quotes: Quotes
    cursors: TokenSigner
    texts: Texts


class _AccessToken(HTTPBearer):
    """The access token in a request. As a dependency it gives the call that was made with it."""

    def __init__(self, *, by_link: bool) -> None:
        super().__init__(
            auto_error=False,
            scheme_name="AccessToken",
            description="An access token: of a client who signed in (`POST /v1/auth/tokens`), or "
            "from a link (`POST /v1/links/open`).",
        )
        self._by_link = by_link

    async def __call__(self, request: Request) -> Call:  # type: ignore[override] # more than a token
        scheme, token = get_authorization_scheme_param(credentials_of(request))
        if scheme.lower() != "bearer":
            raise UnauthorizedError
        state, now = request.app.state, _instant_of(request)
        tokens: AccessTokens = state.access_tokens
        caller = tokens.read(token, now, origin=_origin_of(request))
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


def _staff(needed: Scope) -> Callable[..., Awaitable[Staff]]:
    async def staff(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)],
        engine: ReadEngine,
        origin: Origin,
    ) -> Staff:
        if credentials is None or credentials_of(request) is None:
            raise UnauthorizedError
        # Given back before the request's own connection is taken: one request never holds two.
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as db:
            return await find_staff(db, credentials.credentials, needed, origin=origin)

    return staff


Reading = Annotated[AsyncConnection, Depends(_reading, scope="function")]
AnyCaller = Annotated[Caller, Depends(_caller)]
ClientCaller = Annotated[Caller, Depends(_client)]
StaffReader = Annotated[Staff, Security(_staff(Scope.READ), scopes=[Scope.READ])]
StaffWriter = Annotated[Staff, Security(_staff(Scope.WRITE), scopes=[Scope.WRITE])]
StaffAdmin = Annotated[Staff, Security(_staff(Scope.ADMIN), scopes=[Scope.ADMIN])]


def json_answer(
    model: Answer,
    *,
    etag: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    texts: Texts | None = None,
) -> Response:
    """Send a model that we built ourselves. `texts` are those that its sentences are of, if any."""
    language = None if texts is None else texts.language
    return _respond(StoredAnswer(status, etag, as_json(model), language=language))


def no_content() -> Response:
    """Say that it is done, where there is nothing to show."""
    return _respond(StoredAnswer(HTTPStatus.NO_CONTENT, None, b""))


def answered(model: Answer) -> StoredAnswer:
    """Answer a command with what it made of something, to be sent and to be kept with its key."""
    return StoredAnswer(HTTPStatus.OK, None, as_json(model))


def created(model: Answer) -> StoredAnswer:
    """Answer a command with what it has made."""
    return StoredAnswer(HTTPStatus.CREATED, None, as_json(model))


def done(_: object) -> StoredAnswer:
    """Answer a command that leaves nothing to show: a 204 without a body."""
    return StoredAnswer(HTTPStatus.NO_CONTENT, None, b"")


def _respond(answer: StoredAnswer) -> Response:
    headers = {"Cache-Control": "no-store"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    response = Response(
        answer.body, answer.status, headers, "application/json" if answer.body else None
    )
    if answer.language is not None:
        mark_language(response, answer.language)
    return response


class Write:
    """Runs a command for whoever calls: in one transaction, once per idempotency key.

    `scope` tells the keys of callers of one practice apart. `confirm` raises UnauthorizedError in
    the transaction where the caller's token or key has been revoked.
    """

    def __init__(
        self,
        request: Request,
        engine: AsyncEngine,
        now: datetime,
        key: str | None,
        *,
        practice_id: UUID,
        scope: str,
        confirm: Callable[[AsyncConnection], Awaitable[None]],
    ) -> None:
        self._request = request
        self._engine = engine
        self._now = now
        self._key = key
        self._practice_id = practice_id
        self._scope = scope
        self._confirm = confirm

    async def __call__(
        self,
        command: Callable[[AsyncConnection], Awaitable[T]],
        answer: Callable[[T], StoredAnswer],
        *,
        ends_caller: bool = False,
    ) -> Response:
        """Run `command` and send its answer, or the one that its key has already got.

        The caller is confirmed again after the command, which may have waited for a lock.
        `ends_caller`: the command itself revokes what the caller calls with.
        """

        async def answered(db: AsyncConnection) -> StoredAnswer:
            return answer(await command(db))

        request = None
        if self._key is not None:
            request = IdempotentRequest(
                self._practice_id, self._scope, self._key, await self._fingerprint()
            )

        async def once(db: AsyncConnection) -> StoredAnswer:
            await self._confirm(db)
            if request is None:
                result = await answered(db)
            else:
                result = await answer_once(db, request, answered, self._now)
            if not ends_caller:
                await self._confirm(db)
            return result

        return _respond(await transact(self._engine, once))

    async def _fingerprint(self) -> bytes:
        url = self._request.url
        target = f"{self._request.method} {url.path}?{url.query}\n"
        return hashlib.sha256(target.encode() + await self._request.body()).digest()


async def _writing(
    request: Request,
    call: AnyCall,
    engine: Engine,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    caller, is_link = call.caller, call.caller.is_link
    return Write(
        request,
        engine,
        call.now,
        key,
        practice_id=caller.practice_id,
        scope=f"link:{caller.session_id}" if is_link else f"client:{caller.client_id}",
        confirm=lambda db: confirm_caller(db, caller),
    )


async def _staff_writing(
    request: Request,
    engine: Engine,
    staff: StaffWriter,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return _of_staff(request, engine, staff, now, key)


async def _admin_writing(
    request: Request,
    engine: Engine,
    staff: StaffAdmin,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return _of_staff(request, engine, staff, now, key)


async def _staff_secret_writing(
    request: Request, engine: Engine, staff: StaffWriter, now: Now
) -> Write:
    return _of_staff(request, engine, staff, now, None)


async def _admin_secret_writing(
    request: Request, engine: Engine, staff: StaffAdmin, now: Now
) -> Write:
    return _of_staff(request, engine, staff, now, None)


def _of_staff(
    request: Request, engine: AsyncEngine, staff: Staff, now: datetime, key: str | None
) -> Write:
    return Write(
        request,
        engine,
        now,
        key,
        practice_id=staff.practice_id,
        scope=f"key:{staff.key_id}",
        confirm=lambda db: confirm_staff(db, staff),
    )


Writing = Annotated[Write, Depends(_writing)]
StaffWriting = Annotated[Write, Depends(_staff_writing)]
AdminWriting = Annotated[Write, Depends(_admin_writing)]
# Where the answer carries a secret it must not be kept, so there is no Idempotency-Key to take.
StaffSecretWriting = Annotated[Write, Depends(_staff_secret_writing)]
AdminSecretWriting = Annotated[Write, Depends(_admin_secret_writing)]
