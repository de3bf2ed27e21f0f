"""Invalid values of records are named, and change nothing."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.tables.changes import Change
from app.tables.practices import ServiceFormat
from tests.api.practice.test_records import KINDS, Kind, pointers
from tests.world import Api, World

BY_NAME = {kind.plural: kind for kind in KINDS}
HUGE = 10**30
NO_TEXT: list[Any] = [None, 7, True, [], {}, "", " ", "a\x00b", "\u2060\u3164"]
NO_LINE: list[Any] = [*NO_TEXT, "a\nb", "a\u2028b", "x" * 121]
NO_COUNT: list[Any] = ["7", 1.5, 1.0, True, [], -1, HUGE, -HUGE]
NO_EMAIL: list[Any] = [
    *NO_TEXT,
    "ana",
    "ana@",
    "ana@x",
    "Ana <ana@client.example>",
    "ana@client.example\nBcc: x@y.example",
    "a b@client.example",
    "änä@client.example",
    "a@" + "b" * 60 + "." + "c" * 250 + ".example",
]
NO_ZONE: list[Any] = [*NO_TEXT, "Mars/Phobos", "utc+1", "localtime", "../etc/passwd", "x" * 999]
NO_PHONE: list[Any] = [7, "", " ", "1\x002", "1\n2", "1" * 51]
NO_URL: list[Any] = [
    7,
    "",
    "video",
    "ftp://video.example",
    "javascript:alert(1)",
    "https://",
    "https://video.example/a b",
    "https://video.example/\x00",
    "https://vidéo.example/",
    "https://video.example/" + "x" * 2000,
]
NO_PRICE: list[tuple[Any, str]] = [
    (None, "/price"),
    (120, "/price"),
    ({}, "/price/amount_minor"),
    ({"amount_minor": "1", "currency": "USD"}, "/price/amount_minor"),
    ({"amount_minor": -1, "currency": "USD"}, "/price/amount_minor"),
    ({"amount_minor": 1.5, "currency": "USD"}, "/price/amount_minor"),
    ({"amount_minor": HUGE, "currency": "USD"}, "/price/amount_minor"),
    ({"amount_minor": 1, "currency": "usd"}, "/price/currency"),
    ({"amount_minor": 1, "currency": 7}, "/price/currency"),
    ({"amount_minor": 1, "currency": "EUR"}, "/price/currency"),
    ({"amount_minor": 1, "currency": "USD", "decimals": 0}, "/price/decimals"),
    ({"amount_minor": 1, "currency": "USD", "decimals": "2"}, "/price/decimals"),
    ({"amount_minor": 1, "currency": "USD", "tax": 1}, "/price/tax"),
]
VIDEO = {"kind": "video"}
NO_FORMATS: list[tuple[Any, str]] = [
    (None, "/formats"),
    ([], "/formats"),
    ({}, "/formats"),
    (["video"], "/formats/0"),
    ([{}], "/formats/0/kind"),
    ([{"kind": "telepathy"}], "/formats/0/kind"),
    ([VIDEO, {"kind": "in_person"}], "/formats/1/location_id"),
    ([VIDEO | {"location_id": "$place"}], "/formats/0/location_id"),
    ([VIDEO | {"location_id": "here"}], "/formats/0/location_id"),
    ([VIDEO, {"kind": "in_person", "location_id": str(uuid4())}], "/formats/1/location_id"),
    ([VIDEO, VIDEO | {"instructions": "Again."}], "/formats"),
    ([{"kind": "in_person", "location_id": "$place"}] * 2, "/formats"),
    ([VIDEO | {"instructions": "a\x00b"}], "/formats/0/instructions"),
    ([VIDEO | {"instructions": "x" * 501}], "/formats/0/instructions"),
    ([VIDEO | {"join_url": "x"}], "/formats/0/join_url"),
    ([VIDEO] * 51, "/formats"),
]
NO_REMINDERS: list[tuple[Any, str]] = [
    (None, "/reminder_minutes"),
    (60, "/reminder_minutes"),
    ([0], "/reminder_minutes/0"),
    ([-5], "/reminder_minutes/0"),
    (["60"], "/reminder_minutes/0"),
    ([60.0], "/reminder_minutes/0"),
    ([60, HUGE], "/reminder_minutes/1"),
    ([60, 60], "/reminder_minutes"),
    ([1, 2, 3, 4], "/reminder_minutes"),
]


def each(name: str, values: list[Any]) -> list[tuple[dict[str, Any], str]]:
    return [({name: value}, f"/{name}") for value in values]


COMMON = [
    *each("name", NO_LINE),
    *each("active", [None, "true", 1, 0]),
    *each("id", [str(uuid4())]),
    *each("practice_id", [str(uuid4())]),
]
BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "practitioners": [
        *COMMON,
        # Without a practitioner's address, the practice's is used.
        *each("email", [email for email in NO_EMAIL if email is not None]),
        *each("phone", NO_PHONE),
        *each("time_zone", NO_ZONE),
        *each("video_url", NO_URL),
        *each("sessions_per_day", [0, 101, *NO_COUNT]),
        *each("sessions_per_week", [0, 701, *NO_COUNT]),
    ],
    "locations": [*COMMON, *each("address", [*NO_TEXT, "x" * 501])],
    "services": [
        *COMMON,
        *each("duration_minutes", [None, 0, 1441, *NO_COUNT]),
        *each("buffer_before_minutes", [None, 1441, *NO_COUNT]),
        *each("buffer_after_minutes", [None, 1441, *NO_COUNT]),
        *each("step_minutes", [None, 0, 1441, *NO_COUNT]),
        *each("minimum_notice_minutes", [None, 527_041, *NO_COUNT]),
        *each("horizon_days", [None, 367, *NO_COUNT]),
        *(({"price": value}, pointer) for value, pointer in NO_PRICE),
        *(({"formats": value}, pointer) for value, pointer in NO_FORMATS),
        *(({"reminder_minutes": value}, pointer) for value, pointer in NO_REMINDERS),
    ],
    "clients": [
        *COMMON,
        *each("email", NO_EMAIL),
        *each("phone", NO_PHONE),
        *each("time_zone", NO_ZONE),
        *each("locale", [*NO_TEXT, "english!", "e", "en_US", "en-", "x" * 36]),
        *each("token_generation", [0]),
    ],
    "packages": [
        *COMMON,
        *each("credits", [None, 0, 10_001, *NO_COUNT]),
        *each("expires_at", [7, "", "tomorrow", "2027-01-01", "2027-01-01T00:00:00"]),
        *each("expires_at", ["9999-12-31T23:59:59Z"]),
        *each("credits_left", [3]),
    ],
}
EVERY = pytest.mark.parametrize("plural", list(BAD))


async def untouched(world: World, kind: Kind) -> Any:
    return [await world.rows(table) for table in (kind.table, ServiceFormat, Change)]


@EVERY
@pytest.mark.slow
async def test_invalid_input_is_named_and_changes_nothing(
    subtests: pytest.Subtests, staff: Api, world: World, plural: str
) -> None:
    kind = BY_NAME[plural]
    made = await kind.make(staff, world, external_ref="crm-1")
    before = await untouched(world, kind)
    for bad, pointer in BAD[plural]:
        body = kind.whole(world, **bad)
        alone = {name: body[name] for name in bad}
        with subtests.test(repr(bad)[:80]):
            for answer in (
                await staff.post(kind.path, body),
                await staff.put(f"{kind.path}/by-ref/crm-1", body),
                await staff.put(f"{kind.path}/by-ref/crm-2", body),
                await staff.patch(f"{kind.path}/{made['id']}", alone),
            ):
                assert pointer in pointers(answer)
    assert await untouched(world, kind) == before


@EVERY
async def test_missing_fields_are_named(staff: Api, plural: str) -> None:
    kind = BY_NAME[plural]
    defaults = {"phone", "video_url", "expires_at", "sessions_per_day", "sessions_per_week"}
    defaults |= {"buffer_before_minutes", "buffer_after_minutes", "step_minutes"}
    defaults |= {"minimum_notice_minutes", "horizon_days", "reminder_minutes"}
    defaults |= {"waitlist", "offer_minutes", "nudge_hours_before"}
    if plural == "practitioners":
        defaults |= {"email"}
    expected = [f"/{name}" for name in kind.body if name not in defaults]
    assert pointers(await staff.post(kind.path, {})) == expected
    assert pointers(await staff.put(f"{kind.path}/by-ref/x", {})) == expected


@EVERY
async def test_a_body_that_is_not_an_object_is_refused(
    staff: Api, world: World, plural: str
) -> None:
    kind = BY_NAME[plural]
    made = await kind.make(staff, world)
    bodies: list[Any] = [[], 7, "x", None]
    for body in bodies:
        assert pointers(await staff.post(kind.path, body)) == [""]
        assert pointers(await staff.put(f"{kind.path}/by-ref/x", body)) == [""]
        assert pointers(await staff.patch(f"{kind.path}/{made['id']}", body)) == [""]


async def test_references_are_to_records_of_the_same_practice(staff: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    packages, services = BY_NAME["packages"], BY_NAME["services"]
    for name, strange in (
        ("client_id", elsewhere.client_id),
        ("client_id", uuid4()),
        ("client_id", "x"),
        ("service_id", elsewhere.service_id),
        ("service_id", world.client_id),
    ):
        body = packages.whole(world, **{name: str(strange)})
        assert pointers(await staff.post(packages.path, body)) == [f"/{name}"]
        assert pointers(await staff.put(f"{packages.path}/by-ref/x", body)) == [f"/{name}"]
    place = {"kind": "in_person", "location_id": str(elsewhere.location_id)}
    body = services.whole(world, formats=[VIDEO, place])
    assert pointers(await staff.post(services.path, body)) == ["/formats/1/location_id"]


async def test_unusual_addresses_and_tags_are_accepted(staff: Api, world: World) -> None:
    clients = BY_NAME["clients"]
    for email in ("a+b@client.example", "O'Neil@client.example", "x@bücher.example"):
        assert (await clients.make(staff, world, email=email))["email"] == email
    for locale in ("de", "de-AT", "zh-Hant-TW", "es-419", "sl-rozaj", "en-x-own", "ar-u-nu-latn"):
        assert (await clients.make(staff, world, locale=locale))["locale"] == locale


async def test_blanks_around_a_name_are_cut_off(staff: Api, world: World) -> None:
    made = await BY_NAME["clients"].make(staff, world, name="  Zoë O'Neil-Łuk  ")
    assert made["name"] == "Zoë O'Neil-Łuk"


@EVERY
async def test_a_reference_of_several_lines_is_named(staff: Api, world: World, plural: str) -> None:
    """The reference is not cut at the line break, and the break is not ignored."""
    kind = BY_NAME[plural]
    for ref in ("crm-1%0A", "%0Acrm-1", "crm%0A1"):
        path = f"{kind.path}/by-ref/{ref}"
        assert pointers(await staff.put(path, kind.whole(world))) == ["/external_ref"]
        assert pointers(await staff.get(path)) == ["/external_ref"]


async def test_invalid_filters_are_named(staff: Api) -> None:
    for path, query in [
        ("clients", "email=a%00b"),
        ("clients", f"email={'x' * 255}"),
        ("packages", "client=x"),
        ("packages", "service=7"),
        ("locations", "email=x"),
    ]:
        answer = await staff.get(f"/v1/practice/{path}?{query}")
        assert pointers(answer) == [f"/{query.partition('=')[0]}"]


async def test_an_empty_update_body_is_no_change(staff: Api, world: World) -> None:
    path = f"/v1/practice/clients/{world.client_id}"
    assert (await staff.patch(path, {})).status_code == 200
    assert await world.rows(Change, subject_id=UUID(str(world.client_id))) == []
