"""`POST /v1/practice/import`: records, hours and policies, line by line (product.md section 7)."""

import tracemalloc
from typing import Any

import asyncpg
import pytest

from app.domain.errors import InvalidInputError, UnauthorizedError
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Holiday, PolicyVersion, Practice, Service, WorkingHours
from app.transfer import commands
from app.transfer.lines import MAX_LINE_BYTES, MAX_LINES, read_lines
from tests.transfer import NDJSON, imported, outcomes, read, send, written
from tests.world import NOW, Api, World

LOCATION = {
    "kind": "location",
    "external_ref": "room-2",
    "name": "Dockside",
    "address": "2 Dock Rd",
}
PRACTITIONER = {
    "kind": "practitioner",
    "external_ref": "staff-7",
    "name": "Dr. Tom Reed",
    "email": "tom@harbor.example",
    "time_zone": "America/Denver",
}
SERVICE = {
    "kind": "service",
    "external_ref": "svc-50",
    "name": "First visit",
    "duration_minutes": 80,
    "price": {"amount_minor": 15000, "currency": "USD"},
    "formats": [
        {"kind": "in_person", "location_ref": "room-2", "instructions": "Please ring."},
        {"kind": "video"},
    ],
}
CLIENT = {
    "kind": "client",
    "external_ref": "crm-1042",
    "name": "Luis Ortega",
    "email": "luis@client.example",
    "time_zone": "Europe/Madrid",
    "locale": "es-ES",
}
PACKAGE = {
    "kind": "package",
    "external_ref": "invoice-88",
    "client_ref": "crm-1042",
    "service_ref": "svc-50",
    "name": "Six visits",
    "credits": 6,
    "expires_at": "2027-06-30T23:59:59-04:00",
}
WEEK = {
    "kind": "working_hours",
    "practitioner_ref": "staff-7",
    "items": [
        {"weekday": 1, "start": "09:00", "end": "17:00", "format": "video"},
        {"weekday": 2, "start": "09:00", "end": "12:00", "location_ref": "room-2"},
    ],
}
OVERRIDE = {
    "kind": "hours_override",
    "practitioner_ref": "staff-7",
    "date": "2026-12-24",
    "intervals": [{"start": "10:00", "end": "12:00"}],
}
TIME_OFF = {
    "kind": "time_off",
    "external_ref": "leave-1",
    "practitioner_ref": "staff-7",
    "starts_at": "2026-12-27T00:00:00Z",
    "ends_at": "2026-12-30T00:00:00Z",
}
BUSY = {
    "kind": "busy_intervals",
    "practitioner_ref": "staff-7",
    "source": "calendar",
    "items": [{"starts_at": "2026-12-03T20:00:00Z", "ends_at": "2026-12-03T21:00:00Z"}],
}
HOLIDAYS = {
    "kind": "holidays",
    "dates": [{"date": "2026-12-25", "name": "Christmas Day"}],
    "closed_weekdays": [7],
}
POLICY = {
    "kind": "policy",
    "service_ref": "svc-50",
    "text": "Please tell us a day ahead.",
    "rules": {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}},
}
PRACTICE = {"kind": "practice", "name": "Harbor Clinic", "currency": "USD"}
EVERYTHING: list[dict[str, Any]] = [
    PRACTICE,
    HOLIDAYS,
    LOCATION,
    PRACTITIONER,
    WEEK,
    OVERRIDE,
    TIME_OFF,
    BUSY,
    SERVICE,
    POLICY,
    CLIENT,
    PACKAGE,
]
# The practice and its holidays exist always, and so do the hours of a practitioner.
FIRST = ["updated", "updated", "created", "created", "updated", *["created"] * 7]


async def test_every_kind_of_record_is_created_and_then_unchanged(staff: Api, world: World) -> None:
    assert await outcomes(staff, EVERYTHING) == FIRST
    trail = len(await world.rows(Change))
    assert await outcomes(staff, EVERYTHING) == ["unchanged"] * len(EVERYTHING)
    assert len(await world.rows(Change)) == trail

    [practice] = await world.rows(Practice)
    assert practice.name == "Harbor Clinic"
    assert practice.email == "hello@harbor.example", "an absent field keeps its value"
    assert [row.name for row in await world.rows(Holiday)] == ["Christmas Day"]
    [service] = await world.rows(Service, external_ref="svc-50")
    shown = (await staff.get(f"/v1/practice/services/{service.id}")).json()
    place = (await staff.get("/v1/practice/locations/by-ref/room-2")).json()["id"]
    assert shown["formats"][0]["location_id"] == place
    package = (await staff.get("/v1/practice/packages/by-ref/invoice-88")).json()
    assert package["service_id"] == str(service.id)
    [policy] = await world.rows(PolicyVersion)
    assert (policy.service_id, policy.number) == (service.id, 1)


async def test_a_result_says_line_kind_reference_and_id(staff: Api) -> None:
    [first, second] = await imported(staff, [LOCATION, LOCATION | {"name": "Quay"}])
    assert first == {
        "line": 1,
        "kind": "location",
        "external_ref": "room-2",
        "result": "created",
        "id": first["id"],
        "problem": None,
    }
    assert second == first | {"line": 2, "result": "updated"}
    assert (await staff.get(f"/v1/practice/locations/{first['id']}")).json()["name"] == "Quay"


async def test_a_line_that_fails_spoils_no_other(staff: Api, world: World) -> None:
    lines = [
        LOCATION,
        "{broken",
        "[]",
        {"external_ref": "a"},
        {"kind": "cat", "external_ref": "a"},
        {"kind": [], "external_ref": "a"},
        {name: value for name, value in CLIENT.items() if name != "external_ref"},
        CLIENT | {"external_ref": " "},
        CLIENT | {"email": "none"},
        CLIENT | {"name": None, "extra": 1},
        {**SERVICE, "formats": [{"kind": "in_person", "location_ref": "nowhere"}]},
        {**SERVICE, "formats": [{"kind": "in_person", "location_ref": 5}]},
        {**SERVICE, "formats": [{"kind": "video", "location_id": str(world.location_id)}]},
        {**SERVICE, "formats": [{"kind": "in_person"}, 7]},
        {**SERVICE, "price": {"amount_minor": 1, "currency": "EUR"}},
        PACKAGE,
        TIME_OFF | {"practitioner_ref": None},
        PRACTICE | {"currency": "EUR"},
        {**POLICY, "service_ref": None, "version": 2},
        CLIENT,
    ]
    assert await outcomes(staff, lines) == [
        "created",
        "validation-failed",
        "validation-failed",
        "validation-failed /kind",
        "validation-failed /kind",
        "validation-failed /kind",
        "validation-failed /external_ref",
        "validation-failed /external_ref",
        "validation-failed /email",
        "validation-failed /name",
        "validation-failed /formats/0/location_ref",
        "validation-failed /formats/0/location_ref",
        "validation-failed /formats/0/location_id",
        "validation-failed /formats/0/location_ref",
        "validation-failed /price/currency",
        "validation-failed /client_ref",
        "validation-failed /practitioner_ref",
        "validation-failed /currency",
        "validation-failed /version",
        "created",
    ]
    assert len(await world.rows(Service)) == 1
    assert len(await world.rows(Client)) == 2


async def test_blank_lines_count_and_are_left_out(staff: Api) -> None:
    body = b"\r\n" + written([LOCATION]) + b"\n" + written([CLIENT]).rstrip()
    answer = await send(staff, body)
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ['{"line":2', '{"line":4']


async def test_a_record_without_a_reference_is_found_by_its_id(staff: Api, world: World) -> None:
    named = CLIENT | {"external_ref": str(world.client_id)}
    assert await outcomes(staff, [named, named]) == ["updated", "unchanged"]
    [client] = await world.rows(Client)
    assert (client.name, client.external_ref) == ("Luis Ortega", None)
    package = PACKAGE | {
        "client_ref": str(world.client_id),
        "service_ref": str(world.service_id),
    }
    assert await outcomes(staff, [package]) == ["created"]


async def test_a_record_of_another_practice_is_not_found(
    staff: Api, world: World, engine: Any, settings: Any
) -> None:
    other = await World(engine, settings).build()
    await other.change(Client, other.client_id, external_ref="theirs")
    found = await outcomes(
        staff,
        [
            PACKAGE | {"client_ref": "theirs", "service_ref": str(world.service_id)},
            PACKAGE | {"client_ref": str(other.client_id), "service_ref": str(world.service_id)},
        ],
    )
    assert found == ["validation-failed /client_ref"] * 2


async def test_versions_of_a_policy_are_added_in_order_and_never_changed(
    staff: Api, world: World
) -> None:
    first = {
        "kind": "policy",
        "version": 1,
        "created_at": "2026-01-05T09:00:00Z",
        "text": "",
        "rules": {},
    }
    second = first | {"version": 2, "text": "None any more.", "rules": None}
    unnumbered = {"kind": "policy", "text": "None any more.", "rules": None}
    lines = [first, second, first, second, first | {"text": "Other"}, unnumbered]
    assert await outcomes(staff, lines) == [
        "created",
        "created",
        "unchanged",
        "unchanged",
        "validation-failed /version",
        "unchanged",
    ]
    assert await outcomes(staff, [unnumbered | {"text": "Again"}]) == ["created"]
    found = {row.number: row for row in await world.rows(PolicyVersion)}
    assert found[1].created_at.isoformat() == "2026-01-05T09:00:00+00:00"
    assert found[3].created_at == NOW


async def test_an_old_version_is_not_compared_with_the_price_of_today(staff: Api) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 0}, "amount_minor": 9_000_000}]}}
    dear = {"kind": "policy", "text": "", "rules": rules}
    lines = [dear, dear | {"version": 1}]
    assert await outcomes(staff, lines) == [
        "validation-failed /rules/cancel/fees/0/amount_minor",
        "created",
    ]


async def test_time_off_of_another_practitioner_keeps_its_reference(
    staff: Api, world: World
) -> None:
    other = TIME_OFF | {"practitioner_ref": str(world.practitioner_id)}
    moved = TIME_OFF | {"ends_at": "2026-12-31T00:00:00Z"}
    assert await outcomes(staff, [PRACTITIONER, TIME_OFF, other, moved]) == [
        "created",
        "created",
        "validation-failed /external_ref",
        "updated",
    ]


async def test_hours_and_busy_times_are_replaced(staff: Api, world: World) -> None:
    less = {**WEEK, "items": []}
    closed = {**OVERRIDE, "intervals": []}
    lines = [LOCATION, PRACTITIONER, WEEK, OVERRIDE, BUSY, less, closed, {**BUSY, "items": []}]
    assert (await outcomes(staff, lines))[4:] == ["created", "updated", "updated", "updated"]
    own = await staff.get("/v1/practice/practitioners/by-ref/staff-7")
    assert await world.rows(WorkingHours, practitioner_id=own.json()["id"]) == []


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", NDJSON, 422),
        (b"\n \n", NDJSON, 422),
        (b"[\n1\n]", NDJSON, 422),
        (b"\xff\xfe", NDJSON, 422),
        (written([CLIENT]), "application/json", 415),
        (written([CLIENT]), "text/plain", 415),
        (written([CLIENT]) * 10_001, NDJSON, 422),
        (written([CLIENT]) + b" " * 16 * 1024 * 1024, NDJSON, 413),
    ],
)
async def test_a_body_that_is_not_ndjson_writes_nothing(
    staff: Api, world: World, body: bytes, media_type: str, status: int
) -> None:
    answer = await send(staff, body, **{"Content-Type": media_type})
    assert answer.status_code == status
    assert len(await world.rows(Client)) == 1


def test_lines_are_counted_before_the_body_is_split() -> None:
    """Splitting 16 MiB of line ends took gigabytes."""
    for line in (b"1\n", b"\n"):
        body = line * 1_000_000
        tracemalloc.start()
        with pytest.raises(InvalidInputError) as refused:
            read_lines(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert refused.value.explanation.key == "field.too-many-lines"
        assert peak < 1_000_000


@pytest.mark.parametrize(("text", "number"), [(b"{}\n" * MAX_LINES, MAX_LINES), (b"{}", 1)])
def test_the_end_of_the_last_line_is_no_further_line(text: bytes, number: int) -> None:
    assert len(read_lines(text)) == number


async def test_a_line_may_be_as_long_as_a_request(staff: Api, world: World) -> None:
    whole = written([LOCATION])[:-1]
    fits = whole + b" " * (MAX_LINE_BYTES - len(whole))
    long = written([CLIENT])[:-1] + b" " * MAX_LINE_BYTES
    body = b"\n".join([long, fits, fits + b" "])
    first, second, third = read(await send(staff, body))
    for failed in (first, third):
        assert (failed["result"], failed["kind"]) == ("failed", None)
        assert failed["problem"]["code"] == "payload-too-large"
    assert (first["line"], second["line"], second["result"]) == (1, 2, "created")
    assert len(await world.rows(Client)) == 1


async def test_a_line_names_at_most_100_wrong_fields(staff: Api) -> None:
    unknown = {f"field-{number}": 1 for number in range(5000)}
    [result] = await imported(staff, [LOCATION | unknown])
    errors = result["problem"]["errors"]
    assert [one["pointer"] for one in errors] == [f"/field-{number}" for number in range(100)]


async def test_other_endpoints_take_no_ndjson(staff: Api) -> None:
    headers = {"Authorization": f"Bearer {staff.token}", "Content-Type": NDJSON}
    answer = await staff.http.post("/v1/practice/clients", content=b"{}", headers=headers)
    assert answer.status_code == 415


async def test_only_an_admin_key_imports(staff: Api, world: World) -> None:
    writer = staff.signed_in(await world.key(Scope.WRITE))
    assert (await send(writer, written([LOCATION]))).status_code == 403
    assert (await send(staff.signed_in("none"), written([LOCATION]))).status_code == 401


async def test_nobody_gets_a_mail_or_a_webhook(staff: Api, world: World) -> None:
    await staff.post("/v1/practice/webhook-endpoints", {"url": "https://canary.example/hooks"})
    await outcomes(staff, EVERYTHING)
    assert await world.rows(Notification) == []


async def test_texts_are_in_the_language_of_the_request(staff: Api) -> None:
    body = written([PACKAGE])
    answer = await send(staff, body, **{"Accept-Language": "de"})
    assert "keine frühere Zeile" in answer.text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnauthorizedError(), "unauthorized"),
        (asyncpg.InterfaceError("the connection is closed"), "service-unavailable"),
        (ConnectionResetError(), "service-unavailable"),
    ],
    ids=["revoked", "closed", "reset"],
)
async def test_each_transaction_has_a_part_of_the_lines(
    staff: Api, world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """After a revoked key, or a lost database, no further transaction is tried."""
    monkeypatch.setattr(commands, "MOST_LINES", 2)
    original = commands.import_part
    parts = []

    async def counted(*given: Any) -> Any:
        parts.append(len(given[2]))
        if len(parts) == 2:
            raise error
        return await original(*given)

    monkeypatch.setattr(commands, "import_part", counted)
    lines = [CLIENT | {"external_ref": f"crm-{number}"} for number in range(5)]
    assert await outcomes(staff, lines) == ["created", "created", *[code] * 3]
    assert parts == [2, 2]
    assert len(await world.rows(Client)) == 3


async def test_a_transaction_ends_after_a_while(
    staff: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others wait for its locks, so it gives them back."""
    monkeypatch.setattr(commands, "LONGEST_SECONDS", -1.0)
    lines = [CLIENT | {"external_ref": f"crm-{number}"} for number in range(3)]
    assert await outcomes(staff, lines) == ["created"] * 3


async def test_a_key_that_is_revoked_at_once_gets_a_problem(
    staff: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def revoked(*_: Any) -> Any:
        raise UnauthorizedError

    monkeypatch.setattr(commands, "import_part", revoked)
    assert (await send(staff, written([CLIENT]))).status_code == 401
