"""A person who uses the portal of a real server in a browser."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect

from app.configuration.settings import Settings
from tests.patience import PATIENCE_SECONDS, until
from tests.world import TestClock, World

PHONE = (390, 844)
DESKTOP = (1280, 800)
NARROW = (320, 640)
SMALL_PHONE = (360, 740)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# A call of the API, for `Page.route`.
CANCEL = "**/v1/sessions/*/cancel"
RESCHEDULE = "**/v1/sessions/*/reschedule"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
# List the words of a node that stand on two lines.
BROKEN = """(node) => {
  const broken = [];
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    for (const word of text.data.matchAll(/[^\\s]+/g)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((one) => one.top)).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""
# Nobody presses anything in a view within half a second, unless by a double tap (press.js). A test
# does not wait: its presses say that they come a second later.
PATIENTLY = """Object.defineProperty(Event.prototype, "timeStamp", {
  configurable: true, get: () => performance.now() + 1000,
})"""
# Of what axe checks, only this depends on colours.
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@dataclass
class Visitor:
    """One tab. In every test, no script may fail in it and no other host may be called."""

    page: Page
    settings: Settings
    world: World
    clock: TestClock
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    unanswered: set[Request] = field(default_factory=set)

    def watch(self) -> None:
        """Record the page's requests and errors."""
        self.page.on("request", self._sent)
        self.page.on("requestfinished", lambda request: self.unanswered.discard(request))  # noqa: PLW0108 - playwright marks it
        self.page.on("requestfailed", lambda request: self.unanswered.discard(request))  # noqa: PLW0108 - likewise
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._read)

    def _sent(self, request: Request) -> None:
        self.requests.append(request)
        self.unanswered.add(request)

    def _read(self, message: ConsoleMessage) -> None:
        # The browser itself logs each response with status 400 or above, and each lost request.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail if the page had an error or called another host."""
        assert self.complaints == []
        own = urlsplit(self.settings.public_url).netloc
        hosts = {urlsplit(r.url).netloc for r in self.requests if not r.url.startswith("blob:")}
        assert hosts <= {own}

    def link(self, session_id: UUID) -> str:
        return f"{self.settings.portal_url}#{self.world.link_token(session_id)}"

    async def open(self, session_id: UUID) -> None:
        """Open the link of a session's mail, and wait for the details."""
        await self.page.goto(self.link(session_id))
        await expect(self.heading("Follow-up")).to_be_visible()

    async def paste(self, text: str) -> None:
        """Open the first page and paste a link or an access token."""
        await self.page.goto(self.settings.portal_url)
        await self.see("Sign in")
        field = self.page.get_by_label("Link from the message")
        if not await field.is_visible():
            await self.page.get_by_text("I have a link from a message").click()
        await field.fill(text)
        await self.press("Open")

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, level=1)

    def button(self, name: str) -> Locator:
        """Find a button, or a link to another view, which looks like one."""
        page = self.page
        link = page.get_by_role("link", name=name, exact=True)
        return page.get_by_role("button", name=name, exact=True).or_(link)

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    async def press(self, name: str) -> None:
        await self.button(name).click()

    async def see(self, name: str) -> None:
        """Wait for a view: its heading must have the focus."""
        await expect(self.heading(name)).to_be_focused()

    async def read(self, text: str) -> None:
        """Wait for a text in the page's content."""
        await expect(self.page.locator("main")).to_contain_text(text)

    async def choose_time(self, name: str) -> None:
        """Go from the details to the confirmation of another time on the same day."""
        await self.press("Reschedule")
        await self.press(name)
        await self.see("Confirm your new time")

    async def give_reason(self, name: str = "Work") -> None:
        await self.page.get_by_role("radio", name=name).check()

    async def wait(self, time: timedelta) -> None:
        """Let time pass, for the server and for the page."""
        self.clock.now += time
        await self.forward(time)

    async def forward(self, time: timedelta) -> None:
        """Let time pass for the page only, once what it has asked is answered.

        Else a jump beyond the time-out of a call ends it, and the page sends it again.
        """

        async def is_answered() -> bool:
            return not self.unanswered

        await until(is_answered)
        await self.page.clock.fast_forward(int(time.total_seconds() * 1000))

    def calls(self) -> list[Request]:
        """List the requests to the API. When the browser asks for an icon is up to it."""
        return [request for request in self.requests if "/v1/" in request.url]

    def sent(self, path: str) -> list[Request]:
        """List the commands that were sent, by the end of their path."""
        return [r for r in self.requests if r.method == "POST" and r.url.endswith(path)]

    def bodies(self, path: str) -> list[Any]:
        """List the bodies of the commands."""
        return [json.loads(request.post_data or "null") for request in self.sent(path)]

    async def barriers(self, rules: Mapping[str, Any] = RULES) -> list[str]:
        """List the accessibility defects that axe finds in the current page."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE)
        found = await self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
        )
        return [f"{v['id']}: {[n['html'][:120] for n in v['nodes']]}" for v in found["violations"]]

    async def check_on_a_phone(self) -> None:
        """Fail if the current page is not accessible or too wide for a small phone.

        In light and in dark colours.
        """
        width, height = SMALL_PHONE
        await self.page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            barriers = await self.barriers(RULES if scheme == "light" else CONTRAST)
            assert (scheme, barriers, await self.overflow()) == (scheme, [], 0)

    async def on_a_desktop(self) -> None:
        """Make the window wide."""
        width, height = DESKTOP
        await self.page.set_viewport_size({"width": width, "height": height})

    async def broken_words(self, where: Locator) -> list[str]:
        """List the words that begin on one line and end on another."""
        broken: list[str] = await where.evaluate(BROKEN)
        return broken

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wide: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide


@asynccontextmanager
async def arrive(
    browser: Browser,
    settings: Settings,
    world: World,
    clock: TestClock,
    *,
    size: tuple[int, int] = PHONE,
    is_patient: bool = True,
    **options: Any,
) -> AsyncIterator[Visitor]:
    """Open a window of a person in New York, or with other `options`.

    Who `is_patient` looks at each view before they press something in it.
    """
    width, height = size
    given: dict[str, Any] = {"locale": "en-US", "timezone_id": "America/New_York"} | options
    context = await browser.new_context(viewport={"width": width, "height": height}, **given)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    try:
        page = await context.new_page()
        await page.clock.install(time=clock.now)
        if is_patient:
            await context.add_init_script(PATIENTLY)
        visitor = Visitor(page, settings, world, clock)
        visitor.watch()
        yield visitor
        visitor.check()
    finally:
        await context.close()


def answer_with(
    code: str, status: int = 409, *, retry_after: int | None = None, **members: Any
) -> Any:
    """Make a handler for `Page.route` that answers with a problem."""
    body = {"code": code, "status": status, "detail": f"The sentence of {code}."} | members
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    headers["Content-Type"] = "application/problem+json"

    async def answer(route: Route) -> None:
        await route.fulfill(status=status, headers=headers, body=json.dumps(body))

    return answer


def first_item_with(**values: Any) -> Any:
    """Make a handler that changes the first item of the server's list, as a later version may."""

    async def answer(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        body["items"][0] |= values
        await route.fulfill(response=real, json=body)

    return answer
