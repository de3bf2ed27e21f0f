"""A practice's records: rules that apply to every kind (product.md section 7)."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import insert, text

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.practices import Client, Location, Package, Practitioner, Service
from tests.citus import given_cluster
from tests.world import NOW, Api, World

RECORDS = "/v1/practice"


@dataclass(frozen=True)
class Kind:
    """One kind of record: its path, a whole body, and one field that can change."""

    plural: str
    subject: str
    table: Any
    body: dict[str, Any]
    other: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{RECORDS}/{self.plural}"

    def whole(self, world: World, **more: Any) -> dict[str, Any]:
        """Fill in the ids of the test's world."""
        ids = {"client": world.client_id, "service": world.service_id, "place": world.location_id}
        return {name: _filled(value, ids) for name, value in (self.body | more).items()}

    async def make(self, staff: Api, world: World, **more: Any) -> Any:
        answer = await staff.post(self.path, self.whole(world, **more))
        assert answer.status_code == 201, answer.text
        return answer.json()


def _filled(value: Any, ids: dict[str, UUID]) -> Any:
    if isinstance(value, list):
        return [_filled(part, ids) for part in value]
    if isinstance(value, dict):
        return {name: _filled(part, ids) for name, part in value.items()}
    return str(ids[value[1:]]) if isinstance(value, str) and value.startswith("$") else value


KINDS = [
    Kind(
        "practitioners",
        "practitioner",
        Practitioner,
        {
            "name": "Dr. Tom Reed",
            "email": "tom@harbor.example",
            "phone": "+1 212 555 0111",
            "time_zone": "America/Denver",
            "video_url": "https://video.example/tom",
            "sessions_per_day": 6,
            "sessions_per_week": None,
        },
        {"sessions_per_day": None},
    ),
    Kind(
        "locations",
        "location",
        Location,
        {"name": "Dockside", "address": "2 Dock Road\nDenver, CO 80202"},
        {"address": "3 Dock Road"},
    ),
    Kind(
        "services",
        "service",
        Service,
        {
            "name": "Massage",
            "duration_minutes": 60,
            "buffer_before_minutes": 5,
            "buffer_after_minutes": 10,
            "price": {"amount_minor": 9500, "currency": "USD", "decimals": 2},
            "step_minutes": 30,
            "minimum_notice_minutes": 120,
            "horizon_days": 90,
            "reminder_minutes": [2880, 60],
            "waitlist": "all_at_once",
            "offer_minutes": 30,
            "nudge_hours_before": 12,
            "formats": [
                {"kind": "in_person", "location_id": "$place", "instructions": "Blue door."},
                {"kind": "phone", "location_id": None, "instructions": "We call you."},
            ],
        },
        {"price": {"amount_minor": 9900, "currency": "USD", "decimals": 2}},
    ),
    Kind(
        "clients",
        "client",
        Client,
        {
            "name": "Ben Okafor",
            "email": "ben@client.example",
            "phone": None,
            "time_zone": "Europe/Paris",
            "locale": "fr-CA",
        },
        {"phone": "+33 1 55 55 01 00"},
    ),
    Kind(
        "packages",
        "package",
        Package,
        {
            "client_id": "$client",
            "service_id": "$service",
            "name": "Ten follow-ups",
            "credits": 10,
            "expires_at": "2027-06-30T23:59:59Z",
        },
        {"credits": 12},
    ),
]
EVERY = pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.plural) for kind in KINDS])


async def trail(world: World, record_id: str) -> list[tuple[str, Any]]:
    """List the audit log's entries about a record, without time and actor."""
    found = await world.rows(Change, subject_id=UUID(record_id))
    return [(row.kind, row.details) for row in sorted(found, key=lambda row: str(row.kind))]


def pointers(answer: Response) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


# Creating, reading, changing


@EVERY
async def test_a_created_record_is_shown(staff: Api, world: World, kind: Kind) -> None:
    made = await kind.make(staff, world, external_ref="crm-1")
    body = kind.whole(world)
    assert {name: made[name] for name in body} == body
    assert (made["external_ref"], made["active"]) == ("crm-1", True)
    for path in (f"{kind.path}/{made['id']}", f"{kind.path}/by-ref/crm-1"):
        answer = await staff.get(path)
        assert (answer.status_code, answer.json()) == (200, made)
    listed = (await staff.get(kind.path)).json()["items"]
    assert made in listed


@EVERY
async def test_a_record_can_be_made_inactive(staff: Api, world: World, kind: Kind) -> None:
    assert (await kind.make(staff, world, active=False))["active"] is False


@EVERY
async def test_creation_is_in_the_audit_log_with_the_keys_name(
    staff: Api, world: World, kind: Kind
) -> None:
    made = await kind.make(staff, world)
    (entry,) = await world.rows(Change, subject_id=UUID(made["id"]))
    assert (entry.subject, entry.kind, entry.at) == (kind.subject, "created", NOW)
    assert (entry.actor, entry.actor_name) == ("practice", "Front desk")
    given = [name for name, value in kind.body.items() if value is not None]
    assert entry.details["fields"] == sorted(given)


@EVERY
async def test_only_what_is_sent_changes(staff: Api, world: World, kind: Kind) -> None:
    made = await kind.make(staff, world)
    answer = await staff.patch(f"{kind.path}/{made['id']}", kind.other)
    assert answer.status_code == 200
    changed = answer.json()
    expected = made | kind.other
    if "credits" in kind.other:
        expected["credits_left"] = kind.other["credits"]
    assert changed == expected
    assert (await staff.get(f"{kind.path}/{made['id']}")).json() == changed
    told = [entry for entry in await trail(world, made["id"]) if entry[0] == "updated"]
    assert [details["fields"] for _, details in told] == [sorted(kind.other)]


@EVERY
async def test_a_change_of_nothing_writes_nothing(staff: Api, world: World, kind: Kind) -> None:
    made = await kind.make(staff, world, external_ref="crm-1")
    bodies: list[dict[str, Any]] = [{}, {name: made[name] for name in kind.other}, {"active": True}]
    for body in bodies:
        answer = await staff.patch(f"{kind.path}/{made['id']}", body)
        assert (answer.status_code, answer.json()) == (200, made)
    assert len(await trail(world, made["id"])) == 1


@EVERY
async def test_deactivation_and_reactivation_are_in_the_audit_log(
    staff: Api, world: World, kind: Kind
) -> None:
    made = await kind.make(staff, world)
    for active in (False, False, True):
        answer = await staff.patch(f"{kind.path}/{made['id']}", {"active": active})
        assert answer.json() == made | {"active": active}
    kinds = [found for found, _ in await trail(world, made["id"])]
    assert kinds == ["created", "deactivated", "reactivated"]


@EVERY
async def test_a_null_clears_what_may_be_empty_and_nothing_else(
    staff: Api, world: World, kind: Kind
) -> None:
    made = await kind.make(staff, world, external_ref="crm-1")
    path = f"{kind.path}/{made['id']}"
    empty = {"external_ref", "phone", "video_url", "sessions_per_day", "sessions_per_week"}
    empty.add("nudge_hours_before")
    empty |= {"expires_at", "texts_agreed_at"}
    empty |= {"email", "locale"} if kind.path.endswith("practitioners") else set()
    empty |= {"time_zone"} if kind.path.endswith("locations") else set()
    for name in made.keys() - {"id", "credits_left", "usable_until", "client_id", "service_id"}:
        answer = await staff.patch(path, {name: None})
        if name in empty:
            assert answer.json()[name] is None
        else:
            assert pointers(answer) == [f"/{name}"]


@EVERY
async def test_the_same_key_makes_one_record(staff: Api, world: World, kind: Kind) -> None:
    key = {"Idempotency-Key": "once"}
    first = await staff.post(kind.path, kind.whole(world), key)
    again = await staff.post(kind.path, kind.whole(world), key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"


# Ids of the practice's own software


@EVERY
async def test_a_ref_is_used_once(staff: Api, world: World, kind: Kind) -> None:
    await kind.make(staff, world, external_ref="crm-1")
    again = await staff.post(kind.path, kind.whole(world, external_ref="crm-1"))
    assert pointers(again) == ["/external_ref"]
    other = await kind.make(staff, world, external_ref="crm-2")
    taken = await staff.patch(f"{kind.path}/{other['id']}", {"external_ref": "crm-1"})
    assert pointers(taken) == ["/external_ref"]
    kept = await staff.patch(f"{kind.path}/{other['id']}", {"external_ref": "crm-2"})
    assert kept.status_code == 200


@EVERY
async def test_a_push_makes_a_record_and_the_next_one_finds_it(
    staff: Api, world: World, kind: Kind
) -> None:
    path = f"{kind.path}/by-ref/crm/42 b"
    first = await staff.put(path, kind.whole(world))
    assert first.status_code == 201
    made = first.json()
    assert made["external_ref"] == "crm/42 b"
    for _ in range(2):
        again = await staff.put(path, kind.whole(world))
        assert (again.status_code, again.json()) == (200, made)
    assert [found for found, _ in await trail(world, made["id"])] == ["created"]
    changed = await staff.put(path, kind.whole(world) | kind.other)
    assert changed.status_code == 200
    assert changed.json()["id"] == made["id"]
    assert [found for found, _ in await trail(world, made["id"])] == ["created", "updated"]


@EVERY
async def test_a_push_keeps_active_unless_it_names_it(staff: Api, world: World, kind: Kind) -> None:
    path = f"{kind.path}/by-ref/crm-1"
    made = (await staff.put(path, kind.whole(world, active=False))).json()
    assert made["active"] is False
    assert (await staff.put(path, kind.whole(world))).json() == made
    back = await staff.put(path, kind.whole(world, active=True))
    assert back.json() == made | {"active": True}


@EVERY
async def test_many_pushes_at_once_make_one_record(staff: Api, world: World, kind: Kind) -> None:
    path = f"{kind.path}/by-ref/crm-1"
    answers = await asyncio.gather(*(staff.put(path, kind.whole(world)) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    (made,) = await world.rows(kind.table, external_ref="crm-1")
    assert len(await trail(world, str(made.id))) == 1


async def waiting(world: World) -> None:
    """Wait until one transaction of this test's database waits for another."""
    # On a cluster it waits at the node that has the row.
    activity = "pg_stat_activity" if given_cluster() is None else "citus_stat_activity"
    found = text(
        f"SELECT count(*) FROM {activity} "  # noqa: S608 - one of two names
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with world.engine.connect() as db:
        while not await db.scalar(found):
            await db.rollback()


async def blocked(world: World, request: Awaitable[Response]) -> asyncio.Future[Response]:
    """Start a request that has to wait for a transaction of the test."""
    running = asyncio.ensure_future(request)
    await asyncio.wait_for(waiting(world), 20)
    assert not running.done()
    return running


async def test_a_second_push_changes_the_record_of_the_first(staff: Api, world: World) -> None:
    path = f"{RECORDS}/locations/by-ref/crm-1"
    values = {"external_ref": "crm-1", "name": "Dockside", "address": "2 Dock Road"}
    first = uuid4()
    async with world.engine.connect() as db:
        await db.execute(insert(Location).values(practice_id=world.practice_id, id=first, **values))
        running = await blocked(
            world, staff.put(path, {"name": "Dockside", "address": "4 Dock Road"})
        )
        await db.commit()
    answer = await running
    assert (answer.status_code, answer.json()["id"]) == (200, str(first))
    (kept,) = await world.rows(Location, external_ref="crm-1")
    assert kept.address == "4 Dock Road"


async def test_limits_and_zone_wait_for_the_practitioners_lock(staff: Api, world: World) -> None:
    """Otherwise a booking could be checked by one rule and written under another."""
    path = f"{RECORDS}/practitioners/{world.practitioner_id}"
    lock = text(
        "SELECT 1 FROM practitioners WHERE practice_id = :practice AND id = :id FOR NO KEY UPDATE"
    )
    own = {"practice": world.practice_id, "id": world.practitioner_id}
    for body in (
        {"time_zone": "Europe/Paris"},
        {"sessions_per_day": 3},
        {"sessions_per_week": 9},
        {"active": False},
    ):
        async with world.engine.connect() as db:
            await db.execute(lock, own)
            running = await blocked(world, staff.patch(path, body))
            await db.rollback()
        assert (await running).status_code == 200


@EVERY
async def test_a_ref_is_visible_text_of_255_characters_at_most(
    staff: Api, world: World, kind: Kind
) -> None:
    for ref in ("", " ", " x", "x ", "a\x00b", "a\nb", "x" * 256, 7, ["x"]):
        answer = await staff.post(kind.path, kind.whole(world, external_ref=ref))
        assert pointers(answer) == ["/external_ref"], ref
    for ref in ("%20", "a%00b", "a%09b", "x" * 256):
        path = f"{kind.path}/by-ref/{ref}"
        for answer in (await staff.get(path), await staff.put(path, kind.whole(world))):
            assert pointers(answer) == ["/external_ref"], ref
            assert answer.json()["errors"][0]["in"] == "path"
    assert (await kind.make(staff, world, external_ref="é" * 255))["external_ref"] == "é" * 255


# Permissions


@EVERY
async def test_each_call_needs_its_scope(api: Api, staff: Api, world: World, kind: Kind) -> None:
    made = await kind.make(staff, world, external_ref="crm-1")
    reader = api.signed_in(await world.key(Scope.READ))
    writer = api.signed_in(await world.key(Scope.WRITE))
    record, ref = f"{kind.path}/{made['id']}", f"{kind.path}/by-ref/crm-1"
    for path in (kind.path, record, ref):
        assert (await reader.get(path)).status_code == 200
    for answer in (
        await reader.post(kind.path, kind.whole(world)),
        await reader.patch(record, {"active": False}),
        await reader.put(ref, kind.whole(world, active=False)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await reader.get(record)).json() == made
    assert (await writer.post(kind.path, kind.whole(world))).status_code == 201
    assert (await writer.patch(record, kind.other)).status_code == 200
    assert (await writer.put(ref, kind.whole(world))).status_code == 200


@EVERY
async def test_a_clients_token_is_no_key(api: Api, world: World, kind: Kind) -> None:
    assert (await api.get(kind.path)).status_code == 401
    assert (await api.post(kind.path, kind.whole(world))).status_code == 401


@EVERY
async def test_another_practices_record_gets_the_404_of_an_unknown_one(
    api: Api, staff: Api, world: World, kind: Kind
) -> None:
    made = await kind.make(staff, world, external_ref="crm-1")
    elsewhere = await World(world.engine, world.settings).build()
    others = api.signed_in(await elsewhere.key())
    for wanted in (made["id"], uuid4(), "not-an-id", "0"):
        for answer in (
            await others.get(f"{kind.path}/{wanted}"),
            await others.patch(f"{kind.path}/{wanted}", {"active": False}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await others.get(f"{kind.path}/by-ref/crm-1")).status_code == 404
    assert made not in (await others.get(kind.path)).json()["items"]
    # The same ref is unused there, and identifies another record.
    theirs = await others.put(f"{kind.path}/by-ref/crm-1", kind.whole(elsewhere))
    assert theirs.status_code == 201
    assert theirs.json()["id"] != made["id"]
    assert (await staff.get(f"{kind.path}/{made['id']}")).json() == made
    assert len(await trail(world, made["id"])) == 1


# Lists


@EVERY
async def test_pages_go_through_all_by_name_and_end(staff: Api, world: World, kind: Kind) -> None:
    names = ["Åsa", "B", "B", "b", "C" * 120, "🌿" * 120, "Zoë"]
    for name in names:
        await kind.make(staff, world, name=name)
    whole = (await staff.get(kind.path, limit=100)).json()
    assert whole["next_cursor"] is None
    assert sorted([*names, *await world_names(world, kind)]) == sorted(
        item["name"] for item in whole["items"]
    )
    paged: list[Any] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await staff.get(kind.path, **query)).json()
        assert len(page["items"]) <= 2
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert paged == whole["items"]


async def world_names(world: World, kind: Kind) -> list[str]:
    """Name the records of this kind that the world has from the start."""
    given = {"practitioners": world.practitioner_id, "locations": world.location_id}
    given |= {"services": world.service_id, "clients": world.client_id}
    found = await world.rows(kind.table, id=given.get(kind.plural))
    return [row.name for row in found]


@EVERY
async def test_a_list_can_be_of_the_active_ones(staff: Api, world: World, kind: Kind) -> None:
    on = await kind.make(staff, world)
    off = await kind.make(staff, world, active=False)
    assert off in (await staff.get(kind.path)).json()["items"]
    active = (await staff.get(kind.path, active="true")).json()["items"]
    assert on in active
    assert off not in active
    assert (await staff.get(kind.path, active="false")).json()["items"] == [off]


@EVERY
async def test_a_cursor_is_valid_for_its_own_list_only(
    api: Api, staff: Api, world: World, kind: Kind
) -> None:
    for _ in range(3):
        await kind.make(staff, world)
    cursor = (await staff.get(kind.path, limit=1)).json()["next_cursor"]
    assert (await staff.get(kind.path, cursor=cursor)).status_code == 200
    elsewhere = await World(world.engine, world.settings).build()
    stranger = api.signed_in(await elsewhere.key())
    other = next(found for found in KINDS if found is not kind)
    for day in (1, 2):
        await world.book(NOW + timedelta(days=day))
    of_sessions = (await api.get("/v1/sessions", limit=1)).json()["next_cursor"]
    for answer in (
        await staff.get(kind.path, cursor=cursor, active="true"),
        await staff.get(other.path, cursor=cursor),
        await stranger.get(kind.path, cursor=cursor),
        await staff.get(kind.path, cursor=of_sessions),
        await staff.get(kind.path, cursor=cursor[:-1] + ("A" if cursor[-1] != "A" else "B")),
        await staff.get(kind.path, cursor="x"),
        await staff.get(kind.path, cursor=""),
        await staff.get(kind.path, cursor="x" * 1025),
    ):
        assert pointers(answer) == ["/cursor"]


@EVERY
async def test_a_bad_query_is_named(staff: Api, kind: Kind) -> None:
    for name, value in [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "x"),
        ("limit", "9" * 30),
        ("active", "maybe"),
        ("sort", "name"),
    ]:
        assert pointers(await staff.get(f"{kind.path}?{name}={value}")) == [f"/{name}"]
