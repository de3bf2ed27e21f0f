"""For `grace_minutes` after its booking a session is cancelled and moved free of charge."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Fee, Session
from tests.groups import add_group
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=2)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
GRACE_ENDS = NOW + HOUR
SESSIONS = "/v1/practice/sessions"
STRICT: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]},
    "reschedule": {"limit": 0},
    "grace_minutes": 60,
}
REBOOKED = STRICT | {"reschedule": {}, "rebook": {"days": 30, "fee": "stands"}}


def wanted(world: World, **more: Any) -> dict[str, Any]:
    return {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    } | more


async def book(staff: Api, world: World, **more: Any) -> UUID:
    made = await staff.post(SESSIONS, wanted(world, force=True, **more))
    assert made.status_code == 201, made.text
    return UUID(made.json()["session"]["id"])


async def because(api: Api, session_id: UUID, action: str = "cancel") -> Any:
    return (await api.session(session_id))["actions"][action]["free_because"]


async def grace_of(world: World) -> list[datetime | None]:
    return [row.grace_from for row in await world.rows(Session)]


async def test_cancelling_is_free_up_to_the_end_of_the_grace_and_then_costs_the_fee(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STRICT)
    session_id = await book(staff, world)
    clock.now = GRACE_ENDS
    shown = await api.session(session_id)
    decision = shown["actions"]["cancel"]
    assert (decision["fee"], decision["free_because"]) == (None, "grace")
    assert datetime.fromisoformat(decision["free_until"]) == GRACE_ENDS
    first, then = shown["policy"]["terms"]["cancel"]
    assert (datetime.fromisoformat(first["until"]), first["fee"]) == (GRACE_ENDS, None)
    assert then["fee"]["amount_minor"] == 4500
    clock.now = GRACE_ENDS + MICROSECOND
    assert await because(api, session_id) is None
    assert (await api.cancel(session_id)).json()["code"] == "quote-required"
    clock.now = GRACE_ENDS
    assert (await api.cancel(session_id)).json()["fee"] is None
    assert await world.rows(Fee) == []


async def test_a_move_in_the_grace_is_not_counted_carries_nothing_and_leaves_the_grace(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STRICT)
    session_id = await book(staff, world)
    for later in (timedelta(), HOUR):
        clock.now = NOW + later
        start = slots(await api.availability(session_id))[-1]
        answer = await api.reschedule(session_id, start)
        assert answer.status_code == 200, answer.text
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.carried_fee_minor, row.grace_from) == (0, 0, NOW)
    clock.now = GRACE_ENDS + MICROSECOND
    shown = await api.session(session_id)
    assert shown["actions"]["reschedule"]["refusal"]["code"] == "reschedule-limit-reached"
    assert slots(await api.availability(session_id)) == []


async def test_availability_is_open_in_the_grace_although_the_limit_is_reached(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STRICT)
    session_id = await book(staff, world)
    clock.now = GRACE_ENDS
    assert slots(await api.availability(session_id)) != []


async def test_a_seat_and_each_date_of_a_series_have_the_grace_of_their_booking(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    group_id = await add_group(world)
    seat = await staff.post(
        SESSIONS, {"group_id": str(group_id), "client_id": str(world.client_id)}
    )
    assert await because(api, UUID(seat.json()["session"]["id"])) == "grace"
    body = wanted(world, start=(START + DAY).isoformat(), every={"weeks": 1}, count=2)
    series = await staff.post("/v1/practice/series", body)
    assert series.status_code == 201, series.text
    assert await grace_of(world) == [NOW] * 3
    for row in await world.rows(Session):
        assert await because(api, row.id, "reschedule") == "grace"


async def test_the_preview_of_a_scope_shows_the_grace(api: Api, staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await book(staff, world)
    found = await api.get(
        f"/v1/sessions/{session_id}/scope", action="cancel", scope="this_and_following"
    )
    (one,) = found.json()["sessions"]
    assert (one["decision"]["fee"], one["decision"]["free_because"]) == (None, "grace")


async def test_a_move_by_staff_keeps_the_grace(api: Api, staff: Api, world: World) -> None:
    await world.add_policy(STRICT | {"free_after_practice_move": None})
    session_id = await book(staff, world)
    moved = await staff.reschedule_by_staff(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    assert await because(api, session_id) == "grace"


CARRYING: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]},
    "reschedule": {"fees": []},
    "grace_minutes": 10_000,
}


@pytest.mark.parametrize("by", ["client", "practice"])
async def test_a_grace_that_is_over_does_not_come_back_with_a_later_start(
    api: Api, staff: Api, world: World, clock: TestClock, by: str
) -> None:
    """Two hours before the start it is over; a later start makes nothing free again."""
    await world.add_policy(CARRYING | {"free_after_practice_move": None})
    session_id = await book(staff, world)
    clock.now = START - 2 * HOUR + MICROSECOND
    if by == "client":
        quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
        moved = await api.reschedule(session_id, START + DAY, quote=quote)
    else:
        moved = await staff.reschedule_by_staff(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    assert await because(api, session_id) is None
    assert (await api.cancel(session_id)).json()["code"] == "quote-required"


async def test_a_move_on_the_last_instant_of_the_grace_leaves_the_rest_of_it(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CARRYING)
    session_id = await book(staff, world)
    clock.now = START - 2 * HOUR
    later = slots(await api.availability(session_id))[-1]
    assert (await api.reschedule(session_id, later)).status_code == 200
    assert await because(api, session_id) == "grace"


async def test_a_grace_that_was_over_stays_so_after_the_client_has_moved_back(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CARRYING)
    session_id = await book(staff, world)
    clock.now = START - 2 * HOUR + MICROSECOND
    later = slots(await api.availability(session_id))[-1]
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    assert (await api.reschedule(session_id, later, quote=quote)).status_code == 200
    booked = await grace_of(world)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert await because(api, session_id) is None
    assert booked == [None] != await grace_of(world)


@pytest.mark.parametrize("is_seat", [False, True])
async def test_an_undone_cancellation_keeps_the_grace(
    api: Api, staff: Api, world: World, *, is_seat: bool
) -> None:
    await world.add_policy(STRICT)
    if is_seat:
        group_id = await add_group(world)
        made = await staff.post(
            SESSIONS, {"group_id": str(group_id), "client_id": str(world.client_id)}
        )
        session_id = UUID(made.json()["session"]["id"])
    else:
        session_id = await book(staff, world)
    assert (await api.cancel(session_id)).status_code == 200
    undone = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": {"note": "A mistake."}})
    assert undone.status_code == 200, undone.text
    assert await because(api, session_id) == "grace"


async def test_an_undo_after_the_group_has_moved_brings_no_grace_back(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CARRYING | {"free_after_practice_move": None})
    group_id = await add_group(world)
    seat = {"group_id": str(group_id), "client_id": str(world.client_id)}
    session_id = UUID((await staff.post(SESSIONS, seat)).json()["session"]["id"])
    (row,) = await world.rows(Session)
    clock.now = row.starts_at - 2 * HOUR + MICROSECOND
    why = {"reason": {"note": "A mistake."}}
    ended = await staff.post(f"{SESSIONS}/{session_id}/cancel", why | {"charge_fee": False})
    assert ended.status_code == 200, ended.text
    moved = {"start": (row.starts_at + DAY).isoformat(), "force": True} | why
    answer = await staff.post(f"/v1/practice/groups/{group_id}/move", moved)
    assert answer.status_code == 200, answer.text
    undone = await staff.post(f"{SESSIONS}/{session_id}/undo", why)
    assert undone.status_code == 200, undone.text
    assert await because(api, session_id) is None
    assert await grace_of(world) == [None]


async def test_booking_again_after_the_end_gets_no_grace(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(REBOOKED)
    session_id = await book(staff, world)
    clock.now = NOW + HOUR / 2
    assert (await api.cancel(session_id)).status_code == 200
    assert await because(api, session_id, "reschedule") is None
    answer = await api.reschedule(session_id, slots(await api.availability(session_id))[0])
    assert answer.status_code == 200, answer.text
    assert await grace_of(world) == [None]
    assert await because(api, session_id) is None


async def test_staff_who_charge_charge_nothing_in_the_grace(staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await book(staff, world)
    answer = await staff.post(
        f"{SESSIONS}/{session_id}/cancel", {"charge_fee": True, "reason": {"note": "Ill."}}
    )
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


@pytest.mark.parametrize("minutes", [0, -5, 43_201, 1.5, "60", True])
async def test_other_values_are_refused(staff: Api, minutes: object) -> None:
    rules = {"grace_minutes": minutes}
    answer = await staff.post("/v1/practice/policies", {"rules": rules, "text": ""})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/rules/grace_minutes"


@pytest.mark.parametrize("minutes", [1, 43_200, None])
async def test_the_policy_shows_its_grace(staff: Api, minutes: int | None) -> None:
    answer = await staff.post(
        "/v1/practice/policies", {"rules": {"grace_minutes": minutes}, "text": ""}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["rules"].get("grace_minutes") == minutes
