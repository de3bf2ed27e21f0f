"""Cancelling a session (product.md sections 2 and 4)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.domain.session import Format
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification
from app.tables.practices import Practitioner
from app.tables.sessions import Fee, Session
from tests.world import NOW, REASON, Api, TestClock, World, slots

START = NOW + timedelta(days=3)
SOON = NOW + timedelta(hours=2)
HALF_PRICE_LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}}
HALF = {"amount_minor": 6000, "currency": "USD", "decimals": 2}
SECRET = "Zanzibar clinic results"


async def effects(world: World) -> tuple[int, int, int]:
    """Count what commands leave behind: changes, fees, notifications."""
    tables = (Change, Fee, Notification)
    return tuple([len(await world.rows(table)) for table in tables])  # type: ignore[return-value]


async def test_a_cancelled_session_shows_when_by_whom_and_why(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = NOW + timedelta(minutes=7)
    answer = await api.cancel(session_id)
    assert answer.status_code == 200
    assert answer.json()["session"]["status"] == "cancelled"
    assert answer.json()["session"]["cancellation"] == {
        "at": "2026-11-30T10:07:00-05:00",
        "by": "client",
        "reason": REASON,
    }


async def test_the_response_equals_the_details_afterwards(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answered = (await api.cancel(session_id)).json()["session"]
    assert answered == await api.session(session_id)


async def test_cancelling_frees_the_time_for_others_at_once(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.add_client(name="Ben")
    theirs = await world.book(START + timedelta(days=1), client_id=other)
    ben = api.signed_in(world.token(other))
    taken = {"from": "2026-12-03", "to": "2026-12-03"}
    assert "2026-12-03T10:00:00-05:00" not in slots(await ben.availability(theirs, **taken))
    await api.cancel(session_id)
    assert "2026-12-03T10:00:00-05:00" in slots(await ben.availability(theirs, **taken))


async def test_cancelling_in_time_records_no_fee(api: Api, world: World) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(START)
    answer = await api.cancel(session_id)
    assert (answer.json()["fee"], answer.json()["credit"]) == (None, None)
    assert await world.rows(Fee) == []


async def test_without_a_policy_cancelling_is_free_until_the_start(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(SOON)
    clock.now = SOON - timedelta(microseconds=1)
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


async def test_exactly_at_the_deadline_cancelling_is_still_free(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(START)
    clock.now = START - timedelta(days=1)
    assert (await api.cancel(session_id)).json()["fee"] is None


async def test_a_microsecond_after_the_deadline_the_fee_is_due(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(START)
    clock.now = START - timedelta(days=1) + timedelta(microseconds=1)
    assert (await api.cancel(session_id)).json()["decision"]["fee"] == HALF


async def test_a_fee_is_recorded_as_due_once(api: Api, world: World) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(SOON)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    answer = await api.cancel(session_id, quote=quote)
    assert answer.json()["fee"] == HALF
    (fee,) = await world.rows(Fee)
    assert (fee.session_id, fee.amount_minor, fee.currency) == (session_id, 6000, "USD")
    assert (fee.status, fee.recorded_at) == ("due", NOW)


async def test_the_fee_is_of_the_price_at_booking(api: Api, world: World) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(SOON)
    async with world.engine.begin() as db:
        await db.execute(text("UPDATE services SET price_minor = 99900"))
    assert (await api.cancel(session_id)).json()["decision"]["fee"] == HALF


async def test_a_fee_of_zero_is_no_fee(api: Api, world: World) -> None:
    tier = {"deadline": {"before_minutes": 1440}, "amount_minor": 0}
    await world.add_policy({"cancel": {"fees": [tier]}})
    session_id = await world.book(SOON)
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await world.rows(Fee) == []


async def test_the_policy_at_booking_holds_whatever_was_decided_since(
    api: Api, world: World
) -> None:
    session_id = await world.book(SOON)
    await world.add_policy(HALF_PRICE_LATE)
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


async def test_cancelling_adds_one_change_to_the_history(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert [change["kind"] for change in history] == ["booked", "cancelled"]
    assert history[1]["by"] == "client"
    assert history[1]["reason"] == REASON
    assert history[1]["version"] == 2


async def test_cancelling_notifies_client_and_practitioner(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    notifications = await world.rows(Notification, kind="cancelled")
    assert {notification.recipient for notification in notifications} == {"client", "practitioner"}
    assert [(notification.status, notification.session_id) for notification in notifications] == [
        ("pending", session_id)
    ] * 2


async def test_cancelling_drops_the_reminders(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    (reminder,) = await world.rows(Notification, kind="reminder")
    assert (reminder.status, reminder.finished_at) == ("dropped", NOW)


async def test_cancelling_again_returns_the_same_response_and_changes_nothing(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(HALF_PRICE_LATE)
    session_id = await world.book(SOON)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    first = await api.cancel(session_id, quote=quote)
    done = await effects(world)
    clock.now = NOW + timedelta(hours=5)
    again = await api.cancel(session_id, reason={"note": "Once more."})
    assert again.status_code == 200
    before, after = first.json(), again.json()
    undo = before["session"]["actions"].pop("undo")
    assert after["session"]["actions"].pop("undo") == undo | {"allowed": False}
    assert after == before
    assert again.headers["ETag"] == first.headers["ETag"]
    assert await effects(world) == done


async def test_cancelling_again_needs_neither_version_nor_quote(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    again = await api.cancel(session_id, headers={"If-Match": '"1"'}, quote="forged.quote")
    assert again.status_code == 200


async def test_a_disabled_action_is_refused_with_a_contact(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    session_id = await world.book(START)
    answer = await api.cancel(session_id)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (403, "action-disabled")
    assert problem["deadline"] is None
    assert problem["contact"] == {
        "name": "Dr. Maya Chen",
        "email": "maya@harbor.example",
        "phone": "+1 212 555 0100",
    }


async def test_too_late_is_refused_with_the_deadline_in_the_clients_zone(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = START - timedelta(hours=3)
    answer = await api.cancel(session_id)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "notice-too-short")
    assert problem["deadline"] == "2026-12-02T10:00:00-05:00"
    assert problem["contact"]["name"] == "Dr. Maya Chen"


@pytest.mark.parametrize("late_by", [timedelta(0), timedelta(minutes=5), timedelta(days=9)])
async def test_a_session_that_has_started_cannot_be_cancelled(
    api: Api, world: World, clock: TestClock, late_by: timedelta
) -> None:
    session_id = await world.book(SOON)
    clock.now = SOON + late_by
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "session-started")


@pytest.mark.parametrize("status", ["fulfilled", "noshow"])
async def test_a_session_that_is_over_cannot_be_cancelled(
    api: Api, world: World, status: str
) -> None:
    session_id = await world.book(START)
    await world.end(session_id, status)
    answer = await api.cancel(session_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "session-not-booked")


@pytest.mark.parametrize(
    "rules", [{"cancel": {"enabled": False}}, {"cancel": {"closes": {"before_minutes": 9999}}}]
)
async def test_a_refusal_changes_nothing(api: Api, world: World, rules: dict[str, Any]) -> None:
    await world.add_policy(rules)
    session_id = await world.book(START)
    before, done = await api.session(session_id), await effects(world)
    assert (await api.cancel(session_id)).status_code in {403, 409}
    assert await api.session(session_id) == before
    assert await effects(world) == done


async def test_another_clients_session_gets_the_404_of_an_unknown_one(
    api: Api, world: World
) -> None:
    other = await world.add_client(name="Ben")
    theirs = await world.book(START, client_id=other)
    answers = [(await api.cancel(some)).json() for some in (theirs, uuid4())]
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not-found"
    (session,) = await world.rows(Session)
    assert session.status == "booked"


BAD_BODIES: list[tuple[Any, str]] = [
    ({}, "/reason"),
    ({"reason": None}, "/reason"),
    ({"reason": "ill"}, "/reason"),
    ({"reason": {}}, "/reason/note"),
    ({"reason": {"code": "work"}}, "/reason/note"),
    ({"reason": {"note": None}}, "/reason/note"),
    ({"reason": {"note": 7}}, "/reason/note"),
    ({"reason": {"note": ""}}, "/reason/note"),
    ({"reason": {"note": " \t\n "}}, "/reason/note"),
    ({"reason": {"note": "x" * 501}}, "/reason/note"),
    ({"reason": {"note": "nul \x00 inside"}}, "/reason/note"),
    ({"reason": {"note": "ok", "code": "bored"}}, "/reason/code"),
    ({"reason": {"note": "ok", "code": "So bored"}}, "/reason/code"),
    ({"reason": {"note": "ok", "mood": "blue"}}, "/reason/mood"),
    ({"reason": {"note": "ok"}, "fee": 0}, "/fee"),
    ({"reason": {"note": "ok"}, "quote": ""}, "/quote"),
    ({"reason": {"note": "ok"}, "quote": 7}, "/quote"),
    ([], ""),
]


async def test_a_bad_body_is_refused_with_a_pointer_and_changes_nothing(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    done = await effects(world)
    for body, pointer in BAD_BODIES:
        answer = await api.post(f"/v1/sessions/{session_id}/cancel", body)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "validation-failed"), body
        found = [(error["in"], error["pointer"]) for error in problem["errors"]]
        assert found == [("body", pointer)]
    assert (await api.session(session_id))["status"] == "booked"
    assert await effects(world) == done


async def test_every_bad_field_gets_its_own_pointer(api: Api, world: World) -> None:
    session_id = await world.book(START)
    body = {"reason": {"note": " ", "code": "So bored"}, "quote": 7}
    problem = (await api.post(f"/v1/sessions/{session_id}/cancel", body)).json()
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/reason/note", "/reason/code", "/quote"}


async def test_every_reason_code_is_accepted_and_so_is_none(api: Api, world: World) -> None:
    codes = ["feeling-better", "unwell", "transport", "work", "family", "cost", "other", None]
    for day, code in enumerate(codes):
        session_id = await world.book(START + timedelta(days=day))
        answer = await api.cancel(session_id, reason={"code": code, "note": "So it is."})
        assert answer.json()["session"]["cancellation"]["reason"]["code"] == code


async def test_a_note_of_500_characters_is_stored_without_surrounding_blanks(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    answer = await api.cancel(session_id, reason={"note": f"  {'ü' * 500}\n"})
    assert answer.json()["session"]["cancellation"]["reason"]["note"] == "ü" * 500


async def test_the_note_reaches_no_notification_no_job_and_no_log(api: Api, world: World) -> None:
    session_id = await world.book(START)
    with capture_logs() as logged:
        answer = await api.cancel(session_id, reason={"note": SECRET})
    assert answer.status_code == 200
    assert logged
    assert SECRET not in str(logged)
    assert SECRET not in str(await world.rows(Notification))
    async with world.engine.connect() as db:
        jobs = (await db.execute(text("SELECT * FROM pgqueuer"))).all()
    assert jobs
    assert SECRET not in " ".join(bytes(job.payload).decode() + str(job) for job in jobs)


async def test_the_note_lies_in_its_own_table_only(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id, reason={"note": SECRET})
    assert [row.note for row in await world.rows(ChangeNote)] == [SECRET]
    assert SECRET not in str(await world.rows(Change))


async def test_the_note_is_in_no_calendar_file(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id, reason={"note": SECRET})
    file = await api.get(f"/v1/sessions/{session_id}/calendar.ics")
    assert "STATUS:CANCELLED" in file.text
    assert "Zanzibar" not in file.text


async def test_a_link_shows_neither_the_note_of_a_cancellation_nor_its_caller(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id, reason={"code": "work", "note": SECRET})
    opened = await api.post("/v1/links/open", {"token": world.link_token(session_id)})
    assert SECRET not in opened.text
    assert opened.json()["session"]["cancellation"]["reason"] == {"code": "work", "note": None}


async def test_whoever_holds_the_link_can_cancel(api: Api, world: World) -> None:
    session_id = await world.book(START)
    opened = await api.post("/v1/links/open", {"token": world.link_token(session_id)})
    holder = api.signed_in(opened.json()["access_token"])
    answer = await holder.cancel(session_id)
    assert answer.json()["session"]["cancellation"]["by"] == "client"
    (change,) = await world.rows(Change, kind="cancelled")
    assert change.actor == "link"


@pytest.mark.parametrize("kind", [Format.IN_PERSON, Format.VIDEO, Format.PHONE])
async def test_sessions_of_every_format_can_be_cancelled(
    api: Api, world: World, kind: Format
) -> None:
    place = world.location_id if kind is Format.IN_PERSON else None
    session_id = await world.book(START, format=kind, location_id=place)
    assert (await api.cancel(session_id)).status_code == 200


@pytest.mark.parametrize(
    ("now", "late"),
    [
        (datetime.fromisoformat("2026-12-02T17:00:00-05:00"), False),
        (datetime.fromisoformat("2026-12-02T17:00:00.000001-05:00"), True),
    ],
)
async def test_a_wall_clock_deadline_is_read_in_the_zone_of_the_booking(
    api: Api, world: World, clock: TestClock, now: datetime, *, late: bool
) -> None:
    await world.add_policy({"cancel": {"closes": {"days_before": 1, "at": "17:00"}}})
    session_id = await world.book(START)
    await world.change(Practitioner, world.practitioner_id, time_zone="Asia/Tokyo")
    clock.now = now
    answer = await api.cancel(session_id)
    assert answer.status_code == (409 if late else 200)
