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


@pytest.mark.parametrize("path", ROUTERS, ids=lambda path: str(path.relative_to(APP)))
def test_answers_are_built_in_the_presenter(path: Path) -> None:
    """A function of a router that is no endpoint may read the request; it builds no answer."""
    built = [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list
        if node.returns is not None and ast.unparse(node.returns) in {"Response", "StoredAnswer"}
    ]
    assert not built
