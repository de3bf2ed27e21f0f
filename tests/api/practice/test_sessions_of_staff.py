"""Staff commands on sessions (product.md section 7): policy limits do not apply to staff."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import event

from app.audit.write import OPERATOR
from app.database.transactions import transact
from app.domain.refusals import SlotUnavailableError
from app.domain.session import Format, Status
from app.identity.api_keys.keys import Scope
from app.sessions.commands.book import book as book_session
from app.sessions.commands.booking import Booking
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification
from app.tables.practices import BusyInterval, ServiceFormat
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.world import NOW, Api, TestClock, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
SESSIONS = "/v1/practice/sessions"
WHY = {"note": "Dr. Chen is ill."}
FREE = {"charge_fee": False, "reason": WHY}
CHARGED = {"charge_fee": True, "reason": WHY}
# A fee of 45 dollars within 10,000 minutes of the start; clients cannot cancel online.
STRICT = {
    "cancel": {
        "enabled": False,
        "fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}],
    }
}


def a_booking(world: World, start: datetime = START) -> dict[str, Any]:
    return {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
    }


async def book(staff: Api, world: World, start: datetime = START, **values: Any) -> Response:
    return await staff.post(SESSIONS, a_booking(world, start) | values)


async def act(staff: Api, session_id: UUID | str, what: str, **body: Any) -> Any:
    answer = await staff.post(f"{SESSIONS}/{session_id}/{what}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(staff: Api, session_id: UUID | str, what: str, **body: Any) -> str:
    answer = await staff.post(f"{SESSIONS}/{session_id}/{what}", body)
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["code"])


async def kinds(world: World, recipient: str) -> list[str]:
    rows = await world.rows(Notification, recipient=recipient, status="pending")
    return sorted(row.kind for row in rows)


# Booking


async def test_staff_book_a_free_time(staff: Api, api: Api, world: World) -> None:
    answer = await book(staff, world, external_ref="visit-7")
    assert answer.status_code == 201
    session = answer.json()["session"]
    assert answer.headers["etag"] == '"1"'
    assert session["starts_at"] == "2026-12-03T10:00:00-05:00"
    assert session["client"]["name"] == "Ana Ruiz"
    assert (await api.session(session["id"]))["status"] == "booked"
    found = await staff.get(f"{SESSIONS}/by-ref/visit-7")
    assert found.json() == session
    (change,) = await world.rows(Change, session_id=UUID(session["id"]))
    assert (change.kind, change.actor, change.actor_name) == ("booked", "practice", "Front desk")
    assert await kinds(world, "client") == ["booked", "reminder"]


async def test_neither_notice_step_horizon_nor_limits_bind_staff(staff: Api, world: World) -> None:
    await world.change_practitioner(sessions_per_day=1)
    assert (await book(staff, world, NOW + timedelta(minutes=7))).status_code == 201
    assert (await book(staff, world, NOW + timedelta(hours=2))).status_code == 201
    assert (await book(staff, world, NOW + 200 * DAY + timedelta(hours=1))).status_code == 201


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(START + 2 * DAY, id="a day without hours"),
        pytest.param(START + timedelta(hours=6, minutes=30), id="ends after the hours"),
        pytest.param(START + timedelta(hours=1), id="time off"),
    ],
)
async def test_outside_the_hours_only_with_force(staff: Api, world: World, start: datetime) -> None:
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=START + timedelta(hours=1),
        ends_at=START + timedelta(hours=2),
    )
    answer = await book(staff, world, start)
    assert answer.json()["code"] == "slot-unavailable"
    assert len(answer.json()["alternatives"]) == 3
    assert await world.rows(Session) == []
    assert (await book(staff, world, start, force=True)).status_code == 201


async def test_a_booking_is_checked_before_it_is_inserted(world: World) -> None:
    sent: list[str] = []
    booking = Booking(
        world.client_id, world.practitioner_id, world.service_id, START + 2 * DAY, Format.VIDEO
    )

    def note(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(world.engine.sync_engine, "before_cursor_execute", note)
    try:
        with pytest.raises(SlotUnavailableError):
            await transact(
                world.engine,
                lambda db: book_session(
                    db, world.practice_id, booking, actor=OPERATOR, force=False, now=NOW
                ),
            )
    finally:
        event.remove(world.engine.sync_engine, "before_cursor_execute", note)
    assert any("FOR NO KEY UPDATE" in statement for statement in sent)
    assert [statement for statement in sent if statement.startswith("INSERT")] == []


@pytest.mark.parametrize("force", [False, True])
async def test_never_over_another_session(staff: Api, world: World, force: bool) -> None:  # noqa: FBT001
    """The first session's buffer of ten minutes counts too. The refusal has the nearest slots."""
    await world.book(START)
    other = await world.add_client(name="Ben", email="ben@client.example")
    for minutes, nearest in (
        (0, ["09:00", "11:00", "11:30"]),
        (55, ["11:00", "11:30", "12:00"]),
        (-30, ["09:00", "11:00", "11:30"]),
    ):
        start = START + timedelta(minutes=minutes)
        answer = await book(staff, world, start, client_id=str(other), force=force)
        assert answer.json()["code"] == "slot-unavailable"
        assert [slot["start"][11:16] for slot in answer.json()["alternatives"]] == nearest
    assert len(await world.rows(Session)) == 1
    after = START + timedelta(minutes=60)
    assert (await book(staff, world, after, client_id=str(other), force=force)).status_code == 201


async def test_a_client_is_never_booked_in_two_places(staff: Api, world: World) -> None:
    await world.book(START)
    lee = str(await world.add_practitioner(name="Dr. Lee"))
    answer = await book(staff, world, START, practitioner_id=lee, force=True)
    assert answer.json()["code"] == "slot-unavailable"


async def test_a_package_pays_while_it_has_credits(staff: Api, world: World) -> None:
    package_id = str(await world.add_package(credits=1))
    first = await book(staff, world, package_id=package_id)
    assert first.json()["session"]["package"]["credits_left"] == 0
    second = await book(staff, world, START + DAY, package_id=package_id)
    assert (second.status_code, second.json()["code"]) == (409, "credit-unavailable")
    assert len(await world.rows(Session)) == 1


async def test_an_external_ref_is_used_once(staff: Api, world: World) -> None:
    await book(staff, world, external_ref="visit-7")
    answer = await book(staff, world, START + DAY, external_ref="visit-7")
    assert answer.json()["errors"][0]["pointer"] == "/external_ref"
    assert len(await world.rows(Session)) == 1


async def test_a_booking_is_repeated_by_its_key_not_twice(staff: Api, world: World) -> None:
    body, key = a_booking(world), {"Idempotency-Key": "k"}
    answers = [await staff.post(SESSIONS, body, key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(await world.rows(Session)) == 1


# Cancelling


async def test_staff_cancel_regardless_of_the_policy(staff: Api, api: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    done = await act(staff, session_id, "cancel", **FREE)
    assert (done["fee"], done["session"]["status"]) == (None, "cancelled")
    assert done["session"]["cancellation"]["by"] == "practice"
    assert done["session"]["cancellation"]["reason"]["note"] == WHY["note"]
    shown = await api.session(session_id)
    assert shown["cancellation"]["reason"]["note"] is None, "the note is the practice's own"
    assert await world.rows(Fee) == []
    assert await kinds(world, "client") == ["booked", "cancelled"]
    assert await kinds(world, "practitioner") == ["booked", "cancelled"]


async def test_a_charged_cancellation_costs_what_the_policy_asks(staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    done = await act(staff, session_id, "cancel", **CHARGED)
    assert done["fee"] == {"amount_minor": 4500, "currency": "USD", "decimals": 2}
    assert [fee["status"] for fee in done["session"]["fees"]] == ["due"]
    again = await act(staff, session_id, "cancel", **CHARGED)
    assert again == done
    assert len(await world.rows(Fee)) == 1


async def test_a_session_may_be_cancelled_after_its_start(
    staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START + timedelta(days=1)
    assert (await act(staff, session_id, "cancel", **FREE))["session"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("charge", "status", "left"), [(False, "returned", 6), (True, "forfeited", 5)]
)
async def test_a_credit_is_returned_or_forfeited(
    staff: Api,
    world: World,
    charge: bool,  # noqa: FBT001
    status: str,
    left: int,
) -> None:
    await world.add_policy({"cancel": STRICT["cancel"] | {"late_credit": "forfeited"}})
    session_id = await world.book(START, package_id=await world.add_package())
    done = await act(staff, session_id, "cancel", charge_fee=charge, reason=WHY)
    assert (done["credit"], done["fee"]) == (status, None)
    assert done["session"]["package"]["credits_left"] == left


async def test_staff_commands_check_the_version(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    path = f"{SESSIONS}/{session_id}/cancel"
    answer = await staff.post(path, FREE, {"If-Match": '"7"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")
    assert (await staff.post(path, FREE, {"If-Match": '"1"'})).status_code == 200


# Moving


async def test_a_move_by_staff_does_not_count_for_the_client(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(
        {
            "reschedule": {"limit": 0, "max_days_from_original": 2},
            "free_after_practice_move": None,
        }
    )
    session_id = await world.book(START)
    later = START + 11 * DAY
    done = await act(
        staff, session_id, "reschedule", start=later.isoformat(), format="phone", **FREE
    )
    session = done["session"]
    assert session["starts_at"] == session["booked_starts_at"] == "2026-12-14T10:00:00-05:00"
    assert (session["version"], session["client_moves"]) == (2, 0)
    assert session["format"]["instructions"] == "We call you."
    shown = await api.session(session_id)
    assert shown["actions"]["reschedule"]["refusal"]["code"] == "reschedule-limit-reached"
    (change,) = await world.rows(Change, kind="rescheduled")
    assert (change.actor, change.calendar_sequence) == ("practice", 1)
    assert change.old_starts_at == START
    # The booking had not been told yet: the later mail tells of it.
    assert await kinds(world, "client") == ["reminder", "rescheduled"]


async def test_a_move_by_staff_needs_a_free_time(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await world.book(START + DAY, client_id=await world.add_client(email="ben@client.example"))
    night = {"start": (START + timedelta(hours=10)).isoformat(), "format": "video"}
    taken = {"start": (START + DAY).isoformat(), "format": "video"}
    assert await refused(staff, session_id, "reschedule", **night, **FREE) == "slot-unavailable"
    for force in (False, True):
        found = await refused(staff, session_id, "reschedule", **taken, **FREE, force=force)
        assert found == "slot-unavailable"
    assert (await world.rows(Session, id=session_id))[0].version == 1
    done = await act(staff, session_id, "reschedule", **night, **FREE, force=True)
    assert done["session"]["version"] == 2


async def test_the_same_start_in_another_format_is_a_change_of_format(
    staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await act(staff, session_id, "reschedule", start=START.isoformat(), format="in_person", **FREE)
    (change,) = await world.rows(Change, kind="format_changed")
    assert change.location_id == world.location_id
    body = {"start": START.isoformat(), "format": "in_person", **FREE}
    assert await refused(staff, session_id, "reschedule", **body) == "no-change"


async def test_a_charged_move_costs_the_policys_fee(staff: Api, world: World) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    body = {"start": (START + DAY).isoformat(), "format": "video"}
    done = await act(staff, session_id, "reschedule", **body, **CHARGED)
    assert done["fee"]["amount_minor"] == 4500


async def test_a_move_to_another_sessions_time_is_refused_with_the_nearest_slots(
    staff: Api, world: World
) -> None:
    """The present time in the present format is not one of them."""
    session_id = await world.book(START)
    other = await world.add_client(name="Ben", email="ben@client.example")
    await world.book(START + timedelta(hours=1), client_id=other)
    for minutes, nearest in (
        (60, ["12:00", "09:30", "12:30"]),
        (10, ["09:30", "09:00", "12:00"]),
    ):
        start = START + timedelta(minutes=minutes)
        answer = await staff.reschedule_by_staff(session_id, start, force=True)
        assert answer.json()["code"] == "slot-unavailable"
        assert [slot["start"][11:16] for slot in answer.json()["alternatives"]] == nearest


# Marks


async def test_a_session_took_place(staff: Api, api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = START + timedelta(hours=1)
    done = await act(staff, session_id, "fulfilled")
    assert done["session"]["status"] == "fulfilled"
    assert done["session"]["package"]["credits_left"] == 5
    assert await act(staff, session_id, "fulfilled") == done
    assert (await api.cancel(session_id)).json()["code"] == "session-not-booked"
    assert "fulfilled" not in await kinds(world, "client")
    assert len(await world.rows(Change, kind="fulfilled")) == 1


@pytest.mark.parametrize(("charge", "fee"), [(True, 6000), (False, None)])
async def test_a_client_did_not_come(
    staff: Api,
    world: World,
    clock: TestClock,
    charge: bool,  # noqa: FBT001
    fee: int | None,
) -> None:
    """A fee tier that ends at the start has passed for a missed session."""
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 0}, "percent": "50"}]}}
    )
    session_id = await world.book(START)
    clock.now = START
    done = await act(staff, session_id, "noshow", charge_fee=charge)
    assert done["session"]["status"] == "noshow"
    assert (None if done["fee"] is None else done["fee"]["amount_minor"]) == fee
    assert await act(staff, session_id, "noshow", charge_fee=not charge) == done
    assert len(await world.rows(Fee)) == (0 if fee is None else 1)
    assert "noshow" in await kinds(world, "client")


@pytest.mark.parametrize("ended", ["cancel", "fulfilled", "noshow"])
async def test_an_ended_session_cannot_be_ended_otherwise(
    staff: Api, world: World, ended: str
) -> None:
    session_id = await world.book(START)
    body = {} if ended == "fulfilled" else FREE
    await act(staff, session_id, ended, **body)
    for other in {"cancel", "fulfilled", "noshow"} - {ended}:
        body = {} if other == "fulfilled" else FREE
        assert await refused(staff, session_id, other, **body) == "session-not-booked"
    move = {"start": (START + DAY).isoformat(), "format": "video", **FREE}
    assert await refused(staff, session_id, "reschedule", **move) == "session-not-booked"


# Undoing


@pytest.mark.parametrize("ended", ["cancel", "noshow"])
async def test_undo_voids_the_fee_and_books_again(
    staff: Api, api: Api, world: World, ended: str
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    await act(staff, session_id, ended, **CHARGED)
    done = await act(staff, session_id, "undo", reason=WHY)
    session = done["session"]
    assert (session["status"], session["version"]) == ("booked", 3)
    assert [fee["status"] for fee in session["fees"]] == ["void"]
    (change,) = await world.rows(Change, kind="restored")
    assert change.details["voided_fee"] is True
    assert change.calendar_sequence == (2 if ended == "cancel" else 0)
    assert (await api.session(session_id))["cancellation"] is None
    assert "restored" in await kinds(world, "client")
    assert "reminder" in await kinds(world, "client")


async def test_a_clients_own_cancellation_can_be_undone(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    await act(staff, session_id, "undo", reason=WHY)
    assert (await api.session(session_id))["status"] == "booked"
    assert (await api.cancel(session_id)).json()["session"]["cancellation"]["by"] == "client"


@pytest.mark.parametrize("late_credit", ["returned", "forfeited"])
async def test_undo_takes_the_credit_again(staff: Api, world: World, late_credit: str) -> None:
    await world.add_policy({"cancel": STRICT["cancel"] | {"late_credit": late_credit}})
    session_id = await world.book(START, package_id=await world.add_package(credits=1))
    for _ in range(2):
        done = await act(staff, session_id, "cancel", **CHARGED)
        assert done["credit"] == late_credit
        done = await act(staff, session_id, "undo", reason=WHY)
        assert done["session"]["package"]["credits_left"] == 0
    rows = await world.rows(CreditRedemption)
    assert sum(row.returned_at is None and row.forfeited_at is None for row in rows) == 1


async def test_a_list_shows_the_package_of_an_undone_session_once(
    staff: Api, api: Api, world: World
) -> None:
    package_id = await world.add_package(credits=2)
    session_id = await world.book(START, package_id=package_id)
    await act(staff, session_id, "cancel", **FREE)
    await act(staff, session_id, "undo", reason=WHY)
    (listed,) = (await api.get("/v1/sessions")).json()["items"]
    assert listed["package"] == {"id": str(package_id), "name": "Six follow-ups", "credits_left": 1}


async def test_undo_fails_where_the_credit_is_gone(staff: Api, world: World) -> None:
    package_id = await world.add_package(credits=1)
    session_id = await world.book(START, package_id=package_id)
    await act(staff, session_id, "cancel", **FREE)
    await world.book(START + DAY, package_id=package_id)
    assert await refused(staff, session_id, "undo", reason=WHY) == "credit-unavailable"
    assert (await world.rows(Session, id=session_id))[0].status == Status.CANCELLED


async def test_undo_of_an_expired_packages_credit_works_within_its_grace(
    staff: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(credits=1, expires_at=START - DAY)
    session_id = await world.book(START, package_id=package_id)
    clock.now = START - timedelta(hours=2)
    await act(staff, session_id, "cancel", **FREE)
    done = await act(staff, session_id, "undo", reason=WHY)
    assert done["session"]["package"]["credits_left"] == 0


async def test_undo_fails_where_the_time_is_taken(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await act(staff, session_id, "cancel", **FREE)
    other = await world.add_client(email="ben@client.example")
    await world.book(START, client_id=other)
    answer = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert answer.json()["code"] == "slot-unavailable"
    nearest = [slot["start"][11:16] for slot in answer.json()["alternatives"]]
    assert nearest == ["09:00", "11:00", "11:30"]


async def test_alternatives_are_in_the_practitioners_zone(staff: Api, world: World) -> None:
    """Staff see all times of a session in that zone, whatever the client's zone is."""
    await world.book(START)
    far = await world.add_client(email="mei@client.example", time_zone="Asia/Tokyo")
    moved = await world.book(START + 2 * DAY, client_id=far)
    ended = await world.book(START + DAY, client_id=far)
    await act(staff, ended, "cancel", **FREE)
    other = await world.add_client(email="ben@client.example")
    await world.book(START + DAY, client_id=other)
    for answer in (
        await book(staff, world, client_id=str(far)),
        await staff.reschedule_by_staff(moved, START),
        await staff.post(f"{SESSIONS}/{ended}/undo", {"reason": WHY}),
    ):
        assert answer.json()["code"] == "slot-unavailable"
        offsets = {slot["start"][19:] for slot in answer.json()["alternatives"]}
        assert offsets == {"-05:00"}


async def test_alternatives_have_the_requested_duration(staff: Api, world: World) -> None:
    """Ninety minutes do not fit before the session at 10:00; fifty do."""
    await world.book(START)
    other = await world.add_client(name="Ben", email="ben@client.example")
    answer = await book(staff, world, client_id=str(other), duration_minutes=90)
    slots = [(slot["start"][11:16], slot["end"][11:16]) for slot in answer.json()["alternatives"]]
    assert slots == [("11:00", "12:30"), ("11:30", "13:00"), ("12:00", "13:30")]


async def test_undo_of_a_mistaken_mark_notifies_webhooks_only(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await act(staff, session_id, "fulfilled")
    await act(staff, session_id, "undo", reason=WHY)
    assert "restored" not in await kinds(world, "client")
    await act(staff, session_id, "noshow", charge_fee=False)


async def test_an_undo_that_is_repeated_with_the_old_etag_is_refused_for_its_version(
    staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await act(staff, session_id, "fulfilled")
    path, old = f"{SESSIONS}/{session_id}/undo", {"If-Match": '"2"'}
    assert (await staff.post(path, {"reason": WHY}, old)).status_code == 200
    assert (await staff.post(path, {"reason": WHY}, old)).json()["code"] == "version-mismatch"


async def test_a_booked_session_has_nothing_to_undo(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    assert await refused(staff, session_id, "undo", reason=WHY) == "no-change"


# Lists


async def test_lists_filter_and_page(staff: Api, world: World) -> None:
    ben = await world.add_client(name="Ben", email="ben@client.example")
    ids = [str(await world.book(START + n * DAY)) for n in range(3)]
    bens = str(await world.book(START + timedelta(hours=2), client_id=ben))
    await act(staff, ids[2], "cancel", **FREE)

    async def listed(**query: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = await staff.get(SESSIONS, limit=2, **query)
            assert page.status_code == 200, page.text
            found += [item["id"] for item in page.json()["items"]]
            query["cursor"] = page.json()["next_cursor"]
            if query["cursor"] is None:
                return found

    assert await listed() == [ids[0], bens, ids[1], ids[2]]
    assert await listed(order="latest") == [ids[2], ids[1], bens, ids[0]]
    assert await listed(client=str(ben)) == [bens]
    assert await listed(status="cancelled") == [ids[2]]
    assert await listed(practitioner=str(uuid4())) == []
    since = (START + timedelta(hours=1)).isoformat()
    until = (START + 2 * DAY).isoformat()
    assert await listed(**{"from": since, "to": until}) == [bens, ids[1]]


async def test_a_cursor_is_valid_for_its_own_list_only(staff: Api, world: World) -> None:
    for n in range(3):
        await world.book(START + n * DAY)
    cursor = (await staff.get(SESSIONS, limit=1)).json()["next_cursor"]
    others: list[dict[str, Any]] = [{"order": "latest"}, {"status": "booked"}]
    for query in others:
        answer = await staff.get(SESSIONS, cursor=cursor, **query)
        assert answer.status_code == 422
    assert (await staff.get(SESSIONS, cursor="nonsense")).status_code == 422


# Permissions


@pytest.fixture
async def elsewhere(staff: Api, world: World) -> Api:
    """The software of another practice."""
    other = await World(world.engine, world.settings).build()
    return staff.signed_in(await other.key())


async def test_no_key_reaches_another_practices_sessions(
    staff: Api, elsewhere: Api, world: World
) -> None:
    session_id = str((await book(staff, world, external_ref="visit-7")).json()["session"]["id"])
    unknown = (await elsewhere.get(f"{SESSIONS}/{uuid4()}")).json()
    for path in (f"{SESSIONS}/{session_id}", f"{SESSIONS}/by-ref/visit-7"):
        answer = await elsewhere.get(path)
        assert answer.status_code == 404
        assert answer.json() | {"request_id": ""} == unknown | {"request_id": ""}
    move = {"start": (START + DAY).isoformat(), "format": "video", **FREE}
    commands: dict[str, dict[str, Any]] = {
        "cancel": FREE,
        "reschedule": move,
        "fulfilled": {},
        "noshow": FREE,
        "undo": {"reason": WHY},
    }
    for what, body in commands.items():
        assert await refused(elsewhere, session_id, what, **body) == "not-found"
    assert (await elsewhere.get(SESSIONS)).json()["items"] == []
    theirs = await book(elsewhere, world)
    assert theirs.json()["errors"][0]["pointer"] == "/practitioner_id"
    assert (await world.rows(Session))[0].version == 1


async def test_a_key_reaches_as_far_as_its_scope(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    reader = staff.signed_in(await world.key(Scope.READ))
    assert (await reader.get(SESSIONS)).status_code == 200
    assert (await reader.get(f"{SESSIONS}/{session_id}")).status_code == 200
    assert await refused(reader, session_id, "cancel", **FREE) == "forbidden"
    assert (await book(reader, world, START + DAY)).json()["code"] == "forbidden"
    writer = staff.signed_in(await world.key(Scope.WRITE))
    await act(writer, session_id, "cancel", **FREE)


@pytest.mark.parametrize("token", [None, "nonsense", "rk_" + "0" * 64 + "_" + "a" * 43])
async def test_without_a_good_key_nothing_is_shown(
    staff: Api, world: World, token: str | None
) -> None:
    session_id = await world.book(START)
    nobody = staff.signed_in(token)
    assert (await nobody.get(SESSIONS)).status_code == 401
    assert await refused(nobody, session_id, "cancel", **FREE) == "unauthorized"


async def test_a_clients_token_is_not_a_key_and_a_key_not_a_clients_token(
    staff: Api, api: Api, world: World
) -> None:
    await world.book(START)
    assert (await api.get(SESSIONS)).status_code == 401
    assert (await staff.get("/v1/sessions")).status_code == 401


# Invalid input


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"start": "tomorrow"}, "/start"),
        ({"start": "2026-12-03T15:00:00.5Z"}, "/start"),
        ({"format": "telepathy"}, "/format"),
        ({"client_id": "me"}, "/client_id"),
        ({"force": "yes"}, "/force"),
        ({"external_ref": ""}, "/external_ref"),
        ({"external_ref": "a" * 256}, "/external_ref"),
        ({"external_ref": " a"}, "/external_ref"),
        ({"price": 1}, "/price"),
    ],
)
async def test_an_invalid_booking_names_the_field(
    staff: Api, world: World, values: dict[str, Any], pointer: str
) -> None:
    answer = await staff.post(SESSIONS, a_booking(world) | values)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await world.rows(Session) == []


@pytest.mark.parametrize(
    ("what", "body", "pointer"),
    [
        ("cancel", {"reason": WHY}, "/charge_fee"),
        ("cancel", {"charge_fee": 1, "reason": WHY}, "/charge_fee"),
        ("cancel", {"charge_fee": True}, "/reason"),
        ("noshow", {}, "/charge_fee"),
        ("undo", {"reason": {"note": "  "}}, "/reason/note"),
        ("fulfilled", {"reason": {"note": "\x00"}}, "/reason/note"),
    ],
)
async def test_an_invalid_command_names_the_field(
    staff: Api, world: World, what: str, body: dict[str, Any], pointer: str
) -> None:
    session_id = await world.book(START)
    answer = await staff.post(f"{SESSIONS}/{session_id}/{what}", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await world.rows(Session))[0].version == 1


async def test_the_origin_is_stored_and_can_be_erased(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await act(staff, session_id, "cancel", **FREE)
    (change,) = await world.rows(Change, kind="cancelled")
    (note,) = await world.rows(ChangeNote, change_id=change.id)
    assert (note.note, note.origin) == (WHY["note"], "127.0.0.1")


async def test_in_person_sessions_use_the_services_location(staff: Api, world: World) -> None:
    answer = await book(staff, world, format=Format.IN_PERSON, location_id=str(world.location_id))
    assert answer.json()["session"]["format"]["location"]["name"] == "Harbor Street"


async def test_a_booking_refers_to_active_records_of_the_practice(staff: Api, world: World) -> None:
    elsewhere = str(await world.add_location())
    for field, value in {
        "client_id": str(uuid4()),
        "practitioner_id": str(uuid4()),
        "service_id": str(uuid4()),
        "location_id": elsewhere,
    }.items():
        wanted = a_booking(world) | {"format": "in_person", field: value}
        answer = await staff.post(SESSIONS, wanted)
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert await world.rows(Session) == []


async def test_a_location_is_required_where_there_are_several(staff: Api, world: World) -> None:
    assert (await book(staff, world, format="in_person")).status_code == 201
    other = await world.add_location()
    await world.add(
        ServiceFormat, service_id=world.service_id, format="in_person", location_id=other
    )
    answer = await book(staff, world, START + DAY, format="in_person")
    assert answer.json()["errors"][0]["pointer"] == "/location_id"
