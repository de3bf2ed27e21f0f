"""What a request is handled with: dependencies that endpoints name in their signatures."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.clock import Clock
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.texts.catalogue import Texts
from app.web.idempotency import IdempotentRequest, StoredAnswer, answer_once
from app.web.origins import plain_address
from app.web.request_headers import texts_of
from app.web.responses import _respond
from app.web.signing import TokenSigner

T = TypeVar("T")


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


Reading = Annotated[AsyncConnection, Depends(_reading, scope="function")]


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
