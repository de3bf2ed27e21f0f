"""The domain and the routers contain no sentence for people: the catalogue has all of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.texts.usage import APP

# Three words in a row. Other strings do not match: keys, SQL, content security policies.
SENTENCE = re.compile(r"\b[A-Za-z]+ [a-z]+ [a-z]+\b")
# Texts of the API description, which developers of clients read.
DESCRIBES = {"summary", "description", "examples", "example", "title"}
FILES = sorted([*APP.glob("domain/**/*.py"), *APP.rglob("*router.py")])


def sentences(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    described = {id(part) for node in ast.walk(tree) for part in _descriptions(node)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    for node in strings:
        if SENTENCE.search(str(node.value)) and id(node) not in described:
            yield str(node.value)


def _descriptions(node: ast.AST) -> Iterator[ast.AST]:
    """Return the nodes of docstrings and of texts for the API description."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Descriptions":
        yield from ast.walk(node)
    if isinstance(node, ast.keyword) and node.arg in DESCRIBES:
        yield from ast.walk(node.value)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in DESCRIBES:
                yield from ast.walk(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_no_sentence_is_left_in_the_code(path: Path) -> None:
    assert list(sentences(path)) == []


def test_a_sentence_in_the_code_would_be_found(tmp_path: Path) -> None:
    code = '''"""Words of a docstring."""
raise InvalidInputError("/start", "must be a whole second")
app.get("/x", summary="Show all of them", responses={404: {"description": "It is not here."}})
'''
    (tmp_path / "router.py").write_text(code)
    assert list(sentences(tmp_path / "router.py")) == ["must be a whole second"]
