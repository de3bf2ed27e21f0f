"""Joins the portal's modules into few files that browsers keep (docs/decisions/0051-portal.md).

The sources in `static/` are ES modules that import one another by name. Every module becomes a
function that returns its exports, in the order of their imports; a module that is imported on
demand (`import("./texts/de.js")`) stays a file of its own. Names carry a hash of the content.
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.texts.catalogue import LANGUAGES, Texts

_NAMES = r"\{(?P<names>[^}]*)\}"
_IMPORT = re.compile(rf'^import {_NAMES} from "(?P<path>[^"]+)";\n', re.MULTILINE)
_EXPORT_FROM = re.compile(rf'^export {_NAMES} from "(?P<path>[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?P<kind>const|class|function|async function) (?P<name>\w+)", re.MULTILINE
)
_ON_DEMAND = re.compile(r'\bimport\("(?P<path>\./[^"]+)"\)')
_OTHER_SYNTAX = re.compile(r"^(import|export) ", re.MULTILINE)
_TEXT = re.compile(r"\{\{ texts\('([a-z.-]+)'\) \}\}")
# Our sources have no text over several lines that looks like a comment or depends on indentation.
_COMMENTS = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class BundleError(Exception):
    """A source uses a form of import or export that is not joined, or imports go in a circle."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `packed` is the same, compressed with gzip."""

    content: bytes
    packed: bytes
    media_type: str
    digest: str

    @classmethod
    def of(cls, text: str, media_type: str) -> "Asset":
        """Make an asset of a text. The same text always gives the same bytes."""
        content = text.encode()
        packed = gzip.compress(content, 9, mtime=0)
        return cls(content, packed, f"{media_type}; charset=utf-8", _digest(content))


@dataclass(frozen=True, slots=True)
class Bundle:
    """The page in each language, and the files that it needs, by name."""

    pages: Mapping[str, Asset]
    files: Mapping[str, Asset]


def make_bundle(folder: Path) -> Bundle:
    """Join the sources of a folder.

    Raises:
        BundleError: a source cannot be joined.
    """
    files: dict[str, Asset] = {}

    def add(stem: str, text: str, media_type: str) -> str:
        digest = _digest(text.encode())
        name = f"{stem}.{digest}.{'css' if media_type == 'text/css' else 'js'}"
        files[name] = Asset.of(text, media_type)
        return name

    def add_on_demand(path: str) -> str:
        source = (folder / path).read_text(encoding="utf-8")
        return add(path.removesuffix(".js").replace("/", "-"), _shortened(source), _SCRIPT)

    script = add("app", _joined(folder, "main.js", add_on_demand), _SCRIPT)
    guard = add("guard", _shortened((folder / "guard.js").read_text(encoding="utf-8")), _SCRIPT)
    style = add(
        "portal", _shortened((folder / "portal.css").read_text(encoding="utf-8")), "text/css"
    )
    page = (folder / "index.html").read_text(encoding="utf-8")
    pages = {}
    for language, texts in LANGUAGES.items():
        words = next(name for name in files if name.startswith(f"texts-{language}."))
        names = {"main.js": script, "guard.js": guard, "portal.css": style, "texts.js": words}
        pages[language] = Asset.of(_page(page, names, texts), "text/html")
    return Bundle(pages, files)


_SCRIPT = "text/javascript"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _page(page: str, names: Mapping[str, str], texts: Texts) -> str:
    for name, hashed in names.items():
        page = page.replace(f'"{name}"', f'"{hashed}"')
    page = page.replace('lang="en"', f'lang="{texts.language}"')
    return _TEXT.sub(lambda found: texts(found[1]), page)


def _shortened(source: str) -> str:
    return _INDENTATION.sub("", _COMMENTS.sub("", source))


def _joined(folder: Path, main: str, add_on_demand: Callable[[str], str]) -> str:
    """Join a module and all that it imports, each behind what it imports itself."""
    parts: dict[str, str] = {}
    under_way: list[str] = []

    def join(path: str) -> None:
        if path in parts:
            return
        if path in under_way:
            raise BundleError(f"{' imports '.join([*under_way, path])}")
        under_way.append(path)
        source = (folder / path).read_text(encoding="utf-8")
        exports: list[str] = []

        def resolved(found: re.Match[str]) -> str:
            other = _resolve(path, found["path"])
            join(other)
            return other

        def imported(found: re.Match[str]) -> str:
            return f"const {{ {_renamed(found['names'])} }} = {_variable(resolved(found))};\n"

        def exported_from(found: re.Match[str]) -> str:
            names = [name.strip() for name in found["names"].split(",")]
            exports.extend(names)
            return imported(found)

        def exported(found: re.Match[str]) -> str:
            exports.append(found["name"])
            return f"{found['kind']} {found['name']}"

        text = _IMPORT.sub(imported, _shortened(source))
        text = _EXPORT_FROM.sub(exported_from, text)
        text = _EXPORT.sub(exported, text)
        text = _ON_DEMAND.sub(
            lambda found: f'import("./{add_on_demand(_resolve(path, found["path"]))}")', text
        )
        if _OTHER_SYNTAX.search(text):
            raise BundleError(f"{path} has an import or export that is not joined")
        names = ", ".join(exports)
        parts[path] = f"const {_variable(path)} = (() => {{\n{text}return {{ {names} }};\n}})();\n"
        under_way.pop()

    join(main)
    return "".join(parts.values())


def _renamed(names: str) -> str:
    """Write imported names as a destructuring: `a as b` becomes `a: b`."""
    return ", ".join(
        name.strip().replace(" as ", ": ") for name in names.split(",") if name.strip()
    )


def _resolve(path: str, wanted: str) -> str:
    """Give the path of an imported module in the folder."""
    parts = path.split("/")[:-1]
    for part in wanted.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _variable(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))
