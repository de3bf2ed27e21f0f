"""Drill 13: the service against a model of product.md, step by step, with the clock set at will."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from random import Random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.drills.model_world import STAGES, set_stage
from tests.drills.report import Row
from tests.drills.story import Story
from tests.drills.story_around import POLICIES, AroundStory
from tests.drills.story_edges import EdgeStory
from tests.drills.story_end import Tally, check_database
from tests.drills.story_minutes import ALL_DAY, MinutesStory
from tests.drills.story_seats import SeatsStory
from tests.drills.story_waits import WaitingStory, set_waiting_stage
from tests.world import Api, TestClock, World, serve

STEPS = 50
STORIES = 40
SHORT = 8  # of them for every day
MINUTES = 3
WAITS = 4
MANY_WAITS = 12
SEATS = 4

NewPractice = Callable[[], World]


@pytest.fixture
def new_practice(engine: AsyncEngine, settings: Settings) -> NewPractice:
    """Return a factory of a story's practice."""
    return partial(World, engine, settings)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """Serve all practices; every story sets the clock at its start."""
    async with serve(settings, TestClock()) as api:
        api.http.event_hooks = {}  # Another drill checks schemas; this one checks values.
        yield api


@pytest.mark.brief
@pytest.mark.parametrize("seed", range(SHORT))
async def test_the_service_does_what_the_contract_says(
    new_practice: NewPractice, api: Api, seed: int
) -> None:
    await play(new_practice(), api, seed)


@pytest.mark.drill
async def test_the_service_does_what_the_contract_says_at_length(
    new_practice: NewPractice, api: Api, tell: Callable[[Row], None]
) -> None:
    found = Tally()
    try:
        for seed in range(STORIES):
            found += await play(new_practice(), api, seed)
    finally:
        load = f"{STORIES} practices, {STORIES * STEPS:,} steps"
        tell(Row("model of the contract", load, "the clock, DST", *found))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(STAGES)))
async def test_deadlines_at_a_change_of_clocks_and_quotes_from_before_them(
    new_practice: NewPractice, api: Api, number: int
) -> None:
    rng, world = Random(number), new_practice()  # noqa: S311 - the same again
    stage = await set_stage(world, rng, number)
    story = EdgeStory(api, api.signed_in(await world.key()), stage, rng)
    await story.play()
    await check_database(story)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(POLICIES)))
async def test_no_sequence_of_actions_costs_less_than_its_most_expensive_necessary_step(
    new_practice: NewPractice, api: Api, number: int
) -> None:
    rng, world = Random(number), new_practice()  # noqa: S311 - the same again
    stage = await set_stage(world, rng, number)
    story = AroundStory(api, api.signed_in(await world.key()), stage, rng)
    await story.play(POLICIES[number])
    assert story.carrying > 0
    await check_database(story)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(MINUTES))
async def test_the_minutes_of_a_hold_and_of_an_undo(
    new_practice: NewPractice, api: Api, seed: int
) -> None:
    await play_minutes(new_practice(), api, seed)


async def play_minutes(world: World, api: Api, seed: int) -> None:
    """Play a story of these minutes in its own practice."""
    rng = Random(seed)  # noqa: S311 - the same again
    stage = await set_stage(world, rng, seed, ALL_DAY)
    story = MinutesStory(api, api.signed_in(await world.key()), stage, rng)
    try:
        await story.play()
        await check_database(story)
    except Exception as error:
        error.add_note("\n".join([f"seed {seed}", *story.log[-40:]]))
        raise


async def play(world: World, api: Api, seed: int) -> Tally:
    """Play one story in its own practice, and count its changes."""
    rng = Random(seed)  # noqa: S311 - the same again
    stage = await set_stage(world, rng, seed)
    story = Story(api, api.signed_in(await world.key()), stage, rng)
    try:
        for _ in range(STEPS):
            await story.step()
        return await check_database(story)
    except Exception as error:
        error.add_note("\n".join([f"seed {seed}", *story.log[-40:]]))
        raise


@pytest.mark.drill
async def test_those_who_wait_for_a_time_at_length(
    new_practice: NewPractice, api: Api, tell: Callable[[Row], None]
) -> None:
    found = Tally()
    try:
        for seed in range(WAITS, WAITS + MANY_WAITS):
            found += await play_waiting(new_practice(), api, seed)
            found += await play_waiting(new_practice(), api, seed, SeatsStory)
    finally:
        load = f"{2 * MANY_WAITS} practices whose clients wait"
        tell(Row("model of the contract", load, "the clock, night", *found))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(WAITS))
async def test_those_who_wait_for_a_time(new_practice: NewPractice, api: Api, seed: int) -> None:
    await play_waiting(new_practice(), api, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEATS))
async def test_those_who_wait_for_a_seat(new_practice: NewPractice, api: Api, seed: int) -> None:
    await play_waiting(new_practice(), api, seed, SeatsStory)


async def play_waiting(
    world: World, api: Api, seed: int, kind: type[WaitingStory] = WaitingStory
) -> Tally:
    """Play a story of clients who wait in its own practice, and count its changes."""
    rng = Random(seed)  # noqa: S311 - the same again
    stage = await set_waiting_stage(world, rng, seed)
    story = kind(api, api.signed_in(await world.key()), stage, rng)
    try:
        await story.play()
        return await check_database(story)
    except Exception as error:
        error.add_note("\n".join([f"seed {seed}", *story.log[-40:]]))
        raise
