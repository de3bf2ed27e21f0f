"""Rules for every router, checked in its source."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
ROUTERS = sorted(APP.rglob("*router.py"))


@pytest.mark.parametrize("path", ROUTERS, ids=lambda path: str(path.relative_to(APP)))
def test_no_router_uses_partial(path: Path) -> None:
    """`partial` hides the call from go-to-definition and from the type of the arguments."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert "partial" not in imported
    assert "functools" not in imported
