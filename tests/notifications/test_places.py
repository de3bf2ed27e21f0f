"""Places for posts: limits of an endpoint and a practice, and who gets a place that is free."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.webhooks.places import CrowdedError, Places

ENDPOINT, OTHER, PRACTICE = uuid4(), uuid4(), uuid4()
LONG = 60.0


async def hold(
    places: Places, most: dict[UUID, int], began: list[str], name: str, go_on: asyncio.Event
) -> None:
    async with places.place(most, LONG):
        began.append(name)
        await go_on.wait()


async def test_without_patience_a_full_holder_is_crowded_at_once() -> None:
    places = Places()
    async with places.place({ENDPOINT: 1, PRACTICE: 2}, 0.0):
        with pytest.raises(CrowdedError):
            async with places.place({ENDPOINT: 1, PRACTICE: 2}, 0.0):
                raise AssertionError
        async with places.place({OTHER: 1, PRACTICE: 2}, 0.0):
            assert places.taken == {ENDPOINT: 1, OTHER: 1, PRACTICE: 2}
    assert not places.taken


async def test_a_free_place_goes_to_the_first_that_fits() -> None:
    places, began = Places(), list[str]()
    first, second, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    one, other = {ENDPOINT: 1, PRACTICE: 2}, {OTHER: 1, PRACTICE: 2}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(places, one, began, "first", first))
        tasks.create_task(hold(places, other, began, "second", second))
        await asyncio.sleep(0)
        tasks.create_task(hold(places, one, began, "third", go_on))
        tasks.create_task(hold(places, other, began, "fourth", go_on))
        await asyncio.sleep(0)
        assert began == ["first", "second"]
        second.set()
        while len(began) < 3:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
        assert began == ["first", "second", "fourth"]
        go_on.set()
        first.set()
    assert began == ["first", "second", "fourth", "third"]
    assert not places.taken


async def test_who_stops_waiting_takes_no_place() -> None:
    places, began, go_on = Places(), list[str](), asyncio.Event()
    most = {ENDPOINT: 1}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(places, most, began, "first", go_on))
        await asyncio.sleep(0)
        waiting = tasks.create_task(hold(places, most, began, "second", go_on))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        tasks.create_task(hold(places, most, began, "third", go_on))
        go_on.set()
    assert began == ["first", "third"]
    assert not places.taken


async def test_who_is_cancelled_when_admitted_leaves_the_place() -> None:
    places, began, go_on = Places(), list[str](), asyncio.Event()
    most = {ENDPOINT: 1}
    async with asyncio.TaskGroup() as tasks:
        async with places.place(most, LONG):
            waiting = tasks.create_task(hold(places, most, began, "second", go_on))
            await asyncio.sleep(0)
        waiting.cancel()
    assert not began
    assert not places.taken


async def test_a_place_that_becomes_free_as_one_stops_waiting_goes_to_the_next() -> None:
    """Regression: the one that had stopped got it, and the post before counted as failed."""
    places, began, go_on = Places(), list[str](), asyncio.Event()
    most = {ENDPOINT: 1}
    go_on.set()
    async with asyncio.TaskGroup() as tasks, places.place(most, LONG):
        waiting = tasks.create_task(hold(places, most, began, "second", go_on))
        tasks.create_task(hold(places, most, began, "third", go_on))
        await asyncio.sleep(0)
        waiting.cancel()
    assert began == ["third"]
    assert not places.taken
