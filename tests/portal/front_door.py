"""A client's sign-in with the real server (mail, link, click), and what the tab stores."""

from typing import Any

import httpx

from tests.patience import PATIENCE_SECONDS
from tests.portal.postman import Postman, link_in
from tests.portal.visitor import Visitor

LINKS = "/v1/auth/sign-in-links"
TOKENS = "/v1/auth/tokens"
REFRESH = "/v1/auth/refresh"
SIGN_OUT = "/v1/auth/sign-out"
SIGN_OUT_EVERYWHERE = "/v1/auth/sign-out-everywhere"
FEES = "/v1/fees"


class FrontDoor:
    """The sign-in of one person in one tab."""

    def __init__(
        self, visitor: Visitor, postman: Postman, address: str = "ana@client.example"
    ) -> None:
        self.visitor = visitor
        self.postman = postman
        self.address = address

    async def link(self) -> str:
        """Request a mail and return the link in it."""
        await self.postman.ask(self.address)
        return link_in(await self.postman.bring_sign_in())

    async def sign_in(self) -> None:
        """Open the link of a new mail, press the button, and wait for the list."""
        await self.visitor.page.goto(await self.link())
        await self.visitor.press("Sign in")
        await self.visitor.see("Your upcoming sessions")

    async def kept(self) -> Any:
        """Return everything that the browser stores for this tab and origin."""
        return await self.visitor.page.evaluate(
            """async () => [Object.entries(sessionStorage), {...localStorage}, document.cookie,
              await indexedDB.databases(), await caches?.keys(), window.name]"""
        )

    async def refresh_token(self) -> str:
        """Return the only token that the tab stores."""
        ((name, token),) = (await self.kept())[0]
        assert name == "reslot-refresh"
        return str(token)

    async def end_family(self) -> None:
        """Revoke the refresh token from outside the browser, as a sign-out elsewhere does."""
        assert await self.post(SIGN_OUT, await self.refresh_token()) == 204

    async def post(self, path: str, token: str) -> int:
        """Send a refresh token from outside the browser and return the status of the response."""
        async with httpx.AsyncClient(
            timeout=PATIENCE_SECONDS, base_url=self.visitor.settings.public_url
        ) as http:
            return (await http.post(path, json={"refresh_token": token})).status_code
