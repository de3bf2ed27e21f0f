"""What tests of the database stand on."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.configuration.settings import Settings
from app.database.engine import connect


@pytest.fixture
def isolation() -> str:
    """What is looked at here is the whole database: its schema, its privileges, its plans."""
    return "database"


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the owner: the constraints bind the owner of the tables too."""
    db = await connect(settings.owner_url)
    yield db
    await db.close()


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the service's role."""
    db = await connect(settings.service_url)
    yield db
    await db.close()
