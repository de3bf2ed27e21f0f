"""Query parameters that are given more than once (product.md section 10, "Query parameters")."""

from collections import Counter
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
# What reads parameters compares their names with each other. The longest request has a hundred
# times `keep`.
MAX_PARAMETERS = 200


class RepeatedParameters:
    """ASGI middleware: 422 for a parameter that is given twice, and for too many parameters.

    FastAPI would take the last one of those that are given twice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        app = self._app
        if scope["type"] == "http" and b"&" in scope["query_string"]:
            request = Request(scope)
            error = _error_in(request)
            if error is not None and _checks_parameters(request):
                app = await on_domain_error(request, error)
        await app(scope, receive, send)


def _error_in(request: Request) -> InvalidInputError | None:
    """Give what is wrong with the number of parameters. Too many are not even parsed."""
    if request.scope["query_string"].count(b"&") >= MAX_PARAMETERS:
        return InvalidInputError(
            "", "field.too-many-parameters", where="query", most=MAX_PARAMETERS
        )
    times = Counter(name for name, _ in request.query_params.multi_items())
    name = next((name for name in times if name != _LIST and times[name] > 1), None)
    if name is None:
        return None
    return InvalidInputError(pointer_to([name]), "field.given-once", where="query")


def _checks_parameters(request: Request) -> bool:
    """Tell whether the request's operation has parameters, and refuses those that are wrong."""
    return any(
        isinstance(route.original_route, APIRoute)
        and route.dependant.query_params
        and HTTPStatus.UNPROCESSABLE_ENTITY in route.responses
        for route in routes_at(request)
        if request.method in (route.methods or ())
    )
