"""Asking clients to move, as staff do it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from tests.world import NOW, Api

REQUESTS = "/v1/practice/move-requests"
ANSWER_BY = NOW + timedelta(days=1)
# Asks for sessions by their ids, and gives the response.
Ask = Callable[..., Awaitable[Response]]


@pytest.fixture
def ask(staff: Api) -> Ask:
    """Ask the clients of some sessions, by default to keep them until they answer."""

    async def command(*session_ids: UUID, **body: Any) -> Response:
        named = {"sessions": [str(id_) for id_ in session_ids]} if session_ids else {}
        order = {"answer_by": ANSWER_BY.isoformat(), "meanwhile": "keep"} | named | body
        return await staff.post(REQUESTS, order)

    return command
