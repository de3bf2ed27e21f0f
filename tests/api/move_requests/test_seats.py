"""The client of a seat is asked to choose another time: another group."""

import pytest

from app.tables.sessions import CreditRedemption, Fee, Session
from tests.api.move_requests.conftest import Ask
from tests.api.move_requests.test_answers import states
from tests.api.move_requests.test_ask import STRICT, pointer
from tests.groups import CLASS, DAY, add_group, add_seat
from tests.world import Api, World


async def test_nothing_is_proposed_for_a_seat(ask: Ask, world: World) -> None:
    seat_id = await add_seat(world, await add_group(world))
    proposals = {str(seat_id): [(CLASS + DAY).isoformat()]}
    refused = await ask(seat_id, proposals=proposals)
    assert pointer(refused) == f"/proposals/{seat_id}"
    assert await states(world) == []


@pytest.mark.parametrize("meanwhile", ["keep", "cancel"])
async def test_the_client_moves_to_another_group_free_of_charge(
    api: Api, ask: Ask, world: World, meanwhile: str
) -> None:
    await world.add_policy(STRICT)
    package_id = await world.add_package(credits=1)
    group_id, other_id = await add_group(world, seats=2), await add_group(world, CLASS + 7 * DAY)
    seat_id = await add_seat(world, group_id, package_id=package_id)
    assert (await ask(seat_id, meanwhile=meanwhile)).status_code == 201
    shown = (await api.get(f"/v1/sessions/{seat_id}")).json()
    assert shown["move_request"]["meanwhile"] == meanwhile
    assert shown["group"]["seats_left"] == (1 if meanwhile == "keep" else 2)
    found = (await api.availability(seat_id))["days"]
    assert [slot["group_id"] for day in found for slot in day["slots"]] == [str(other_id)]
    body = {"group_id": str(other_id), "reason": {"note": "Next week is fine."}}
    moved = await api.post(f"/v1/sessions/{seat_id}/reschedule", body)
    assert moved.status_code == 200, moved.text
    assert moved.json()["fee"] is None
    (row,) = await world.rows(Session)
    assert (row.status, row.group_id, row.seat) == ("booked", other_id, 1)
    assert (row.client_moves, row.starts_at) == (0, CLASS + 7 * DAY)
    assert await states(world) == ["moved"]
    paying = [one for one in await world.rows(CreditRedemption) if one.returned_at is None]
    assert len(paying) == 1
    assert await world.rows(Fee) == []


async def test_a_seat_that_was_cancelled_meanwhile_can_be_lost(
    api: Api, ask: Ask, world: World
) -> None:
    """Its own group is not on offer, and a full one is refused; nothing changes."""
    group_id = await add_group(world, seats=2)
    full_id = await add_group(world, CLASS + 7 * DAY, seats=1)
    seat_id = await add_seat(world, group_id)
    await add_seat(world, full_id, client_id=await world.add_client(name="Ben"))
    await ask(seat_id, meanwhile="cancel")
    for target in (group_id, full_id):
        body = {"group_id": str(target), "reason": {"note": "Next week is fine."}}
        refused = await api.post(f"/v1/sessions/{seat_id}/reschedule", body)
        assert refused.json()["code"] == "slot-unavailable"
    (row,) = await world.rows(Session, id=seat_id)
    assert (row.status, row.seat) == ("cancelled", None)
    assert await states(world) == ["asked"]
