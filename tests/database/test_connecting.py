"""Connection options: database URL parameters of the service and of the server."""

import pytest
from sqlalchemy import text

from app.configuration.settings import Settings
from app.database.engine import brief_engine, connect

_PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.mark.parametrize(
    ("said", "prepared"),
    [
        ("", True),
        ("&statement_cache_size=0", False),
        ("&statement_cache_size=0&application_name=reslot", False),
    ],
)
async def test_prepared_statements_can_be_switched_off(
    direct_url: str, said: str, *, prepared: bool
) -> None:
    """Before 1.21, pgbouncer does not support them: it sends statements to any free connection."""
    async with brief_engine(direct_url + said) as engine, engine.connect() as db:
        counts = [await db.scalar(text(_PREPARED)) for _ in range(2)]
    assert (counts[-1] > 0) is prepared


async def test_other_parameters_of_a_url_reach_the_server(direct_url: str) -> None:
    url = f"{direct_url}&statement_cache_size=0&application_name=front-desk"
    db = await connect(url)
    try:
        assert await db.fetchval("SHOW application_name") == "front-desk"
    finally:
        await db.close()


@pytest.fixture
def direct_url(settings: Settings) -> str:
    """The owner's URL, which never goes through a pooler."""
    return settings.owner_url
