"""The route of a client's reads: what is read again and again should cost what it does, no more.

FastAPI solves the parameters of an endpoint one by one for each request, in general terms: for the
session's details that takes longer than to read the session (docs/decisions/0015-hot-reads.md).
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.inputs import existing_id


class ReadRoute(APIRoute):
    """Hands a GET to its endpoint directly, and leaves all others to FastAPI.

    The endpoint may name `call`, of which it names the kind; `session_id`, which is in the path;
    and `query`, a model. What FastAPI makes of them for the description stays as it is, and so do
    the problems: where the query is not as it should be, FastAPI says why.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the function that answers a request."""
        by_fastapi = super().get_route_handler()
        if self.methods != {"GET"}:
            return by_fastapi
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        [to_call] = [dependency.call for dependency in self.dependant.dependencies]
        assert to_call is not None  # noqa: S101 - a dependency has one
        has_id = bool(self.dependant.path_params)
        query_model: type[BaseModel] | None = get_type_hints(endpoint).get("query")
        unasked = {} if query_model is None else {"query": query_model()}

        async def answer(request: Request) -> Response:
            # In the order in which FastAPI looks at them: a stranger is not told what is wrong.
            arguments = {"call": await to_call(request), **unasked}
            if has_id:
                arguments["session_id"] = existing_id(request.path_params["session_id"])
            asked: bytes = request.scope["query_string"]
            if query_model is not None and asked:
                given = dict(parse_qsl(asked.decode("latin-1"), keep_blank_values=True))
                try:
                    arguments["query"] = query_model.model_validate(given)
                except ValidationError:
                    return await by_fastapi(request)
            return await endpoint(**arguments)

        return answer
