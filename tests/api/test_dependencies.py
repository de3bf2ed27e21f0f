"""Dependencies work as FastAPI documents them, on every route of the application."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from httpx import ASGITransport, AsyncClient

from app.configuration.settings import Settings
from app.domain.errors import UnauthorizedError
from app.main import ROUTERS, create_app
from app.web.problems.handlers import install_handlers

Add = Callable[[FastAPI, "Marker"], None]
Operation = tuple[str, str]


class Marker:
    """A dependency that ends the request and counts how often that happened."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> None:
        """End the request before anything else of the route runs."""
        self.calls += 1
        raise UnauthorizedError


async def nothing() -> None:
    """Replace a dependency whose value is not used."""


def on_the_route(app: FastAPI, marker: Marker) -> None:
    """Add the dependency to every route itself."""
    for router in ROUTERS:
        for context in iter_route_contexts(router.routes):
            route = context.original_route
            assert isinstance(route, APIRoute)
            app.router.add_api_route(
                route.path,
                route.endpoint,
                methods=list(route.methods or ()),
                dependencies=[Depends(marker)],
                response_model=None,
                route_class_override=type(route),
            )


def on_the_router(app: FastAPI, marker: Marker) -> None:
    """Add every router below a router that has the dependency."""
    above = APIRouter(dependencies=[Depends(marker)])
    for router in ROUTERS:
        above.include_router(router)
    app.include_router(above)


def where_the_router_is_included(app: FastAPI, marker: Marker) -> None:
    """Include every router with the dependency."""
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(marker)])


@pytest.mark.parametrize("add", [on_the_route, on_the_router, where_the_router_is_included])
@pytest.mark.slow
async def test_a_dependency_that_is_added_is_called_on_every_route(
    settings: Settings, add: Add
) -> None:
    app, marker = FastAPI(), Marker()
    app.state = create_app(settings).state
    install_handlers(app)
    add(app, marker)
    added = [operation for operation, _ in routes_of(app)]
    assert len(added) > 100
    assert [operation for operation in added if not await ends(app, operation, marker)] == []


@pytest.mark.slow
async def test_an_override_holds_on_every_route(settings: Settings) -> None:
    """Override each dependency of each route in turn, and replace the others by a no-op."""
    app, marker = create_app(settings), Marker()
    tried, missed = 0, []
    for operation, context in routes_of(app):
        chains = list(chains_of(context.dependant))
        for chain in chains:
            others = {call for other in chains for call in other} - set(chain)
            app.dependency_overrides = dict.fromkeys(others, nothing) | {chain[-1]: marker}
            tried += 1
            if not await ends(app, operation, marker):
                missed.append((operation, chain[-1]))
    assert tried > 500
    assert missed == []


def routes_of(app: FastAPI) -> Iterator[tuple[Operation, RouteContext]]:
    """Give each operation (method and path) with its route in the application."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            for method in context.methods or ():
                yield (method, context.path or ""), context


def chains_of(dependant: Dependant) -> Iterator[tuple[Callable[..., Any], ...]]:
    """Give the callable of each dependency, after the callables of its dependants."""
    for dependency in dependant.dependencies:
        assert dependency.call is not None
        yield (dependency.call,)
        for chain in chains_of(dependency):
            yield (dependency.call, *chain)


async def ends(app: FastAPI, operation: Operation, marker: Marker) -> bool:
    """Call an operation without parameters, and tell whether the marker was called."""
    before = marker.calls
    method, path = operation
    filled = re.sub(r"\{\w+\}", str(uuid4()), path)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://reslot.test") as http:
        await http.request(method, filled)
    return marker.calls > before
