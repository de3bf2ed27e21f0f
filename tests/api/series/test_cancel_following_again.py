"""A repeated cancellation of several sessions tells what each cost when it was cancelled last."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.series.conftest import Booked
from tests.series import preview
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
SCOPE: dict[str, Any] = {"scope": "this_and_following"}
STAFF: dict[str, Any] = {"charge_fee": False, "reason": {"note": "Closed."}}
LATE_FEE: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 200_000}, "percent": "50"}]}
}


@pytest.fixture
async def ids(world: World, book_series: Booked) -> list[str]:
    """Three sessions whose cancellation costs 6000 each."""
    await world.add_policy(LATE_FEE)
    return await book_series(START, 3)


def fees(answer: Any) -> list[int | None]:
    """Give the sum, and the fee of each session."""
    shown = [answer.json()["fee"], *(one["fee"] for one in answer.json()["sessions"])]
    return [fee and fee["amount_minor"] for fee in shown]


async def test_a_fee_that_an_undo_has_voided_is_in_no_sum(
    api: Api, staff: Api, ids: list[str]
) -> None:
    quote = (await preview(api, ids[0]))["quote"]
    first = await api.cancel(UUID(ids[0]), quote=quote, **SCOPE)
    assert fees(first) == [18_000, 6000, 6000, 6000]
    assert (await api.post(f"/v1/sessions/{ids[1]}/undo", {})).status_code == 200
    path = f"/v1/practice/sessions/{ids[1]}/cancel"
    assert (await staff.post(path, STAFF)).status_code == 200
    again = await api.cancel(UUID(ids[0]), **SCOPE)
    assert fees(again) == [12_000, 6000, None, 6000]
    assert again.json()["command_id"] == first.json()["command_id"]
    by_staff = await staff.post(f"/v1/practice/sessions/{ids[0]}/cancel", STAFF | SCOPE)
    assert fees(by_staff) == [12_000, 6000, None, 6000]


async def test_sessions_that_were_cancelled_singly_are_in_the_sum(api: Api, ids: list[str]) -> None:
    for session_id in ids:
        quote = (await api.session(UUID(session_id)))["actions"]["cancel"]["quote"]
        assert (await api.cancel(UUID(session_id), quote=quote)).status_code == 200
    assert fees(await api.cancel(UUID(ids[0]), **SCOPE)) == [18_000, 6000, 6000, 6000]


async def test_what_is_booked_again_is_in_no_sum(api: Api, ids: list[str]) -> None:
    """It stays, because it is to be kept."""
    quote = (await preview(api, ids[0]))["quote"]
    assert (await api.cancel(UUID(ids[0]), quote=quote, **SCOPE)).status_code == 200
    assert (await api.post(f"/v1/sessions/{ids[2]}/undo", {})).status_code == 200
    again = await api.cancel(UUID(ids[0]), keep=[ids[2]], **SCOPE)
    assert fees(again) == [12_000, 6000, 6000, None]
