"""Fixtures of the database tests."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.configuration.settings import Settings
from app.database.engine import connect
from tests.fixtures.database import Isolation


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """These tests read the whole database: its schema, its privileges, its plans."""
    own = request.node.get_closest_marker("own_database") is not None
    return "database" if own else "alone"


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the owner: the constraints bind the owner of the tables too."""
    db = await connect(settings.owner_url)
    yield db
    await db.close()


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Connect with the service's role."""
    db = await connect(settings.service_url)
    yield db
    await db.close()
