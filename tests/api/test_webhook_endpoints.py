"""Webhook endpoints: managed through the API, with secrets shown once."""

import asyncio
import base64
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.webhooks import WebhookEndpoint
from tests.described import description, validate
from tests.world import NOW, Api, TestClock, World, serve

PATH = "/v1/practice/webhook-endpoints"
URL = "https://crm.example/hooks?key=abc"


async def create(staff: Api, **body: Any) -> Any:
    answer = await staff.post(PATH, {"url": URL} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def trail(world: World) -> list[Any]:
    entries = await world.rows(Change, subject="webhook_endpoint")
    return [(entry.kind, entry.details) for entry in sorted(entries, key=lambda e: str(e.kind))]


async def test_a_new_endpoint_shows_its_secret_once(staff: Api, world: World) -> None:
    made = await create(staff, events=["session.cancelled"], description=" Calendar ")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{44}", made["secret"])
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    shown = await staff.get(f"{PATH}/{made['id']}")
    assert shown.json() == {name: made[name] for name in made if name != "secret"}
    assert shown.json() == {
        "id": made["id"],
        "external_ref": None,
        "active": True,
        "url": URL,
        "description": "Calendar",
        "events": ["session.cancelled"],
        "include_reason": False,
        "failures": 0,
        "failing_since": None,
        "disabled_at": None,
    }
    assert made["secret"] not in (await staff.get(PATH)).text
    assert await trail(world) == [
        ("created", {"host": "crm.example", "events": ["session.cancelled"]})
    ]


async def test_no_response_with_a_secret_is_stored(staff: Api, world: World) -> None:
    key = {"Idempotency-Key": "one"}
    first = await staff.post(PATH, {"url": URL}, key)
    second = await staff.post(PATH, {"url": URL}, key)
    assert first.json()["id"] != second.json()["id"]
    await staff.post(f"{PATH}/{first.json()['id']}/rotate-secret", None, key)
    await staff.put(f"{PATH}/by-ref/main", {"url": URL}, key)
    assert await world.rows(IdempotencyKey) == []


@pytest.mark.parametrize("shape", ["NewEndpoint", "PutEndpoint", "ChangeEndpoint"])
def test_the_description_allows_null_for_events(shape: str) -> None:
    validate(None, description()["components"]["schemas"][shape]["properties"]["events"])


@pytest.mark.parametrize("events", [None, []])
async def test_no_selection_of_events_means_all(staff: Api, events: Any) -> None:
    assert (await create(staff, events=events))["events"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": None}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "http://crm.example/"}, "/url"),
        ({"url": "https://user:word@crm.example/"}, "/url"),
        ({"url": "https://crm.example/#top"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "https://[::1]/"}, "/url"),
        ({"url": "https://2130706433/"}, "/url"),
        ({"url": f"https://crm.example/{'a' * 2000}"}, "/url"),
        ({"url": "https://crm.example/\x00"}, "/url"),
        ({"url": "https://xn--a.example\u200d/"}, "/url"),
        ({"url": "https://１０.０.０.１/"}, "/url"),  # noqa: RUF001 - full-width digits are the case
        ({"url": URL, "include_reason": 1}, "/include_reason"),
        ({"url": URL, "include_reason": None}, "/include_reason"),
        ({"url": URL, "events": ["session.moved"]}, "/events/0"),
        ({"url": URL, "events": "session.booked"}, "/events"),
        ({"url": URL, "description": ""}, "/description"),
        ({"url": URL, "description": "a\x00b"}, "/description"),
        ({"url": URL, "description": "a" * 501}, "/description"),
        ({"url": URL, "external_ref": "a" * 256}, "/external_ref"),
        ({"url": URL, "external_ref": "a\x00"}, "/external_ref"),
        ({"url": URL, "secret": "mine"}, "/secret"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_made(
    staff: Api, world: World, body: Any, pointer: str
) -> None:
    answer = await staff.post(PATH, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await world.rows(WebhookEndpoint) == []


async def test_in_development_any_target_is_accepted(
    settings: Settings, world: World, clock: TestClock
) -> None:
    loose = settings.model_copy(update={"webhook_insecure_targets": True})
    async with serve(loose, clock) as api:
        staff = api.signed_in(await world.key())
        answer = await staff.post(PATH, {"url": "http://127.0.0.1:9000/"})
    assert answer.status_code == 201


async def test_an_external_ref_is_used_once(staff: Api) -> None:
    await create(staff, external_ref="main")
    answer = await staff.post(PATH, {"url": URL, "external_ref": "main"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/external_ref"


async def test_the_list_comes_in_pages(staff: Api) -> None:
    made = {(await create(staff))["id"] for _ in range(3)}
    first = (await staff.get(PATH, limit=2)).json()
    second = (await staff.get(PATH, limit=2, cursor=first["next_cursor"])).json()
    assert {found["id"] for found in first["items"] + second["items"]} == made
    assert (len(second["items"]), second["next_cursor"]) == (1, None)
    for cursor in ("nonsense", first["next_cursor"]):
        answer = await staff.get(PATH, cursor=cursor, active=True)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")


async def test_the_list_can_be_filtered_by_active(staff: Api) -> None:
    on, off = await create(staff), await create(staff)
    await staff.patch(f"{PATH}/{off['id']}", {"active": False})
    for active, wanted in ((True, on), (False, off)):
        found = (await staff.get(PATH, active=active)).json()["items"]
        assert [item["id"] for item in found] == [wanted["id"]]


async def test_fields_left_out_of_a_change_stay(staff: Api, world: World) -> None:
    made = await create(staff, events=["fee.waived"], description="Calendar")
    path = f"{PATH}/{made['id']}"
    changed = (await staff.patch(path, {"url": "https://other.example/"})).json()
    assert (changed["url"], changed["description"]) == ("https://other.example/", "Calendar")
    assert changed["events"] == ["fee.waived"]
    cleared = (await staff.patch(path, {"description": None, "events": None})).json()
    assert (cleared["description"], cleared["events"]) == (None, [])
    for nothing in ({}, {"description": None}):
        assert (await staff.patch(path, nothing)).json() == cleared
    assert [kind for kind, _ in await trail(world)] == ["created", "updated", "updated"]
    for bad in ({"url": None}, {"active": None}, {"url": "http://x.example/"}):
        answer = await staff.patch(path, bad)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(bad))}"


async def test_reactivation_resets_the_failures(staff: Api, world: World) -> None:
    made = await create(staff)
    await world.change(
        WebhookEndpoint,
        UUID(made["id"]),
        active=False,
        failures=20,
        failing_since=NOW,
        disabled_at=NOW,
    )
    path = f"{PATH}/{made['id']}"
    shown = (await staff.get(path)).json()
    assert (shown["failures"], shown["disabled_at"]) == (20, "2026-11-30T15:00:00Z")
    again = (await staff.patch(path, {"active": True})).json()
    assert (again["active"], again["failures"]) == (True, 0)
    assert (again["failing_since"], again["disabled_at"]) == (None, None)
    details = {"host": "crm.example", "events": [], "changed": ["active"]}
    assert ("reactivated", details) in await trail(world)


async def test_a_push_creates_an_endpoint_once(staff: Api, world: World) -> None:
    path = f"{PATH}/by-ref/crm/main 1"
    assert (await staff.get(path)).status_code == 404
    made = await staff.put(path, {"url": URL})
    assert (made.status_code, made.json()["external_ref"]) == (201, "crm/main 1")
    assert made.json()["secret"].startswith("whsec_")
    again = await staff.put(path, {"url": URL})
    assert (again.status_code, again.json()["secret"]) == (200, None)
    assert again.json()["id"] == made.json()["id"]
    assert [kind for kind, _ in await trail(world)] == ["created"]
    await staff.put(path, {"url": URL, "active": False})
    kept = (await staff.put(path, {"url": URL, "events": ["fee.waived"]})).json()
    assert (kept["active"], kept["events"]) == (False, ["fee.waived"])
    assert (await staff.put(path, {"url": URL, "active": True})).json()["active"] is True
    assert (await staff.get(path)).json()["id"] == made.json()["id"]


async def test_a_new_secret_ends_the_old_one(staff: Api, world: World) -> None:
    made = await create(staff)
    answer = await staff.post(f"{PATH}/{made['id']}/rotate-secret", None)
    (row,) = await world.rows(WebhookEndpoint)
    assert answer.json()["secret"] == row.secret != made["secret"]
    assert (await trail(world))[-1] == ("secret_rotated", {"host": "crm.example", "events": []})
    assert "whsec_" not in str(await world.rows(Change))


@pytest.mark.parametrize("whose", ["another practice's", "nobody's"])
async def test_an_endpoint_of_another_practice_is_not_found(
    staff: Api, engine: AsyncEngine, settings: Settings, whose: str
) -> None:
    other = await World(engine, settings).build()
    record = {"url": URL, "events": [], "secret": "whsec_AAAA", "external_ref": "theirs"}
    theirs = await other.add(WebhookEndpoint, **record)
    wanted = theirs if whose == "another practice's" else uuid4()
    path = f"{PATH}/{wanted}"
    answers = [
        await staff.get(path),
        await staff.patch(path, {"active": False}),
        await staff.post(f"{path}/rotate-secret", None),
        await staff.get(f"{PATH}/by-ref/theirs"),
        await staff.get(f"{PATH}/nonsense"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await staff.get(PATH)).json()["items"] == []
    assert (await staff.put(f"{PATH}/by-ref/theirs", {"url": URL})).status_code == 201
    (row,) = await other.rows(WebhookEndpoint)
    assert (row.active, row.secret) == (True, "whsec_AAAA")


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_only_an_admin_key_changes_endpoints(staff: Api, world: World, scope: Scope) -> None:
    made = await create(staff, external_ref="main")
    path, lesser = f"{PATH}/{made['id']}", staff.signed_in(await world.key(scope))
    refused = [
        await lesser.post(PATH, {"url": URL}),
        await lesser.patch(path, {"active": False}),
        await lesser.put(f"{PATH}/by-ref/main", {"url": "https://other.example/"}),
        await lesser.post(f"{path}/rotate-secret", None),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    for seen in (PATH, path, f"{PATH}/by-ref/main"):
        assert (await lesser.get(seen)).status_code == 200
    (row,) = await world.rows(WebhookEndpoint)
    assert (row.active, row.secret, row.url) == (True, made["secret"], URL)


async def test_a_client_cannot_use_webhook_endpoints(api: Api, stranger: Api) -> None:
    for somebody in (api, stranger):
        assert (await somebody.get(PATH)).status_code == 401
        assert (await somebody.post(PATH, {"url": URL})).status_code == 401


def refused_at(answer: Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert "20 at most" in answer.json()["errors"][0]["detail"]
    return [error["pointer"] for error in answer.json()["errors"]]


async def add_active(world: World, count: int) -> None:
    for number in range(count):
        values = {"url": URL, "events": [], "secret": "s", "external_ref": f"old-{number}"}
        await world.add(WebhookEndpoint, **values)


async def test_a_practice_has_twenty_active_endpoints_at_most(staff: Api, world: World) -> None:
    await add_active(world, 19)
    resting = await create(staff)
    await staff.patch(f"{PATH}/{resting['id']}", {"active": False})
    # Inactive endpoints do not count; an existing one may be written again.
    last = await create(staff)
    again = await staff.put(f"{PATH}/by-ref/old-1", {"url": URL, "active": True})
    assert again.status_code == 200
    assert refused_at(await staff.post(PATH, {"url": URL})) == ["/url"]
    assert refused_at(await staff.put(f"{PATH}/by-ref/new", {"url": URL})) == ["/url"]
    idle = await staff.put(f"{PATH}/by-ref/idle", {"url": URL, "active": False})
    assert idle.status_code == 201
    back = {"active": True}
    assert refused_at(await staff.patch(f"{PATH}/{resting['id']}", back)) == ["/active"]
    rows = await world.rows(WebhookEndpoint)
    assert (len(rows), sum(row.active for row in rows)) == (22, 20)
    await staff.patch(f"{PATH}/{last['id']}", {"active": False})
    assert (await staff.patch(f"{PATH}/{resting['id']}", back)).status_code == 200


async def test_the_bound_is_per_practice(
    staff: Api, world: World, engine: AsyncEngine, settings: Settings
) -> None:
    await add_active(world, 20)
    other = await World(engine, settings).build()
    await create(staff.signed_in(await other.key()))


async def test_many_at_once_do_not_exceed_the_bound(staff: Api, world: World) -> None:
    await add_active(world, 18)
    resting = [
        await world.add(WebhookEndpoint, url=URL, events=[], secret="s", active=False)
        for _ in range(3)
    ]
    answers = await asyncio.gather(
        *(staff.post(PATH, {"url": URL}) for _ in range(3)),
        *(staff.put(f"{PATH}/by-ref/new-{number}", {"url": URL}) for number in range(3)),
        *(staff.patch(f"{PATH}/{found}", {"active": True}) for found in resting),
    )
    assert sorted(answer.status_code // 100 for answer in answers) == [2] * 2 + [4] * 7
    assert len(await world.rows(WebhookEndpoint, active=True)) == 20


async def test_an_endpoint_may_request_reason_codes(staff: Api, world: World) -> None:
    made = await create(staff, include_reason=True)
    assert made["include_reason"] is True
    path = f"{PATH}/{made['id']}"
    assert (await staff.patch(path, {"description": "x"})).json()["include_reason"] is True
    assert (await staff.patch(path, {"include_reason": False})).json()["include_reason"] is False
    assert (await staff.patch(path, {"include_reason": True})).json()["include_reason"] is True
    ref = f"{PATH}/by-ref/main"
    assert (await staff.put(ref, {"url": URL})).json()["include_reason"] is False
    assert (await staff.put(ref, {"url": URL, "include_reason": True})).status_code == 200
    # A push is the whole record.
    assert (await staff.put(ref, {"url": URL})).json()["include_reason"] is False
    told = [details.get("include_reason", False) for _, details in await trail(world)]
    assert sorted(told) == [False, False, False, True, True, True, True]


async def test_an_internationalised_host_is_kept_as_typed(staff: Api, world: World) -> None:
    url = "https://faß.example/hooks"
    assert (await create(staff, url=url))["url"] == url
    assert await trail(world) == [("created", {"host": "xn--fa-hia.example", "events": []})]
