"""Query parameters that are given more than once (product.md section 10, "Query parameters")."""

from http import HTTPStatus

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import InvalidInputError
from app.web.problems.handlers import on_domain_error
from app.web.problems.messages import pointer_to
from app.web.problems.routes import routes_at

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
                error = InvalidInputError(pointer_to([name]), "field.given-once", where="query")
                app = await on_domain_error(request, error)
        await app(scope, receive, send)


def _repeated(request: Request) -> str | None:
    given = request.query_params
    return next((name for name in given if name != _LIST and len(given.getlist(name)) > 1), None)


def _checks_parameters(request: Request) -> bool:
    """Tell whether the request's operation has parameters, and refuses those that are wrong."""
    return any(
        isinstance(route.original_route, APIRoute)
        and route.dependant.query_params
        and HTTPStatus.UNPROCESSABLE_ENTITY in route.responses
        for route in routes_at(request)
        if request.method in (route.methods or ())
    )
