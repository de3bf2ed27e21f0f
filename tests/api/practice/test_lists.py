"""Lists by a part of the name, and sessions by their location."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.domain.session import Format
from app.tables.practices import Client
from tests.api.practice.test_records import pointers
from tests.described import parameters_of
from tests.world import NOW, Api, World

CLIENTS = "/v1/practice/clients"
START = NOW + timedelta(days=3)
PEOPLE = (
    "Ana Ruiz",
    "Jelena Đorđević",
    "Zoë Großmann",
    "Mia 100%",
    "Lars_Ærø",
    "Łukasz Żuk",
    "Мария",
)


async def names(staff: Api, part: str, **query: Any) -> list[str]:
    answer = await staff.get(CLIENTS, name=part, **query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


@pytest.fixture
async def people(world: World) -> None:
    for name in PEOPLE[1:]:
        await world.add_client(name=name)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("ruiz", ["Ana Ruiz"]),
        ("NA R", ["Ana Ruiz"]),
        ("Rúïz", ["Ana Ruiz"]),
        ("dordevic", ["Jelena Đorđević"]),
        ("ĐORĐEVIĆ", ["Jelena Đorđević"]),
        ("zoe gross", ["Zoë Großmann"]),
        ("Zoe\u0308", ["Zoë Großmann"]),
        ("aero", ["Lars_Ærø"]),
        ("lukasz zuk", ["Łukasz Żuk"]),
        ("мари", ["Мария"]),
        ("  ruiz ", ["Ana Ruiz"]),
        ("%", ["Mia 100%"]),
        ("_", ["Lars_Ærø"]),
        ("\\", []),
        ("'", []),
        ("nobody", []),
    ],
)
async def test_clients_are_found_by_a_part_of_the_name(
    staff: Api, part: str, found: list[str]
) -> None:
    assert await names(staff, part) == found


async def test_a_cursor_tells_no_name(staff: Api, world: World) -> None:
    """Addresses are logged. The page after a record begins where its name is by then."""
    ids = {name: await world.add_client(name=name) for name in ("Ben", "Carl", "Dora", "Eve")}
    page = (await staff.get(CLIENTS, limit=2)).json()
    assert [item["name"] for item in page["items"]] == ["Ana Ruiz", "Ben"]
    payload = page["next_cursor"].partition(".")[0]
    told = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert told[1:] == [ids["Ben"].hex]
    query = {"limit": 2, "cursor": page["next_cursor"]}
    for new, found in (("Ben", ["Carl", "Dora"]), ("Cora", ["Dora", "Eve"])):
        await staff.patch(f"{CLIENTS}/{ids['Ben']}", {"name": new})
        page = (await staff.get(CLIENTS, **query)).json()
        assert [item["name"] for item in page["items"]] == found


async def test_a_part_of_the_name_combines_with_other_filters_and_pages(
    staff: Api, world: World
) -> None:
    for number in range(4):
        await world.add_client(name=f"Ben {number}", email=f"ben{number}@client.example")
    await world.add_client(name="Ben 9", active=False)
    assert await names(staff, "ben", email="ben2@client.example") == ["Ben 2"]
    assert await names(staff, "ben", active="false") == ["Ben 9"]
    seen: list[str] = []
    query: dict[str, Any] = {"name": "BEN", "limit": 2}
    while True:
        page = (await staff.get(CLIENTS, **query)).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ["Ben 0", "Ben 1", "Ben 2", "Ben 3", "Ben 9"]
    other = await staff.get(CLIENTS, name="ana", cursor=query["cursor"])
    assert other.status_code == 422


async def test_every_list_of_records_has_the_filter(staff: Api, world: World) -> None:
    await world.add_practitioner(name="Dr. Lee")
    await world.add_location()
    await world.add_service(name="Massage")
    for _ in range(2):
        await world.add_package()
    await world.add_package(name="Ten massages")
    for kind, part in (
        ("practitioners", "lee"),
        ("locations", "mill"),
        ("services", "mass"),
        ("packages", "ten"),
    ):
        (found,) = (await staff.get(f"/v1/practice/{kind}", name=part)).json()["items"]
        assert part in found["name"].lower()


async def test_an_unusable_part_of_a_name_is_refused(staff: Api) -> None:
    for part in ("", "   ", "\u0301", " \u0301 ", "a\x00", "x" * 121):
        assert pointers(await staff.get(CLIENTS, name=part)) == ["/name"]


async def test_each_practice_finds_only_its_own_records(api: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    await elsewhere.change_all(Client, name="Zanzibar")
    staff = api.signed_in(await world.key())
    assert await names(staff, "zanzibar") == []


async def test_sessions_are_listed_by_their_location(staff: Api, world: World) -> None:
    second = await world.add_location()
    here = await world.book(START, format=Format.IN_PERSON, location_id=world.location_id)
    await world.book(START + timedelta(days=1))
    path = "/v1/practice/sessions"

    async def at(location: object, **query: Any) -> list[str]:
        answer = await staff.get(path, location=str(location), **query)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await at(world.location_id) == [str(here)]
    assert await at(world.location_id, status="cancelled") == []
    # A location without sessions, and an unknown location.
    assert await at(second) == await at(uuid4()) == []
    elsewhere = await World(world.engine, world.settings).build()
    await elsewhere.book(START, format=Format.IN_PERSON, location_id=elsewhere.location_id)
    assert await at(elsewhere.location_id) == []
    assert pointers(await staff.get(path, location="x")) == ["/location"]


VALUES = {"uuid": str(uuid4()), "date-time": "2026-12-03T15:00:00Z", "date": "2026-12-03"}


def filters_of(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, str]:
    """Give a value for each query parameter of a list, valid by its schema."""
    found = {}
    for parameter in parameters_of(operation):
        if parameter["in"] != "query" or parameter["name"] in {"cursor", "limit"}:
            continue
        schema = parameter["schema"]
        schema = (schema.get("anyOf") or [schema])[0]
        schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        if parameter["name"] == "time_zone":
            found["time_zone"] = "Europe/Paris"
        elif "enum" in schema or "const" in schema:
            found[parameter["name"]] = schema["enum"][0] if "enum" in schema else schema["const"]
        elif schema["type"] == "boolean":
            found[parameter["name"]] = "true"
        else:
            found[parameter["name"]] = VALUES.get(schema.get("format", ""), "cancelled")
    return found


@pytest.mark.slow
async def test_every_list_supports_each_described_filter(
    staff: Api, world: World, subtests: pytest.Subtests
) -> None:
    """A filter that the query does not support would cause a 500."""
    described = (await staff.get("/openapi.json")).json()
    lists = 0
    for path, operations in described["paths"].items():
        operation = operations.get("get", {})
        names = {parameter["name"] for parameter in parameters_of(operation)}
        if not path.startswith("/v1/practice/") or "cursor" not in names:
            continue
        lists += 1
        for name, value in filters_of(operation, described["components"]["schemas"]).items():
            with subtests.test(f"{path} {name}"):
                own = path.replace("{practitioner_id}", str(world.practitioner_id))
                answer = await staff.get(own, None, **{name: value})
                assert answer.status_code == 200, answer.text
    assert lists >= 12
