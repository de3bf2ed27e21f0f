"""Drill 8: every operation, called by every caller without permission.

The expected response follows from the description of an operation: which credentials it accepts,
and whether its path names a record. So a new operation is covered automatically.
tests/statements.py checks that every SQL statement names its practice.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.tables.practices import Client, Practitioner
from app.web.problems.catalogue import CATALOGUE
from tests.described import parameters_of
from tests.drills.outsiders import Cast, Outsider, expected
from tests.walls import Theirs, ask, body_for, fill, operations, told
from tests.world import Api, TestClock, World, serve

CANARY = "Zanzibar"
# Operations that anyone may call, and why.
OPEN = {
    "/v1/auth/sign-in-links": "who asks for a link has nothing yet",
    "/v1/auth/tokens": "the mailed link's token is in the body",
    "/v1/auth/refresh": "the refresh token is in the body",
    "/v1/auth/sign-out": "the refresh token is in the body",
    "/v1/links/open": "the link's token is in the body",
    "/v1/offers/open": "the token of the offer's link is in the body",
    "/v1/waivers/open": "the token of the waiver's link is in the body",
    "/v1/text-messages/receipts": "the gateway signs what it tells",
    "/v1/text-messages/incoming": "the gateway signs what it tells",
    "/feeds/{token}.ics": "the token is in the path",
    "/healthz": "a probe has no credentials",
    "/readyz": "a probe has no credentials",
}
# Filters by id, and the record of each.
FILTERS = ("client", "service", "practitioner", "location", "session", "endpoint", "key")
CLOSED = [(method, path, operation) for method, path, operation in operations() if path not in OPEN]


@pytest.fixture
async def theirs(engine: AsyncEngine, settings: Settings) -> AsyncIterator[tuple[Theirs, Api]]:
    """A practice with one record of each kind, and the API."""
    world = await World(engine, settings).build()
    async with serve(settings, TestClock()) as api:
        found = await fill(api.signed_in(await world.key()), world)
        await world.change(Client, world.client_id, name=CANARY, email="zanzibar@client.example")
        await world.change(Practitioner, world.practitioner_id, name=CANARY)
        yield found, api


def test_open_to_everybody_is_what_is_listed() -> None:
    assert {path for _, path, found in operations() if not found["security"]} == OPEN.keys()
    assert len(CLOSED) > 80


@pytest.mark.slow
async def test_no_caller_without_permission_gets_access(
    subtests: pytest.Subtests, theirs: tuple[Theirs, Api]
) -> None:
    found, api = theirs
    elsewhere = await World(found.world.engine, found.world.settings).build(currency="EUR")
    cast = await Cast(found, elsewhere).gather()
    before = await _everything(found)
    told_of: dict[str, set[str]] = {"unauthorized": set(), "forbidden": set(), "not-found": set()}
    for method, path, operation in CLOSED:
        with subtests.test(operation["operationId"]):
            for caller in cast:
                if caller.asks in {None, *operation["security"][0]}:
                    code = await _call(api, found, method, path, operation, caller)
                    if code is not None:
                        told_of[code].add(caller.name)
            assert await _everything(found) == before
    # Each kind of refusal occurred, for each caller.
    assert all(told_of.values())
    assert set.union(*told_of.values()) == {caller.name for caller in cast}


async def _call(
    api: Api,
    theirs: Theirs,
    method: str,
    path: str,
    operation: dict[str, Any],
    caller: Outsider,
) -> str | None:
    """Request their records, and unknown ones: the responses must be the same."""
    code = expected(method, path, operation, caller)
    is_own = code is None and not caller.is_elsewhere and method != "get"
    if is_own or (code is None and caller.scope and not caller.is_elsewhere):
        return None  # what callers may do with their own is tested elsewhere
    body, strange = body_for(operation, theirs.ids), _strange(theirs)
    api = api.signed_in(caller.token)
    filters = _filters(operation)
    answer = await ask(api, method, _address(path, filters, theirs.ids), body)
    where = f"{caller.name}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500, where
    if code is not None:
        assert answer.json()["code"] == code, where
        assert answer.status_code == CATALOGUE[code].status, where
    # An expired link is reported as expired for its own session.
    is_over = caller.session_id is not None and not caller.is_good
    if (code is not None or filters) and not is_over:
        unknown = await ask(api, method, _address(path, filters, strange), body)
        assert (answer.status_code, told(answer)) == (unknown.status_code, told(unknown)), where
        assert headers(answer) == headers(unknown), where
    if not caller.is_the_client:
        _tells_nothing(answer, theirs, json.dumps(body, default=str), where)
    return code


def _tells_nothing(answer: Response, theirs: Theirs, sent: str, where: str) -> None:
    """Fail where a response holds data of the other practice that the caller did not send."""
    assert CANARY.lower() not in answer.text.lower(), where
    for name, of_theirs in theirs.ids.items():
        is_echo = not name.endswith("_id") or of_theirs in sent
        assert is_echo or of_theirs not in answer.text, f"{name} {where}"


def _filters(operation: dict[str, Any]) -> list[str]:
    named = {part["name"] for part in parameters_of(operation) if part["in"] == "query"}
    return [name for name in FILTERS if name in named]


def _address(path: str, filters: list[str], ids: dict[str, str]) -> str:
    query = "&".join(f"{name}={ids[f'{name}_id']}" for name in filters)
    return path.format(**ids) + (f"?{query}" if query else "")


def _strange(theirs: Theirs) -> dict[str, str]:
    """Replace ids by unknown ones, and keep other values."""
    return {
        name: value if name in {"day", "source"} else str(uuid4())
        for name, value in theirs.ids.items()
    }


def headers(answer: Response) -> dict[str, str]:
    """Return a response's headers, except the one that always differs."""
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def _everything(theirs: Theirs) -> dict[str, list[Any]]:
    """Read all rows of their practice, and the jobs about them."""
    about = text(
        "SELECT entrypoint, payload FROM pgqueuer WHERE encode(payload, 'escape') LIKE :id"
    )
    async with theirs.world.engine.connect() as db:
        jobs = await db.execute(about, {"id": f"%{theirs.world.practice_id}%"})
        found: dict[str, list[Any]] = {"pgqueuer": sorted(map(repr, jobs))}
    assert found["pgqueuer"]
    return found | await theirs.everything()
