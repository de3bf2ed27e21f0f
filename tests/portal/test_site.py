"""Serving the portal's files. These tests need no browser."""

from pathlib import Path

import httpx
import pytest

from app.configuration.settings import Settings
from app.portal.site import FILES
from tests.patience import PATIENCE_SECONDS
from tests.world import TestClock, serve


async def test_the_policy_restricts_the_page_to_its_own_origin(site: Settings) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, base_url=site.public_url) as http:
        page = await http.get("/portal/")
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-cache"


async def test_an_unchanged_file_is_not_sent_again(site: Settings) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, base_url=site.public_url) as http:
        script = await http.get("/portal/main.js")
        again = await http.get("/portal/main.js", headers={"If-None-Match": script.headers["etag"]})
    assert script.headers["content-type"].startswith("text/javascript")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/portal/nothing.js", "/portal/..%2fsite.py", "/portal/views/"])
async def test_only_the_portals_files_are_served(site: Settings, path: str) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, base_url=site.public_url) as http:
        assert (await http.get(path)).status_code == 404


async def test_the_address_without_a_slash_redirects(site: Settings) -> None:
    async with httpx.AsyncClient(
        timeout=PATIENCE_SECONDS, base_url=site.public_url, follow_redirects=True
    ) as http:
        page = await http.get("/portal")
    assert page.url.path == "/portal/"
    assert "<main" in page.text


async def test_the_setting_switches_it_off(settings: Settings) -> None:
    async with serve(settings.model_copy(update={"portal": False}), TestClock()) as api:
        for path in ("/portal", "/portal/", "/portal/main.js"):
            assert (await api.get(path)).status_code == 404


def test_the_page_is_small_and_has_no_inline_code() -> None:
    files = [path for path in FILES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 208_000
    page = (FILES / "index.html").read_text()
    assert "<style" not in page
    assert "style=" not in page
    assert page.count("<script") == 1


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.js")), ids=lambda path: str(path.name))
def test_no_script_uses_storage_or_writes_markup(path: Path) -> None:
    text = path.read_text()
    words = {"localStorage", "sessionStorage", "document.cookie", "indexedDB", "innerHTML"}
    if path.name == "memory.js":  # stores the refresh token for the tab
        words.remove("sessionStorage")
    for word in words:
        assert word not in text
