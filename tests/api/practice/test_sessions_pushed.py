"""Sessions pushed by the practice's software: `PUT /v1/practice/sessions/by-ref/{ref}`."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import ServiceFormat
from app.tables.sessions import Session
from tests.api.practice.test_records import pointers
from tests.api.practice.test_sessions_of_staff import DAY, FREE, SESSIONS, START, WHY
from tests.api.practice.test_sessions_of_staff import a_booking as a_push
from tests.world import Api, World

HOUR = timedelta(hours=1)
REF = "visit/2026-7"
PATH = f"{SESSIONS}/by-ref/{REF}"
LATER = START + DAY


async def push(
    staff: Api, world: World, headers: dict[str, str] | None = None, /, **values: Any
) -> Response:
    start = values.pop("start", START)
    return await staff.put(PATH, a_push(world, start) | values, headers)


async def pushed(staff: Api, world: World, **values: Any) -> Any:
    answer = await push(staff, world, **values)
    assert answer.is_success, answer.text
    return answer.json()["session"]


async def traces(world: World) -> list[int]:
    """Count what a change leaves behind."""
    return [len(await world.rows(table)) for table in (Change, Notification)]


async def told(world: World, kind: str) -> list[str]:
    return sorted(row.recipient for row in await world.rows(Notification, kind=kind))


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# A new session


async def test_a_push_of_an_unknown_ref_books(staff: Api, world: World) -> None:
    answer = await push(staff, world)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    session = answer.json()["session"]
    assert session["external_ref"] == REF
    assert (await staff.get(PATH)).json() == session
    (change,) = await world.rows(Change, session_id=UUID(session["id"]))
    assert (change.kind, change.actor, change.actor_name) == ("booked", "practice", "Front desk")
    assert await told(world, "booked") == ["client", "practitioner"]


async def test_price_and_duration_are_its_own_where_they_are_given(
    staff: Api, api: Api, world: World
) -> None:
    price = {"amount_minor": 15_000, "currency": "USD", "decimals": 2}
    session = await pushed(staff, world, price=price, duration_minutes=80)
    assert (session["price"], session["service"]["duration_minutes"]) == (price, 80)
    shown = await api.session(UUID(session["id"]))
    (listed,) = (await staff.get(SESSIONS)).json()["items"]
    (own,) = (await api.get("/v1/sessions")).json()["items"]
    for found in (shown, listed, own):
        assert (found["price"], found["service"]["duration_minutes"]) == (price, 80)
        assert found["ends_at_utc"] == "2026-12-03T16:20:00Z"


async def test_a_booking_takes_the_same_values_as_a_push(staff: Api, world: World) -> None:
    values = {
        "price": {"amount_minor": 0, "currency": "USD"},
        "duration_minutes": 20,
        "notify": False,
        "external_ref": REF,
    }
    answer = await staff.post(SESSIONS, a_push(world) | values)
    assert answer.json()["session"]["price"]["amount_minor"] == 0
    assert answer.json()["session"]["service"]["duration_minutes"] == 20
    assert await told(world, "booked") == []


async def test_a_percentage_is_of_the_sessions_own_price(
    staff: Api, api: Api, world: World
) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "percent": "50"}]}}
    )
    price = {"amount_minor": 9000, "currency": "USD", "decimals": 2}
    session = await pushed(staff, world, price=price)
    shown = await api.session(UUID(session["id"]))
    assert shown["actions"]["cancel"]["fee"]["amount_minor"] == 4500


async def test_a_long_session_has_to_fit(staff: Api, world: World) -> None:
    late = START + 6 * HOUR  # an hour before the working day ends
    assert code(await push(staff, world, start=late, duration_minutes=61)) == (
        409,
        "slot-unavailable",
    )
    assert (await push(staff, world, start=late, duration_minutes=60)).status_code == 201


async def test_without_notify_only_webhooks_and_reminders_are_queued(
    staff: Api, world: World
) -> None:
    hooks = {"url": "https://practice.example/hooks"}
    assert (await staff.post("/v1/practice/webhook-endpoints", hooks)).status_code == 201
    await push(staff, world, notify=False)
    assert sorted(row.kind for row in await world.rows(Notification)) == [
        "reminder",
        "session.booked",
    ]
    await push(staff, world, notify=False, start=LATER)
    waiting = await world.rows(Notification, status="pending")
    assert sorted(row.kind for row in waiting) == [
        "reminder",
        "session.booked",
        "session.rescheduled",
    ]
    assert {row.starts_at for row in waiting if row.kind == "reminder"} == {LATER}
    await push(staff, world)
    assert await told(world, "rescheduled") == ["client", "practitioner"]


# A repeated push


async def test_a_repeated_push_changes_nothing(staff: Api, world: World) -> None:
    first = await pushed(staff, world)
    before = await traces(world)
    rows = await world.rows(Session)
    repeats: list[dict[str, Any]] = [{}, {"notify": False}, {"force": True}]
    for values in repeats:
        answer = await push(staff, world, **values)
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert answer.json() == {
            "session": first,
            "fee": None,
            "credit": None,
            "command_id": None,
            "sessions": None,
        }
    assert (await traces(world), await world.rows(Session)) == (before, rows)


async def test_a_repeated_push_keeps_the_clients_change(staff: Api, api: Api, world: World) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    assert (await api.reschedule(session_id, LATER)).status_code == 200
    before = await traces(world)
    again = await push(staff, world, force=True)
    assert again.json()["session"]["starts_at_utc"] == "2026-12-04T15:00:00Z"
    assert (await api.cancel(session_id)).status_code == 200
    assert (await push(staff, world)).json()["session"]["status"] == "cancelled"
    # The only change is the client's cancellation.
    assert (await traces(world))[0] == before[0] + 1


@pytest.mark.parametrize("end", ["cancel", "fulfilled", "noshow"])
async def test_a_repeated_push_keeps_an_ended_session(staff: Api, world: World, end: str) -> None:
    session = await pushed(staff, world)
    body = {"cancel": FREE, "noshow": {"charge_fee": False}}.get(end, {})
    done = await staff.post(f"{SESSIONS}/{session['id']}/{end}", body)
    before = await traces(world)
    again = await push(staff, world)
    assert (again.status_code, again.json()["session"]) == (200, done.json()["session"])
    assert await traces(world) == before


async def test_a_move_by_staff_stays_until_a_push_differs(staff: Api, world: World) -> None:
    session = await pushed(staff, world)
    await staff.reschedule_by_staff(session["id"], LATER)
    assert (await pushed(staff, world))["starts_at_utc"] == "2026-12-04T15:00:00Z"
    moved = await pushed(staff, world, start=LATER + DAY, force=True)
    assert moved["starts_at_utc"] == "2026-12-05T15:00:00Z"


async def test_fields_left_out_of_a_later_push_stay(staff: Api, api: Api, world: World) -> None:
    package_id = str(await world.add_package())
    price = {"amount_minor": 15_000, "currency": "USD", "decimals": 2}
    own = {"price": price, "duration_minutes": 80, "package_id": package_id}
    first = await pushed(staff, world, **own)
    await api.reschedule(UUID(first["id"]), LATER)
    before = await traces(world)
    again = await pushed(staff, world)
    assert (again["price"], again["package"]["id"]) == (price, package_id)
    assert (again["ends_at_utc"], again["version"]) == ("2026-12-04T16:20:00Z", 2)
    assert await traces(world) == before


async def test_a_session_booked_with_the_ref_is_updated_by_a_push(staff: Api, world: World) -> None:
    body = a_push(world) | {"external_ref": REF}
    session = (await staff.post(SESSIONS, body)).json()["session"]
    assert (await push(staff, world)).json()["session"] == session
    assert (await pushed(staff, world, start=LATER))["id"] == session["id"]


async def test_a_session_without_a_stored_push_is_compared_with_its_own_values(
    staff: Api, api: Api, world: World
) -> None:
    session_id = await world.book(START, external_ref=REF)
    await world.change(Session, session_id, pushed=None)
    await api.reschedule(session_id, LATER)
    assert code(await push(staff, world)) == (409, "session-changed")
    assert (await push(staff, world, start=LATER)).headers["etag"] == '"2"'
    assert (await pushed(staff, world, start=LATER + HOUR))["version"] == 3


# A changed push


async def test_a_new_start_moves_the_session_as_staff_do(
    staff: Api, api: Api, world: World
) -> None:
    first = await pushed(staff, world)
    answer = await push(staff, world, start=LATER, format="phone")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    session = answer.json()["session"]
    assert (session["id"], session["starts_at_utc"]) == (first["id"], "2026-12-04T15:00:00Z")
    assert (session["format"]["kind"], session["client_moves"]) == ("phone", 0)
    assert session["booked_starts_at"] == session["starts_at"]
    (change,) = await world.rows(Change, session_id=UUID(first["id"]), session_version=2)
    assert (change.kind, change.actor, change.fee_minor) == ("rescheduled", "practice", None)
    assert await told(world, "rescheduled") == ["client", "practitioner"]
    (pending,) = await world.rows(Notification, kind="reminder", status="pending")
    assert pending.starts_at == LATER
    (entry, *_) = (await api.get(f"/v1/sessions/{first['id']}/changes")).json()["items"][-1:]
    assert (entry["kind"], entry["by"], entry["reason"]) == ("rescheduled", "practice", None)


async def test_a_new_format_is_a_change_of_format(staff: Api, world: World) -> None:
    first = await pushed(staff, world)
    place = {"format": "in_person", "location_id": str(world.location_id)}
    session = await pushed(staff, world, **place)
    assert session["format"]["location"]["id"] == str(world.location_id)
    assert await world.rows(Change, session_id=UUID(first["id"]), kind="format_changed")


async def test_a_location_that_is_left_out_stays(staff: Api, world: World) -> None:
    second = await world.add_location()
    await world.add(
        ServiceFormat, service_id=world.service_id, format="in_person", location_id=second
    )
    first = await pushed(staff, world, format="in_person", location_id=str(second))
    moved = await pushed(staff, world, format="in_person", start=LATER)
    assert moved["format"]["location"] == first["format"]["location"]
    # The comparison includes fields that the previous push left out.
    again = await pushed(staff, world, format="in_person", location_id=str(second), start=LATER)
    assert again["version"] == moved["version"] == 2


async def test_a_new_duration_moves_the_end(staff: Api, world: World) -> None:
    first = await pushed(staff, world)
    other = await world.add_client(email="ben@client.example")
    await world.book(START + 2 * HOUR, client_id=other)
    assert code(await push(staff, world, duration_minutes=111)) == (409, "slot-unavailable")
    session = await pushed(staff, world, duration_minutes=110)
    assert (session["starts_at"], session["version"]) == (first["starts_at"], 2)
    assert session["ends_at_utc"] == "2026-12-03T16:50:00Z"
    assert await world.rows(Change, session_id=UUID(first["id"]), kind="rescheduled")


async def test_a_new_time_has_to_be_free(staff: Api, world: World) -> None:
    await pushed(staff, world)
    answer = await push(staff, world, start=START + 2 * DAY)
    assert code(answer) == (409, "slot-unavailable")
    assert len(answer.json()["alternatives"]) == 3
    assert (await push(staff, world, start=START + 2 * DAY, force=True)).status_code == 200


async def test_a_clients_change_is_not_overwritten_by_accident(
    staff: Api, api: Api, world: World
) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    await api.reschedule(session_id, LATER)
    before = await traces(world), await world.rows(Session)
    for headers in (None, {"If-Match": "*"}):
        answer = await push(staff, world, headers, start=START + HOUR)
        assert code(answer) == (409, "session-changed")
        assert answer.json()["session_id"] == str(session_id)
    stale = await push(staff, world, {"If-Match": '"1"'}, start=START + HOUR)
    assert code(stale) == (412, "version-mismatch")
    assert (await traces(world), await world.rows(Session)) == before


@pytest.mark.parametrize("how", ["If-Match", "force"])
async def test_a_clients_change_is_overwritten_on_request(
    staff: Api, api: Api, world: World, how: str
) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    await api.reschedule(session_id, LATER, format="phone")
    headers = {"If-Match": '"2"'} if how == "If-Match" else None
    answer = await push(staff, world, headers, start=START + HOUR, force=how == "force")
    session = answer.json()["session"]
    assert (session["starts_at_utc"], session["version"]) == ("2026-12-03T16:00:00Z", 3)
    assert session["format"]["kind"] == "video"
    # From here on, the client has no change that could be overwritten.
    assert (await pushed(staff, world, start=START + DAY))["version"] == 4


async def test_after_a_change_by_staff_nothing_is_overwritten(
    staff: Api, api: Api, world: World
) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    await api.reschedule(session_id, LATER)
    await staff.reschedule_by_staff(session_id, START)
    assert (await push(staff, world, start=START + HOUR)).status_code == 200


async def test_a_push_equal_to_the_clients_change_accepts_it(
    staff: Api, api: Api, world: World
) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    await api.reschedule(session_id, LATER)
    before = await traces(world)
    answer = await push(staff, world, start=LATER)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert await traces(world) == before
    assert (await pushed(staff, world, start=LATER + HOUR))["version"] == 3


async def test_an_ended_session_is_not_moved(staff: Api, api: Api, world: World) -> None:
    session_id = UUID((await pushed(staff, world))["id"])
    await api.cancel(session_id)
    for headers, force in ((None, False), ({"If-Match": '"2"'}, True)):
        answer = await push(staff, world, headers, start=LATER, force=force)
        assert code(answer) == (409, "session-not-booked")
        assert answer.json()["session_id"] == str(session_id)
    undone = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert undone.status_code == 200
    assert (await push(staff, world, start=LATER)).status_code == 200


async def test_fixed_fields_of_a_session_cannot_be_pushed(staff: Api, world: World) -> None:
    await pushed(staff, world, package_id=str(await world.add_package()))
    before = await traces(world), await world.rows(Session)
    others: dict[str, Any] = {
        "client_id": str(await world.add_client()),
        "practitioner_id": str(await world.add_practitioner()),
        "service_id": str(await world.add_service()),
        "package_id": str(await world.add_package()),
        "price": {"amount_minor": 1, "currency": "USD"},
    }
    for field, value in others.items():
        for start in (START, LATER):
            answer = await push(staff, world, force=True, start=start, **{field: value})
            assert pointers(answer) == [f"/{field}"]
    assert (await traces(world), await world.rows(Session)) == before


# Refusals and permissions


BAD: list[tuple[dict[str, Any], str]] = [
    ({"external_ref": "another"}, "/external_ref"),
    ({"duration_minutes": 0}, "/duration_minutes"),
    ({"duration_minutes": 1441}, "/duration_minutes"),
    ({"duration_minutes": "50"}, "/duration_minutes"),
    ({"price": {"amount_minor": -1, "currency": "USD"}}, "/price/amount_minor"),
    ({"price": {"amount_minor": 1, "currency": "EUR"}}, "/price/currency"),
    ({"price": 12}, "/price"),
    ({"notify": "no"}, "/notify"),
    ({"client_id": str(uuid4())}, "/client_id"),
    ({"location_id": str(uuid4()), "format": "in_person"}, "/location_id"),
    ({"start": START + timedelta(microseconds=1)}, "/start"),
]


async def test_invalid_input_is_named_and_books_nothing(staff: Api, world: World) -> None:
    for values, pointer in BAD:
        assert pointers(await push(staff, world, **values)) == [pointer], values
    assert await world.rows(Session) == []


async def test_if_match_never_books(staff: Api, world: World) -> None:
    for etag in ("*", '"1"'):
        answer = await push(staff, world, {"If-Match": etag})
        assert code(answer) == (412, "version-mismatch")
    assert await world.rows(Session) == []


async def test_a_key_replays_the_first_response(staff: Api, world: World) -> None:
    key = {"Idempotency-Key": "k"}
    answers = [await push(staff, world, key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert code(await push(staff, world, key, start=LATER)) == (422, "idempotency-key-reused")


async def test_pushing_needs_write(api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert code(await push(reader, world)) == (403, "forbidden")
    assert code(await push(api, world)) == (401, "unauthorized")
    assert await world.rows(Session) == []


async def test_references_are_per_practice(staff: Api, api: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    others = api.signed_in(await elsewhere.key())
    own = await pushed(staff, world)
    theirs = await pushed(others, elsewhere)
    assert theirs["id"] != own["id"]
    assert pointers(await push(others, world)) == ["/client_id"]
    assert (await pushed(others, elsewhere, start=LATER))["version"] == 2
    assert (await staff.get(PATH)).json() == own
