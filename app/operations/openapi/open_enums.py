"""Open enums in answers, closed enums in requests (docs/decisions/0023-open-enums.md).

A later version may add values to answers, and clients generated from today's file must accept them.
So the component for answers is a string that lists today's values. The values of a request are
fixed: the component is an enum, and its name ends with `Input`.
"""

from collections.abc import Iterator
from typing import Any

_Json = dict[str, Any]
_PREFIX = "#/components/schemas/"
_MORE = "More values may be added: accept values that you do not know."


def open_enums(description: _Json) -> None:
    """Replace each named enum by an open component for answers and a closed one for requests."""
    components: dict[str, _Json] = description["components"]["schemas"]
    enums = {name: schema for name, schema in components.items() if "enum" in schema}
    asking = list(_requests(description))
    asked = _reached(asking, components)
    for part in [*asking, *(components[name] for name in asked - enums.keys())]:
        _rename(part, asked & enums.keys())
    answered = _reached(_answers(description), components)
    for name, schema in enums.items():
        del components[name]
        if name in asked:
            components[f"{name}Input"] = schema | {"title": f"{name}Input"}
        if name in answered:
            components[name] = _opened(name, schema)
    description["components"]["schemas"] = dict(sorted(components.items()))


def _requests(description: _Json) -> Iterator[_Json]:
    """Yield the parameters and the request bodies of all operations."""
    for operations in description["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", ())
            if "requestBody" in operation:
                yield operation["requestBody"]


def _answers(description: _Json) -> Iterator[_Json]:
    """Yield all that the service sends: responses of all operations, and webhooks."""
    for operations in description["paths"].values():
        for operation in operations.values():
            yield operation["responses"]
    yield description["webhooks"]


def _opened(name: str, schema: _Json) -> _Json:
    values = schema["enum"]
    said = schema.get("description")
    listed = f"One of {', '.join(f'`{value}`' for value in values)}. {_MORE}"
    return {
        "type": "string",
        "title": name,
        "description": f"{said}\n\n{listed}" if said else listed,
        "examples": values[:1],
        "x-extensible-enum": values,
    }


def _reached(parts: Any, components: dict[str, _Json]) -> set[str]:  # noqa: ANN401 - JSON
    """Return the names of the components that some parts refer to, directly or indirectly."""
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        for part in _objects(waiting.pop()):
            name = part.get("$ref", "").removeprefix(_PREFIX)
            if name in components and name not in found:
                found.add(name)
                waiting.append(components[name])
    return found


def _rename(part: _Json, names: set[str]) -> None:
    for found in _objects(part):
        name = found.get("$ref", "").removeprefix(_PREFIX)
        if name in names:
            found["$ref"] = f"{_PREFIX}{name}Input"


def _objects(part: Any) -> Iterator[_Json]:  # noqa: ANN401 - JSON
    """Yield a part of the file and all objects in it, except those in examples."""
    if isinstance(part, list):
        for item in part:
            yield from _objects(item)
    elif isinstance(part, dict):
        yield part
        for name, item in part.items():
            if name not in {"example", "examples"}:
                yield from _objects(item)
