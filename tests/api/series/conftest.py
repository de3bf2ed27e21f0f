"""A weekly series of the world's client, booked by staff."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from tests.world import Api, World

Booked = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def book_series(staff: Api, world: World) -> Booked:
    """Book a series, and give the ids of its sessions in order."""

    async def book(start: datetime, count: int = 4, **values: Any) -> list[str]:
        body = {
            "client_id": str(world.client_id),
            "practitioner_id": str(world.practitioner_id),
            "service_id": str(world.service_id),
            "start": start.isoformat(),
            "format": "video",
            "every": {"weeks": 1},
            "count": count,
        }
        answer = await staff.post("/v1/practice/series", body | values)
        assert answer.status_code == 201, answer.text
        return [date["session_id"] for date in answer.json()["dates"]]

    return book
