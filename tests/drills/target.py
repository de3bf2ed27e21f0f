"""A served practice with one record of each kind, for drills that call every operation."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from socket import socket
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import requests
import uvicorn
from pydantic import SecretStr

from app.configuration.settings import Settings
from app.database.embedded import OWNER, SERVICE, EmbeddedServer
from app.database.engine import brief_engine
from app.identity.api_keys.keys import Scope
from app.main import create_app
from tests.fixtures.database import KEY, TEMPLATE
from tests.world import NOW, REASON, TestClock, World

Headers = dict[str, str]
PRACTICE = "/v1/practice"
# Long enough steps that the rate limit of sign-in links is both reached and reset.
BETWEEN_CALLS = timedelta(seconds=10)


@dataclass
class Target:
    """The address, the callers, and the ids of records by parameter name."""

    url: str
    http: requests.Session
    clock: TestClock
    client: Headers
    link: Headers
    staff: Headers
    known: dict[str, list[str]]

    def callers(self, operation: dict[str, Any]) -> list[Headers]:
        """Return the credentials of the callers that an operation accepts."""
        schemes = {name for scheme in operation.get("security", []) for name in scheme}
        if "ApiKey" in schemes:
            return [self.staff]
        return [self.client, self.link] if "AccessToken" in schemes else [{}]

    def pass_time(self) -> None:
        self.clock.now += BETWEEN_CALLS


@contextmanager
def served_target(server: EmbeddedServer, folder: Path) -> Iterator[Target]:
    """Clone a database, fill it, and serve it from a separate thread."""
    name = f"target_{uuid4().hex}"
    template = f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}"
    asyncio.run(_execute(server, template))
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(server.url(SERVICE, name)),
        secret_keys=(SecretStr(KEY),),
        public_url="https://reslot.example",
        data_dir=folder,
    )
    clock = TestClock()
    with _serving(settings, clock) as url, requests.Session() as http:
        http.trust_env = False
        yield asyncio.run(_fill(settings, url, http, clock))
    asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(server: EmbeddedServer, statement: str) -> None:
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    await admin.execute(statement)
    await admin.close()


@contextmanager
def _serving(settings: Settings, clock: TestClock) -> Iterator[str]:
    app = create_app(settings, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # Clients that connect before the server is ready wait.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def _fill(
    settings: Settings, url: str, session: requests.Session, clock: TestClock
) -> Target:
    async with brief_engine(settings.service_url) as engine:
        world = await World(engine, settings).build()
        package = await world.add_package()
        await world.book_in_full(NOW + timedelta(days=2))
        sessions = [await world.book(NOW + timedelta(days=day, hours=1)) for day in range(3, 9)]
        staff = _bearer(await world.key(Scope.ADMIN))
        await world.key(name="Another")
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        opened = await http.post("/v1/links/open", json={"token": world.link_token(sessions[0])})
        http.headers = httpx.Headers(staff)
        practitioner = f"{PRACTICE}/practitioners/{world.practitioner_id}"
        day = {"starts_at": "2026-12-21T08:00:00Z", "ends_at": "2026-12-22T08:00:00Z"}
        absence = await http.post(f"{practitioner}/time-off", json=day)
        charged = {"charge_fee": True, "reason": REASON}
        clock.now = NOW + timedelta(days=2)
        (missed, *_) = await _ids(http, "sessions")
        await http.post(f"{PRACTICE}/sessions/{missed}/noshow", json=charged)
        hook = {"url": "https://hooks.example/reslot", "events": ["session.booked"]}
        endpoint = await http.post(f"{PRACTICE}/webhook-endpoints", json=hook)
        known = {
            # The link opens only the first one, so it is tried more often.
            "session_id": [str(session) for session in [*sessions[:1] * 4, *sessions]],
            "practitioner_id": [str(world.practitioner_id)],
            "service_id": [str(world.service_id)],
            "location_id": [str(world.location_id)],
            "client_id": [str(world.client_id)],
            "package_id": [str(package)],
            "time_off_id": [absence.json()["id"]],
            "endpoint_id": [endpoint.json()["id"]],
            "policy_id": await _ids(http, "policies"),
            "fee_id": await _ids(http, "fees"),
            "notification_id": await _ids(http, "notifications"),
            "key_id": (await _ids(http, "keys"))[1:],  # The first is the caller's key.
        }
    return Target(
        url,
        session,
        clock,
        client=_bearer(world.token()),
        link=_bearer(opened.json()["access_token"]),
        staff=staff,
        known=known,
    )


async def _ids(http: httpx.AsyncClient, what: str) -> list[str]:
    return [item["id"] for item in (await http.get(f"{PRACTICE}/{what}")).json()["items"]]


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}
