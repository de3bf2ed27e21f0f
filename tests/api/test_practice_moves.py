"""After the practice has moved a session, its client's next cancellation or move is free."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.tables.sessions import Fee, Session
from tests.groups import add_group
from tests.world import NOW, Api, TestClock, World, decisions, slots

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
STRICT: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 1440},
        "fees": [{"deadline": {"before_minutes": 20_000}, "percent": "50"}],
        "late_credit": "forfeited",
    },
    "reschedule": {"limit": 0},
}
SESSIONS = "/v1/practice/sessions"


async def move(staff: Api, session_id: UUID, start: Any = START + DAY, **body: Any) -> Any:
    answer = await staff.reschedule_by_staff(session_id, start, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


ACTIONS = ("cancel", "reschedule", "change_format", "absence")


def free_because(session: Any) -> dict[str, str | None]:
    return {name: decision["free_because"] for name, decision in decisions(session).items()}


async def test_the_client_cancels_free_of_charge_after_the_deadline(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    before = await api.session(session_id)
    assert before["actions"]["cancel"]["fee"]["amount_minor"] == 6000
    assert free_because(before) == dict.fromkeys(ACTIONS)
    await move(staff, session_id)
    assert free_because(await api.session(session_id)) == {
        "cancel": "practice_move",
        "reschedule": "practice_move",
        "change_format": None,
        "absence": None,
    }
    clock.now = START + DAY - HOUR
    after = await api.session(session_id)
    assert after["actions"]["cancel"]["fee"] is None
    assert after["actions"]["cancel"]["free_until"] == after["starts_at"]
    assert after["policy"]["terms"]["cancel"][0]["until"] == after["starts_at"]
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await world.rows(Fee) == []


async def test_the_client_moves_once_free_and_uncounted_and_then_as_the_policy_says(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    assert slots(await api.availability(session_id)) == []
    await move(staff, session_id)
    clock.now = START + DAY - 5 * HOUR
    start = slots(await api.availability(session_id))[0]
    answer = await api.reschedule(session_id, start)
    assert answer.status_code == 200, answer.text
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.moved_by_practice, row.carried_fee_minor) == (0, False, 0)
    shown = await api.session(session_id)
    assert free_because(shown) == dict.fromkeys(ACTIONS)
    assert shown["actions"]["reschedule"]["refusal"]["code"] in {
        "notice-too-short",
        "reschedule-limit-reached",
    }


async def test_a_move_that_keeps_the_start_frees_nothing(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await move(staff, session_id, START, format="phone")
    assert free_because(await api.session(session_id))["cancel"] is None


async def test_a_client_s_change_of_format_does_not_use_it_up(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await move(staff, session_id)
    answer = await api.reschedule(session_id, START + DAY, format="phone")
    assert answer.status_code == 200, answer.text
    assert free_because(await api.session(session_id))["cancel"] == "practice_move"


async def test_a_policy_can_turn_it_off(api: Api, staff: Api, world: World) -> None:
    rules = STRICT | {"free_after_practice_move": None}
    made = await staff.post("/v1/practice/policies", {"rules": rules, "text": ""})
    assert made.status_code == 201, made.text
    assert made.json()["rules"]["free_after_practice_move"] is None
    session_id = await world.book(START)
    await move(staff, session_id)
    shown = await api.session(session_id)
    assert free_because(shown)["cancel"] is None
    assert shown["actions"]["cancel"]["fee"]["amount_minor"] == 6000


async def test_other_values_are_refused(staff: Api) -> None:
    rules = {"free_after_practice_move": "always"}
    answer = await staff.post("/v1/practice/policies", {"rules": rules, "text": ""})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/rules/free_after_practice_move"


async def test_a_push_to_another_start_is_a_move_by_the_practice(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    made = await staff.put(f"{SESSIONS}/by-ref/A-1", body)
    session_id = UUID(made.json()["session"]["id"])
    await staff.put(f"{SESSIONS}/by-ref/A-1", body | {"start": (START + DAY).isoformat()})
    assert free_because(await api.session(session_id))["reschedule"] == "practice_move"


async def test_a_seat_that_moved_with_its_group_is_free_to_leave(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    group_id = await add_group(world)
    booked = await staff.post(
        SESSIONS, {"group_id": str(group_id), "client_id": str(world.client_id)}
    )
    session_id = UUID(booked.json()["session"]["id"])
    assert (await api.cancel(session_id)).json()["code"] == "quote-required"
    moved = await staff.post(
        f"/v1/practice/groups/{group_id}/move",
        {"start": (START + 2 * HOUR).isoformat(), "reason": {"note": "The room is taken."}},
    )
    assert moved.status_code == 200, moved.text
    assert free_because(await api.session(session_id))["cancel"] == "practice_move"
    assert (await api.cancel(session_id)).json()["fee"] is None


async def test_an_undone_cancellation_is_free_again(api: Api, staff: Api, world: World) -> None:
    """The undo gives back what the session was, also that the practice had moved it."""
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await move(staff, session_id)
    assert (await api.cancel(session_id)).status_code == 200
    await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": {"note": "By mistake."}})
    assert free_because(await api.session(session_id))["cancel"] == "practice_move"


async def test_staff_who_charge_charge_what_the_client_would_pay(staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await move(staff, session_id)
    answer = await staff.post(
        f"{SESSIONS}/{session_id}/cancel", {"charge_fee": True, "reason": {"note": "Ill."}}
    )
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


async def test_the_preview_of_a_scope_shows_it(api: Api, staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await move(staff, session_id)
    found = await api.get(
        f"/v1/sessions/{session_id}/scope", action="cancel", scope="this_and_following"
    )
    (one,) = found.json()["sessions"]
    assert (one["decision"]["fee"], one["decision"]["free_because"]) == (None, "practice_move")
