"""Creates two valid tokens of every kind, with the calls that accept them and their refusals."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from inspect import isawaitable
from typing import Any
from uuid import UUID

from httpx import Response

from app.domain.errors import LinkInvalidError, QuoteInvalidError, UnauthorizedError
from app.identity.api_keys.keys import Scope, find_staff
from app.identity.tokens.access import AccessTokens, Caller
from app.identity.tokens.link import LinkTokens
from app.identity.tokens.quote import Quotes
from app.identity.tokens.sign_in import MailedLink, RefreshToken, SignInTokens
from app.tables.identity import SignIn, SignInFamily
from app.web.signing import BadTokenError, TokenSigner
from tests.walls import told
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
API_KEY = "an API key"
SIGN_IN_LIFETIME = timedelta(minutes=30)
REFUSED = (BadTokenError, LinkInvalidError, QuoteInvalidError, UnauthorizedError)


@dataclass
class Kind:
    """One kind of token: two valid ones, their reader, their HTTP call, and the refusal.

    `read` returns None, or raises, for an invalid token. `call` is the request that uses it;
    the second token is for the second of two records. `longest` is the maximum length in the
    request's schema; a header has none.
    """

    name: str
    purpose: str
    tokens: tuple[str, str]
    read: Callable[[str], object]
    call: Callable[[str, int], Awaitable[Response]]
    refusal: tuple[int, str]
    longest: int | None = None
    refusals: list[Any] = field(default_factory=list)

    async def accepts(self, token: str) -> bool:
        """Read a token as the endpoint does."""
        with suppress(*REFUSED):
            found = self.read(token)
            return (await found if isawaitable(found) else found) is not None
        return False

    async def is_good(self, number: int) -> None:
        """Check that one of the two is accepted."""
        assert await self.accepts(self.tokens[number]), self.name
        answer = await self.call(self.tokens[number], number)
        assert answer.status_code == 200, (self.name, answer.text)

    async def is_refused(self, token: str, sort: str) -> None:
        """Send an invalid token, and compare the response with earlier ones."""
        if self.longest is None and token.strip() == self.tokens[0]:
            return  # spaces around a header's value are not part of it (RFC 9110, section 5.5)
        answer = await self.call(token, 0)
        where = f"{self.name}, {sort}: {token[:400]!r} {answer.text}"
        if self.longest is not None and len(token) > self.longest:
            # Longer than the schema allows: refused by the schema.
            assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), where
            return
        assert answer.is_error, where
        assert (answer.status_code, answer.json()["code"]) == self.refusal, where
        self.refusals.append(told(answer))
        assert self.refusals[-1] == self.refusals[0], where


class Mint:
    """Creates two tokens of each kind in a world with a policy, so that a quote is for a fee."""

    def __init__(self, api: Api, world: World) -> None:
        self.api, self.world, self.keys = api, world, world.settings.keys

    async def all(self) -> list[Kind]:
        """Create the tokens, over HTTP where clients get them over HTTP."""
        await self.world.add_policy(
            {"cancel": {"fees": [{"deadline": {"before_minutes": 43_200}, "amount_minor": 4500}]}}
        )
        days = (START, START + timedelta(days=1), START + timedelta(days=4))
        sessions = [await self.world.book(day) for day in days]
        client = self.api.signed_in(self.world.token())
        return [
            *self._accesses(sessions),
            self._links(sessions),
            await self._quotes(client, sessions),
            await self._cursors(client),
            await self._sign_ins(),
            await self._refreshes(),
            await self._api_keys(),
        ]

    def _accesses(self, sessions: list[UUID]) -> list[Kind]:
        signer, world = AccessTokens(self.keys), self.world
        until = NOW + timedelta(hours=1)
        by_link = [Caller(world.practice_id, world.client_id, 0, opens, 0) for opens in sessions]
        links = signer.sign(by_link[0], until), signer.sign(by_link[1], until)
        own = world.token(until=until), world.token()
        refusal = (401, "unauthorized")
        return [
            Kind(name, "access", found, partial(signer.read, now=NOW), self._bearer, refusal)
            for name, found in (("a client's access token", own), ("a link's access token", links))
        ]

    async def _bearer(self, token: str, _: int, path: str = "/v1/me") -> Response:
        header = {b"Authorization": b"Bearer " + token.encode()}
        return await self.api.http.get(path, headers=header)

    def _links(self, sessions: list[UUID]) -> Kind:
        found = self.world.link_token(sessions[0]), self.world.link_token(sessions[1])

        async def call(token: str, _: int) -> Response:
            return await self.api.open_link(token)

        read = LinkTokens(self.keys).read
        return Kind("a link", "link", found, read, call, (422, "link-invalid"), 4096)

    async def _quotes(self, client: Api, sessions: list[UUID]) -> Kind:
        async def call(token: str, number: int) -> Response:
            return await client.cancel(sessions[number], quote=token)

        shown = [await client.session(session_id) for session_id in sessions[:2]]
        one, two = (str(session["actions"]["cancel"]["quote"]) for session in shown)
        read = Quotes(self.keys, timedelta(minutes=10)).read
        return Kind("a quote", "quote", (one, two), read, call, (422, "quote-invalid"), 16_384)

    async def _cursors(self, client: Api) -> Kind:
        async def call(token: str, _: int) -> Response:
            return await client.get("/v1/sessions", cursor=token)

        pages = [await client.get("/v1/sessions", limit=limit) for limit in (1, 2)]
        one, two = (page.json()["next_cursor"] for page in pages)
        read = TokenSigner(self.keys, "cursor").read
        return Kind("a cursor", "cursor", (one, two), read, call, (422, "validation-failed"), 1024)

    async def _sign_ins(self) -> Kind:
        async def call(token: str, _: int) -> Response:
            return await self.api.post("/v1/auth/tokens", {"token": token})

        signer = SignInTokens(self.keys)
        one, two = [signer.sign_link(MailedLink(*await self._row(SignIn))) for _ in range(2)]
        refusal = (422, "link-invalid")
        return Kind("a sign-in link", "sign-in", (one, two), signer.read_link, call, refusal, 4096)

    async def _refreshes(self) -> Kind:
        async def call(token: str, _: int) -> Response:
            return await self.api.post("/v1/auth/refresh", {"refresh_token": token})

        signer = SignInTokens(self.keys)
        values = {"number": 1, "rotated_at": NOW}
        rows = [await self._row(SignInFamily, **values) for _ in range(2)]
        one, two = (signer.sign_refresh(RefreshToken(*row, 1)) for row in rows)
        refusal = (401, "unauthorized")
        return Kind(
            "a refresh token", "refresh", (one, two), signer.read_refresh, call, refusal, 4096
        )

    async def _row(self, table: Any, **values: Any) -> tuple[UUID, UUID]:
        own = {"client_id": self.world.client_id, "token_generation": 0}
        made = await self.world.add(table, expires_at=NOW + SIGN_IN_LIFETIME, **own, **values)
        return self.world.practice_id, made

    async def _api_keys(self) -> Kind:
        async def read(text: str) -> object:
            return await find_staff(self.world.engine, text, Scope.READ, origin=None)

        call = partial(self._bearer, path="/v1/practice/me")
        found = await self.world.key(), await self.world.key()
        return Kind(API_KEY, "", found, read, call, (401, "unauthorized"))
