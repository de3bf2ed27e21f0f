"""What a preview of a command on several sessions refuses, and what it leaves out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.series.conftest import Booked
from tests.world import NOW, Api

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HALF = timedelta(microseconds=500_000)


@pytest.mark.parametrize("field", ["keep", "start"])
async def test_a_wrong_parameter_is_named_in_the_query(
    api: Api, book_series: Booked, field: str
) -> None:
    ids = await book_series(START)
    wrong: dict[str, Any] = {"keep": ids[0], "start": (START + DAY + HALF).isoformat()}
    refused = await api.get(
        f"/v1/sessions/{ids[0]}/scope", action="reschedule", **{field: wrong[field]}
    )
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["in"]) == (f"/{field}", "query")


@pytest.mark.parametrize("action", ["cancel", "change_format"])
async def test_only_a_move_shows_new_starts(api: Api, book_series: Booked, action: str) -> None:
    ids = await book_series(START)
    shown = await api.get(
        f"/v1/sessions/{ids[0]}/scope", action=action, start=(START + DAY).isoformat()
    )
    assert shown.status_code == 200, shown.text
    assert {one["new_starts_at"] for one in shown.json()["sessions"]} == {None}
    assert shown.json()["conflicts"] == []


async def test_the_start_of_an_override_is_named(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    overrides = [
        {"session_id": ids[2], "start": (START + 15 * DAY).isoformat()},
        {"session_id": ids[1], "start": (START + 8 * DAY + HALF).isoformat()},
    ]
    refused = await api.reschedule(
        UUID(ids[0]), START + DAY, scope="this_and_following", overrides=overrides
    )
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/overrides/1/start"
