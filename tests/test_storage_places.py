"""SQL statements are built only in files named `queries.py` or `repository.py`.

Some folders contain only statements and their results: there every file may build statements.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
STATEMENTS = {"select", "insert", "update", "delete", "text", "exists", "union", "union_all"}
NAMES = ("queries.py", "repository.py", "statements.py")
FOLDERS = {"calendar", "database", "outbox", "tables"}
# Other files that build statements, and why.
EXCEPTIONS = {
    "demo/guide.py": "the demo fills and empties its own database",
    "demo/mails.py": "the demo chooses the mails that it sends",
}


def sql_in(file: Path) -> Iterator[int]:
    """Return the lines on which a file builds a statement with SQLAlchemy."""
    tree = ast.parse(file.read_text())
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for name in node.names
        if name.name in STATEMENTS
    }
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in imported:
            yield called.lineno


@pytest.mark.slow
def test_statements_are_in_queries_and_repositories_only() -> None:
    found = {
        str(file.relative_to(APP))
        for file in APP.rglob("*.py")
        if not file.name.endswith(NAMES)
        and file.relative_to(APP).parts[0] not in FOLDERS
        and any(sql_in(file))
    }
    assert found == set(EXCEPTIONS)


def test_a_statement_elsewhere_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "router.py"
    file.write_text("from sqlalchemy import select as choose\n\nchoose(1)\n")
    assert list(sql_in(file)) == [3]
