"""Serving the portal's files. These tests need no browser."""

import re
from pathlib import Path

import httpx
import pytest

from app.configuration.settings import Settings
from app.portal.bundle import BundleError, make_bundle
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


@pytest.mark.slow
async def test_the_setting_switches_it_off(settings: Settings) -> None:
    async with serve(settings.model_copy(update={"portal": False}), TestClock()) as api:
        for path in ("/portal", "/portal/", "/portal/main.js"):
            assert (await api.get(path)).status_code == 404


def test_the_page_is_small_and_has_no_inline_code() -> None:
    made = make_bundle(FILES)
    for language, page in made.pages.items():
        text = page.content.decode()
        assert "<style" not in text
        assert "style=" not in text
        assert "{{" not in text
        scripts = re.findall(r"<script[^>]*>([^<]*)</script>", text)
        assert scripts == ["", ""]
        named = [name for name in made.files if f'"{name}"' in text]
        assert len(named) == 4
        assert f"texts-{language}." in "".join(named)
        sent = page.packed, *(made.files[name].packed for name in named)
        assert sum(map(len, sent)) < 70_000


@pytest.mark.slow
async def test_the_files_are_compressed_and_kept_for_ever(site: Settings) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, base_url=site.public_url) as http:
        page = await http.get("/portal/", headers={"Accept-Encoding": "gzip"})
        names = re.findall(r'(?:src|href)="([\w.-]+\.(?:js|css))"', page.text)
        assert len(names) == 4
        for name in names:
            file = await http.get(f"/portal/{name}", headers={"Accept-Encoding": "gzip"})
            assert file.headers["content-encoding"] == "gzip"
            assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert "Accept-Encoding" in file.headers["vary"]
            plain = await http.get(f"/portal/{name}", headers={"Accept-Encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert plain.content == file.content
            etag = file.headers["etag"]
            again = await http.get(
                f"/portal/{name}", headers={"Accept-Encoding": "gzip", "If-None-Match": etag}
            )
            assert (again.status_code, again.content) == (304, b"")
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "source",
    ['import x from "./other.js";\n', "export default 1;\n", 'import "./other.js";\n'],
)
def test_a_form_of_import_that_is_not_joined_is_an_error(tmp_path: Path, source: str) -> None:
    (tmp_path / "main.js").write_text(source)
    (tmp_path / "other.js").write_text("export const other = 1;\n")
    with pytest.raises(BundleError):
        make_bundle(tmp_path)


def test_imports_that_go_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('import { a } from "./a.js";\n')
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = b;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = a;\n')
    with pytest.raises(BundleError, match=r"main\.js imports a\.js imports b\.js imports a\.js"):
        make_bundle(tmp_path)


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.js")), ids=lambda path: str(path.name))
def test_no_text_of_a_source_looks_like_a_comment_to_the_bundle(path: Path) -> None:
    """Comments are cut out by lines, so no text may go over several lines."""
    text = re.sub(r"/\*.*?\*/|^\s*//.*$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for line in text.splitlines():
        assert line.count("`") % 2 == 0, line


@pytest.mark.parametrize("path", sorted(FILES.rglob("*.js")), ids=lambda path: str(path.name))
def test_no_script_uses_storage_or_writes_markup(path: Path) -> None:
    text = path.read_text()
    words = {"localStorage", "sessionStorage", "document.cookie", "indexedDB", "innerHTML"}
    if path.name == "memory.js":  # stores the refresh token for the tab
        words.remove("sessionStorage")
    for word in words:
        assert word not in text
