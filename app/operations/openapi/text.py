"""Format the OpenAPI description in few lines (docs/decisions/0029-openapi-file.md)."""

import json
from typing import Any

# The same as the line length of the code (pyproject.toml).
_WIDTH = 100
_STEP = 2


def to_text(value: Any, indent: int = 0, before: int = 0) -> str:  # noqa: ANN401 - JSON
    """Format JSON. A value is on one line if it fits or contains no other object or list.

    `before` is the number of characters that are already on the line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if before + len(line) <= _WIDTH or not _is_nested(value):
        return line
    inner = indent + _STEP
    if isinstance(value, list):
        parts = [to_text(part, inner, inner) for part in value]
        opening, closing = "[", "]"
    else:
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        parts = [
            name + to_text(part, inner, inner + len(name))
            for name, part in zip(names, value.values(), strict=True)
        ]
        opening, closing = "{", "}"
    lines = ",\n".join(" " * inner + part for part in parts)
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"


def _is_nested(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a value contains an object or a list."""
    if isinstance(value, dict):
        return any(isinstance(part, dict | list) for part in value.values())
    return isinstance(value, list) and any(isinstance(part, dict | list) for part in value)
