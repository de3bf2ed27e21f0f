"""A place in a group session: what the page says of the group, and moving to another group."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from app.tables.sessions import Session
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat, seats_of
from tests.portal.visitor import Visitor
from tests.world import World

OTHER = "Friday, December 4"


async def _fill(world: World, group_id: UUID, count: int) -> None:
    """Take places for as many other clients."""
    for client_id in await add_clients(world, count):
        await add_seat(world, group_id, client_id=client_id)


async def test_the_details_tell_how_many_places_are_free_and_not_who_comes(
    ana: Visitor, world: World
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    await _fill(world, group_id, 4)
    await ana.open(seat)
    await ana.read("A seat in a group session. 3 of 8 seats free.")
    await ana.check_on_a_phone()
    assert "Client 0" not in await ana.page.content()
    await expect(ana.page.locator("[id^=switch]")).to_have_count(0)


async def test_a_place_is_moved_to_another_group(ana: Visitor, world: World) -> None:
    seat = await add_seat(world, await add_group(world))
    other = await add_group(world, CLASS + DAY, seats=4)
    await add_group(world, CLASS + 2 * DAY, seats=1, status="cancelled")
    await ana.open(seat)
    await ana.press("Reschedule")
    await ana.see("Choose a new time")
    await ana.read("These are the other dates of this group session")
    await expect(ana.page.get_by_role("radio")).to_have_count(0)
    await expect(ana.button("6:00 PM 4 seats free")).to_be_visible()
    await ana.check_on_a_phone()
    await ana.press("6:00 PM 4 seats free")
    await ana.see("Confirm your new time")
    await ana.read(OTHER)
    await ana.read("4 seats free")
    await ana.check_on_a_phone()
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (body,) = ana.bodies("/reschedule")
    assert (body["group_id"], "format" in body) == (str(other), False)
    assert list(await seats_of(world, other)) == [seat]


async def test_if_the_last_place_was_taken_the_other_groups_are_shown(
    ana: Visitor, world: World
) -> None:
    seat = await add_seat(world, await add_group(world))
    wanted = await add_group(world, CLASS + DAY, seats=1)
    last = await add_group(world, CLASS + 4 * DAY)
    await ana.open(seat)
    await ana.press("Reschedule")
    await ana.press("6:00 PM 1 seat free")
    await ana.give_reason()
    await _fill(world, wanted, 1)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("This time is not available any more.")
    await expect(ana.alert).to_be_focused()
    await ana.check_on_a_phone()
    await ana.press("Monday, December 7, 6:00 PM to 6:50 PM 8 seats free")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    assert list(await seats_of(world, last)) == [seat]


@pytest.mark.parametrize("count", [1, 3])
async def test_leaving_a_group_leaves_the_others_in_it(
    ana: Visitor, world: World, count: int
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    await _fill(world, group_id, count)
    await ana.open(seat)
    await ana.press("Cancel session")
    await expect(ana.page.get_by_role("radio", name="This and all following")).to_have_count(0)
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert len(await seats_of(world, group_id)) == count
    (own,) = await world.rows(Session, id=seat)
    assert own.starts_at == CLASS
