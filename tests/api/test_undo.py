"""A client takes back their own last change, within minutes (product.md section 10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat, seats_of
from tests.series import book_series
from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
LATER = START + timedelta(hours=2)
MINUTE = timedelta(minutes=1)
WINDOW = 5 * MINUTE
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}}
WHY = {"reason": {"note": "It was our mistake."}}


async def undo(api: Api, session_id: UUID, headers: dict[str, str] | None = None) -> Response:
    return await api.post(f"/v1/sessions/{session_id}/undo", None, headers)


async def quote_of(api: Api, session_id: UUID, action: str = "cancel") -> str:
    return str((await api.session(session_id))["actions"][action]["quote"])


async def cancel_late(api: Api, session_id: UUID) -> None:
    answer = await api.cancel(session_id, quote=await quote_of(api, session_id))
    assert answer.status_code == 200, answer.text


async def move_late(api: Api, session_id: UUID, to: datetime = LATER) -> None:
    quote = await quote_of(api, session_id, "reschedule")
    answer = await api.reschedule(session_id, to, quote=quote)
    assert answer.status_code == 200, answer.text


async def test_a_cancellation_is_taken_back_and_nothing_is_owed(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(LATE_FEE)
    session_id = await world.book(START)
    before = await api.session(session_id)
    await cancel_late(api, session_id)
    shown = (await api.session(session_id))["actions"]["undo"]
    assert shown == {"allowed": True, "until": "2026-11-30T10:05:00-05:00"}
    clock.now += WINDOW
    answer = await undo(api, session_id)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["fee"], answer.json()["credit"]) == (None, None)
    session = answer.json()["session"]
    assert (session["status"], session["version"]) == ("booked", 3)
    assert session["starts_at"] == before["starts_at"]
    assert session["cancellation"] is None
    assert session["actions"]["undo"] == {"allowed": False, "until": None}
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.collect_after) == ("void", NOW + WINDOW)
    (taken,) = await world.rows(TakenTime)
    assert taken.id == session_id
    (change,) = await world.rows(Change, kind="restored")
    assert (change.actor, change.calendar_sequence) == ("client", 2)
    assert change.details == {"undone": "cancelled", "voided_fee": True}
    assert str(change.command_id) == answer.json()["command_id"]


async def test_the_window_ends_after_its_last_instant(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    clock.now += WINDOW + timedelta(microseconds=1)
    assert (await api.session(session_id))["actions"]["undo"]["allowed"] is False
    answer = await undo(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "undo-unavailable")
    assert (await api.session(session_id))["status"] == "cancelled"


async def test_a_move_is_taken_back_and_not_counted(api: Api, world: World) -> None:
    await world.add_policy({**LATE_FEE, "reschedule": {"limit": 1}})
    session_id = await world.book(START)
    (was,) = await world.rows(Session)
    await move_late(api, session_id)
    (moved,) = await world.rows(Session)
    assert (moved.client_moves, moved.starts_at) == (1, LATER)
    answer = await undo(api, session_id)
    assert answer.status_code == 200, answer.text
    (now,) = await world.rows(Session)
    changed = {"version": 3, "calendar_sequence": 2}
    assert now._asdict() == was._asdict() | changed
    assert [fee.status for fee in await world.rows(Fee)] == ["void"]
    (taken,) = await world.rows(TakenTime)
    assert taken.starts_at == START
    await move_late(api, session_id)


async def test_a_carried_cost_falls_with_the_move_that_carries_it(api: Api, world: World) -> None:
    await world.add_policy({**LATE_FEE, "reschedule": {"fees": []}})
    session_id = await world.book(START)
    await move_late(api, session_id, START + timedelta(days=14))
    decision = (await api.session(session_id))["actions"]["cancel"]
    assert decision["fee"]["amount_minor"] == 4500
    await undo(api, session_id)
    (session,) = await world.rows(Session)
    assert (session.carried_fee_minor, session.carried_since) == (0, None)


async def test_a_change_of_format_is_taken_back(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START, format="phone")
    answer = await undo(api, session_id)
    assert answer.json()["session"]["format"]["kind"] == "video"
    assert answer.json()["session"]["format"]["join_url"] == "https://video.example/maya"


async def test_a_credit_pays_again(api: Api, world: World) -> None:
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    await api.cancel(session_id)
    answer = await undo(api, session_id)
    assert answer.json()["session"]["package"]["credits_left"] == 5
    open_ = [row for row in await world.rows(CreditRedemption) if row.returned_at is None]
    assert len(open_) == 1


async def test_without_the_credit_nothing_changes(api: Api, world: World) -> None:
    package_id = await world.add_package(credits=1)
    session_id = await world.book(START, package_id=package_id)
    await api.cancel(session_id)
    await world.book(LATER, package_id=package_id)
    answer = await undo(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "credit-unavailable")
    assert (await api.session(session_id))["status"] == "cancelled"


@pytest.mark.parametrize("how", ["cancel", "move"])
async def test_the_time_may_be_taken_meanwhile(api: Api, world: World, how: str) -> None:
    session_id = await world.book(START)
    await (api.cancel(session_id) if how == "cancel" else api.reschedule(session_id, LATER))
    await world.book(START, client_id=await world.add_client(email="ben@client.example"))
    before = await api.session(session_id)
    answer = await undo(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")
    assert answer.json()["alternatives"] == []
    after = await api.session(session_id)
    assert (after["version"], after["starts_at"]) == (before["version"], before["starts_at"])


async def test_the_client_may_have_booked_something_else_meanwhile(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    await world.book(START, practitioner_id=await world.add_practitioner())
    assert (await undo(api, session_id)).json()["code"] == "slot-unavailable"


async def test_only_the_clients_own_last_change_is_taken_back(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"
    await api.reschedule(session_id, LATER)
    assert (await staff.reschedule_by_staff(session_id, START)).status_code == 200
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"
    path = f"/v1/practice/sessions/{session_id}/cancel"
    await staff.post(path, {"charge_fee": False, **WHY})
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"


async def test_taking_back_twice_is_refused_and_a_key_replays_the_answer(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    key = {"Idempotency-Key": "undo-1"}
    first = await undo(api, session_id, key)
    assert first.status_code == 200
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"
    again = await undo(api, session_id, key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_if_match_is_honoured(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    assert (await undo(api, session_id, {"If-Match": '"1"'})).status_code == 412
    assert (await undo(api, session_id, {"If-Match": '"2"'})).status_code == 200


async def test_a_link_takes_back_too_and_strangers_cannot(
    api: Api, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    ben = await world.add_client(email="ben@client.example")
    other = stranger.signed_in(world.token(ben))
    assert (await undo(other, session_id)).status_code == 404
    assert (await undo(stranger, session_id)).status_code == 401
    opened = await stranger.open_link(world.link_token(session_id))
    by_link = stranger.signed_in(opened.json()["access_token"])
    answer = await undo(by_link, session_id)
    assert answer.json()["session"]["status"] == "booked"
    assert [row.actor for row in await world.rows(Change, kind="restored")] == ["link"]


async def test_a_waived_fee_stays_waived_and_a_settled_one_is_void(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(LATE_FEE)
    for number, (verb, body, then) in enumerate(
        [("waive", WHY, "waived"), ("settle", {"payment_reference": "INV-1"}, "void")]
    ):
        session_id = await world.book(START + number * timedelta(days=1))
        await cancel_late(api, session_id)
        (fee,) = await world.rows(Fee, session_id=session_id)
        await staff.post(f"/v1/practice/fees/{fee.id}/{verb}", body)
        assert (await undo(api, session_id)).status_code == 200
        (fee,) = await world.rows(Fee, session_id=session_id)
        assert fee.status == then


# Mails


async def told(world: World) -> list[tuple[str, str, str]]:
    rows = await world.rows(Notification)
    return sorted(
        (row.kind, row.recipient, row.status)
        for row in rows
        if row.kind in {"cancelled", "rescheduled", "restored"}
    )


async def test_mails_that_had_not_left_are_dropped_and_none_follows(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    await undo(api, session_id)
    assert await told(world) == [
        ("cancelled", "client", "dropped"),
        ("cancelled", "practitioner", "dropped"),
    ]
    reminders = await world.rows(Notification, kind="reminder")
    assert sorted(row.status for row in reminders) == ["dropped", "pending"]


@pytest.mark.parametrize("attempted", [{"status": "sent", "finished_at": NOW}, {"attempts": 1}])
async def test_a_mail_that_may_have_left_is_followed_by_restored(
    api: Api, world: World, attempted: dict[str, Any]
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    rows = await world.rows(Notification, kind="cancelled", recipient="client")
    await world.change(Notification, rows[0].id, **attempted)
    await undo(api, session_id)
    assert await told(world) == [
        ("cancelled", "client", attempted.get("status", "pending")),
        ("cancelled", "practitioner", "dropped"),
        ("restored", "client", "pending"),
    ]


# Series, groups and move requests


async def test_of_a_series_only_the_named_session_goes_back_and_all_mails_are_sent(
    api: Api, staff: Api, world: World
) -> None:
    first, second, _ = map(UUID, await book_series(staff, world, START, 3))
    quote = (
        await api.get(f"/v1/sessions/{first}/scope", action="cancel", scope="this_and_following")
    ).json()["quote"]
    answer = await api.cancel(first, scope="this_and_following", quote=quote)
    assert answer.status_code == 200, answer.text
    assert (await undo(api, second)).status_code == 200
    rows = await world.rows(Session)
    assert sorted(row.status for row in rows) == ["booked", "cancelled", "cancelled"]
    assert ("cancelled", "client", "pending") in await told(world)
    assert ("restored", "client", "pending") in await told(world)


async def test_a_moved_series_goes_back_to_its_rhythm(api: Api, staff: Api, world: World) -> None:
    first, _ = map(UUID, await book_series(staff, world, START, 2))
    rhythm = {row.id: row.series_starts_at for row in await world.rows(Session)}
    moved = await api.reschedule(first, LATER, scope="this_and_following")
    assert moved.status_code == 200, moved.text
    for session_id in rhythm:
        assert (await undo(api, session_id)).status_code == 200
    rows = await world.rows(Session)
    assert {row.id: row.series_starts_at for row in rows} == rhythm
    assert {row.id: row.starts_at for row in rows} == rhythm


async def test_a_cancelled_seat_is_taken_again_if_one_is_free(api: Api, world: World) -> None:
    group_id = await add_group(world, seats=2)
    seat = await add_seat(world, group_id)
    ben, eva = await add_clients(world, 2)
    await api.cancel(seat)
    await add_seat(world, group_id, client_id=ben)
    assert (await undo(api, seat)).status_code == 200
    assert (await seats_of(world, group_id))[seat] == 2
    await api.cancel(seat)
    await add_seat(world, group_id, client_id=eva)
    assert (await undo(api, seat)).json()["code"] == "group-full"


async def test_a_seat_that_moved_goes_back_to_its_group(api: Api, world: World) -> None:
    group_id, other = await add_group(world), await add_group(world, CLASS + DAY)
    seat = await add_seat(world, group_id)
    body = {"reason": REASON, "group_id": str(other)}
    assert (await api.post(f"/v1/sessions/{seat}/reschedule", body)).status_code == 200
    answer = await undo(api, seat)
    assert answer.json()["session"]["group"]["id"] == str(group_id)
    assert (await seats_of(world, other)) == {}
    (session,) = await world.rows(Session)
    assert (session.client_moves, session.starts_at) == (0, CLASS)


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("cancel", {}, "group-cancelled"),
        ("move", {"start": (CLASS + 2 * DAY).isoformat(), "force": True}, "slot-unavailable"),
    ],
)
async def test_a_seat_does_not_follow_what_the_practice_did_with_the_group(
    api: Api, staff: Api, world: World, verb: str, body: dict[str, Any], code: str
) -> None:
    group_id = await add_group(world)
    seat = await add_seat(world, group_id)
    await api.cancel(seat)
    changed = await staff.post(f"/v1/practice/groups/{group_id}/{verb}", {**body, **WHY})
    assert changed.status_code == 200, changed.text
    assert (await undo(api, seat)).json()["code"] == code


async def test_an_answered_move_request_is_open_again(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({**LATE_FEE, "reschedule": {"limit": 0}})
    session_id = await world.book(START)
    asked = {
        "sessions": [str(session_id)],
        "answer_by": (NOW + 2 * MINUTE).isoformat(),
        "meanwhile": "keep",
    }
    request = (await staff.post("/v1/practice/move-requests", asked)).json()
    path = f"/v1/practice/move-requests/{request['id']}"
    assert (await api.cancel(session_id)).status_code == 200
    assert (await staff.get(path)).json()["sessions"][0]["state"] == "cancelled"
    assert (await undo(api, session_id)).status_code == 200
    assert (await staff.get(path)).json()["sessions"][0]["state"] == "asked"
    assert (await api.session(session_id))["actions"]["cancel"]["free_because"] == "move_request"
    await api.cancel(session_id)
    clock.now += 3 * MINUTE
    assert (await undo(api, session_id)).status_code == 200
    assert (await staff.get(path)).json()["sessions"][0]["state"] == "cancelled"


async def test_a_session_that_was_booked_again_has_no_way_back(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    asked = {
        "sessions": [str(session_id)],
        "answer_by": (NOW + timedelta(days=1)).isoformat(),
        "meanwhile": "cancel",
    }
    await staff.post("/v1/practice/move-requests", asked)
    assert (await api.reschedule(session_id, LATER)).status_code == 200
    assert (await api.session(session_id))["actions"]["undo"]["until"] is None
    assert (await undo(api, session_id)).json()["code"] == "undo-unavailable"
