"""The worker that makes offers: away, killed, run twice, and for all practices."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import transact
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Practice
from app.tables.waitlist import FreedTime, Offer, Wish
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.commands.offers import expire_offer, offer_freed_time
from app.waitlist.tasks import run_waitlists
from tests.waiting import MINUTE, TICK, UNDO, Waiting, another, offer_states, wait, wish_states
from tests.world import NOW, Api, TestClock, World


@pytest.mark.parametrize("away", [timedelta(hours=30), timedelta(days=2)])
async def test_a_worker_that_was_away_goes_on_where_it_stopped(
    waiting: Waiting, world: World, clock: TestClock, away: timedelta
) -> None:
    await waiting.wish()
    await waiting.work()
    await waiting.free()
    clock.now += away
    await waiting.work()
    assert await offer_states(world) == ["open"]
    clock.now += away
    await waiting.work()
    assert await offer_states(world) == ["expired"]
    (freed,) = await world.rows(FreedTime)
    assert freed.ended_at == clock.now


async def test_running_twice_asks_once(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await waiting.free()
    for _ in range(3):
        await waiting.work()
    assert await offer_states(world) == ["open"]
    assert len(await world.rows(FreedTime)) == 1
    assert len(await world.rows(Notification, kind="offer")) == 1


async def test_a_closed_practice_asks_nobody(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await waiting.free()
    await world.change_all(Practice, closed_at=NOW)
    await waiting.work()
    assert await offer_states(world) == []


async def test_a_worker_that_is_killed_before_its_commit_has_asked_nobody(
    waiting: Waiting, world: World
) -> None:
    await waiting.wish()
    await waiting.free()
    undone = RuntimeError("killed")
    await transact(
        world.engine,
        lambda db: collect_freed_times(db, world.practice_id, now=NOW, undo=UNDO),
    )
    (freed,) = await world.rows(FreedTime)

    async def die(db: AsyncConnection) -> None:
        await offer_freed_time(db, world.practice_id, freed.id, now=NOW)
        raise undone

    with pytest.raises(RuntimeError):
        await transact(world.engine, die)
    assert (await offer_states(world), await wish_states(world)) == ([], ["waiting"])
    assert await world.rows(HeldTime) == []
    assert await world.rows(Notification, kind="offer") == []
    await waiting.work()
    assert await offer_states(world) == ["open"]
    assert len(await world.rows(Notification, kind="offer")) == 1


async def test_a_worker_that_is_killed_between_two_steps_is_continued(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    clock.now = offer.answer_by + TICK
    await transact(
        world.engine,
        lambda db: expire_offer(db, world.practice_id, offer.id, now=clock.now),
    )
    clock.now += 10 * MINUTE
    await waiting.work()
    (following,) = await world.rows(Offer, state="open")
    assert following.session_id == second
    assert [row.unanswered for row in await world.rows(Wish, id=offer.wish_id)] == [1]


@pytest.mark.alone
async def test_the_task_looks_at_all_practices(waiting: Waiting, world: World, api: Api) -> None:
    await waiting.wish()
    await waiting.free()
    other = await World(world.engine, world.settings).build()
    there = await wait(other, api.signed_in(other.token()))
    await there.wish()
    await there.free()
    await run_waitlists(world.engine, NOW, undo=UNDO)
    for one in (world, other):
        assert await offer_states(one) == ["open"]
