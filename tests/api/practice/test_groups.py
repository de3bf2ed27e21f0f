"""Groups for staff: creating, listing and reading them, and booking their seats."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.practices import BusyInterval, Client, Practitioner, Service
from app.tables.sessions import CreditRedemption, Session
from app.tables.taken_times import TakenTime
from tests.groups import add_clients, seats_of
from tests.world import NOW, Api, TestClock, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
GROUPS = "/v1/practice/groups"
SESSIONS = "/v1/practice/sessions"


def a_group(world: World, start: datetime = START, **values: Any) -> dict[str, Any]:
    return {
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
        "seats": 3,
    } | values


async def create(staff: Api, world: World, start: datetime = START, **values: Any) -> Any:
    answer = await staff.post(GROUPS, a_group(world, start, **values))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def take(staff: Api, group_id: str, client_id: UUID, **values: Any) -> Response:
    body = {"group_id": group_id, "client_id": str(client_id)} | values
    return await staff.post(SESSIONS, body)


def pointer(answer: Response) -> str:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return str(error["pointer"])


# Creating


async def test_a_group_takes_its_practitioners_time_while_it_is_empty(
    staff: Api, world: World
) -> None:
    answer = await staff.post(GROUPS, a_group(world, external_ref="class-7"))
    group = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert group.pop("command_id") is not None
    assert group.pop("sessions") == []
    assert group["starts_at"] == "2026-12-03T10:00:00-05:00"
    assert group["ends_at_utc"] == "2026-12-03T15:50:00Z"
    assert (group["seats"], group["seats_taken"], group["seats_left"]) == (3, 0, 3)
    assert (group["min_seats"], group["decide_hours"], group["auto_cancel"]) == (None, None, False)
    assert group["format"]["join_url"] == "https://video.example/maya"
    assert (await staff.get(f"{GROUPS}/{group['id']}")).json() == group
    assert (await staff.get(f"{GROUPS}/by-ref/class-7")).json() == group
    (taken,) = await world.rows(TakenTime)
    assert (taken.group_id, taken.buffer_after_minutes) == (UUID(group["id"]), 10)
    single = await staff.post(
        SESSIONS,
        {
            "client_id": str(world.client_id),
            "practitioner_id": str(world.practitioner_id),
            "service_id": str(world.service_id),
            "start": START.isoformat(),
            "format": "video",
            "force": True,
        },
    )
    assert single.json()["code"] == "slot-unavailable"


async def test_the_trail_tells_who_created_a_group(staff: Api, world: World) -> None:
    group = await create(staff, world, min_seats=2, decide_hours=24)
    listed = (await staff.get("/v1/practice/changes", subject="group")).json()["items"]
    (entry,) = listed
    assert (entry["kind"], entry["subject_id"]) == ("created", group["id"])
    assert entry["by"]["name"] == "Front desk"
    assert entry["details"]["seats"] == 3
    assert entry["details"]["min_seats"] == 2


async def test_a_group_needs_hours_and_no_time_off_unless_it_is_forced(
    staff: Api, world: World
) -> None:
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=START + DAY,
        ends_at=START + DAY + timedelta(hours=1),
    )
    for start in (START + timedelta(hours=8), START + DAY):
        refused = await staff.post(GROUPS, a_group(world, start))
        assert refused.json()["code"] == "slot-unavailable"
        assert len(refused.json()["alternatives"]) == 3
        assert await world.rows(Group) == []
    for start in (START + timedelta(hours=8), START + DAY):
        await create(staff, world, start, force=True)
        await world.change_all(Group, starts_at=NOW - 9 * DAY, ends_at=NOW - 8 * DAY)


@pytest.mark.parametrize("force", [True, False])
async def test_a_group_never_takes_the_time_of_a_session_or_of_a_group(
    staff: Api,
    world: World,
    force: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await world.book(START)
    await create(staff, world, START + timedelta(hours=2))
    for minutes in (0, 59, 61, 171):
        start = START + timedelta(minutes=minutes)
        answer = await staff.post(GROUPS, a_group(world, start, force=force))
        assert answer.json()["code"] == "slot-unavailable", minutes
    await create(staff, world, START + timedelta(minutes=60))
    assert len(await world.rows(Group)) == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"service_id": str(uuid4())}, "/service_id", id="service"),
        pytest.param({"practitioner_id": str(uuid4())}, "/practitioner_id", id="practitioner"),
        pytest.param({"format": "phone", "location_id": str(uuid4())}, "/location_id", id="place"),
        pytest.param({"format": "letter"}, "/format", id="format"),
        pytest.param({"start": "2026-12-03T10:00:00.5-05:00"}, "/start", id="fraction"),
        pytest.param({"start": "2026-12-03T10:00:00"}, "/start", id="no offset"),
        pytest.param({"duration_minutes": 0}, "/duration_minutes", id="no length"),
        pytest.param({"seats": 0}, "/seats", id="no seats"),
        pytest.param({"seats": 101}, "/seats", id="too many seats"),
        pytest.param({"seats": "3"}, "/seats", id="a text"),
        pytest.param({"seats": True}, "/seats", id="a boolean"),
        pytest.param({"seats": None}, "/seats", id="null"),
        pytest.param({"min_seats": 0, "decide_hours": 1}, "/min_seats", id="no minimum"),
        pytest.param({"min_seats": 4, "decide_hours": 1}, "/min_seats", id="above the seats"),
        pytest.param({"min_seats": 2}, "/decide_hours", id="no hours"),
        pytest.param({"min_seats": 2, "decide_hours": 0}, "/decide_hours", id="zero hours"),
        pytest.param({"min_seats": 2, "decide_hours": 8785}, "/decide_hours", id="over a year"),
        pytest.param({"decide_hours": 2}, "/min_seats", id="hours alone"),
        pytest.param({"auto_cancel": True}, "/min_seats", id="auto_cancel alone"),
        pytest.param({"auto_cancel": 1}, "/auto_cancel", id="a number"),
        pytest.param({"external_ref": ""}, "/external_ref", id="empty reference"),
        pytest.param({"clients": []}, "/clients", id="unknown field"),
    ],
)
async def test_bad_input_names_its_field_and_creates_nothing(
    staff: Api, world: World, values: dict[str, Any], field: str
) -> None:
    answer = await staff.post(GROUPS, a_group(world) | values)
    assert pointer(answer) == field
    assert await world.rows(Group) == []
    assert await world.rows(TakenTime) == []


async def test_inactive_records_have_no_new_groups(staff: Api, world: World) -> None:
    await world.change(Service, world.service_id, active=False)
    assert pointer(await staff.post(GROUPS, a_group(world))) == "/service_id"
    await world.change(Practitioner, world.practitioner_id, active=False)
    assert pointer(await staff.post(GROUPS, a_group(world))) == "/practitioner_id"


async def test_a_reference_is_given_once(staff: Api, world: World) -> None:
    group = await create(staff, world, external_ref="class-7")
    answer = await staff.post(GROUPS, a_group(world, START + DAY, external_ref="class-7"))
    assert pointer(answer) == "/external_ref"
    assert answer.json()["errors"][0]["record_id"] == group["id"]


async def test_creating_a_group_again_under_one_key_creates_one(staff: Api, world: World) -> None:
    headers = {"Idempotency-Key": "class-7"}
    first = await staff.post(GROUPS, a_group(world), headers)
    again = await staff.post(GROUPS, a_group(world), headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await world.rows(Group)) == 1


async def test_creating_a_group_needs_the_scope_write(staff: Api, world: World) -> None:
    reader = staff.signed_in(await world.key(Scope.READ))
    assert (await reader.post(GROUPS, a_group(world))).status_code == 403
    assert (await reader.get(GROUPS)).status_code == 200


# Listing


async def test_groups_are_listed_by_start_in_pages_with_filters(staff: Api, world: World) -> None:
    lee = await world.add_practitioner(name="Dr. Lee")
    yoga = await world.add_service(name="Yoga")
    first = await create(staff, world)
    second = await create(staff, world, START + DAY, service_id=str(yoga))
    third = await create(
        staff,
        world,
        START + 4 * DAY,
        practitioner_id=str(lee),
        format="in_person",
    )

    async def listed(**query: Any) -> list[str]:
        found = await staff.get(GROUPS, **query)
        assert found.status_code == 200, found.text
        return [item["id"] for item in found.json()["items"]]

    everything = [first["id"], second["id"], third["id"]]
    assert await listed() == everything
    assert await listed(order="latest") == everything[::-1]
    assert await listed(service=str(yoga)) == [second["id"]]
    assert await listed(practitioner=str(lee)) == [third["id"]]
    assert await listed(location=str(world.location_id)) == [third["id"]]
    assert await listed(status="cancelled") == []
    assert await listed(**{"from": (START + DAY).isoformat()}) == everything[1:]
    assert await listed(to=(START + DAY).isoformat()) == everything[:1]
    page = (await staff.get(GROUPS, limit="2")).json()
    assert [item["id"] for item in page["items"]] == everything[:2]
    assert await listed(limit="2", cursor=page["next_cursor"]) == everything[2:]
    refused = await staff.get(GROUPS, limit="2", cursor=page["next_cursor"], status="cancelled")
    assert pointer(refused) == "/cursor"
    in_tokyo = (await staff.get(GROUPS, time_zone="Asia/Tokyo")).json()["items"][0]
    assert in_tokyo["starts_at"] == "2026-12-04T00:00:00+09:00"


async def test_the_group_of_another_practice_is_unknown(
    staff: Api, world: World, settings: Any
) -> None:
    other = await World(world.engine, settings).build()
    theirs = await create(staff.signed_in(await other.key()), other, external_ref="theirs")
    assert (await staff.get(GROUPS)).json()["items"] == []
    for path in (theirs["id"], "by-ref/theirs", str(uuid4()), "no-id"):
        assert (await staff.get(f"{GROUPS}/{path}")).status_code == 404
    assert pointer(await take(staff, theirs["id"], world.client_id)) == "/group_id"
    mine = await create(staff, world)
    assert pointer(await take(staff, mine["id"], other.client_id)) == "/client_id"
    assert await world.rows(Session) == []
    assert await other.rows(Session) == []


# Seats


async def test_staff_book_the_lowest_free_seat(staff: Api, api: Api, world: World) -> None:
    group = await create(staff, world)
    answer = await take(staff, group["id"], world.client_id, external_ref="seat-1")
    assert answer.status_code == 201, answer.text
    session = answer.json()["session"]
    assert session["group"] == {"id": group["id"], "seats": 3, "seats_left": 2}
    for field in ("starts_at", "ends_at", "format"):
        assert session[field] == group[field]
    assert session["price"]["amount_minor"] == 12000
    assert (await api.session(UUID(session["id"])))["group"] == session["group"]
    shown = (await staff.get(f"{GROUPS}/{group['id']}")).json()
    assert (shown["seats_taken"], shown["seats_left"]) == (1, 2)
    (row,) = await world.rows(Session)
    assert (row.seat, row.buffer_after_minutes) == (1, 10)
    # The group has the only row of taken time.
    assert len(await world.rows(TakenTime)) == 1
    (change,) = await world.rows(Change, kind="booked")
    assert change.session_id == row.id
    sent = await world.rows(Notification, session_id=row.id)
    assert sorted((one.kind, one.recipient) for one in sent) == [
        ("booked", "client"),
        ("booked", "practitioner"),
        ("reminder", "client"),
    ]


async def test_a_seat_has_its_own_price_and_credit(staff: Api, world: World) -> None:
    group = await create(staff, world)
    package_id = await world.add_package()
    price = {"amount_minor": 500, "currency": "USD"}
    answer = await take(
        staff, group["id"], world.client_id, package_id=str(package_id), price=price
    )
    session = answer.json()["session"]
    assert session["price"]["amount_minor"] == 500
    assert session["package"]["credits_left"] == 5
    assert len(await world.rows(CreditRedemption)) == 1


async def test_a_full_group_takes_nobody_and_a_freed_seat_is_taken_again(
    staff: Api, world: World
) -> None:
    group = await create(staff, world)
    people = await add_clients(world, 4)
    seats = [await take(staff, group["id"], client_id) for client_id in people]
    assert [answer.status_code for answer in seats] == [201, 201, 201, 409]
    assert seats[3].json()["code"] == "group-full"
    first = seats[0].json()["session"]["id"]
    free = {"charge_fee": False, "reason": {"note": "Ill."}}
    assert (await staff.post(f"{SESSIONS}/{first}/cancel", free)).status_code == 200
    assert (await take(staff, group["id"], people[3])).status_code == 201
    assert sorted((await seats_of(world, UUID(group["id"]))).values()) == [1, 2, 3]


async def test_nobody_is_in_one_group_twice_or_in_two_places_at_once(
    staff: Api, world: World
) -> None:
    group = await create(staff, world)
    later = await create(staff, world, START + DAY)
    lee = await world.add_practitioner(name="Dr. Lee")
    overlapping = await create(
        staff, world, START + timedelta(minutes=30), practitioner_id=str(lee)
    )
    assert (await take(staff, group["id"], world.client_id)).status_code == 201
    for group_id in (group["id"], overlapping["id"]):
        refused = await take(staff, group_id, world.client_id)
        assert refused.json()["code"] == "slot-unavailable"
    assert [slot["group_id"] for slot in refused.json()["alternatives"]] == []
    again = await take(staff, group["id"], world.client_id)
    assert [slot["group_id"] for slot in again.json()["alternatives"]] == [later["id"]]
    assert len(await world.rows(Session)) == 1


async def test_what_a_booking_says_of_its_group_must_be_true(staff: Api, world: World) -> None:
    group = await create(staff, world)
    true: dict[str, Any] = {
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
        "duration_minutes": 50,
    }
    false = {
        "practitioner_id": str(uuid4()),
        "service_id": str(uuid4()),
        "start": (START + DAY).isoformat(),
        "format": "phone",
        "location_id": str(world.location_id),
        "duration_minutes": 51,
    }
    for field, value in false.items():
        answer = await take(staff, group["id"], world.client_id, **(true | {field: value}))
        assert pointer(answer) == f"/{field}"
    assert await world.rows(Session) == []
    assert (await take(staff, group["id"], world.client_id, **true)).status_code == 201


async def test_without_a_group_a_booking_needs_a_time(staff: Api, world: World) -> None:
    answer = await staff.post(SESSIONS, {"client_id": str(world.client_id)})
    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/practitioner_id", "/service_id", "/start", "/format"]


async def test_a_group_that_is_over_or_cancelled_takes_nobody(
    staff: Api, world: World, clock: TestClock
) -> None:
    group = await create(staff, world)
    clock.now = START + timedelta(minutes=20)
    assert (await take(staff, group["id"], world.client_id)).status_code == 201
    clock.now = START + timedelta(minutes=50)
    (client_id,) = await add_clients(world, 1)
    assert pointer(await take(staff, group["id"], client_id)) == "/group_id"
    clock.now = NOW
    await world.change(Group, UUID(group["id"]), status="cancelled")
    refused = await take(staff, group["id"], client_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "group-cancelled")


async def test_a_booking_of_a_seat_is_checked_like_any_booking(staff: Api, world: World) -> None:
    group = await create(staff, world)
    booked = await take(staff, group["id"], world.client_id, external_ref="seat-1")
    (client_id,) = await add_clients(world, 1)
    refused = await take(staff, group["id"], client_id, external_ref="seat-1")
    assert pointer(refused) == "/external_ref"
    assert refused.json()["errors"][0]["record_id"] == booked.json()["session"]["id"]
    unknown = await take(staff, group["id"], client_id, package_id=str(uuid4()))
    assert unknown.json()["errors"][0]["pointer"] == "/package_id"
    await world.change(Client, client_id, active=False)
    assert pointer(await take(staff, group["id"], client_id)) == "/client_id"
    assert len(await world.rows(Session)) == 1


async def test_the_sessions_of_a_group_are_listed(staff: Api, world: World) -> None:
    group = await create(staff, world)
    people = await add_clients(world, 2)
    for client_id in people:
        await take(staff, group["id"], client_id)
    await world.book(START + DAY)
    listed = (await staff.get(SESSIONS, group=group["id"])).json()["items"]
    assert {item["client"]["id"] for item in listed} == {str(one) for one in people}


# Pushes


async def test_a_seat_is_pushed_by_ref_and_moves_to_another_group(staff: Api, world: World) -> None:
    group = await create(staff, world)
    other = await create(staff, world, START + DAY)
    path, body = f"{SESSIONS}/by-ref/seat-1", {"client_id": str(world.client_id)}
    first = await staff.put(path, body | {"group_id": group["id"]})
    assert first.status_code == 201, first.text
    again = await staff.put(path, body | {"group_id": group["id"]})
    assert again.status_code == 200
    assert again.json()["session"] == first.json()["session"]
    moved = await staff.put(path, body | {"group_id": other["id"]})
    assert moved.status_code == 200, moved.text
    session = moved.json()["session"]
    assert session["id"] == first.json()["session"]["id"]
    assert session["group"]["id"] == other["id"]
    assert session["starts_at"] == other["starts_at"]
    assert await seats_of(world, UUID(group["id"])) == {}


async def test_a_pushed_single_session_does_not_become_a_seat(staff: Api, world: World) -> None:
    group = await create(staff, world)
    path = f"{SESSIONS}/by-ref/visit-1"
    single = a_group(world, START + DAY) | {"client_id": str(world.client_id)}
    del single["seats"]
    assert (await staff.put(path, single)).status_code == 201
    body = {"client_id": str(world.client_id), "group_id": group["id"]}
    assert pointer(await staff.put(path, body)) == "/group_id"
