"""What a client is shown is what a client pays, in every order of what may change a cost."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.drills.costs_story import CostStory
from tests.drills.report import Row
from tests.drills.test_model_mutants import does_nothing
from tests.replays import replay_practice
from tests.world import Api, World

# The worker looks at the cancellations of all practices.
pytestmark = pytest.mark.alone

STEPS = 60
STORIES = 6
MANY = 80


async def play(
    api: Api, world: World, engine: AsyncEngine, seed: int, **rules: Any
) -> Counter[str]:
    """Play one story in a practice of its own; nothing of the database contradicts the rest."""
    world = await World(engine, world.settings).build()
    story = CostStory(
        api.signed_in(world.token()), api.signed_in(await world.key()), world, engine, seed, **rules
    )
    try:
        await story.play(STEPS)
        assert (await replay_practice(engine, world.practice_id)).wrong == []
    except Exception as error:
        error.add_note("\n".join([f"seed {seed}", *story.log]))
        raise
    return story.counts


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(STORIES))
async def test_what_is_shown_is_paid(
    api: Api, world: World, engine: AsyncEngine, seed: int
) -> None:
    counts = await play(api, world, engine, seed)
    assert counts["booked"]


@pytest.mark.drill
async def test_what_is_shown_is_paid_at_length(
    api: Api, world: World, engine: AsyncEngine, tell: Callable[[Row], None]
) -> None:
    counts: Counter[str] = Counter()
    for seed in range(STORIES, STORIES + MANY):
        counts += await play(api, world, engine, seed)
    load, made = f"{MANY} practices, {MANY * STEPS:,} steps", sum(counts.values())
    tell(Row("costs as shown", load, "the clock", made, 0, 0))


EARLY: dict[str, Any] = {"before_minutes": 21 * 24 * 60}
ALWAYS_LATE: dict[str, Any] = {"fees": [{"deadline": EARLY, "percent": "37.5"}]}
ONE_FREE = {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]}
CREDITED = {"days": 30, "fee": "credited"}


class Mutant(NamedTuple):
    """What is wrong, where, what is there instead, and the rules that it needs to be noticed."""

    name: str
    where: str
    instead: Any
    rules: Mapping[str, Any]


MUTANTS = [
    Mutant(
        "an undo gives no use of the allowance back",
        "app.sessions.commands.undo.HistoryRepository.give_back_use",
        does_nothing,
        {"cancel": ALWAYS_LATE, "allowance": ONE_FREE},
    ),
    Mutant(
        "a refill gives no use of the allowance back",
        "app.fees.refilling.give_back_use",
        does_nothing,
        {"cancel": ALWAYS_LATE | {"refilled": {"covered_percent": 20}}, "allowance": ONE_FREE},
    ),
    Mutant(
        "what was paid for an earlier end is asked again",
        "app.sessions.commands.rebooking.SessionRepository.set_paid_before",
        does_nothing,
        {"cancel": ALWAYS_LATE, "rebook": CREDITED},
    ),
    Mutant(
        "a use is made that nobody was shown",
        "app.domain.policy.judgement.Judgement.may_use_allowance",
        True,  # noqa: FBT003 - a value of any type
        {"cancel": ALWAYS_LATE, "allowance": ONE_FREE},
    ),
    Mutant(
        "two sessions of one command use the same free change",
        "app.domain.policy.together.with_uses",
        lambda facts, _now, _used: facts,
        {
            "cancel": ALWAYS_LATE,
            "reschedule": {},
            "grace_minutes": 1,
            "allowance": ONE_FREE | {"per": {"days": 1}},
        },
    ),
]


@pytest.mark.drill
@pytest.mark.parametrize("mutant", [pytest.param(one, id=one.name) for one in MUTANTS])
async def test_a_service_that_charges_otherwise_is_found(
    api: Api,
    world: World,
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    mutant: Mutant,
) -> None:
    monkeypatch.setattr(mutant.where, mutant.instead)
    for seed in range(MANY):
        try:
            await play(api, world, engine, seed, **mutant.rules)
        except AssertionError:
            return
    pytest.fail("no story has noticed it")
