"""FastAPI dependencies that endpoints share: settings, connections, time, and `Write`."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.clock import Clock
from app.database.transactions import read_connection, transact
from app.texts.catalogue import Texts
from app.web.idempotency import IdempotentRequest, StoredAnswer, answer_once
from app.web.origins import plain_address
from app.web.request_headers import texts_of
from app.web.responses import _respond
from app.web.signing import TokenSigner

T = TypeVar("T")


# All dependencies are coroutines, because FastAPI runs plain functions in a thread pool.


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
    """Return the time of a request. The clock is read once per request."""
    known = request.scope["state"]
    if "now" not in known:
        clock: Clock = request.app.state.clock
        known["now"] = clock()
    now: datetime = known["now"]
    return now


async def _public_url(request: Request) -> str:
    url: str = request.app.state.settings.public_url
    return url


# The pool for commands. Reads have their own pool, so that waiting commands do not block reads.
Engine = Annotated[AsyncEngine, Depends(_engine)]
ReadEngine = Annotated[AsyncEngine, Depends(_read_engine)]
CursorSigner = Annotated[TokenSigner, Depends(_cursor_signer)]
Now = Annotated[datetime, Depends(_now)]
ReaderTexts = Annotated[Texts, Depends(_texts)]
PublicUrl = Annotated[str, Depends(_public_url)]


async def _reading(engine: ReadEngine) -> AsyncIterator[AsyncConnection]:
    async with read_connection(engine) as db:
        yield db


async def _origin(request: Request) -> str | None:
    return _origin_of(request)


def _origin_of(request: Request) -> str | None:
    """Return the network address of the caller, as the server or a trusted proxy reports it."""
    return None if request.client is None else plain_address(request.client.host)


Origin = Annotated[str | None, Depends(_origin)]


Reading = Annotated[AsyncConnection, Depends(_reading, scope="function")]


class WriteInBatches:
    """Runs commands of the caller, each in a transaction of its own.

    `confirm` raises UnauthorizedError if the caller's key is revoked by then.
    """

    def __init__(
        self, engine: AsyncEngine, confirm: Callable[[AsyncConnection], Awaitable[None]]
    ) -> None:
        self._engine = engine
        self._confirm = confirm

    async def __call__(self, command: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a command. The caller is confirmed before it and after it."""

        async def confirmed(db: AsyncConnection) -> T:
            await self._confirm(db)
            result = await command(db)
            await self._confirm(db)
            return result

        return await transact(self._engine, confirmed)


class Write:
    """Runs a command of the caller in one transaction, once per idempotency key.

    `scope` identifies the caller within the practice: each caller has their own idempotency keys.
    `confirm` raises UnauthorizedError if the caller's token or key is revoked by then.
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
        """Run `command` and respond with its answer, or with the stored answer of its key.

        The caller is confirmed again after the command, which may have waited for a lock.
        `ends_caller`: the command revokes the credentials of the caller, so skip the second check.
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
