"""Move repeated parts of the OpenAPI file to components that operations refer to.

A part that is used once stays in its operation.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.web.problems.catalogue import MEDIA_TYPE, component_name

_Json = dict[str, Any]
# A part (`container[key]`), and the name of its component if it is shared.
_Place = tuple[Any, Any, str]


def share_repeated(description: _Json) -> None:
    """Share equal parameters, equal examples of successes, and equal problem responses."""
    operations = [
        operation
        for section in ("paths", "webhooks")
        for methods in description[section].values()
        for operation in methods.values()
    ]
    components = description["components"]
    components["parameters"] = _shared("parameters", list(_parameters(operations)))
    components["examples"] |= _shared("examples", list(_examples(operations)))
    problems = list(_problems(operations))
    # First the schemas of these responses: code generators make a class of each named schema.
    unions = _shared("schemas", list(_unions(problems)))
    components["schemas"] = dict(sorted((components["schemas"] | unions).items()))
    components["responses"] = _shared("responses", problems)


def _shared(kind: str, places: list[_Place]) -> _Json:
    """Replace each repeated part by a reference, and return the components.

    If different parts have the same name, the most frequent one is shared.
    """
    uses = Counter((name, json.dumps(container[key])) for container, key, name in places)
    components: _Json = {}
    for (name, part), count in uses.most_common():
        if count > 1:
            components.setdefault(name, json.loads(part))
    for container, key, name in places:
        if container[key] == components.get(name):
            container[key] = {"$ref": f"#/components/{kind}/{name}"}
    return dict(sorted(components.items()))


def _parameters(operations: list[_Json]) -> Iterator[_Place]:
    """Yield the parameters. A component's name is `SessionId` for `session_id`."""
    for operation in operations:
        parameters = operation.get("parameters", [])
        for index, parameter in enumerate(parameters):
            words = parameter["name"].replace("_", "-").split("-")
            yield parameters, index, "".join(word.capitalize() for word in words)


def _examples(operations: list[_Json]) -> Iterator[_Place]:
    """Yield the examples of successes. They keep their names (see `add_example`)."""
    for operation in operations:
        for response in operation["responses"].values():
            examples = response.get("content", {}).get("application/json", {}).get("examples", {})
            for name in examples:
                yield examples, name, name


def _problems(operations: list[_Json]) -> Iterator[_Place]:
    """Yield the problem responses, named by their codes: `NotFoundOrFeeNotDueProblem`."""
    for operation in operations:
        responses = operation["responses"]
        for status, response in responses.items():
            codes = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", ())
            if codes:
                yield responses, status, component_name("-or-".join(codes))


def _unions(problems: list[_Place]) -> Iterator[_Place]:
    """Yield the schemas of responses with several problems, named like the responses."""
    for responses, status, name in problems:
        content = responses[status]["content"][MEDIA_TYPE]
        if "oneOf" in content["schema"]:
            yield content, "schema", name
