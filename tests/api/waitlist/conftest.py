"""A client who waits for an earlier time, and a time that another client may give up."""

import pytest

from tests.waiting import Waiting, wait
from tests.world import Api, World


@pytest.fixture
async def waiting(world: World, api: Api) -> Waiting:
    """Two booked sessions: one that is to come sooner, and an earlier one of another client."""
    return await wait(world, api)
