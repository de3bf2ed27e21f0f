"""Shared by the tests of access across practices: all operations, and a record of each kind."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from httpx import Response
from sqlalchemy import select

from app.domain.session import Format
from app.identity.api_keys.keys import Scope
from app.tables.all import metadata
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import BusyInterval, Client, Location, Practitioner, Service
from app.tables.waitlist import FreedTime, Offer, Wish
from app.web.body_limit import FORM_TYPE
from tests.described import description
from tests.pictures import picture
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
REF = "theirs-1"
# Policies, webhook endpoints, keys and the own sign-in are changed with an admin key only, and so
# are clients handed over and erased, and all in bulk; everything else with any key that may write.
ADMIN = (
    "/policies",
    "/webhook-endpoints",
    "/keys",
    "/sign-in",
    "/import",
    "/export",
    "}/erase",
    "/logo",
)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """List every operation of the description: its method, its path and its description."""
    return [
        (method, path, operation)
        for path, found in description()["paths"].items()
        for method, operation in found.items()
    ]


@dataclass
class Theirs:
    """A practice with one record of each kind, and the ids with which others could ask for them."""

    world: World
    ids: dict[str, str]

    async def everything(self) -> dict[str, list[Any]]:
        """Read all rows of the practice, to compare before and after."""
        tables = [table for table in metadata.sorted_tables if "practice_id" in table.c]
        async with self.world.engine.connect() as db:
            return {
                table.name: sorted(
                    map(
                        repr,
                        await db.execute(
                            select(table).where(table.c.practice_id == self.world.practice_id)
                        ),
                    )
                )
                for table in tables
            }


async def fill(staff: Api, world: World) -> Theirs:
    """Create one record of each kind that has an id; `staff` calls with the practice's key."""
    package_id = await world.add_package(external_ref=REF)
    policy_id = await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 43_200}, "amount_minor": 4500}]}}
    )
    session_id = await world.book(START, package_id=package_id, external_ref=REF)
    charged = await world.book(START + timedelta(days=1), format=Format.PHONE)
    path = f"/v1/practice/sessions/{charged}/cancel"
    done = await staff.post(path, {"charge_fee": True, "reason": {"note": "Canary note."}})
    for table, record_id in (
        (Practitioner, world.practitioner_id),
        (Client, world.client_id),
        (Service, world.service_id),
        (Location, world.location_id),
    ):
        await world.change(table, record_id, external_ref=REF)
    time_off = await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=START + timedelta(days=9),
        ends_at=START + timedelta(days=10),
        external_ref=REF,
    )
    await staff.put("/v1/practice/holidays", {"dates": [{"date": "2026-12-26", "name": "Canary"}]})
    provider = {"issuer": "https://login.example", "match": "email"}
    await staff.put("/v1/practice/sign-in", provider | {"audience": str(world.practice_id)})
    series = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": (START + timedelta(days=5)).isoformat(),
        "format": "video",
        "every": {"weeks": 1},
        "count": 2,
        "force": True,
    }
    series_id = (await staff.post("/v1/practice/series", series)).json()["series"]["id"]
    group = {
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "start": (START + timedelta(days=4)).isoformat(),
        "format": "video",
        "seats": 8,
        "external_ref": REF,
        "force": True,
    }
    group_id = (await staff.post("/v1/practice/groups", group)).json()["id"]
    asked = {
        "sessions": [str(session_id)],
        "note": "Canary note.",
        "answer_by": (NOW + timedelta(days=1)).isoformat(),
        "meanwhile": "keep",
    }
    request_id = (await staff.post("/v1/practice/move-requests", asked)).json()["id"]
    wish = {"session_id": str(session_id), "urgent": True}
    wish_id = UUID((await staff.post("/v1/practice/wishes", wish)).json()["id"])
    offer_id = await add_offer(world, wish_id, session_id)
    hooks = {"url": "https://canary.example/hooks", "external_ref": REF}
    endpoint = (await staff.post("/v1/practice/webhook-endpoints", hooks)).json()
    (key, *_) = (await staff.get("/v1/practice/keys")).json()["items"]
    feeds = f"/v1/practice/practitioners/{world.practitioner_id}/feeds"
    feed = (await staff.post(feeds, {"names": "full", "label": "Canary"})).json()
    own_feed = (await staff.signed_in(world.token()).post("/v1/feeds", None)).json()
    fee_id = done.json()["session"]["fees"][0]["id"]
    client = staff.signed_in(world.token())
    await client.post(f"/v1/fees/{fee_id}/ask-waiver", {"note": "Canary note."})
    return Theirs(
        world,
        {
            "practitioner_id": str(world.practitioner_id),
            "client_id": str(world.client_id),
            "service_id": str(world.service_id),
            "location_id": str(world.location_id),
            "package_id": str(package_id),
            "policy_id": str(policy_id),
            "session_id": str(session_id),
            "series_id": series_id,
            "group_id": group_id,
            "move_request_id": request_id,
            "wish_id": str(wish_id),
            "offer_id": str(offer_id),
            "fee_id": fee_id,
            "notification_id": str((await world.rows(Notification))[0].id),
            "time_off_id": str(time_off),
            "endpoint_id": endpoint["id"],
            "feed_id": feed["id"],
            "own_feed_id": own_feed["id"],
            "token": feed["url"].rpartition("/")[2].removesuffix(".ics"),
            "feed_token": feed["url"].rpartition("/")[2].removesuffix(".ics"),
            "key_id": key["id"],
            "external_ref": REF,
            "day": "2026-12-03",
            "source": "calendar",
        },
    )


async def add_offer(world: World, wish_id: UUID, session_id: UUID) -> UUID:
    """Write an open offer of a time two days before the session."""
    change = (await world.rows(Change))[0]
    at = {"starts_at": START - timedelta(days=2), "ends_at": START - timedelta(days=2, hours=-1)}
    common = {"practitioner_id": world.practitioner_id, "service_id": world.service_id, **at}
    freed_id = await world.add(
        FreedTime, change_id=change.id, freed_at=NOW, look_at=NOW, ended_at=NOW, **common
    )
    await world.change(Wish, wish_id, state="offered")
    return await world.add(
        Offer,
        wish_id=wish_id,
        freed_time_id=freed_id,
        client_id=world.client_id,
        session_id=session_id,
        state="open",
        holds=False,
        format="video",
        made_at=NOW,
        answer_by=NOW + timedelta(hours=1),
        **common,
    )


async def ask(api: Api, method: str, path: str, body: Any) -> Response:
    if method in {"get", "delete"}:
        return await getattr(api, method)(path)  # type: ignore[no-any-return]
    return await getattr(api, method)(path, body)  # type: ignore[no-any-return]


def body_for(operation: dict[str, Any], ids: dict[str, str]) -> Any:
    """Return the example body of the description, with the ids of the other practice."""
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]
    if "image/png" in content:
        return picture()
    if "application/x-ndjson" in content:
        return content["application/x-ndjson"]["example"].encode()
    if FORM_TYPE in content:
        return urlencode(content[FORM_TYPE]["example"]).encode()
    schema = content["application/json"]["schema"]
    named = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return _with_ids(named["examples"][0], ids)


def _with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_with_ids(part, ids) for part in value]
    if isinstance(value, dict):
        return {
            name: ids[name] if name in ids and part is not None else _with_ids(part, ids)
            for name, part in value.items()
        }
    return value


def told(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def scope_of(method: str, path: str) -> Scope:
    """Return the scope that an operation needs, by the rule as the contract states it."""
    if path.endswith(("/import", "/export")):
        return Scope.ADMIN
    if path == "/v1/practice/keys" or (path == "/v1/practice" and method == "patch"):
        return Scope.ADMIN
    if method == "get" or path == "/v1/practice/policies/try":
        return Scope.READ
    return Scope.ADMIN if any(part in path for part in ADMIN) else Scope.WRITE
