"""`GET /v1/practice/export`: what it writes imports into an empty practice unchanged."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.directory.clients.erased import ERASED_EMAIL
from app.directory.fields import RecordBody
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.practices import Client, Location, Practitioner
from app.tables.sessions import Session
from app.transfer import export
from app.transfer.lines import LineKind
from app.transfer.record_commands import RECORDS
from tests.groups import add_clients, add_group, add_seat
from tests.transfer import EXPORT, empty_practice, exported, imported, of_kind, outcomes
from tests.walls import START, fill
from tests.world import NOW, REASON, Api, World

NOTE = {"note": "Canary note."}
LATE = {"before_minutes": 20_000}
BY_REF = "/v1/practice/sessions/by-ref"
CHARGED = {"reason": NOTE, "charge_fee": True}
FREE = {"reason": NOTE, "charge_fee": False}


async def make_full(staff: Api, world: World) -> None:
    """Fill the practice with a record of each kind, and sessions in every state."""
    theirs = await fill(staff, world)
    api = staff.signed_in(world.token())
    people = f"/v1/practice/practitioners/{world.practitioner_id}"
    place = {"format": "in_person", "location_id": str(world.location_id)}
    await staff.put(f"{people}/hours-overrides/2026-12-24", {"intervals": []})
    await staff.put(
        f"{people}/hours-overrides/2026-12-23",
        {"intervals": [{"start": "10:00", "end": "11:00", "format": "video"}]},
    )
    times = {"starts_at": "2026-12-27T08:00:00Z", "ends_at": "2026-12-28T08:00:00Z"}
    await staff.put(f"{people}/busy-intervals/calendar", {"items": [times]})
    await staff.post(f"{people}/time-off", times)
    await world.add_policy({"cancel": {"closes": {"working_days": 1, "at": "12:00"}}})
    await world.add_policy({"allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]}})
    await world.add_policy({}, service_id=world.service_id)
    await world.add_policy({}, practitioner_id=world.practitioner_id)
    await world.add_client(name="Zoë 🌊", email="zoe@client.example", phone="+44 20 7946 0958")
    seat = {"client_id": str(world.client_id), "group_id": theirs.ids["group_id"]}
    await staff.post("/v1/practice/sessions", seat)
    # Moved late by its client: the move has a fee, or the session carries the cost.
    session_id = theirs.ids["session_id"]
    seen = await api.session(session_id)  # type: ignore[arg-type]
    quote = seen["actions"]["reschedule"]["quote"]
    new = (START + timedelta(hours=2)).isoformat()
    moved = await api.post(
        f"/v1/sessions/{session_id}/reschedule",
        {"start": new, "format": "video", "quote": quote, "reason": REASON},
    )
    assert moved.status_code == 200, moved.text
    hours = {"weekday": 6, "start": "09:00", "end": "24:00", **place}
    await staff.put(f"{people}/working-hours", {"items": [hours, hours | {"start": "08:00"}]})
    for number, action in enumerate(("noshow", "fulfilled", "cancel")):
        made = await world.book(NOW - timedelta(days=2 + number), now=NOW - timedelta(days=20))
        body: dict[str, Any] = {"reason": NOTE}
        if action != "fulfilled":
            body["charge_fee"] = True
        done = await staff.post(f"/v1/practice/sessions/{made}/{action}", body)
        assert done.status_code == 200, done.text


@pytest.mark.slow
async def test_an_export_imports_into_an_empty_practice_unchanged(staff: Api, world: World) -> None:
    await make_full(staff, world)
    lines = await exported(staff)
    assert {line["kind"] for line in lines} == set(LineKind)
    assert {line["status"] for line in of_kind(lines, "session")} == {
        "booked",
        "cancelled",
        "noshow",
        "fulfilled",
    }
    assert any(line["fees"] for line in of_kind(lines, "session"))
    assert any(line["redemption"] for line in of_kind(lines, "session"))
    assert any(line["group_ref"] for line in of_kind(lines, "session"))

    other, theirs = await empty_practice(staff, world)
    results = await imported(theirs, lines)
    assert [one for one in results if one["result"] not in {"created", "updated"}] == []
    assert await exported(theirs) == lines
    assert {result["result"] for result in await imported(theirs, lines)} == {"unchanged"}
    assert len(await other.rows(Session)) == len(of_kind(lines, "session"))


async def test_seats_that_ended_before_their_group_moved_or_was_cancelled_come_along(
    staff: Api, world: World
) -> None:
    """They stay where they were; a missed one keeps its fee."""
    await world.add_policy({"cancel": {"fees": [{"deadline": LATE, "amount_minor": 1000}]}})
    (other,) = await add_clients(world, 1)
    for start, change in ((START, "move"), (START + timedelta(days=14), "cancel")):
        group_id = await add_group(world, start)
        missed = await add_seat(world, group_id)
        held = await add_seat(world, group_id, client_id=other)
        for seat, end in ((missed, "noshow"), (held, "fulfilled")):
            body: dict[str, Any] = {"charge_fee": True} if end == "noshow" else {}
            done = await staff.post(f"/v1/practice/sessions/{seat}/{end}", body)
            assert done.status_code == 200, done.text
        body = {"reason": NOTE}
        if change == "move":
            body |= {"start": (start + timedelta(days=7)).isoformat(), "force": True}
        done = await staff.post(f"/v1/practice/groups/{group_id}/{change}", body)
        assert done.status_code == 200, done.text
    lines = await exported(staff)
    _, theirs = await empty_practice(staff, world)
    results = await imported(theirs, lines)
    assert [one for one in results if one["result"] == "failed"] == []
    assert await exported(theirs) == lines
    assert sum(len(line["fees"]) for line in of_kind(lines, "session")) == 2


@pytest.mark.slow
async def test_an_export_imports_into_its_own_practice_unchanged(staff: Api, world: World) -> None:
    await make_full(staff, world)
    trail = len(await world.rows(Change))
    results = await imported(staff, await exported(staff))
    assert [one for one in results if one["result"] != "unchanged"] == []
    assert len(await world.rows(Change)) == trail


async def test_erased_clients_are_exported_and_imported(staff: Api, world: World) -> None:
    """Their sums, times and statuses move along; they stay erased."""
    package_id = await world.add_package(credits=2)
    await world.add_policy({"cancel": {"fees": [{"deadline": LATE, "amount_minor": 4500}]}})
    for start, paid_by in ((START, None), (START + timedelta(days=1), package_id)):
        made = await world.book(start, package_id=paid_by)
        done = await staff.post(f"/v1/practice/sessions/{made}/cancel", CHARGED)
        assert done.status_code == 200, done.text
    erasing = f"/v1/practice/clients/{world.client_id}/erase"
    assert (await staff.post(erasing, {"reason": NOTE, "force": True})).status_code == 200
    lines = await exported(staff)
    assert len(of_kind(lines, "session")) == 2
    assert {one["result"] for one in await imported(staff, lines)} == {"unchanged"}

    other, theirs = await empty_practice(staff, world)
    results = await imported(theirs, lines)
    assert [one for one in results if one["result"] == "failed"] == []
    assert await exported(theirs) == lines
    (client,) = await other.rows(Client, email=ERASED_EMAIL)
    assert (client.erased_at, client.active) == (NOW, False)
    path = f"/v1/practice/clients/{client.id}"
    refused = await theirs.patch(path, {"active": True})
    assert refused.json()["code"] == "client-erased"
    again = await theirs.post(f"{path}/erase", {"reason": NOTE})
    assert (again.status_code, again.json()["sessions_cancelled"]) == (200, 0)
    session = of_kind(lines, "session")[0]
    booked = session | {"external_ref": "new", "status": "booked", "ended": None, "fees": []}
    booked["redemption"] = None
    assert await outcomes(theirs, [booked]) == ["validation-failed /client_ref"]


async def test_a_push_is_compared_with_the_one_before_the_export(staff: Api, world: World) -> None:
    """Its client has moved the session since; the same push again leaves it where it is."""
    pushed = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    made = await staff.put(f"{BY_REF}/visit-1", pushed)
    session_id = made.json()["session"]["id"]
    own = staff.signed_in(world.token())
    moved = await own.reschedule(session_id, START + timedelta(hours=2))
    assert moved.status_code == 200, moved.text
    lines = await exported(staff)
    other, theirs = await empty_practice(staff, world)
    assert "failed" not in {one["result"] for one in await imported(theirs, lines)}
    assert await exported(theirs) == lines
    row = (await other.rows(Session))[0]
    ids = {"client_id": row.client_id, "practitioner_id": row.practitioner_id}
    there = pushed | {name: str(value) for name, value in ids.items()}
    there["service_id"] = str(row.service_id)
    again = await theirs.put(f"{BY_REF}/visit-1", there)
    assert (again.status_code, again.json()["command_id"]) == (200, None)
    (row,) = await other.rows(Session)
    assert row.starts_at == START + timedelta(hours=2)


async def test_what_an_earlier_end_left_is_not_the_state_of_a_session(
    staff: Api, world: World
) -> None:
    """A charged cancellation that was undone: its fee is void, and the session is booked."""
    session_id = await world.book(START, external_ref="visit-1")
    path = f"/v1/practice/sessions/{session_id}"
    await world.add_policy({"cancel": {"fees": [{"deadline": LATE, "amount_minor": 4500}]}})
    assert (await staff.post(f"{path}/cancel", CHARGED)).status_code == 200
    assert (await staff.post(f"{path}/undo", {"reason": NOTE})).status_code == 200
    lines = await exported(staff)
    other, theirs = await empty_practice(staff, world)
    assert "failed" not in {one["result"] for one in await imported(theirs, lines)}
    entries = await other.rows(Change, subject="session")
    kinds = [row.kind for row in sorted(entries, key=lambda row: row.session_version)]
    assert kinds[-1] != "cancelled"


async def test_an_undo_after_the_import_takes_the_returned_credit_again(
    staff: Api, world: World
) -> None:
    package_id = await world.add_package(credits=1)
    session_id = await world.book(START, package_id=package_id, external_ref="visit-1")
    done = await staff.post(f"/v1/practice/sessions/{session_id}/cancel", FREE)
    assert done.status_code == 200, done.text
    lines = await exported(staff)
    other, theirs = await empty_practice(staff, world)
    assert "failed" not in {one["result"] for one in await imported(theirs, lines)}
    assert await exported(theirs) == lines
    (row,) = await other.rows(Session)
    undone = await theirs.post(f"/v1/practice/sessions/{row.id}/undo", {"reason": NOTE})
    assert undone.json()["session"]["package"]["credits_left"] == 0


async def test_the_line_of_an_erased_client_brings_nothing_else_along(
    staff: Api, world: World
) -> None:
    erased = {
        "kind": "client",
        "external_ref": "gone",
        "name": "Ana Ruiz",
        "email": ERASED_EMAIL,
        "phone": "+44 20 7946 0958",
        "time_zone": "Europe/London",
        "locale": "en-GB",
        "active": True,
    }
    assert await outcomes(staff, [erased]) == ["created"]
    (client,) = await world.rows(Client, external_ref="gone")
    assert (client.name, client.phone, client.active) == ("(erased)", None, False)
    assert (client.time_zone, client.locale) == ("UTC", "en")


async def test_a_line_erases_no_client_who_exists(staff: Api, world: World) -> None:
    await staff.patch(f"/v1/practice/clients/{world.client_id}", {"external_ref": "ana"})
    (line,) = of_kind(await exported(staff), "client")
    erased = line | {"name": "(erased)", "email": ERASED_EMAIL, "active": False}
    assert await outcomes(staff, [erased]) == ["validation-failed /email"]
    (client,) = await world.rows(Client)
    assert (client.email, client.active) == (line["email"], True)


async def test_lines_are_in_the_order_of_the_import_and_by_reference(
    staff: Api, world: World
) -> None:
    for ref in ("b", "a", "B"):
        await world.add(Location, name="Room", address="Here", external_ref=ref)
    lines = await exported(staff)
    kinds = list(LineKind)
    order = [kinds.index(line["kind"]) for line in lines]
    assert order == sorted(order)
    refs = [line["external_ref"] for line in of_kind(lines, "location")]
    assert refs == sorted([str(world.location_id), "B", "a", "b"])


@pytest.mark.parametrize("kind", RECORDS, ids=str)
async def test_a_line_has_every_field_of_a_complete_record(
    staff: Api, world: World, kind: LineKind
) -> None:
    await world.add_package()
    schema: type[RecordBody] = RECORDS[kind][1]
    fields = {name.replace("_id", "_ref") for name in schema.model_fields}
    [line] = of_kind(await exported(staff), kind)
    assert line.keys() == fields | {"kind", "external_ref"}


async def test_keys_links_and_the_trail_are_left_out(staff: Api, world: World) -> None:
    await make_full(staff, world)
    text = (await staff.get(EXPORT)).text
    assert "Canary note" not in text
    assert "canary.example" not in text
    assert str(world.practice_id) not in text


async def test_another_practice_and_another_scope_get_nothing(staff: Api, world: World) -> None:
    other, theirs = await empty_practice(staff, world)
    assert [line["kind"] for line in await exported(theirs)] == ["practice", "holidays"]
    reader = staff.signed_in(await world.key(Scope.WRITE))
    assert (await reader.get(EXPORT)).status_code == 403
    assert (await staff.signed_in(None).get(EXPORT)).status_code == 401
    assert await other.rows(Client) == []


async def test_another_currency_is_refused_line_by_line(staff: Api, world: World) -> None:
    _, theirs = await empty_practice(staff, world, currency="EUR")
    found = await outcomes(theirs, await exported(staff))
    assert found[0] == "validation-failed /currency"
    assert "validation-failed /price/currency" in found


class SlowReader:
    """Asks for an export, and reads no more than the head of the answer."""

    def __init__(self, staff: Api) -> None:
        self._app = staff.http._transport.app  # type: ignore[attr-defined] # noqa: SLF001
        self._token = staff.token
        self._reads, self._goes = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Wait until the answer has begun."""
        self._task = asyncio.create_task(self._call())
        await self._reads.wait()

    async def go_away(self) -> None:
        """Close the connection."""
        assert self._task is not None
        self._goes.set()
        await self._task

    async def _call(self) -> None:
        scope = {
            "type": "http",
            "asgi": {"spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": EXPORT,
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {self._token}".encode())],
        }
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self._goes.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self._reads.set()
            await asyncio.Event().wait()


async def test_exports_leave_connections_to_others(staff: Api, world: World) -> None:
    """One for a practice and two for a process, until their readers have them or go away."""
    (_, second), (_, third) = [await empty_practice(staff, world) for _ in range(2)]
    readers = [SlowReader(staff), SlowReader(second)]
    await readers[0].begin()
    again = await staff.get(EXPORT)
    assert again.headers["retry-after"] == "2"
    assert (again.status_code, again.json()["code"]) == (503, "service-unavailable")
    assert again.json()["detail"] == "Another export of this practice is running."
    await readers[1].begin()
    refused = await third.get(EXPORT)
    assert (refused.status_code, refused.json()["detail"]) == (503, "Too many exports are running.")
    assert (await third.get("/v1/practice/me")).status_code == 200
    await readers[0].go_away()
    for _ in range(2):
        assert (await third.get(EXPORT)).status_code == 200
    assert (await staff.get(EXPORT)).status_code == 200
    await readers[1].go_away()


async def test_an_export_that_fails_leaves_its_place(
    staff: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(export, "read_practice", None)
        assert [(await staff.get(EXPORT)).status_code for _ in range(2)] == [500, 500]
    assert (await staff.get(EXPORT)).status_code == 200


async def test_rows_are_read_in_parts(
    staff: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS", 2)
    for number in range(5):
        await world.add(
            Practitioner, name=f"P{number}", time_zone="UTC", external_ref=f"p{number}-{uuid4()}"
        )
    assert len(of_kind(await exported(staff), "practitioner")) == 6
