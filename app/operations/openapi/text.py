"""Format the OpenAPI description in few lines (docs/decisions/0029-openapi-file.md)."""

import json
from typing import Any

# The same as the line length of the code (pyproject.toml).
_WIDTH = 100
_STEP = 2
# Each of what they contain is on one line: fields of a schema, and parameters.
_ONE_LINE_EACH = {"properties", "parameters"}
# The headers of a response are on one line, because they only refer to components.
_ONE_LINE = "headers"


def to_text(
    value: Any,  # noqa: ANN401 - JSON
    indent: int = 0,
    before: int = 0,
    *,
    of: str = "",
) -> str:
    """Format JSON. A value is on one line if it fits or contains no other object or list.

    So is each field of a schema, each parameter, and the headers of a response. The only member of
    an object or a list stays on the line of its bracket.

    `before` is the number of characters that are already on the line, `of` the name of the value.
    """
    line = _one_line(value)
    if before + len(line) <= _WIDTH or not _is_nested(value) or _is_one_line(value, of):
        return line
    parts = value.items() if isinstance(value, dict) else (("", part) for part in value)
    named: list[tuple[str, Any]] = list(parts)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = indent + _STEP
    if of in _ONE_LINE_EACH:
        members = [_name(name) + _one_line(part) for name, part in named]
    elif len(named) == 1:
        return opening + _member(*named[0], indent, before + 1) + closing
    else:
        members = [_member(name, part, inner, inner) for name, part in named]
    lines = ",\n".join(" " * inner + member for member in members)
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"


def _member(name: str, part: Any, indent: int, before: int) -> str:  # noqa: ANN401 - JSON
    """Format what an object has under a name, or an item of a list, which has none."""
    start = _name(name)
    return start + to_text(part, indent, before + len(start), of=name)


def _name(name: str) -> str:
    return f"{_one_line(name)}: " if name else ""


def _one_line(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, ensure_ascii=False)


def _is_one_line(value: Any, of: str) -> bool:  # noqa: ANN401 - JSON
    """Return whether a value is the headers of a response."""
    return of == _ONE_LINE and all("$ref" in part for part in value.values())


def _is_nested(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a value contains an object or a list."""
    if isinstance(value, dict):
        return any(isinstance(part, dict | list) for part in value.values())
    return isinstance(value, list) and any(isinstance(part, dict | list) for part in value)
