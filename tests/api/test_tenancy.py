"""On every operation, a client sees their own sessions and nothing else.

The operations are read from the OpenAPI description, so a new one is covered automatically.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from app.tables.sessions import Session
from tests.described import description
from tests.world import NOW, REASON, Api, World

START = NOW + timedelta(days=3)
OPERATIONS = [
    (method, path)
    for path, found in description()["paths"].items()
    for method, operation in found.items()
    if operation["security"] and not path.startswith("/v1/practice")
]
OF_A_SESSION = [found for found in OPERATIONS if "{session_id}" in found[1]]
# All fields that a command on a session may need; each command gets those it has.
BODIES: dict[str, Any] = {
    "/v1/sessions/{session_id}/cancel": {"reason": REASON},
    "/v1/sessions/{session_id}/absence": {"reason": REASON, "free_time": False},
    "/v1/sessions/{session_id}/reschedule": {
        "reason": REASON,
        "start": (START + timedelta(days=1)).isoformat(),
        "format": "video",
    },
    "/v1/sessions/{session_id}/wish": {},
    "/v1/sessions/{session_id}/hold": {
        "start": (START + timedelta(days=1)).isoformat(),
        "format": "video",
    },
}


async def call(api: Api, method: str, path: str, session_id: object) -> Response:
    address = path.replace("{session_id}", str(session_id))
    if method in {"get", "delete"}:
        return await getattr(api, method)(address)  # type: ignore[no-any-return]
    send = {"post": api.post, "put": api.put, "patch": api.patch}[method]
    return await send(address, BODIES.get(path))


def body(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def someone_elses_sessions(world: World) -> list[UUID]:
    """Book for another client of the practice, and for a client of another practice."""
    ben = await world.add_client(name="Ben")
    elsewhere = await World(world.engine, world.settings).build()
    return [await world.book(START, client_id=ben), await elsewhere.book(START)]


def test_there_are_operations_to_walk() -> None:
    assert len(OF_A_SESSION) >= 6
    assert len(OPERATIONS) > len(OF_A_SESSION)


@pytest.mark.parametrize(("method", "path"), OF_A_SESSION)
async def test_someone_elses_session_gets_the_404_of_an_unknown_one(
    api: Api, world: World, method: str, path: str
) -> None:
    unknown = await call(api, method, path, uuid4())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    theirs = await someone_elses_sessions(world)
    for wanted in (*theirs, "not-an-id", "0", "%00", "\u0661" * 32):
        answer = await call(api, method, path, wanted)
        assert answer.status_code == 404
        assert body(answer) == body(unknown)
        assert answer.headers.keys() == unknown.headers.keys()
    if path.endswith(("/absence", "/release")):
        closed = {"closes": {"before_minutes": 200_000}, "release": True}
        await world.add_policy({"cancel": closed})
    own = await world.book(START + timedelta(days=5))
    if path.endswith("/undo"):
        await api.cancel(own)
    assert (await call(api, method, path, own)).is_success


@pytest.mark.parametrize("path", sorted(BODIES.keys() - {"/v1/sessions/{session_id}/wish"}))
async def test_with_a_version_a_key_and_a_quote_it_is_the_same_404(
    api: Api, world: World, path: str
) -> None:
    """`If-Match`, an idempotency key and a quote reveal nothing more."""
    headers = {"If-Match": '"7"', "Idempotency-Key": "k"}
    for session_id in await someone_elses_sessions(world):
        address = path.replace("{session_id}", str(session_id))
        send = api.put if path.endswith("/hold") else api.post
        answer = await send(address, BODIES[path] | {"quote": "forged"}, headers)
        assert answer.status_code == 404


async def test_without_a_token_everything_is_a_401(
    subtests: pytest.Subtests, stranger: Api, world: World
) -> None:
    session_id = await world.book(START)
    for method, path in OPERATIONS:
        for wanted in (session_id, uuid4(), "not-an-id"):
            with subtests.test(path, method=method, wanted=wanted):
                answer = await call(stranger, method, path, wanted)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_refused_requests_change_nothing(api: Api, world: World) -> None:
    theirs, elsewhere = await someone_elses_sessions(world)
    for method, path in OF_A_SESSION:
        for session_id in (theirs, elsewhere):
            await call(api, method, path, session_id)
    (row,) = await world.rows(Session)
    assert (row.status, row.version, row.starts_at) == ("booked", 1, START)


async def test_lists_hold_only_the_clients_own_records(api: Api, world: World) -> None:
    await someone_elses_sessions(world)
    own = await world.book(START + timedelta(days=5))
    found = (await api.get("/v1/sessions", when="all")).json()["items"]
    assert [item["id"] for item in found] == [str(own)]
