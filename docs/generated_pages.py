"""Pages of the site that are made from the code: settings, commands, problems, operations.

MkDocs calls `on_files` and `on_page_markdown` (mkdocs.yml names this module under `hooks`).
"""

import json
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

from app.cli import cli
from app.configuration.settings import Settings
from app.texts.catalogue import ENGLISH
from app.web.problems.catalogue import CATALOGUE

ROOT = Path(__file__).parents[1]
PROBLEMS = """\
Every refusal is `application/problem+json` (RFC 9457). `code` is stable; `title` and `detail` are
sentences for a person."""
OPERATIONS = """\
The OpenAPI file, `openapi/openapi.json`, describes each call with its parameters, examples and
problems. `/docs` of a running server shows it, and calls can be tried there."""
TABLE = """\
The site has a table of all settings here. It is generated from `app/configuration/settings.py`.

<!-- the table of settings -->"""
METHODS = ("get", "post", "put", "patch", "delete")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {
        "reference/command-line.md": _commands(),
        "reference/problems.md": _problems(),
        "reference/openapi.md": _operations(),
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Fill in the table of settings."""
    if page.file.src_uri == "reference/configuration.md":
        return markdown.replace(TABLE, _settings())
    return markdown


def _settings() -> str:
    rows = [
        f"| {_name(name)} | {_default(field.default)} | {_cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| name | default | meaning |", "| --- | --- | --- |", *rows, ""])


def _name(field: str) -> str:
    # The theme would break a long name anywhere.
    return f'<code style="white-space: nowrap">{field.upper()}</code>'


def _cell(text: str) -> str:
    """Write a text on one line, as a table needs it."""
    return " ".join(text.split()).replace("|", r"\|")


def _default(value: object) -> str:
    if isinstance(value, tuple):
        value = ",".join(str(part) for part in value)
    if isinstance(value, bool):
        value = str(value).lower()
    return "none" if value in {None, ""} else f"`{value}`"


def _commands() -> str:
    command = typer.main.get_command(cli)
    context = typer.Context(command, info_name="reslot")
    return get_docs_for_click(obj=command, ctx=context, name="reslot", title="Command line")


def _problems() -> str:
    parts = ["# Problems", PROBLEMS]
    for code, kind in sorted(CATALOGUE.items()):
        wording = kind.wording(ENGLISH)
        parts += [
            f"## {code}",
            f"**{kind.status.value}** {wording.title}",
            f"> {wording.detail}",
            wording.explanation,
        ]
        if kind.members or kind.optional:
            members = ", ".join(f"`{name}`" for name in kind.members + kind.optional)
            parts.append(f"Further members: {members}.")
        if kind.headers:
            headers = ", ".join(f"`{name}`" for name in kind.headers)
            parts.append(f"Headers: {headers}.")
    return "\n\n".join(parts) + "\n"


def _operations() -> str:
    document: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_text())
    rows = [
        f"| `{method.upper()}` | `{path}` | {_cell(operation['summary'])} |"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]
    return "\n".join(
        [
            "# Every call",
            "",
            OPERATIONS,
            "",
            "| method | path | what it does |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )
