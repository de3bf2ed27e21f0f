"""The command that moves or ends a session ends its wish, whether or not the worker runs."""

import pytest

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.waitlist import Offer, Wish
from tests.waiting import DAY, FREED, HOUR, LATE, MINUTE, Waiting, another, offer_states
from tests.world import TestClock, World

WHY = {"reason": {"note": "Dr. Chen is ill."}}


async def end_by_client(waiting: Waiting, how: str) -> None:
    if how == "cancel":
        done = await waiting.api.cancel(waiting.session_id)
    else:
        done = await waiting.api.reschedule(waiting.session_id, LATE + DAY)
    assert done.is_success, done.text


async def change_by_staff(waiting: Waiting, command: str, **body: object) -> None:
    path = f"/v1/practice/sessions/{waiting.session_id}/{command}"
    done = await waiting.staff.post(path, body | WHY)
    assert done.is_success, done.text


async def undo(waiting: Waiting) -> None:
    done = await waiting.api.post(f"/v1/sessions/{waiting.session_id}/undo", {})
    assert done.is_success, done.text


async def states_by_age(world: World) -> list[str]:
    rows = await world.rows(Wish)
    return [row.state for row in sorted(rows, key=lambda row: row.made_at)]


async def test_a_session_that_its_client_moves_there_and_back_has_no_wish(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.offered()
    for start in (LATE + DAY, LATE):
        assert (await waiting.api.reschedule(waiting.session_id, start)).is_success
        clock.now += MINUTE
    shown = (await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    assert (shown["state"], shown["offer"]) == ("lapsed", None)
    await waiting.work()
    assert await states_by_age(world) == ["lapsed"]
    assert await offer_states(world) == ["withdrawn"]
    assert await world.rows(Notification, kind="offer_gone") == []


@pytest.mark.parametrize("works", [True, False])
async def test_a_wish_that_was_made_after_a_move_goes_on_when_the_move_is_taken_back(
    waiting: Waiting,
    world: World,
    clock: TestClock,
    works: bool,  # noqa: FBT001
) -> None:
    await waiting.wish()
    await end_by_client(waiting, "move")
    clock.now += MINUTE
    if works:
        await waiting.work()
    second = await waiting.wish(weekdays=[1])
    clock.now += MINUTE
    await undo(waiting)
    await waiting.work()
    shown = (await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    assert (shown["id"], shown["state"], shown["weekdays"]) == (second["id"], "waiting", [1])
    assert await states_by_age(world) == ["lapsed", "waiting"]


async def test_the_wish_before_a_move_waits_again_if_a_later_one_was_withdrawn(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    await end_by_client(waiting, "move")
    clock.now += MINUTE
    await waiting.wish()
    assert (await waiting.api.delete(f"/v1/sessions/{waiting.session_id}/wish")).is_success
    await undo(waiting)
    assert await states_by_age(world) == ["waiting", "withdrawn"]


@pytest.mark.parametrize("how", ["cancel", "move"])
async def test_a_client_who_has_ended_the_wish_is_not_told_whatever_the_practice_does_then(
    waiting: Waiting, world: World, how: str
) -> None:
    """Also if the practice changes the session before the worker runs."""
    await waiting.offered()
    _, next_id = await another(world, waiting.api, 1)
    await end_by_client(waiting, how)
    if how == "cancel":
        await change_by_staff(waiting, "undo")
    else:
        await change_by_staff(waiting, "cancel", charge_fee=False)
    await waiting.work()
    rows = {row.session_id: row.state for row in await world.rows(Offer)}
    assert rows == {waiting.session_id: "withdrawn", next_id: "open"}
    assert await world.rows(Notification, kind="offer_gone") == []
    assert (await world.rows(Wish, session_id=waiting.session_id))[0].state == "lapsed"


@pytest.mark.parametrize("how", ["cancel", "move"])
async def test_the_command_itself_ends_the_wish_and_its_offer(
    waiting: Waiting, world: World, how: str
) -> None:
    await waiting.offered()
    await end_by_client(waiting, how)
    assert await states_by_age(world) == ["lapsed"]
    assert await offer_states(world) == ["withdrawn"]
    assert await world.rows(HeldTime) == []
    assert (await waiting.api.get("/v1/offers")).json()["items"] == []
    ended = [
        (one.subject, one.kind, one.actor)
        for one in await world.rows(Change)
        if one.kind in {"lapsed", "withdrawn"}
    ]
    assert sorted(ended) == [("offer", "withdrawn", "client"), ("wish", "lapsed", "client")]


async def test_a_move_before_the_offered_time_is_told_as_the_clients_own(
    waiting: Waiting, world: World
) -> None:
    await waiting.offered()
    moved = await waiting.api.reschedule(waiting.session_id, FREED - DAY)
    assert moved.is_success, moved.text
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await world.rows(Notification, kind="offer_gone") == []


async def test_the_practice_that_ends_the_session_tells_at_once_that_the_offer_is_gone(
    waiting: Waiting, world: World
) -> None:
    """Its undo brings no wish back."""
    await waiting.offered()
    await change_by_staff(waiting, "cancel", charge_fee=False)
    assert await offer_states(world) == ["withdrawn"]
    assert len(await world.rows(Notification, kind="offer_gone")) == 1
    await change_by_staff(waiting, "undo")
    await waiting.work()
    assert await states_by_age(world) == ["lapsed"]


async def test_an_offer_that_was_not_answered_in_time_expires_with_the_wish(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now = offer.answer_by + MINUTE
    await end_by_client(waiting, "cancel")
    assert await offer_states(world) == ["expired"]
    (wish,) = await world.rows(Wish)
    assert (wish.state, wish.unanswered, wish.paused_at) == ("lapsed", 1, None)
    assert len(await world.rows(Notification, kind="offer.expired")) <= 1


async def test_an_undo_resumes_the_wish_that_the_change_has_ended_and_no_offer(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    """Also after moves by the practice: the start at which the wish was made does not matter."""
    await waiting.offered()
    moved = await waiting.staff.reschedule_by_staff(waiting.session_id, LATE + HOUR, force=True)
    assert moved.is_success, moved.text
    await end_by_client(waiting, "move")
    clock.now += MINUTE
    await undo(waiting)
    assert await states_by_age(world) == ["waiting"]
    assert await offer_states(world) == ["withdrawn"]
