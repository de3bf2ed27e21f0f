"""A client holds a time while they choose it (product.md section 10, "Holds")."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import BusyInterval, Service
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat
from tests.holds import put_hold
from tests.world import NOW, REASON, Api, TestClock, World, slots

# A Thursday, 10:00 in New York; the session to move is a day later.
START = NOW + timedelta(days=3)
OWN = START + DAY
MINUTE = timedelta(minutes=1)
WEEK = {"from": "2026-11-30", "to": "2026-12-06"}
CLOSED = {"reschedule": {"closes": {"before_minutes": 2880}}}


async def hold(
    api: Api,
    session_id: UUID,
    at: datetime = START,
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Response:
    body = {"start": at.isoformat(), "format": "video"} | body
    return await api.put(f"/v1/sessions/{session_id}/hold", body, headers)


async def held(api: Api, session_id: UUID, start: datetime = START, **body: Any) -> datetime:
    """Hold a time; give its end."""
    answer = await hold(api, session_id, start, **body)
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["expires_at"])


async def somebody(api: Api, world: World, start: datetime = OWN + DAY) -> tuple[Api, UUID]:
    """Add another client with a session of the same practitioner."""
    client_id = await world.add_client(name="Bo Lind", email="bo@client.example")
    session_id = await world.book(start, client_id=client_id)
    return api.signed_in(world.token(client_id)), session_id


def text(start: datetime) -> str:
    """Write an instant as availability shows it to a client in New York."""
    return start.astimezone(ZoneInfo("America/New_York")).isoformat()


def slot_at(found: Any, start: datetime) -> Any:
    return next(
        slot for day in found["days"] for slot in day["slots"] if slot["start"] == text(start)
    )


# The answer


async def test_a_hold_says_what_is_held_and_until_when(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    answer = await hold(api, session_id)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "start": text(START),
        "end": text(START + timedelta(minutes=50)),
        "format": "video",
        "location_id": None,
        "group_id": None,
        "expires_at": text(NOW + 5 * MINUTE),
        "cancel_after": {
            "allowed": True,
            "fee": None,
            "credit": None,
            "free_until": text(START),
            "uses_allowance": False,
        },
    }


async def test_it_changes_nothing_of_the_session_and_tells_nobody(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    before = await api.session(session_id)
    changes = len(await world.rows(Change))
    told = len(await world.rows(Notification))
    await held(api, session_id)
    assert await api.session(session_id) == before
    assert len(await world.rows(Change)) == changes
    assert len(await world.rows(Notification)) == told


# What others see


async def test_others_are_not_offered_the_time_and_the_holder_is(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    until = await held(api, session_id)
    assert not {text(START), text(START - 30 * MINUTE), text(START + 30 * MINUTE)} & set(
        slots(await other.availability(other_id, **WEEK))
    )
    found = await api.availability(session_id, **WEEK)
    assert slot_at(found, START)["held_until"] == text(until)
    marked = [slot for day in found["days"] for slot in day["slots"] if "held_until" in slot]
    assert len(marked) == 1
    assert "held_until" not in slot_at(
        await api.availability(session_id, **WEEK, format="phone"), START
    )
    clock.now = until
    assert text(START) in slots(await other.availability(other_id, **WEEK))
    assert "held_until" not in slot_at(await api.availability(session_id, **WEEK), START)


async def test_a_held_time_needs_the_buffers_of_a_session(api: Api, world: World) -> None:
    """50 minutes and a buffer of 10: the next half hour is not free, the one after it is."""
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    starts = slots(await other.availability(other_id, **WEEK))
    assert text(START + 60 * MINUTE) in starts
    assert text(START - 60 * MINUTE) in starts


async def test_taking_a_held_time_is_refused_and_says_until_when(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    until = await held(api, session_id)
    for answer in (await other.reschedule(other_id, START), await hold(other, other_id)):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "slot-unavailable")
        assert problem["held_until"] == text(until)
        assert len(problem["alternatives"]) == 3
        assert text(START) not in [slot["start"] for slot in problem["alternatives"]]


async def test_a_refusal_says_nothing_of_the_holder(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    refused = (await other.reschedule(other_id, START)).text
    for secret in (session_id, world.client_id, "Ana", "ana@client.example"):
        assert str(secret) not in refused


async def test_a_time_that_is_taken_has_no_held_until(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id, START)
    await world.book(START + 2 * 60 * MINUTE)
    problem = (await other.reschedule(other_id, START + 2 * 60 * MINUTE)).json()
    assert (problem["code"], problem["held_until"]) == ("slot-unavailable", None)


async def test_a_held_time_outside_hours_has_no_held_until(api: Api, world: World) -> None:
    """When the hold expires the time will not be on offer either."""
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=START,
        ends_at=START + 60 * MINUTE,
    )
    assert (await other.reschedule(other_id, START)).json()["held_until"] is None


@pytest.mark.parametrize(("limit", "away"), [("sessions_per_day", 0), ("sessions_per_week", 1)])
async def test_a_held_time_counts_towards_the_limits_of_others(
    api: Api, world: World, limit: str, away: int
) -> None:
    session_id = await world.book(OWN + 7 * DAY)
    other, other_id = await somebody(api, world, OWN + 14 * DAY)
    await world.change_practitioner(**{limit: 1})
    wanted = START + away * DAY + 3 * 60 * MINUTE
    assert text(wanted) in slots(await other.availability(other_id, **WEEK))
    until = await held(api, session_id)
    assert text(wanted) not in slots(await other.availability(other_id, **WEEK))
    assert (await other.reschedule(other_id, wanted)).json()["held_until"] == text(until)
    assert (await api.reschedule(session_id, START)).status_code == 200


# The holder


async def test_the_holder_moves_to_the_time_and_uses_the_hold_up(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    clock.now = NOW + MINUTE
    assert (await api.reschedule(session_id, START)).status_code == 200
    (row,) = await world.rows(HeldTime)
    assert row.expires_at < NOW
    assert text(START) not in slots(await other.availability(other_id, **WEEK))
    assert text(OWN) in slots(await other.availability(other_id, **WEEK))


async def test_another_move_ends_the_hold(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    assert (await api.reschedule(session_id, START + 120 * MINUTE)).status_code == 200
    assert text(START) in slots(await other.availability(other_id, **WEEK))


async def test_a_cancellation_ends_the_hold(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    assert (await api.cancel(session_id)).status_code == 200
    assert text(START) in slots(await other.availability(other_id, **WEEK))


async def test_expiry_refuses_nothing(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(OWN)
    clock.now = await held(api, session_id)
    assert (await api.reschedule(session_id, START)).status_code == 200


async def test_after_the_expiry_somebody_else_may_have_taken_the_time(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    clock.now = await held(api, session_id)
    assert (await other.reschedule(other_id, START)).status_code == 200
    assert (await api.reschedule(session_id, START)).json()["code"] == "slot-unavailable"


async def test_minimum_notice_that_passes_meanwhile_does_not_take_it_away(
    api: Api, world: World, clock: TestClock
) -> None:
    """The notice is 60 minutes."""
    session_id = await world.book(OWN)
    start = NOW + 60 * MINUTE
    until = await held(api, session_id, start)
    clock.now = NOW + 2 * MINUTE
    other, other_id = await somebody(api, world)
    assert text(start) not in slots(await other.availability(other_id, **WEEK))
    assert slot_at(await api.availability(session_id, **WEEK), start)["held_until"] == text(until)
    assert (await hold(api, session_id, start)).status_code == 200
    assert (await api.reschedule(session_id, start)).status_code == 200


async def test_a_limit_that_staff_use_up_meanwhile_does_not_take_it_away(
    api: Api, world: World
) -> None:
    session_id = await world.book(OWN + 7 * DAY)
    await world.change_practitioner(sessions_per_day=1)
    await held(api, session_id)
    await world.book(START + 180 * MINUTE, client_id=(await add_clients(world, 1))[0])
    assert (await api.reschedule(session_id, START)).status_code == 200


async def test_time_off_that_is_written_meanwhile_takes_it_away(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    await held(api, session_id)
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=START,
        ends_at=START + 60 * MINUTE,
    )
    assert text(START) not in slots(await api.availability(session_id, **WEEK))
    assert (await api.reschedule(session_id, START)).json()["code"] == "slot-unavailable"


async def test_the_time_that_a_move_left_can_be_held_at_once(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other, other_id = await somebody(api, world)
    assert (await api.reschedule(session_id, OWN)).status_code == 200
    assert (await hold(other, other_id, START)).status_code == 200


async def test_the_own_present_time_in_another_format_can_be_held(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    assert (await hold(api, session_id, OWN, format="phone")).status_code == 200
    answer = await api.reschedule(session_id, OWN, format="phone")
    assert answer.status_code == 200


async def test_two_sessions_of_one_client_do_not_hold_one_time(api: Api, world: World) -> None:
    first, second = await world.book(OWN), await world.book(OWN + 120 * MINUTE)
    await held(api, first)
    assert (await hold(api, second)).json()["code"] == "slot-unavailable"


# Renewal, replacement, release


async def test_the_same_hold_again_renews_it_up_to_fifteen_minutes(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    for minutes, until in ((0, 5), (4, 9), (8, 13), (12, 15), (14, 15)):
        clock.now = NOW + minutes * MINUTE
        assert await held(api, session_id) == NOW + until * MINUTE
    clock.now = NOW + 15 * MINUTE
    assert await held(api, session_id) == NOW + 20 * MINUTE


async def test_a_new_hold_replaces_the_old_one(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    await held(api, session_id, START + 120 * MINUTE)
    starts = slots(await other.availability(other_id, **WEEK))
    assert text(START) in starts
    assert text(START + 120 * MINUTE) not in starts
    assert len(await world.rows(HeldTime)) == 1


async def test_a_refused_hold_leaves_the_old_one(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    await held(api, session_id)
    await held(other, other_id, START + 120 * MINUTE)
    refused = await hold(api, session_id, START + 120 * MINUTE)
    assert refused.json()["code"] == "slot-unavailable"
    assert text(START) not in slots(await other.availability(other_id, **WEEK))


async def test_a_release_opens_the_time_at_once_and_is_always_a_204(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    other, other_id = await somebody(api, world)
    path = f"/v1/sessions/{session_id}/hold"
    assert (await api.delete(path)).status_code == 204
    await held(api, session_id)
    assert [(await api.delete(path)).status_code for _ in range(2)] == [204, 204]
    assert text(START) in slots(await other.availability(other_id, **WEEK))
    assert "held_until" not in slot_at(await api.availability(session_id, **WEEK), START)


async def test_twenty_new_holds_an_hour_and_no_more(
    api: Api, world: World, clock: TestClock
) -> None:
    """A release does not start the count anew."""
    session_id = await world.book(OWN)
    for number in range(20):
        await held(api, session_id, START + (number % 2) * 120 * MINUTE)
        await api.delete(f"/v1/sessions/{session_id}/hold")
    refused = await hold(api, session_id)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert refused.headers["Retry-After"] == "3600"
    clock.now = NOW + 60 * MINUTE
    assert (await hold(api, session_id)).status_code == 200


async def test_three_live_holds_of_a_client_and_no_more(
    api: Api, world: World, clock: TestClock
) -> None:
    """Two hours lie between the sessions, and between the times that they hold."""
    sessions = [await world.book(OWN + 7 * DAY + n * 120 * MINUTE) for n in range(4)]
    starts = [START - 60 * MINUTE + n * 120 * MINUTE for n in range(4)]
    for session_id, start in zip(sessions[:3], starts[:3], strict=True):
        await held(api, session_id, start)
    refused = await hold(api, sessions[3], starts[3])
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert refused.headers["Retry-After"] == "300"
    await held(api, sessions[0], starts[3])
    await api.delete(f"/v1/sessions/{sessions[1]}/hold")
    assert (await hold(api, sessions[3], starts[1])).status_code == 200
    clock.now = NOW + 5 * MINUTE
    assert (await hold(api, sessions[1], starts[2])).status_code == 200


async def test_old_holds_of_a_practitioner_are_deleted(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    _, other_id = await somebody(api, world)
    await put_hold(world, other_id, START + 180 * MINUTE)
    clock.now = NOW + 59 * MINUTE
    await held(api, session_id)
    assert len(await world.rows(HeldTime)) == 2
    clock.now = NOW + 66 * MINUTE
    await held(api, session_id)
    assert [row.session_id for row in await world.rows(HeldTime)] == [session_id]


# The policy


async def test_a_time_is_held_only_while_the_move_is_allowed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CLOSED)
    session_id = await world.book(OWN)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    clock.now = NOW
    assert (await hold(api, session_id, OWN + DAY * 3)).status_code == 200
    clock.now = OWN - 2 * DAY + MINUTE
    refused = await hold(api, session_id, OWN + DAY * 3)
    assert refused.json()["code"] == "notice-too-short"
    assert (await hold(api, session_id, OWN + DAY * 3, quote=quote)).json()["code"] == (
        "notice-too-short"
    )


async def test_a_live_quote_covers_a_hold_after_the_option_has_closed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(CLOSED)
    session_id = await world.book(OWN)
    clock.now = OWN - 2 * DAY - MINUTE
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    clock.now = OWN - 2 * DAY + MINUTE
    wanted = OWN + 3 * DAY
    assert (await hold(api, session_id, wanted, quote=quote)).status_code == 200
    assert (await api.reschedule(session_id, wanted, quote=quote)).status_code == 200


async def test_a_hold_costs_nothing_also_where_the_move_does(api: Api, world: World) -> None:
    fee = {"deadline": {"before_minutes": 14400}, "amount_minor": 4500}
    await world.add_policy({"reschedule": {"fees": [fee]}})
    session_id = await world.book(OWN)
    assert (await hold(api, session_id)).status_code == 200
    assert (await api.reschedule(session_id, START)).json()["code"] == "quote-required"


async def test_a_quote_given_while_holding_lives_at_least_as_long_as_the_hold(
    api: Api, world: World
) -> None:
    """A quote lives ten minutes by itself."""
    session_id = await world.book(OWN)
    late = NOW + 14 * MINUTE
    await put_hold(world, session_id, START, expires_at=late)
    actions = (await api.session(session_id))["actions"]
    for action in ("cancel", "reschedule", "change_format"):
        assert datetime.fromisoformat(actions[action]["quote_expires_at"]) == late
    preview = await api.get(
        f"/v1/sessions/{session_id}/scope", action="reschedule", scope="this_and_following"
    )
    assert datetime.fromisoformat(preview.json()["quote_expires_at"]) == late


async def test_bad_holds_name_the_field_and_hold_nothing(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    refusals: list[tuple[dict[str, Any], int, str | None]] = [
        ({"format": "fax"}, 422, "/format"),
        ({"start": None}, 422, "/start"),
        ({"start": "tomorrow"}, 422, "/start"),
        ({"group_id": str(uuid4())}, 422, "/group_id"),
        ({"location_id": str(uuid4())}, 422, "/location_id"),
        ({"reason": REASON}, 422, "/reason"),
        ({"start": text(OWN)}, 409, None),
        ({"start": text(START + MINUTE)}, 409, None),
        ({"start": text(START).replace(":00-05", ":00.5-05")}, 409, None),
        ({"start": text(NOW - DAY)}, 409, None),
        ({"quote": "forged"}, 422, None),
    ]
    for body, status, pointer in refusals:
        answer = await hold(api, session_id, **body)
        assert answer.status_code == status, (body, answer.text)
        if pointer is not None:
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await world.rows(HeldTime) == []


async def test_the_version_is_compared_and_a_key_replays(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(OWN)
    assert (await hold(api, session_id, headers={"If-Match": '"7"'})).status_code == 412
    headers = {"If-Match": '"1"', "Idempotency-Key": "one-tap"}
    first = await hold(api, session_id, headers=headers)
    clock.now = NOW + MINUTE
    again = await hold(api, session_id, headers=headers)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await hold(api, session_id, START + 60 * MINUTE, headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("foreign", [True, False])
async def test_a_session_of_another_client_is_not_found(
    api: Api, world: World, *, foreign: bool
) -> None:
    _, other_id = await somebody(api, world)
    session_id = other_id if foreign else uuid4()
    assert (await hold(api, session_id)).status_code == 404
    assert (await api.delete(f"/v1/sessions/{session_id}/hold")).status_code == 404
    assert await world.rows(HeldTime) == []


# Links


async def by_link(api: Api, world: World, session_id: UUID) -> Api:
    opened = await api.open_link(world.link_token(session_id))
    return api.signed_in(opened.json()["access_token"])


async def test_a_link_holds_and_releases_its_own_session_and_no_other(
    api: Api, world: World
) -> None:
    session_id, another = await world.book(OWN), await world.book(OWN + 120 * MINUTE)
    link = await by_link(api, world, session_id)
    assert (await hold(link, session_id)).status_code == 200
    assert (await hold(link, another)).status_code == 404
    assert (await link.delete(f"/v1/sessions/{another}/hold")).status_code == 404
    assert (await link.delete(f"/v1/sessions/{session_id}/hold")).status_code == 204


async def is_held(api: Api, world: World) -> bool:
    """Tell whether the time is not on offer to somebody else."""
    other, other_id = await somebody(api, world)
    return text(START) not in slots(await other.availability(other_id, **WEEK))


async def test_opening_a_link_holds_nothing_and_ends_nothing(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    await held(api, session_id)
    await by_link(api, world, session_id)
    assert len(await world.rows(HeldTime)) == 1
    assert await is_held(api, world)


@pytest.mark.parametrize("link", [True, False])
async def test_revoking_the_links_ends_what_was_held_by_link(
    api: Api, staff: Api, world: World, *, link: bool
) -> None:
    session_id = await world.book(OWN)
    await held(await by_link(api, world, session_id) if link else api, session_id)
    await staff.post(f"/v1/practice/sessions/{session_id}/links/revoke", {})
    assert await is_held(api, world) is not link


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("change", ["signed out", "inactive", "address"])
async def test_the_end_of_the_sign_in_ends_what_was_held_with_it(
    api: Api, staff: Api, world: World, change: str, *, link: bool
) -> None:
    session_id = await world.book(OWN)
    await held(await by_link(api, world, session_id) if link else api, session_id)
    client = f"/v1/practice/clients/{world.client_id}"
    if change == "signed out":
        assert (await api.post("/v1/auth/sign-out-everywhere", None)).status_code == 204
    elif change == "inactive":
        assert (await staff.patch(client, {"active": False})).status_code == 200
    else:
        body = {"email": "ana@new.example"}
        assert (await staff.patch(client, body)).status_code == 200
    assert await is_held(api, world) is (link and change != "address")


# Seats


async def test_a_seat_is_held_and_counts_as_taken_for_others(api: Api, world: World) -> None:
    own = await add_seat(world, await add_group(world, CLASS + 7 * DAY))
    full = await add_group(world, CLASS, seats=1)
    roomy = await add_group(world, CLASS + DAY, seats=3)
    (other_client,) = await add_clients(world, 1)
    other_id = await add_seat(
        world, await add_group(world, CLASS + 14 * DAY), client_id=other_client
    )
    other = api.signed_in(world.token(other_client))
    month = {"from": "2026-12-01", "to": "2026-12-31"}
    answer = await api.put(f"/v1/sessions/{own}/hold", {"group_id": str(full)})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["group_id"], answer.json()["format"]) == (str(full), "in_person")

    def by_group(found: Any) -> dict[str, Any]:
        return {slot["group_id"]: slot for day in found["days"] for slot in day["slots"]}

    mine = by_group(await api.availability(own, **month))
    assert mine[str(full)]["seats_left"] == 1
    assert mine[str(full)]["held_until"] == answer.json()["expires_at"]
    theirs = by_group(await other.availability(other_id, **month))
    assert str(full) not in theirs
    refused = await other.put(f"/v1/sessions/{other_id}/hold", {"group_id": str(full)})
    moved = await other.post(
        f"/v1/sessions/{other_id}/reschedule", {"group_id": str(full), "reason": REASON}
    )
    for problem in (refused.json(), moved.json()):
        assert problem["code"] == "slot-unavailable"
        assert problem["held_until"] == answer.json()["expires_at"]
    await held(api, own, CLASS + DAY, group_id=str(roomy), format="in_person")
    theirs = by_group(await other.availability(other_id, **month))
    assert (theirs[str(full)]["seats_left"], theirs[str(roomy)]["seats_left"]) == (1, 2)


async def test_the_holder_of_a_seat_gets_it_also_within_the_notice(
    api: Api, world: World, clock: TestClock
) -> None:
    own = await add_seat(world, await add_group(world, CLASS + 7 * DAY))
    group_id = await add_group(world, CLASS, seats=1)
    clock.now = CLASS - 60 * MINUTE
    body = {"group_id": str(group_id)}
    assert (await api.put(f"/v1/sessions/{own}/hold", body)).status_code == 200
    clock.now = CLASS - 58 * MINUTE
    found = await api.availability(own, **{"from": "2026-12-03", "to": "2026-12-03"})
    assert slots(found) == [CLASS.isoformat()]
    moved = await api.post(f"/v1/sessions/{own}/reschedule", body | {"reason": REASON})
    assert moved.status_code == 200, moved.text


async def test_the_step_may_change_while_a_time_is_held(api: Api, world: World) -> None:
    session_id = await world.book(OWN)
    await held(api, session_id, START + 30 * MINUTE)
    await world.change(Service, world.service_id, step_minutes=60)
    assert (await api.reschedule(session_id, START + 30 * MINUTE)).status_code == 200
