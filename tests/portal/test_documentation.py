"""The documentation site in a browser."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.docs.site import build_site


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without logging."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def documentation(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Build the site and serve it; yield its address and its folder."""
    folder = build_site(tmp_path / "site")
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


async def test_reading_the_site_requests_nothing_from_another_host(
    browser: Browser, documentation: tuple[str, Path]
) -> None:
    address, folder = documentation
    page = await browser.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    paths = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.html"))
    for path in paths:
        await page.goto(f"{address}/{path}")
    await page.goto(f"{address}/index.html")
    search = page.get_by_role("textbox", name="Search")
    await search.focus()
    # Before it has its index, the search does not notice what is typed.
    await expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    await search.press_sequentially("idempotency")
    await expect(page.locator(".md-search-result__item").first).to_be_visible()
    # The search runs in a web worker that is created from a blob.
    hosts = {urlsplit(url.removeprefix("blob:")).netloc for url in requested if url[:5] != "data:"}
    assert hosts == {urlsplit(address).netloc}
    assert {f"{address}/{path}" for path in paths} <= set(requested)
