"""Effects of changing or deactivating a record on clients, sessions and slots."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.audit.write import OPERATOR
from app.domain.errors import CreditUnavailableError, InvalidInputError
from app.domain.session import Format
from app.sessions.commands.book import book
from app.sessions.commands.booking import Booking
from app.tables.changes import Change
from app.tables.practices import Client
from app.tables.sessions import Session
from tests.api.practice.test_records import blocked, pointers
from tests.world import NOW, Api, World, slots

START = NOW + timedelta(days=3)
AROUND = {"from": "2026-12-03", "to": "2026-12-04"}


async def patch(staff: Api, kind: str, record_id: UUID, **body: Any) -> Any:
    answer = await staff.patch(f"/v1/practice/{kind}/{record_id}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(world: World, field: str, **booking: Any) -> None:
    """Try to book, and return the field that is refused."""
    before = await world.rows(Session)
    with pytest.raises(InvalidInputError) as raised:
        await world.book(START + timedelta(days=7), **booking)
    assert (raised.value.pointer, raised.value.where) == (field, "body")
    assert await world.rows(Session) == before


# Clients


async def test_a_new_address_ends_links_and_tokens(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    link = world.link_token(session_id)
    opened = api.signed_in((await api.open_link(link)).json()["access_token"])
    await patch(staff, "clients", world.client_id, email="ana@new.example")
    for caller in (api, opened):
        assert (await caller.get(f"/v1/sessions/{session_id}")).status_code == 401
    assert (await api.open_link(link)).json()["code"] == "link-invalid"
    (client,) = await world.rows(Client, id=world.client_id)
    assert (client.token_generation, client.address_generation) == (1, 1)


async def test_a_pushed_new_address_ends_them_too(staff: Api, world: World) -> None:
    path = "/v1/practice/clients/by-ref/crm-1"
    body = {"name": "Ben", "time_zone": "UTC", "locale": "en", "email": "ben@client.example"}
    ben = (await staff.put(path, body)).json()
    await staff.put(path, body)
    await staff.put(path, body | {"email": "ben@new.example"})
    (client,) = await world.rows(Client, id=UUID(ben["id"]))
    assert (client.token_generation, client.address_generation) == (1, 1)


async def test_a_change_of_case_or_of_other_fields_ends_nothing(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    changed = await patch(
        staff, "clients", world.client_id, email="Ana@client.example", name="Ana R.", phone="1"
    )
    assert changed["email"] == "Ana@client.example"
    assert (await api.get("/v1/me")).json()["client"]["name"] == "Ana R."
    assert (await api.open_link(world.link_token(session_id))).status_code == 200


async def test_the_other_spelling_of_a_domain_is_no_new_address(staff: Api, world: World) -> None:
    path = "/v1/practice/clients/by-ref/crm-1"
    body = {"name": "Ben", "time_zone": "UTC", "locale": "en", "email": "ben@xn--fa-hia.example"}
    made = (await staff.put(path, body)).json()
    assert made["email"] == "ben@faß.example"
    again = await staff.put(path, body | {"email": "Ben@faß.example", "name": "Ben O."})
    assert again.status_code == 200
    # As an earlier version could have stored it.
    await world.change(Client, UUID(made["id"]), email="ben@xn--fa-hia.example")
    assert (await staff.put(path, body)).status_code == 200
    (client,) = await world.rows(Client, id=UUID(made["id"]))
    assert (client.token_generation, client.address_generation) == (0, 0)
    await staff.put(path, body | {"email": "ben@fass.example"})
    (client,) = await world.rows(Client, id=UUID(made["id"]))
    assert (client.token_generation, client.address_generation) == (1, 1)


@pytest.mark.parametrize("stored", ["ben@faß.example", "ben@xn--fa-hia.example"])
async def test_clients_are_found_by_either_spelling_of_a_domain(
    staff: Api, world: World, stored: str
) -> None:
    await world.add_client(name="Ben", email=stored)
    await world.add_client(name="A stranger", email="ben@fass.example")
    for email in ("ben@faß.example", "BEN@xn--fa-hia.example"):
        found = (await staff.get("/v1/practice/clients", email=email)).json()["items"]
        assert [item["name"] for item in found] == ["Ben"]


async def test_the_audit_log_has_no_text_of_a_client(staff: Api, world: World) -> None:
    await patch(
        staff, "clients", world.client_id, email="zanzibar@new.example", name="Zanzibar", phone="9"
    )
    (entry,) = await world.rows(Change, subject="client")
    assert entry.details == {"fields": ["email", "name", "phone"]}
    assert "anzibar" not in str(await world.rows(Change))


async def test_an_inactive_client_is_signed_out_and_cannot_be_booked(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await patch(staff, "clients", world.client_id, active=False)
    assert (await api.get("/v1/me")).status_code == 401
    assert (await api.cancel(session_id)).status_code == 401
    await refused(world, "/client_id")
    await patch(staff, "clients", world.client_id, active=True)
    assert (await api.get("/v1/me")).status_code == 401, "old tokens stay dead"
    await world.book(START + timedelta(days=7))


async def test_an_inactive_clients_sessions_and_links_stay(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    before = await world.rows(Session)
    await patch(staff, "clients", world.client_id, active=False)
    assert await world.rows(Session) == before
    opened = await api.open_link(world.link_token(session_id))
    assert opened.status_code == 200
    holder = api.signed_in(opened.json()["access_token"])
    assert (await holder.cancel(session_id)).status_code == 200


async def test_clients_are_found_by_address_in_any_case(staff: Api, world: World) -> None:
    for email in ("Ben@client.example", "ben@Client.example", "bob@client.example"):
        await world.add_client(name=email, email=email)
    found = (await staff.get("/v1/practice/clients", email="BEN@client.example")).json()["items"]
    assert {item["name"] for item in found} == {"Ben@client.example", "ben@Client.example"}
    for nobody in ("nobody@client.example", "%", "ben"):
        assert (await staff.get("/v1/practice/clients", email=nobody)).json()["items"] == []


# Practitioners


async def test_an_inactive_practitioner_has_no_slots_and_cannot_be_booked(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    before = await api.session(session_id)
    assert slots(await api.availability(session_id, **AROUND))
    await patch(staff, "practitioners", world.practitioner_id, active=False)
    for format_ in ("video", "phone"):
        found = await api.availability(session_id, format=format_, **AROUND)
        assert found["days"] == []
        assert found["empty_reason"]["code"] == "no_working_hours"
        assert found["next_available"] is None
    moved = await api.reschedule(session_id, START + timedelta(hours=1))
    assert (moved.status_code, moved.json()["code"]) == (409, "slot-unavailable")
    assert moved.json()["alternatives"] == []
    await refused(world, "/practitioner_id")
    shown = await api.session(session_id)
    assert {**shown, "actions": None} == {**before, "actions": None}
    assert (await api.cancel(session_id)).status_code == 200


async def test_a_practitioner_who_comes_back_has_slots_again(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    before = slots(await api.availability(session_id, **AROUND))
    for active in (False, True):
        await patch(staff, "practitioners", world.practitioner_id, active=active)
    assert slots(await api.availability(session_id, **AROUND)) == before


async def test_a_new_zone_moves_hours_but_no_session(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    before = await world.rows(Session)
    early = "2026-12-03T03:00:00-05:00"
    assert early not in slots(await api.availability(session_id, **AROUND))
    await patch(staff, "practitioners", world.practitioner_id, time_zone="Europe/Berlin")
    assert early in slots(await api.availability(session_id, **AROUND))
    assert await world.rows(Session) == before


async def test_a_new_limit_applies_at_once_and_changes_no_session(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await world.book(START + timedelta(days=1), client_id=await world.add_client(name="Ben"))
    before = await world.rows(Session)
    assert any("2026-12-04" in slot for slot in slots(await api.availability(session_id, **AROUND)))
    await patch(staff, "practitioners", world.practitioner_id, sessions_per_day=1)
    open_ = slots(await api.availability(session_id, **AROUND))
    assert not any("2026-12-04" in slot for slot in open_)
    assert await world.rows(Session) == before


# Locations and services


async def test_an_inactive_location_is_not_offered(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    await patch(staff, "locations", world.location_id, active=False)
    formats = (await api.session(session_id))["formats"]
    assert {found["kind"] for found in formats} == {"video", "phone"}
    assert pointers(await api.reschedule(session_id, START, format="in_person")) == ["/format"]
    await refused(world, "/format", format=Format.IN_PERSON, location_id=world.location_id)
    await patch(staff, "locations", world.location_id, active=True)
    assert len((await api.session(session_id))["formats"]) == 3


async def test_a_session_at_an_inactive_location_stays_and_has_no_slots_there(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START, format=Format.IN_PERSON, location_id=world.location_id)
    await patch(staff, "locations", world.location_id, active=False)
    shown = await api.session(session_id)
    assert shown["format"]["location"]["name"] == "Harbor Street"
    found = await api.availability(session_id, **AROUND)
    assert (found["format"], found["days"]) == ("in_person", [])
    assert slots(await api.availability(session_id, format="video", **AROUND))
    moved = await api.reschedule(session_id, START + timedelta(hours=1))
    assert moved.status_code == 200


async def test_an_inactive_service_cannot_be_booked_but_its_sessions_move_on(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await patch(staff, "services", world.service_id, active=False)
    await refused(world, "/service_id")
    assert slots(await api.availability(session_id, **AROUND))
    moved = await api.reschedule(session_id, START + timedelta(hours=1))
    assert moved.status_code == 200


async def test_a_changed_service_changes_no_booked_session(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    before = await world.rows(Session)
    await patch(
        staff,
        "services",
        world.service_id,
        duration_minutes=80,
        price={"amount_minor": 1, "currency": "USD"},
        buffer_before_minutes=60,
        buffer_after_minutes=60,
        formats=[{"kind": "phone", "instructions": "Call us."}],
    )
    assert await world.rows(Session) == before
    shown = await api.session(session_id)
    assert shown["price"] == {"amount_minor": 12000, "currency": "USD", "decimals": 2}
    assert shown["ends_at"] == "2026-12-03T10:50:00-05:00"
    assert shown["format"]["kind"] == "video"
    assert [found["kind"] for found in shown["formats"]] == ["phone"]
    (entry,) = await world.rows(Change, subject="service")
    assert entry.details["before"] == {
        "duration_minutes": 50,
        "price": {"amount_minor": 12000, "currency": "USD"},
    }
    assert entry.details["after"] == {
        "duration_minutes": 80,
        "price": {"amount_minor": 1, "currency": "USD"},
    }


async def test_formats_are_replaced_whole_and_their_order_does_not_matter(
    staff: Api, world: World
) -> None:
    path = f"/v1/practice/services/{world.service_id}"
    formats = (await staff.get(path)).json()["formats"]
    again = await staff.patch(path, {"formats": formats[::-1]})
    assert again.json()["formats"] == formats
    assert await world.rows(Change, subject="service") == []
    fewer = await staff.patch(path, {"formats": formats[1:2]})
    assert fewer.json()["formats"] == formats[1:2]
    assert (await staff.get(path)).json() == fewer.json()
    (entry,) = await world.rows(Change, subject="service")
    assert entry.details == {"fields": ["formats"]}


async def test_reminders_are_kept_longest_first(staff: Api, world: World) -> None:
    changed = await patch(staff, "services", world.service_id, reminder_minutes=[60, 2880, 1440])
    assert changed["reminder_minutes"] == [2880, 1440, 60]
    assert (await patch(staff, "services", world.service_id, reminder_minutes=[]))[
        "reminder_minutes"
    ] == []


async def test_a_new_service_has_defaults(staff: Api) -> None:
    body = {
        "name": "Check-in",
        "duration_minutes": 20,
        "price": {"amount_minor": 0, "currency": "USD"},
        "formats": [{"kind": "video"}],
    }
    made = (await staff.post("/v1/practice/services", body)).json()
    expected = {
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "step_minutes": 15,
        "minimum_notice_minutes": 0,
        "horizon_days": 60,
        "reminder_minutes": [1440],
        "formats": [{"kind": "video", "location_id": None, "instructions": None}],
    }
    assert {name: made[name] for name in expected} == expected


# Packages


async def test_credits_left_are_those_not_in_use(staff: Api, world: World) -> None:
    package_id = await world.add_package(credits=3)
    for day in range(2):
        await world.book(START + timedelta(days=day), package_id=package_id)
    path = f"/v1/practice/packages/{package_id}"
    shown = (await staff.get(path)).json()
    assert (shown["credits"], shown["credits_left"]) == (3, 1)
    answer = await staff.patch(path, {"credits": 1})
    assert pointers(answer) == ["/credits"]
    assert (await staff.get(path)).json() == shown
    less = (await staff.patch(path, {"credits": 2})).json()
    assert (less["credits"], less["credits_left"]) == (2, 0)
    (entry,) = await world.rows(Change, subject="package")
    assert entry.details == {
        "fields": ["credits"],
        "before": {"credits": 3},
        "after": {"credits": 2},
    }


async def test_a_package_keeps_client_and_service(staff: Api, world: World) -> None:
    ben = await world.add_client(name="Ben")
    body = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "name": "Six",
        "credits": 6,
    }
    path = "/v1/practice/packages/by-ref/crm-1"
    made = (await staff.put(path, body)).json()
    assert pointers(await staff.put(path, body | {"client_id": str(ben)})) == ["/client_id"]
    other = await world.add_service(name="Other")
    assert pointers(await staff.put(path, body | {"service_id": str(other)})) == ["/service_id"]
    by_id = f"/v1/practice/packages/{made['id']}"
    assert pointers(await staff.patch(by_id, {"client_id": str(ben)})) == ["/client_id"]
    assert (await staff.get(path)).json() == made


async def test_an_inactive_package_pays_for_nothing_new(api: Api, staff: Api, world: World) -> None:
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    changed = await patch(staff, "packages", package_id, active=False)
    assert changed["credits_left"] == 5
    with pytest.raises(CreditUnavailableError):
        await world.book(START + timedelta(days=7), package_id=package_id)
    assert (await api.cancel(session_id)).json()["credit"] == "returned"
    shown = (await staff.get(f"/v1/practice/packages/{package_id}")).json()
    assert shown["credits_left"] == 6


async def test_expiry_is_shown_in_utc_and_in_the_audit_log(staff: Api, world: World) -> None:
    package_id = await world.add_package()
    changed = await patch(staff, "packages", package_id, expires_at="2027-06-30T23:59:59-04:00")
    assert changed["expires_at"] == "2027-07-01T03:59:59Z"
    await patch(staff, "packages", package_id, expires_at="2027-07-01T05:59:59+02:00")
    cleared = await patch(staff, "packages", package_id, expires_at=None)
    assert cleared["expires_at"] is None
    told = [entry.details for entry in await world.rows(Change, subject="package")]
    assert len(told) == 2, "the same instant in another zone is no change"
    assert {
        "fields": ["expires_at"],
        "before": {"expires_at": None},
        "after": {"expires_at": "2027-07-01T03:59:59Z"},
    } in told


async def test_a_grace_period_is_shown_while_it_lasts(api: Api, staff: Api, world: World) -> None:
    package_id = await world.add_package(expires_at=NOW + timedelta(days=2))
    session_id = await world.book(START, package_id=package_id)
    path = f"/v1/practice/packages/{package_id}"
    assert (await staff.get(path)).json()["usable_until"] is None
    await api.cancel(session_id)
    assert (await staff.get(path)).json()["usable_until"] == "2026-12-14T15:00:00Z"
    listed = (await staff.get("/v1/practice/packages")).json()["items"]
    assert [item["usable_until"] for item in listed] == ["2026-12-14T15:00:00Z"]
    staff.clock.now = datetime(2026, 12, 14, 15, 0, tzinfo=UTC)
    assert (await staff.get(path)).json()["usable_until"] is None


async def test_packages_are_found_by_client_and_service(staff: Api, world: World) -> None:
    ben, other = await world.add_client(name="Ben"), await world.add_service(name="Other")
    await world.add_package(name="own")
    await world.add_package(name="bens", client_id=ben)
    await world.add_package(name="others", client_id=ben, service_id=other)
    path = "/v1/practice/packages"

    async def names(**query: Any) -> list[str]:
        found = await staff.get(path, **query)
        return [item["name"] for item in found.json()["items"]]

    assert await names(client=world.client_id) == ["own"]
    assert await names(client=ben) == ["bens", "others"]
    assert await names(client=ben, service=other) == ["others"]
    assert await names(client=uuid4()) == []


async def test_credits_wait_for_a_booking_that_takes_one(staff: Api, world: World) -> None:
    """Otherwise a credit could be removed while a session that it pays for is being booked."""
    package_id = await world.add_package(credits=3)
    await world.book(START, package_id=package_id)
    booking = Booking(
        client_id=world.client_id,
        practitioner_id=world.practitioner_id,
        service_id=world.service_id,
        start=START + timedelta(days=1),
        format=Format.VIDEO,
        package_id=package_id,
    )
    async with world.engine.connect() as db:
        await book(db, world.practice_id, booking, actor=OPERATOR, force=True, now=NOW)
        fewer = staff.patch(f"/v1/practice/packages/{package_id}", {"credits": 1})
        running = await blocked(world, fewer)
        await db.commit()
    assert pointers(await running) == ["/credits"]
