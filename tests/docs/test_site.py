"""The built site contains the pages generated from the code and loads nothing from another host."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer.main

from app.cli import cli
from app.configuration.settings import Settings
from app.web.problems.catalogue import CATALOGUE
from tests.docs.site import build_site

pytestmark = pytest.mark.slow

# A link that a reader follows may lead to another host. What a browser loads itself may not.
FOLLOWED = "a"
LEFT_OVER = re.compile(r"```|<p>(?:(?!</p>).)*\n(?:[-*]|\d\.) ", re.DOTALL)


class Loaded(HTMLParser):
    """Collects the addresses that a browser loads for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the addresses of a tag."""
        if tag != FOLLOWED:
            self.addresses += [value for name, value in attrs if name in {"src", "href"} and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("docs") / "site")


def test_pages_and_styles_load_from_their_own_host_only(site: Path) -> None:
    pages, styles = list(site.rglob("*.html")), list(site.rglob("*.css"))
    assert len(pages) > 50
    assert styles
    elsewhere = {
        (str(file.relative_to(site)), address)
        for file in [*pages, *styles]
        for address in loaded(file)
        if is_elsewhere(address)
    }
    assert elsewhere == set()


def test_every_file_that_a_page_loads_exists(site: Path) -> None:
    missing = [
        (page.name, address)
        for page in site.rglob("*.html")
        for address in loaded(page)
        if not is_elsewhere(address) and not address.startswith("data:")
        if not target(site, page, address).exists()
    ]
    assert missing == []


def test_the_configuration_page_has_every_setting(site: Path) -> None:
    page = (site / "reference" / "configuration.html").read_text()
    rows = re.findall(r"<tr>\s*<td><code[^>]*>([A-Z_]+)</code></td>", page)
    assert rows == [name.upper() for name in Settings.model_fields]
    assert page.count("<tr>") == len(rows) + 1


def test_the_problems_page_has_every_code(site: Path) -> None:
    page = (site / "reference" / "problems.html").read_text()
    assert re.findall(r'<h2 id="([a-z-]+)"', page) == sorted(CATALOGUE)


def test_the_command_line_page_has_every_command(site: Path) -> None:
    page = (site / "reference" / "command-line.html").read_text()
    found = re.findall(r'<h2 id="reslot-([a-z]+)"', page)
    group = typer.main.get_group(cli)
    assert found == list(group.commands)
    assert page.count("<h1 ") == 1


def test_no_page_shows_unrendered_markdown(site: Path) -> None:
    """A list or a block on GitHub may be plain text for mkdocs."""
    left = [
        (page.name, found)
        for page in site.rglob("*.html")
        for found in LEFT_OVER.findall(page.read_text())
    ]
    assert left == []


def loaded(file: Path) -> list[str]:
    text = file.read_text()
    in_styles = re.findall(r"""url\(\s*["']?([^"')]+)""", text)
    if file.suffix == ".css":
        return in_styles
    parser = Loaded()
    parser.feed(text)
    return parser.addresses + in_styles


def target(site: Path, page: Path, address: str) -> Path:
    path = urlsplit(address).path
    return site / path[1:] if path.startswith("/") else page.parent / path


def is_elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme not in {"", "data"} or bool(parts.netloc)
