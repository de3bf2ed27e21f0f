"""A client books a session again after it was cancelled or missed (product.md section 10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.webhooks import WebhookEndpoint
from tests.groups import CLASS, add_clients, add_group, add_seat
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
LATE = START - HOUR
TO = START + 7 * DAY
CANCEL: dict[str, Any] = {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]}
FORFEITING = CANCEL | {"late_credit": "forfeited"}
STANDS: dict[str, Any] = {"cancel": CANCEL, "rebook": {"days": 30, "fee": "stands"}}
CREDITED: dict[str, Any] = {"cancel": CANCEL, "rebook": {"days": 30, "fee": "credited"}}
WHY = {"note": "They are ill."}


def money(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD", "decimals": 2}


async def quote_of(api: Api, session_id: UUID, action: str = "reschedule") -> str:
    return str((await api.session(session_id))["actions"][action]["quote"])


async def cancel(api: Api, session_id: UUID) -> None:
    quote = await quote_of(api, session_id, "cancel")
    answer = await api.cancel(session_id, quote=quote)
    assert answer.status_code == 200, answer.text


async def rebook(api: Api, session_id: UUID, to: datetime = TO, **body: Any) -> Response:
    return await api.reschedule(session_id, to, quote=await quote_of(api, session_id), **body)


async def cancelled_late(
    api: Api, world: World, clock: TestClock, rules: dict[str, Any], **values: Any
) -> UUID:
    await world.add_policy(rules)
    session_id = await world.book(START, **values)
    clock.now = LATE
    await cancel(api, session_id)
    return session_id


async def missed(staff: Api, session_id: UUID, *, charge: bool = True) -> None:
    path = f"/v1/practice/sessions/{session_id}/noshow"
    answer = await staff.post(path, {"charge_fee": charge})
    assert answer.status_code == 200, answer.text


async def fee_states(world: World) -> list[str]:
    return sorted(fee.status for fee in await world.rows(Fee))


async def test_a_cancelled_session_is_booked_again_and_its_fee_stands(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, STANDS)
    shown = await api.session(session_id)
    decision = shown["actions"]["reschedule"]
    assert (decision["allowed"], decision["fee"], decision["carries"]) == (True, None, None)
    assert datetime.fromisoformat(decision["closes_at"]) == LATE + 30 * DAY
    assert shown["policy"]["rebook"] == {"days": 30, "fee": "stands"}
    assert [term["until"] for term in shown["policy"]["terms"]["reschedule"]] == [
        decision["closes_at"]
    ]
    assert slots(await api.availability(session_id, **{"from": "2026-12-10", "to": "2026-12-10"}))

    answer = await api.reschedule(session_id, TO)
    assert answer.status_code == 200, answer.text
    session = answer.json()["session"]
    assert (session["id"], session["status"], session["version"]) == (str(session_id), "booked", 3)
    assert session["cancellation"] is None
    assert session["actions"]["cancel"]["fee"] is None
    assert await fee_states(world) == ["due"]
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.calendar_sequence, row.carried_fee_minor) == (1, 2, 0)
    (change,) = await world.rows(Change, kind="rescheduled")
    assert change.details == {"rebooked": "cancelled", "forgiven_fee": False}


async def test_a_missed_session_is_booked_again_until_its_days_are_over(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    clock.now = START + 2 * HOUR
    await missed(staff, session_id)
    clock.now = START + 30 * DAY + MICROSECOND
    late = await api.reschedule(session_id, START + 40 * DAY)
    assert (late.status_code, late.json()["code"]) == (409, "session-not-booked")
    assert datetime.fromisoformat(late.json()["deadline"]) == START + 30 * DAY
    empty = await api.availability(session_id)
    assert empty["empty_reason"]["code"] == "reschedule_refused"
    clock.now = START + 30 * DAY
    assert slots(await api.availability(session_id))
    assert (await api.reschedule(session_id, START + 32 * DAY)).status_code == 200


async def test_a_due_fee_that_is_credited_is_forgiven_and_carried(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    session_id = await cancelled_late(api, world, clock, CREDITED)
    refused = await api.reschedule(session_id, TO)
    assert refused.json()["code"] == "quote-required"
    carries = {"fee": money(4500), "credit": None}
    assert refused.json()["decision"]["carries"] == carries
    assert await fee_states(world) == ["due"]

    answer = await rebook(api, session_id)
    assert answer.status_code == 200, answer.text
    assert answer.json()["session"]["actions"]["cancel"]["fee"] == money(4500)
    assert await fee_states(world) == ["forgiven"]
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["status"] == "forgiven"
    (told,) = await world.rows(Notification, kind="fee.forgiven")
    (entry,) = await world.rows(Change, id=told.change_id)
    assert (entry.kind, entry.subject, str(entry.command_id)) == (
        "fee_forgiven",
        "fee",
        answer.json()["command_id"],
    )

    clock.now = TO - 3 * DAY
    await cancel(api, session_id)
    assert await fee_states(world) == ["due", "forgiven"]
    assert [fee.amount_minor for fee in await world.rows(Fee)] == [4500, 4500]


async def test_a_carried_fee_is_charged_only_once_however_often_it_is_booked_again(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, CREDITED)
    for start in (TO, TO + DAY, TO):
        assert (await rebook(api, session_id, start)).status_code == 200
        await cancel(api, session_id)
    assert await fee_states(world) == ["due", "forgiven", "forgiven", "forgiven"]


async def test_a_settled_fee_that_is_credited_is_deducted_later(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    tight = {"deadline": {"before_minutes": 120}, "amount_minor": 6000}
    rules = CREDITED | {"cancel": {"fees": [*CANCEL["fees"], tight]}}
    await world.add_policy(rules)
    session_id = await world.book(START)
    clock.now = START - 3 * HOUR
    await cancel(api, session_id)
    (fee,) = await world.rows(Fee)
    settled = await staff.post(f"/v1/practice/fees/{fee.id}/settle", {"payment_reference": "R-1"})
    assert settled.status_code == 200, settled.text

    answer = await api.reschedule(session_id, TO)
    assert answer.status_code == 200, answer.text
    terms = answer.json()["session"]["policy"]["terms"]["cancel"]
    assert [term["fee"] for term in terms] == [None, money(1500)]
    clock.now = TO - HOUR
    await cancel(api, session_id)
    assert [(fee.amount_minor, fee.status) for fee in await world.rows(Fee)] == [
        (4500, "settled"),
        (1500, "due"),
    ]


async def test_a_waived_fee_stays_waived_and_nothing_is_carried(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, CREDITED)
    (fee,) = await world.rows(Fee)
    await staff.post(f"/v1/practice/fees/{fee.id}/waive", {"reason": WHY})
    assert (await api.reschedule(session_id, TO)).status_code == 200
    assert await fee_states(world) == ["waived"]
    assert (await api.session(session_id))["actions"]["cancel"]["fee"] is None


async def test_what_is_carried_falls_if_the_session_takes_place(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, CREDITED)
    assert (await rebook(api, session_id)).status_code == 200
    clock.now = TO + HOUR
    done = await staff.post(f"/v1/practice/sessions/{session_id}/fulfilled", {})
    assert done.status_code == 200
    assert await fee_states(world) == ["forgiven"]


# Credits


async def test_a_returned_credit_is_taken_anew(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START, package_id=await world.add_package(credits=1))
    await cancel(api, session_id)
    assert (await api.session(session_id))["actions"]["reschedule"]["credit"] == "redeemed"
    answer = await api.reschedule(session_id, TO)
    assert answer.json()["credit"] == "redeemed"
    assert answer.json()["session"]["package"]["credits_left"] == 0


async def test_without_a_credit_nothing_changes(api: Api, world: World, clock: TestClock) -> None:
    package_id = await world.add_package(credits=1)
    rules = CREDITED | {"cancel": CANCEL}
    session_id = await cancelled_late(api, world, clock, rules, package_id=package_id)
    await world.book(START + 2 * DAY, package_id=package_id)
    refused = await rebook(api, session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "credit-unavailable")
    assert (await api.session(session_id))["status"] == "cancelled"
    assert await fee_states(world) == ["due"]


async def test_a_forfeited_credit_that_stands_is_not_the_one_that_pays_again(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(credits=2)
    rules = STANDS | {"cancel": FORFEITING}
    session_id = await cancelled_late(api, world, clock, rules, package_id=package_id)
    answer = await api.reschedule(session_id, TO)
    assert answer.status_code == 200, answer.text
    assert answer.json()["credit"] == "redeemed"
    assert answer.json()["session"]["package"]["credits_left"] == 0
    # The end of the rebooked session returns its own credit, and an undo takes that one again.
    await cancel(api, session_id)
    assert (await api.session(session_id))["package"]["credits_left"] == 1
    undone = await staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
    assert undone.status_code == 200, undone.text
    spent, *others = sorted(await world.rows(CreditRedemption), key=lambda row: row.redeemed_at)
    assert (spent.forfeited_at, spent.replaced_at) == (LATE, LATE)
    assert sum(row.returned_at is None for row in others) == 1
    assert (await api.session(session_id))["package"]["credits_left"] == 0


async def test_a_forfeited_credit_that_is_credited_pays_again_and_its_forfeit_is_carried(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(credits=1)
    rules = CREDITED | {"cancel": FORFEITING}
    session_id = await cancelled_late(api, world, clock, rules, package_id=package_id)
    shown = (await api.session(session_id))["actions"]["reschedule"]
    assert (shown["credit"], shown["carries"]) == ("kept", {"fee": None, "credit": "forfeited"})
    assert (await rebook(api, session_id)).status_code == 200
    assert (await api.session(session_id))["actions"]["cancel"]["credit"] == "forfeited"
    (row,) = await world.rows(CreditRedemption)
    assert (row.forfeited_at, row.returned_at) == (None, None)


# Which times


async def test_the_former_time_is_offered_if_it_is_free(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    await cancel(api, session_id)
    day = {"from": "2026-12-03", "to": "2026-12-03"}
    assert "2026-12-03T10:00:00-05:00" in slots(await api.availability(session_id, **day))
    answer = await api.reschedule(session_id, START)
    assert answer.status_code == 200, answer.text
    assert answer.json()["session"]["starts_at_utc"] == "2026-12-03T15:00:00Z"
    (change,) = await world.rows(Change, kind="rescheduled")
    assert change.starts_at == change.old_starts_at


async def test_a_former_time_that_is_taken_is_not(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    await cancel(api, session_id)
    await world.book(START, client_id=await world.add_client(email="ben@client.example"))
    refused = await api.reschedule(session_id, START)
    assert refused.json()["code"] == "slot-unavailable"
    assert len(refused.json()["alternatives"]) == 3


async def test_minimum_notice_and_distance_bind(api: Api, world: World, clock: TestClock) -> None:
    rules = STANDS | {"reschedule": {"max_days_from_original": 7}}
    session_id = await cancelled_late(api, world, clock, rules)
    await world.change(Service, world.service_id, minimum_notice_minutes=2 * 1440)
    too_soon = await api.reschedule(session_id, START + DAY)
    assert too_soon.json()["code"] == "slot-unavailable"
    too_far = await api.reschedule(session_id, START + 11 * DAY)
    assert too_far.json()["code"] == "slot-unavailable"
    assert (await api.reschedule(session_id, START + 6 * DAY)).status_code == 200


async def test_the_limit_is_not_avoided_by_cancelling(api: Api, staff: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"limit": 1}, "rebook": {"days": 30}})
    session_id = await world.book(START)
    await cancel(api, session_id)
    assert (await api.reschedule(session_id, TO)).status_code == 200
    await cancel(api, session_id)
    refused = await api.reschedule(session_id, TO)
    assert refused.json()["code"] == "reschedule-limit-reached"
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
    path = f"/v1/practice/sessions/{session_id}/cancel"
    await staff.post(path, {"charge_fee": False, "reason": WHY})
    assert (await api.reschedule(session_id, TO)).status_code == 200
    (row,) = await world.rows(Session)
    assert row.client_moves == 1


async def test_another_format_is_offered_where_a_change_is_free(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    clock.now = START + 2 * HOUR
    await missed(staff, session_id)
    assert (await rebook(api, session_id, format="phone")).status_code == 200
    await world.add_policy(STANDS | {"change_format": {"enabled": False}})
    other = await world.book(START + 2 * DAY)
    clock.now = START + 2 * DAY + 2 * HOUR
    await missed(staff, other)
    refused = await rebook(api, other, TO + DAY, format="phone")
    assert refused.json()["code"] == "action-disabled"


async def test_a_time_can_be_held_first(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    await cancel(api, session_id)
    hold = {"start": START.isoformat(), "format": "video"}
    held = await api.put(f"/v1/sessions/{session_id}/hold", hold)
    assert held.status_code == 200, held.text
    assert (await api.reschedule(session_id, START)).status_code == 200


# Seats


async def test_a_seat_is_booked_again_in_its_own_or_another_group(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    own, other = await add_group(world), await add_group(world, CLASS + DAY)
    seat = await add_seat(world, own)
    await cancel(api, seat)
    week = {"from": "2026-12-01", "to": "2026-12-31", "format": "in_person"}
    found = (await api.availability(seat, **week))["days"]
    assert [slot["group_id"] for day in found for slot in day["slots"]] == [str(own), str(other)]
    path = f"/v1/sessions/{seat}/reschedule"
    body = {"reason": {"note": "I can come after all."}}
    again = await api.post(path, body | {"group_id": str(own)})
    assert again.status_code == 200, again.text
    assert again.json()["session"]["group"]["id"] == str(own)
    await cancel(api, seat)
    moved = await api.post(path, body | {"group_id": str(other)})
    assert moved.json()["session"]["group"]["id"] == str(other)


async def test_a_full_group_takes_no_seat_again(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    group_id = await add_group(world, seats=1)
    seat = await add_seat(world, group_id)
    await cancel(api, seat)
    (client_id,) = await add_clients(world, 1)
    await add_seat(world, group_id, client_id=client_id)
    body = {"group_id": str(group_id), "reason": {"note": "I can come after all."}}
    refused = await api.post(f"/v1/sessions/{seat}/reschedule", body)
    assert refused.json()["code"] == "slot-unavailable"


# Links, repeats, undoing


async def test_the_link_of_an_old_mail_books_again(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, STANDS)
    opened = (await api.open_link(world.link_token(session_id))).json()
    assert opened["session"]["actions"]["reschedule"]["allowed"]
    client = api.signed_in(opened["access_token"])
    assert (await client.reschedule(session_id, TO)).status_code == 200


async def test_the_policy_of_the_booking_holds(api: Api, world: World, clock: TestClock) -> None:
    session_id = await cancelled_late(api, world, clock, {"cancel": CANCEL})
    await world.add_policy(STANDS)
    refused = await api.reschedule(session_id, TO)
    assert (refused.status_code, refused.json()["code"]) == (409, "session-not-booked")


async def test_staff_undo_the_end_of_a_session_that_was_booked_again(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await cancelled_late(api, world, clock, CREDITED)
    assert (await rebook(api, session_id)).status_code == 200
    path = f"/v1/practice/sessions/{session_id}/undo"
    refused = await staff.post(path, {"reason": WHY})
    assert refused.json()["code"] == "no-change"
    await cancel(api, session_id)
    undone = await staff.post(path, {"reason": WHY})
    assert undone.status_code == 200, undone.text
    assert undone.json()["session"]["starts_at"] == "2026-12-10T10:00:00-05:00"
    assert undone.json()["session"]["carried"]["fee"] == money(4500)
    assert await fee_states(world) == ["forgiven", "void"]


async def test_booking_again_is_not_taken_back(api: Api, world: World) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    await cancel(api, session_id)
    assert (await api.reschedule(session_id, TO)).status_code == 200
    assert not (await api.session(session_id))["actions"]["undo"]["allowed"]


async def test_a_repeat_with_the_key_replays_and_one_without_finds_no_change(
    api: Api, world: World
) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    await cancel(api, session_id)
    key = {"Idempotency-Key": "again"}
    first = await api.reschedule(session_id, TO, headers=key)
    assert (await api.reschedule(session_id, TO, headers=key)).json() == first.json()
    assert (await api.reschedule(session_id, TO)).json()["code"] == "no-change"


async def test_a_scope_books_nothing_again(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(STANDS)
    session_id = await world.book(START)
    clock.now = START + 2 * HOUR
    await missed(staff, session_id)
    refused = await rebook(api, session_id, scope="this_and_following")
    assert (refused.status_code, refused.json()["code"]) == (422, "quote-invalid")
    refused = await api.reschedule(session_id, TO, scope="this_and_following")
    assert (refused.status_code, refused.json()["code"]) == (409, "scope-refused")


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"days": 0}, "/rules/rebook/days"),
        ({"days": 367}, "/rules/rebook/days"),
        ({"fee": "credited"}, "/rules/rebook/days"),
        ({"days": 30, "fee": "halved"}, "/rules/rebook/fee"),
        ({"days": 30, "hours": 1}, "/rules/rebook/hours"),
        (30, "/rules/rebook"),
    ],
)
async def test_a_bad_rule_is_named(staff: Api, rule: object, pointer: str) -> None:
    answer = await staff.post("/v1/practice/policies", {"rules": {"rebook": rule}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_rule_is_stored_as_it_was_sent(staff: Api) -> None:
    answer = await staff.post("/v1/practice/policies", {"rules": CREDITED})
    assert answer.status_code == 201, answer.text
    assert answer.json()["rules"]["rebook"] == {"days": 30, "fee": "credited"}
