"""What a mail says of the cost of a booking and of a cancellation, if there is none."""

from datetime import timedelta
from typing import Any

import pytest

from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
LATE = {"deadline": {"before_minutes": 20_000}, "percent": "50"}


@pytest.mark.parametrize("late", [True, False])
async def test_a_cancellation_that_costs_nothing_says_so(
    api: Api,
    staff: Api,
    world: World,
    read: Any,
    late: bool,  # noqa: FBT001
) -> None:
    """The policy's text below may speak of a fee."""
    await world.add_policy({"cancel": {"fees": [LATE]}} if late else {})
    session_id = await world.book(START)
    moved = await staff.reschedule_by_staff(session_id, START + timedelta(hours=1))
    assert moved.is_success, moved.text
    assert (await api.cancel(session_id)).is_success
    assert "The cancellation costs nothing." in (await read(session_id, "cancelled")).text


async def test_a_cancellation_that_costs_something_does_not(
    api: Api, world: World, read: Any
) -> None:
    await world.add_policy({"cancel": {"fees": [LATE]}})
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote)).is_success
    mail = (await read(session_id, "cancelled")).text
    assert "$60.00" in mail
    assert "The cancellation costs nothing." not in mail


@pytest.mark.parametrize("paid", [True, False])
async def test_a_booking_says_that_a_credit_pays(
    world: World,
    read: Any,
    paid: bool,  # noqa: FBT001
) -> None:
    session_id = await world.book(START, package_id=await world.add_package() if paid else None)
    said = "A credit from the package pays for the session."
    assert (said in (await read(session_id, "booked")).text) == paid
