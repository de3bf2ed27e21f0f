"""Drill 8: every operation, called by everybody who may not.

What each caller has to be told follows from two things that the description says of an operation:
which credentials it takes, and whether its path names something. So a new operation is covered by
itself. That every statement behind these walls names its practice: tests/statements.py.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.keys import Scope, revoke_key
from app.auth.tokens import AccessTokens, Caller
from app.changes.trail import OPERATOR
from app.database.transactions import transact
from app.practices.models import Client, Practitioner
from app.problems.catalogue import CATALOGUE
from app.sessions.models import Session
from app.settings import Settings
from tests.walls import START, Theirs, ask, body_for, fill, operations, scope_of, told
from tests.world import NOW, Api, TestClock, World, serve

LATER = NOW + timedelta(days=3650)
CANARY = "Zanzibar"
# Everybody may call these, and why.
OPEN = {
    "/v1/auth/sign-in-links": "who asks for a link has nothing yet",
    "/v1/auth/tokens": "the mailed link's token is in the body",
    "/v1/auth/refresh": "the refresh token is in the body",
    "/v1/auth/sign-out": "the refresh token is in the body",
    "/v1/links/open": "the link's token is in the body",
    "/healthz": "a probe has no credentials",
    "/readyz": "a probe has no credentials",
}
# What the holder of a link may call, beside what names its session.
OF_A_LINK = {"/v1/me"}
# Filters that take an id, and whose id that is.
FILTERS = ("client", "service", "practitioner", "session", "endpoint", "key")
CLOSED = [(method, path, operation) for method, path, operation in operations() if path not in OPEN]


@dataclass(frozen=True)
class Outsider:
    """Somebody who calls: with what, and whether that is good at all.

    `session_id` is there for a link; `is_himself` where it is one of the client's own. `asks`: only
    what takes such credentials, where the caller may well do the rest.
    """

    name: str
    token: str | None
    scheme: str | None = None
    session_id: UUID | None = None
    scope: Scope | None = None
    is_good: bool = True
    is_elsewhere: bool = False
    is_himself: bool = False
    asks: str | None = None


def expected(method: str, path: str, operation: dict[str, Any], caller: Outsider) -> str | None:
    """Say what a caller is told: a code of the catalogue; None where he gets only what is his."""
    (security,) = operation["security"]
    if caller.scheme not in security:
        return "unauthorized"
    if caller.session_id is not None and "{session_id}" not in path and path not in OF_A_LINK:
        return "forbidden"
    if not caller.is_good:
        return "unauthorized"
    if caller.scope is not None and not caller.scope.allows(scope_of(method, path)):
        return "forbidden"
    names_something = any(part.endswith("_id}") for part in path.split("/"))
    if names_something and (caller.scheme == "AccessToken" or caller.is_elsewhere):
        return "not-found"
    return None


@pytest.fixture
async def theirs(engine: AsyncEngine, settings: Settings) -> AsyncIterator[tuple[Theirs, Api]]:
    """A practice with one of everything; and the API."""
    world = await World(engine, settings).build()
    async with serve(settings, TestClock()) as api:
        found = await fill(api.signed_in(await world.key()), world)
        await world.change(Client, world.client_id, name=CANARY, email="zanzibar@client.example")
        await world.change(Practitioner, world.practitioner_id, name=CANARY)
        yield found, api


class Cast:
    """Everybody who may not see what a practice has; made after all of them were somebody."""

    def __init__(self, theirs: Theirs, elsewhere: World) -> None:
        self.world, self.elsewhere = theirs.world, elsewhere
        self.session_id = UUID(theirs.ids["session_id"])
        self._access = AccessTokens(self.world.settings.keys)

    async def gather(self) -> list[Outsider]:
        """Raise every generation there is, and list who calls."""
        world = self.world
        await world.change(Client, world.client_id, token_generation=1, address_generation=1)
        await world.change(Session, self.session_id, link_generation=1)
        return [*self._strangers(), *self._ended(), *await self._others(), *await self._keys()]

    def _strangers(self) -> list[Outsider]:
        nobodys_key = f"rk_{uuid4().hex}{uuid4().hex}_{'A' * 43}"
        return [
            Outsider("nobody", None),
            Outsider("nonsense", "nonsense"),
            Outsider("a key of nobody", nobodys_key),
            Outsider("the client himself, for staff", self._client(1), asks="ApiKey"),
        ]

    def _ended(self) -> list[Outsider]:
        """Credentials that were good once."""
        link = partial(self._link, self.world, self.session_id)
        found = {
            "signed out everywhere": self._client(0),
            "signed in too long ago": self._client(1, until=NOW),
            "a link opened too long ago": link(1, 1, until=NOW),
        }
        return [
            *(Outsider(name, token, "AccessToken", is_good=False) for name, token in found.items()),
            self._of_link("a revoked link", link(1, 0), is_good=False),
            self._of_link("a link to an old address", link(0, 1), is_good=False),
        ]

    async def _others(self) -> list[Outsider]:
        """Clients whose credentials are good, for something else."""
        world, elsewhere = self.world, self.elsewhere
        ben = await world.add_client(name="Ben", email="ben@client.example")
        second = await world.book(START + timedelta(days=4))
        there = await elsewhere.book(START)
        kinds = {
            "another client of the practice": Caller(world.practice_id, ben, 0),
            "a client of another practice": Caller(elsewhere.practice_id, elsewhere.client_id, 0),
        }
        return [
            *(
                Outsider(name, self._access.sign(caller, LATER), "AccessToken")
                for name, caller in kinds.items()
            ),
            self._of_link(
                "a link of another session of his", self._link(world, second, 1, 0), is_himself=True
            ),
            self._of_link("a link of another practice", self._link(elsewhere, there, 0, 0)),
        ]

    async def _keys(self) -> list[Outsider]:
        world = self.world
        revoked = await world.key(Scope.ADMIN, name="Revoked")
        key_id = UUID(revoked.removeprefix("rk_")[32:64])
        end = partial(revoke_key, practice_id=world.practice_id, key_id=key_id)
        await transact(world.engine, partial(end, actor=OPERATOR, now=NOW))
        weak = [(scope, await world.key(scope, name=scope)) for scope in Scope]
        theirs = await self.elsewhere.key()
        return [
            Outsider("a revoked key", revoked, "ApiKey", is_good=False),
            *(Outsider(f"a key to {scope}", key, "ApiKey", scope=scope) for scope, key in weak),
            Outsider("the practice's key, for a client", weak[-1][1], asks="AccessToken"),
            Outsider("another's key", theirs, "ApiKey", scope=Scope.ADMIN, is_elsewhere=True),
        ]

    def _client(self, generation: int, until: datetime = LATER) -> str:
        caller = Caller(self.world.practice_id, self.world.client_id, generation)
        return self._access.sign(caller, until)

    def _link(
        self, of: World, opens: UUID, address: int, generation: int, until: datetime = LATER
    ) -> str:
        caller = Caller(of.practice_id, of.client_id, address, opens, generation)
        return self._access.sign(caller, until)

    def _of_link(self, name: str, token: str, **more: bool) -> Outsider:
        # Which session it is of only matters to the rule as far as there is one.
        return Outsider(name, token, "AccessToken", session_id=self.session_id, **more)  # type: ignore[arg-type]


def test_open_to_everybody_is_what_is_listed() -> None:
    assert {path for _, path, found in operations() if not found["security"]} == OPEN.keys()
    assert len(CLOSED) > 80


async def test_nobody_gets_past_a_wall(
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
    # Each wall was run against, and by each of them.
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
    """Ask for what is theirs, and for what nobody has: the answers have to be the same."""
    code = expected(method, path, operation, caller)
    is_his = code is None and not caller.is_elsewhere and method != "get"
    if is_his or (code is None and caller.scope and not caller.is_elsewhere):
        return None  # what he may do with his own is tested elsewhere
    body, strange = body_for(operation, theirs.ids), _strange(theirs)
    api = api.signed_in(caller.token)
    filters = _filters(operation)
    answer = await ask(api, method, _address(path, filters, theirs.ids), body)
    where = f"{caller.name}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500, where
    if code is not None:
        assert answer.json()["code"] == code, where
        assert answer.status_code == CATALOGUE[code].status, where
    # A link that has ended is told so where it is asked for the session that it was of.
    is_over = caller.session_id is not None and not caller.is_good
    if (code is not None or filters) and not is_over:
        unknown = await ask(api, method, _address(path, filters, strange), body)
        assert (answer.status_code, told(answer)) == (unknown.status_code, told(unknown)), where
        assert headers(answer) == headers(unknown), where
    if not caller.is_himself:
        _tells_nothing(answer, theirs, json.dumps(body), where)
    return code


def _tells_nothing(answer: Response, theirs: Theirs, sent: str, where: str) -> None:
    """Fail where an answer has something of theirs in it that the caller did not send himself."""
    assert CANARY.lower() not in answer.text.lower(), where
    for name, of_theirs in theirs.ids.items():
        is_echo = not name.endswith("_id") or of_theirs in sent
        assert is_echo or of_theirs not in answer.text, f"{name} {where}"


def _filters(operation: dict[str, Any]) -> list[str]:
    named = {part["name"] for part in operation.get("parameters", ()) if part["in"] == "query"}
    return [name for name in FILTERS if name in named]


def _address(path: str, filters: list[str], ids: dict[str, str]) -> str:
    query = "&".join(f"{name}={ids[f'{name}_id']}" for name in filters)
    return path.format(**ids) + (f"?{query}" if query else "")


def _strange(theirs: Theirs) -> dict[str, str]:
    """Make ids that nobody has, and keep what is no id."""
    return {
        name: value if name in {"day", "source"} else str(uuid4())
        for name, value in theirs.ids.items()
    }


def headers(answer: Response) -> dict[str, str]:
    """Give the headers of an answer, but for the one that is different each time."""
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def _everything(theirs: Theirs) -> dict[str, list[Any]]:
    """Read all rows of theirs, and the jobs about them."""
    about = text(
        "SELECT entrypoint, payload FROM pgqueuer WHERE encode(payload, 'escape') LIKE :id"
    )
    async with theirs.world.engine.connect() as db:
        jobs = await db.execute(about, {"id": f"%{theirs.world.practice_id}%"})
        found: dict[str, list[Any]] = {"pgqueuer": sorted(map(repr, jobs))}
    assert found["pgqueuer"]
    return found | await theirs.everything()
