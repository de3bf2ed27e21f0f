"""The import graph of a Python package, read from its source."""

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]


def modules_of(package: Path) -> dict[str, ast.Module]:
    """Parse each module of a package, by its dotted name."""
    return {
        _name_of(path, package.parent): ast.parse(path.read_text())
        for path in sorted(package.rglob("*.py"))
    }


def file_graph(package: Path) -> Graph:
    """Return, for each module of the package, the modules of the package that it imports.

    Imports within functions and under `if TYPE_CHECKING` count as well: a reader follows them too.
    """
    modules = modules_of(package)
    return {
        name: frozenset(_imported(tree, modules.keys()) - {name}) for name, tree in modules.items()
    }


def folder_graph(files: Graph) -> Graph:
    """Return, for each folder of a package, the folders of the package that its files import.

    A folder is a direct subfolder of the package, with everything below it. A module directly in
    the package counts as a folder of its own.
    """
    graph: dict[str, set[str]] = {}
    for name, imported in files.items():
        folder = _folder_of(name)
        graph.setdefault(folder, set()).update(map(_folder_of, imported))
    # The package's own `__init__` has no name below the package.
    return {name: frozenset(found - {name, ""}) for name, found in graph.items() if name}


def circle_in(graph: Graph) -> list[str]:
    """Find an import cycle: names of which each imports the next; the first is repeated at the end.

    Return an empty list if there is no cycle, else the shortest one through the first name that is
    in a cycle.
    """
    for name in sorted(graph):
        for way in _ways_from(graph, name):
            if name in graph[way[-1]]:
                return [*way, name]
    return []


def reached(graph: Graph, start: str) -> list[str]:
    """List the modules that a module imports directly or indirectly, and the module itself."""
    return sorted(way[-1] for way in _ways_from(graph, start))


def _ways_from(graph: Graph, start: str) -> Iterator[list[str]]:
    """Return a shortest path from `start` to each name that it reaches, nearest first."""
    seen, waiting = {start}, deque([[start]])
    while waiting:
        way = waiting.popleft()
        yield way
        for name in sorted(graph[way[-1]] - seen):
            seen.add(name)
            waiting.append([*way, name])


def _imported(tree: ast.Module, known: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # `from package import module` names a module, `from module import name` a part of one.
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
    return found.intersection(known)


def _name_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder_of(name: str) -> str:
    return ".".join(name.split(".")[1:2])
