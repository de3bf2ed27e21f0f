"""An open offer that its client cannot accept any more is withdrawn, and they are told why not."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.waitlist import Offer, Wish
from tests.waiting import (
    DAY,
    FREED,
    LATE,
    TICK,
    WISHES,
    Waiting,
    another,
    offer_states,
    wish_states,
)
from tests.world import TestClock, World

WHY = {"reason": {"note": "Dr. Chen is ill."}}


async def gone_mails(world: World) -> int:
    return len(await world.rows(Notification, kind="offer_gone", recipient="client"))


async def test_a_session_that_the_practice_has_moved_before_the_offered_time(
    waiting: Waiting, world: World
) -> None:
    """The wish goes on, and the time goes to the next who waits."""
    offer = await waiting.offered()
    _, next_id = await another(world, waiting.api, 1)
    moved = await waiting.staff.reschedule_by_staff(waiting.session_id, FREED - DAY, force=True)
    assert moved.is_success, moved.text
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await waiting.work()
    rows = {row.session_id: row.state for row in await world.rows(Offer)}
    assert rows == {waiting.session_id: "withdrawn", next_id: "open"}
    assert await gone_mails(world) == 1
    assert {row.state for row in await world.rows(Wish, session_id=waiting.session_id)} == {
        "waiting"
    }


async def test_a_client_who_has_another_session_at_the_offered_time(
    waiting: Waiting, world: World
) -> None:
    offer = await waiting.offered()
    elsewhere = await world.add_practitioner()
    await world.book(FREED + timedelta(minutes=20), practitioner_id=elsewhere)
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await gone_mails(world) == 1


async def withdraw_wish(waiting: Waiting) -> Any:
    (wish,) = await waiting.world.rows(Wish)
    return await waiting.staff.post(f"{WISHES}/{wish.id}/withdraw", {})


async def cancel(waiting: Waiting) -> Any:
    path = f"/v1/practice/sessions/{waiting.session_id}/cancel"
    return await waiting.staff.post(path, {"charge_fee": False, **WHY})


@pytest.mark.parametrize("end", [withdraw_wish, cancel])
async def test_the_client_is_told_if_the_practice_has_ended_the_wish(
    waiting: Waiting, world: World, end: Callable[[Waiting], Awaitable[Any]]
) -> None:
    await waiting.offered()
    assert (await end(waiting)).is_success
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await gone_mails(world) == 1


async def test_a_client_who_could_not_answer_any_more_is_not_told(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    clock.now = offer.answer_by + TICK
    assert (await withdraw_wish(waiting)).is_success
    assert await offer_states(world) == ["expired"]
    assert await gone_mails(world) == 0


async def test_withdrawing_a_wish_again_answers_with_the_first_command(waiting: Waiting) -> None:
    await waiting.wish()
    first = (await withdraw_wish(waiting)).json()
    assert first["command_id"] is not None
    assert (await withdraw_wish(waiting)).json() == first


async def test_a_client_who_has_cancelled_is_not_told(waiting: Waiting, world: World) -> None:
    await waiting.offered()
    assert (await waiting.api.cancel(waiting.session_id)).is_success
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await gone_mails(world) == 0


async def test_a_wish_that_its_client_has_ended_by_a_move_stays_ended(
    waiting: Waiting, world: World
) -> None:
    """Also if the practice moves or cancels the session in the minutes for an undo."""
    await waiting.offered()
    assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    await waiting.work()
    assert (await cancel(waiting)).is_success
    await waiting.work()
    assert [row.state for row in await world.rows(Wish)] == ["lapsed"]
    assert await gone_mails(world) == 0


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("change", ["cancel", "move"])
async def test_a_change_that_is_taken_back_keeps_the_wish(
    waiting: Waiting,
    world: World,
    change: str,
    works: bool,  # noqa: FBT001
) -> None:
    """Whether or not the worker ran meanwhile. The offer that it has withdrawn stays so."""
    await waiting.offered()
    if change == "cancel":
        done = await waiting.api.cancel(waiting.session_id)
    else:
        done = await waiting.api.reschedule(waiting.session_id, LATE + DAY)
    assert done.is_success, done.text
    if works:
        await waiting.work()
    assert (await waiting.api.post(f"/v1/sessions/{waiting.session_id}/undo", {})).is_success
    shown = (await waiting.api.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    assert shown["state"] == "waiting"
    assert await offer_states(world) == ["withdrawn"]
    entries = await world.rows(Change, subject="wish")
    assert [one.kind for one in entries if one.kind == "resumed"] == ["resumed"]
    # Whoever has resumed it, the entry says what the wish is.
    assert len({frozenset(one.details) for one in entries}) == 1


async def test_force_takes_the_time_and_the_client_is_told(waiting: Waiting, world: World) -> None:
    offer = await waiting.offered()
    body = {
        "client_id": str(waiting.other_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": FREED.isoformat(),
        "format": "video",
    }
    refused = await waiting.staff.post("/v1/practice/sessions", body)
    assert refused.json()["code"] == "slot-unavailable"
    taken = await waiting.staff.post("/v1/practice/sessions", body | {"force": True})
    assert taken.status_code == 201, taken.text
    late = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert late.json()["code"] == "offer-gone"
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await wish_states(world) == ["waiting"]
    (mail,) = await world.rows(Notification, kind="offer_gone")
    assert mail.recipient == "client"


async def test_a_session_beside_it_that_leaves_no_gap_takes_an_offered_time(
    waiting: Waiting, world: World
) -> None:
    """The offered session needs ten minutes after it; the one that is booked there needs none."""
    offer = await waiting.offered()
    body = {
        "client_id": str(waiting.other_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": offer.ends_at.isoformat(),
        "format": "video",
        "force": True,
    }
    taken = await waiting.staff.post("/v1/practice/sessions", body)
    assert taken.status_code == 201, taken.text
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert len(await world.rows(Notification, kind="offer_gone")) == 1
    late = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert late.json()["code"] == "offer-gone"


async def test_the_undo_of_staff_withdraws_the_offer(waiting: Waiting, world: World) -> None:
    await waiting.offered()
    undone = await waiting.staff.post(
        f"/v1/practice/sessions/{waiting.taken_id}/undo", {"reason": {"note": "A mistake."}}
    )
    assert undone.status_code == 200, undone.text
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]


async def test_a_changed_session_ends_the_offer(waiting: Waiting, world: World) -> None:
    offer = await waiting.offered()
    assert (await waiting.api.reschedule(waiting.session_id, LATE + DAY)).is_success
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await waiting.work()
    assert await offer_states(world) == ["withdrawn"]
    assert await wish_states(world) == ["lapsed"]
    assert await world.rows(HeldTime) == []


async def test_ending_the_wish_ends_its_offer(waiting: Waiting, world: World) -> None:
    await waiting.offered()
    assert (await waiting.api.delete(f"/v1/sessions/{waiting.session_id}/wish")).is_success
    assert (await offer_states(world), await wish_states(world)) == (["withdrawn"], ["withdrawn"])
    assert await world.rows(HeldTime) == []
    assert await world.rows(Notification, kind="offer_gone") == []
