"""Finds the text keys that the application uses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

APP = Path(__file__).parents[2] / "app"
_IN_TEMPLATE = re.compile(r"texts\('([^']+)'\)")


class Uses(NamedTuple):
    """Strings of the application: complete ones, and patterns of those built from parts."""

    whole: set[str]
    patterns: list[re.Pattern[str]]

    def include(self, key: str) -> bool:
        return key in self.whole or any(pattern.fullmatch(key) for pattern in self.patterns)


def find_uses() -> Uses:
    uses = Uses(set(), [])
    for path in APP.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for node in joined for part in node.values}
        uses.patterns.extend(pattern for node in joined for pattern in _pattern(node))
        uses.whole.update(
            node.value
            for node in nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in parts
        )
    for path in (*APP.rglob("*.j2"), *APP.rglob("*.html")):
        uses.whole.update(_IN_TEMPLATE.findall(path.read_text()))
    return uses


def _pattern(node: ast.JoinedStr) -> Iterator[re.Pattern[str]]:
    """Make a pattern of a string such as `f"mail.{topic}.subject"`: it must begin like a key."""
    first = node.values[0]
    if isinstance(first, ast.Constant) and re.match(r"[a-z-]+\.", str(first.value)):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_-]+"
            for part in node.values
        ]
        yield re.compile("".join(parts))
