"""The documentation's pages name existing files and all settings, and their links are valid."""

import re
import tomllib
from pathlib import Path

import pytest

from app.configuration.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
# mkdocs checks the links in docs/. These pages are outside it and are read on GitHub.
OUTSIDE = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
NAMING_FILES = [
    *OUTSIDE,
    *(
        str(page.relative_to(ROOT))
        for page in sorted(DOCS.rglob("*.md"))
        if not page.is_relative_to(DECISIONS)
    ),
]


def test_every_setting_is_described() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []


@pytest.mark.parametrize("page", NAMING_FILES)
def test_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(
        r"`((?:app|docs|migrations|openapi|requirements|tests)/[^`\s]*)`", read(page)
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_architecture_page_names_the_file_of_each_rule() -> None:
    assert read("docs/explanation/architecture.md").count("`app/") > 50


def test_the_content_of_a_list_item_is_indented_by_four_spaces() -> None:
    """With fewer spaces, GitHub shows one list and the site shows two."""
    outside = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
    wrong = re.compile(r"^ {1,3}(?:```|[-*] |\d+\. )|(?<=\n\n) {1,3}\S", re.MULTILINE)
    found = [
        (page.name, line)
        for page in DOCS.rglob("*.md")
        for line in wrong.findall(outside.sub(r"\1```", page.read_text()))
    ]
    assert found == []


def test_the_picture_of_the_layers_agrees_with_import_linter() -> None:
    cells = re.findall(r"^│ ([^│]*)│", read("docs/explanation/architecture.md"), re.MULTILINE)
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (storeys,) = [contract for contract in contracts if contract.get("containers") == ["app"]]
    assert " ".join(cells).split() == storeys["layers"]


@pytest.mark.parametrize("page", OUTSIDE)
def test_links_outside_the_site_resolve(page: str) -> None:
    text = read(page)
    links = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not resolves(link)] == []


def test_the_readme_stays_short() -> None:
    assert len(read("README.md").splitlines()) < 150


def test_the_index_lists_every_decision_with_its_title() -> None:
    rows = []
    for page in sorted(DECISIONS.glob("0*.md")):
        text = page.read_text()
        head = re.match(r"# (\d+)\. (.+)\n\nStatus: (.+)\. Date: (\d{4}-\d\d-\d\d)\.", text)
        assert head is not None, page.name
        number, title, status, day = head.groups()
        rows.append(f"| {number} | [{title}]({page.name}) | {status} | {day} |")
    listed = re.findall(r"^\| \d.*", (DECISIONS / "index.md").read_text(), re.MULTILINE)
    assert listed == rows


def read(page: str) -> str:
    return (ROOT / page).read_text()


def resolves(link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = ROOT / path
    return target.exists() and (not anchor or anchor in anchors(target.read_text()))


def anchors(markdown: str) -> list[str]:
    headings = re.findall(r"^#+ (.+)", markdown, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings]
