"""Query parameters that are given more than once (product.md section 10, "Query parameters")."""

from collections import Counter
from http import HTTPStatus

from fastapi import Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import InvalidInputError
from app.web.problems.handlers import on_domain_error

# The only parameter that is a list.
_LIST = "keep"


class RepeatedParameters:
    """ASGI middleware: 422 for a parameter that is given twice. FastAPI would take the last one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        app = self._app
        if scope["type"] == "http" and b"&" in scope["query_string"]:
            request = Request(scope)
            name = _repeated(request)
            if name is not None and _checks_parameters(request):
                pointer = f"/{name.replace('~', '~0').replace('/', '~1')}"
                error = InvalidInputError(pointer, "field.given-once", where="query")
                app = await on_domain_error(request, error)
        await app(scope, receive, send)


def _repeated(request: Request) -> str | None:
    given = Counter(name for name, _ in request.query_params.multi_items() if name != _LIST)
    return next((name for name, count in given.items() if count > 1), None)


def _checks_parameters(request: Request) -> bool:
    """Tell whether the request's operation has parameters, and refuses those that are wrong."""
    return any(
        isinstance(route.original_route, APIRoute)
        and route.dependant.query_params
        and HTTPStatus.UNPROCESSABLE_ENTITY in route.responses
        for route in iter_route_contexts(request.app.routes)
        if route.matches(request.scope)[0] is Match.FULL
    )
