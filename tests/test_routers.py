"""What every router is held to, read from its source."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
ROUTERS = sorted(APP.rglob("*router.py"))


@pytest.mark.parametrize("path", ROUTERS, ids=lambda path: str(path.relative_to(APP)))
def test_an_endpoint_calls_its_command_so_that_editors_can_follow(path: Path) -> None:
    """`partial` hides the call from go-to-definition and from the type of the arguments."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert "partial" not in imported
    assert "functools" not in imported
