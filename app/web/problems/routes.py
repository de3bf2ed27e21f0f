"""The operations at a request's path."""

from fastapi import Request
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Match, Mount


def routes_at(request: Request) -> list[RouteContext]:
    """List the routes at the request's path, for whatever methods. Files have none."""
    return [
        route
        for route in iter_route_contexts(request.app.routes)
        if not isinstance(route.original_route, Mount)
        and route.matches(request.scope)[0] is not Match.NONE
    ]
