"""Stands in for the calls of a sign-in, and for the fees, until the server has them.

THE ONE PLACE where calls are answered by the test instead of the server. To ask the real ones, take
a path out of `FAKED`; `mailed` and `fees` then have to come from the world. Everything else that a
signed-in client asks for comes from the real server: the access tokens are real ones.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import Route

from tests.portal.visitor import Visitor
from tests.world import NOW

LINKS = "/v1/auth/sign-in-links"
TOKENS = "/v1/auth/tokens"
REFRESH = "/v1/auth/refresh"
SIGN_OUT = "/v1/auth/sign-out"
SIGN_OUT_EVERYWHERE = "/v1/auth/sign-out-everywhere"
FEES = "/v1/fees"
FAKED = (LINKS, TOKENS, REFRESH, SIGN_OUT, SIGN_OUT_EVERYWHERE, FEES)

HOUR = timedelta(hours=1)


class FrontDoor:
    """One client's way in: mails a link, exchanges it once, rotates refresh tokens."""

    def __init__(self, visitor: Visitor, client_id: UUID | None = None) -> None:
        self.visitor = visitor
        self.world = visitor.world
        self.client_id = client_id or self.world.client_id
        self.name = "Ana Ruiz"
        self.mailed = "WyJzaWduLWluIl0.mailed"
        self.refresh_tokens = ["WyJyZWZyZXNoIl0.1"]
        self.is_open = True
        self.pages: list[list[dict[str, Any]]] = [[]]
        self._used = False

    async def stand_in(self) -> "FrontDoor":
        """Answer the calls that the server does not have."""
        answers: dict[str, Callable[[Route], Any]] = {
            LINKS: self._ask, TOKENS: self._exchange, REFRESH: self._refresh,
            SIGN_OUT: self._sign_out, SIGN_OUT_EVERYWHERE: self._sign_out_everywhere,
            FEES: self._fees,
        }  # fmt: skip
        for path in FAKED:
            await self.visitor.page.route(f"**{path}", answers[path])
            await self.visitor.page.route(f"**{path}?*", answers[path])
        return self

    @property
    def link(self) -> str:
        """The link in the mail."""
        return f"{self.visitor.settings.portal_url}#sign-in={self.mailed}"

    async def sign_in(self) -> None:
        """Open the mail's link, press the button, and wait for the list."""
        await self.visitor.page.goto(self.link)
        await self.visitor.press("Sign in")
        await self.visitor.see("Your upcoming sessions")

    async def kept(self) -> Any:
        """Give all that the browser keeps for this tab and origin."""
        return await self.visitor.page.evaluate(
            """async () => [Object.entries(sessionStorage), {...localStorage}, document.cookie,
              await indexedDB.databases(), await caches?.keys(), window.name]"""
        )

    def end_family(self) -> None:
        """Sign out elsewhere, as far as the refresh token is concerned."""
        self.is_open = False

    def fee(self, session_id: UUID, **values: Any) -> dict[str, Any]:
        """Make a fee as `GET /v1/fees` lists it."""
        start = (NOW + timedelta(days=3)).isoformat()
        return {
            "id": str(uuid4()),
            "session_id": str(session_id),
            "amount": {"amount_minor": 4500, "currency": "USD"},
            "status": "due",
            "cause": "cancelled",
            "recorded_at": NOW.isoformat(),
            "closed_at": None,
            "session": {
                "id": str(session_id),
                "starts_at": start,
                "service": {"id": str(self.world.service_id), "name": "Follow-up"},
                "practitioner": {"id": str(self.world.practitioner_id), "name": "Dr. Maya Chen"},
            },
        } | values

    async def _ask(self, route: Route) -> None:
        await _answer(route, 202, {"message": "If we know this address, a mail is on its way."})

    async def _exchange(self, route: Route) -> None:
        if self._used or _body(route)["token"] != self.mailed:
            await _refuse(route, 422, "link-invalid", "This link does not work.")
            return
        self._used = True
        await _answer(route, 200, self._tokens())

    async def _refresh(self, route: Route) -> None:
        if not self.is_open or _body(route)["refresh_token"] != self.refresh_tokens[-1]:
            await _refuse(route, 401, "unauthorized", "Please sign in again.")
            return
        number = len(self.refresh_tokens) + 1
        self.refresh_tokens.append(f"WyJyZWZyZXNoIl0.{number}")
        await _answer(route, 200, self._tokens())

    async def _sign_out(self, route: Route) -> None:
        self.is_open = False
        await route.fulfill(status=204)

    async def _sign_out_everywhere(self, route: Route) -> None:
        if "authorization" not in route.request.headers:
            await _refuse(route, 401, "unauthorized", "Please sign in again.")
            return
        self.is_open = False
        await route.fulfill(status=204)

    async def _fees(self, route: Route) -> None:
        number = int(route.request.url.partition("cursor=")[2] or 0)
        more = str(number + 1) if number + 1 < len(self.pages) else None
        await _answer(route, 200, {"items": self.pages[number], "next_cursor": more})

    def _tokens(self) -> dict[str, Any]:
        now: datetime = self.visitor.clock.now
        return {
            "access_token": self.world.token(self.client_id, until=now + HOUR),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": self.refresh_tokens[-1],
            "refresh_expires_at": (now + timedelta(days=30)).isoformat(),
            "client": {
                "id": str(self.client_id), "name": self.name, "email": "ana@client.example",
                "phone": None, "time_zone": "America/New_York", "locale": "en-US",
            },
            "practice": {
                "id": str(self.world.practice_id), "name": "Harbor Wellness",
                "email": "hello@harbor.example", "phone": None, "currency": "USD",
            },
        }  # fmt: skip


def _body(route: Route) -> Any:
    return json.loads(route.request.post_data or "null")


async def _answer(route: Route, status: int, body: Any) -> None:
    await route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


async def _refuse(route: Route, status: int, code: str, detail: str) -> None:
    body = {"code": code, "status": status, "detail": detail}
    await route.fulfill(
        status=status, content_type="application/problem+json", body=json.dumps(body)
    )
