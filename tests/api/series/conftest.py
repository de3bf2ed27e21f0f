"""A weekly series of the world's client, booked by staff."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from tests import series
from tests.world import Api, World

Booked = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def book_series(staff: Api, world: World) -> Booked:
    """Book a series, and give the ids of its sessions in order."""

    async def book(start: datetime, count: int = 4, **values: Any) -> list[str]:
        return await series.book_series(staff, world, start, count, **values)

    return book
