"""The structure of `app/`: which folder imports which, and how long files and functions are."""

import ast
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.imports import Graph, circle_in, file_graph, folder_graph, modules_of, reached

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"

# Layers that know features: those above the double line on the architecture page.
LOWEST_FEATURE = "identity"
MOST_FEATURE_FILES = 20
MOST_FILES = 42

LONGEST_FILE = 400
LONG_FILES = {
    "app/domain/availability.py": "one algorithm, read from top to bottom",
    **{
        f"app/portal/static/texts/{language}.js": "everything the page says in a language"
        for language in ("de", "en", "es", "fr")
    },
}
LONGEST_FUNCTION = 50
LONG_FUNCTIONS = {
    "app.calendar.statements calendar_columns": "the columns of one statement",
    "app.notifications.mail.offer_queries _statement": "the same",
    "app.waitlist.matching_queries _candidates": "the same",
}

# "he", "him" and "his" of a person: the texts say "the client" and "they".
GENERIC_HE = re.compile(r"\b(he|him|his|himself)\b", re.IGNORECASE)


def _layers() -> list[str]:
    """Return the layers of import-linter's contract, from top to bottom."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = [
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    layers: list[str] = contract["layers"]
    return layers


@cache
def _modules() -> dict[str, ast.Module]:
    return modules_of(APP)


@cache
def _files() -> Graph:
    return file_graph(APP)


@cache
def _folders() -> Graph:
    return folder_graph(_files())


@pytest.mark.slow
def test_no_two_folders_import_each_other() -> None:
    circle = circle_in(_folders())
    assert not circle, " -> ".join(circle)


def test_a_circle_of_folders_is_found_and_named(tmp_path: Path) -> None:
    package = tmp_path / "made_up"
    files = {
        "__init__.py": "",
        "a/__init__.py": "",
        "a/router.py": "from made_up.b.deep import rules\n",
        "b/__init__.py": "",
        "b/deep/__init__.py": "",
        "b/deep/rules.py": "import made_up.clock\n",
        "clock.py": "def now():\n    from made_up.c import parts\n",
        "c/__init__.py": "",
        "c/parts.py": "",
        "c/other.py": "from made_up.b import deep\n",
    }
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    # No two files import each other, but three folders form a cycle.
    assert circle_in(file_graph(package)) == []
    assert circle_in(folder_graph(file_graph(package))) == ["b", "clock", "c", "b"]

    (package / "c/other.py").write_text("")
    assert circle_in(folder_graph(file_graph(package))) == []


@pytest.mark.slow
def test_each_folder_imports_from_lower_storeys_only() -> None:
    """The same rule as import-linter's contract, checked independently."""
    layers = _layers()
    up = [
        f"{folder} -> {imported}"
        for folder, found in _folders().items()
        for imported in found
        if folder != "__main__" and layers.index(imported) <= layers.index(folder)
    ]
    assert up == []


def test_the_architecture_page_draws_the_storeys_of_the_contract() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text()
    (picture,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^│([^│]*)│", picture, re.MULTILINE)
    drawn = " ".join(rows).split()
    there = {
        path.stem
        for path in APP.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }

    assert drawn == _layers()
    assert set(drawn) == there - {"__init__", "__main__"}


@pytest.mark.slow
def test_a_record_without_rules_reaches_few_files() -> None:
    """A location is a name and an address, so its endpoints should need little of the app.

    The test counts the files that the router imports directly or indirectly, and the router itself.
    It does not count `__init__` files that contain only a docstring. The files below the features
    (transactions, idempotency, pagination, audit log, texts) serve every endpoint and are counted
    separately.
    """
    layers = _layers()
    features = layers[: layers.index(LOWEST_FEATURE) + 1]
    files = reached(_files(), "app.directory.locations.router")
    modules = _modules()
    above = {name.rpartition(".")[0] for name in files}
    with_code = sorted(name for name in above - set(files) if len(modules[name].body) > 1)
    of_features = [name for name in files if name.split(".")[1] in features]

    assert with_code == ["app"], "only the package itself holds more: the version"
    assert len(of_features) < MOST_FEATURE_FILES, of_features
    assert len(files) <= MOST_FILES, files


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT))
        for path in [*APP.rglob("*.py"), *APP.rglob("*.js"), *APP.rglob("*.css")]
        if len(path.read_text().splitlines()) > LONGEST_FILE
    }
    assert long == LONG_FILES.keys()


def test_functions_are_short() -> None:
    long = {
        f"{module} {node.name}"
        for module, tree in _modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == LONG_FUNCTIONS.keys()


def _places() -> list[str]:
    return [
        *(f"app/{path.name}" for path in sorted(APP.iterdir()) if path.name != "__pycache__"),
        *("docs", "tests", "README.md", "CONTRIBUTING.md", "SECURITY.md"),
    ]


@pytest.mark.parametrize("place", _places())
def test_texts_say_they_and_not_a_generic_he(place: str) -> None:
    path = ROOT / place
    found = [
        f"{file.relative_to(ROOT)}:{number}: {text.strip()}"
        for file in ([path] if path.is_file() else sorted(path.rglob("*")))
        if file.suffix in {".py", ".md", ".js", ".html", ".css"}
        for number, text in _prose(file)
        if GENERIC_HE.search(text)
    ]
    assert not found, "\n".join(found)


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """Return the lines that people read; in Python: docstrings, other strings and comments."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text().splitlines(), 1)
        return
    if path == Path(__file__) or not GENERIC_HE.search(path.read_text()):
        return  # Reading the tokens of every file takes seconds.
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if tokenize.tok_name[token.type] in {"COMMENT", "STRING", "FSTRING_MIDDLE"}:
                for offset, text in enumerate(token.string.splitlines()):
                    yield token.start[0] + offset, text
