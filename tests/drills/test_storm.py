"""Many concurrent commands over two server processes: each slot goes to one client."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.clock import system_clock
from app.database.embedded import SERVICE
from tests.drills.audit import audit_scene
from tests.drills.cluster import Cluster
from tests.drills.ledger import Answer, Entry, Ledger
from tests.drills.load import Load, counted
from tests.drills.load_work import waiting_work
from tests.drills.report import Row
from tests.drills.scene import Person, Scene, build_on
from tests.drills.service import served
from tests.drills.speaking import settle, speakers

TAKERS = 200
ROUNDS = 5
CLIENTS = 16
KNOWN = {200, 201, 204, 403, 409, 422, 429, 503}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Short, so that within the storm freed times are offered and fees announced.
UNDO = timedelta(minutes=1)


@pytest.mark.drill
async def test_of_200_clients_who_request_one_slot_one_gets_it(
    cluster: Cluster, tmp_path: Path, tell: Callable[[Row], None]
) -> None:
    scene = await build_on(cluster, people=TAKERS, practitioners=1)
    ledger = Ledger()
    async with (
        served({"DATABASE_URL": cluster.url(SERVICE)}, tmp_path) as service,
        speakers(service.url, TAKERS) as crowd,
    ):
        sessions = [await book(http, scene, ledger, number) for number, http in enumerate(crowd)]
        takers = list(zip(crowd, scene.people, sessions, strict=True))
        rounds = [await take(takers, scene, ledger, number) for number in range(ROUNDS)]
    found = await audit_scene(cluster, scene, ledger)
    tell(
        Row(
            drill="one slot",
            load=f"{TAKERS} takers at once, {ROUNDS} rounds",
            faults="-",
            acknowledged=ledger.acknowledged,
            lost=len(found.lost),
            doubled=len(found.doubled),
            worst=ledger.worst,
        )
    )
    assert rounds == [{"ok": 1, "slot-unavailable": TAKERS - 1}] * ROUNDS
    assert not found, found


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(300, marks=pytest.mark.brief),
        pytest.param(10_000, marks=pytest.mark.drill),
    ],
)
async def test_after_many_random_commands_the_database_is_consistent(
    cluster: Cluster, tmp_path: Path, tell: Callable[[Row], None], commands: int
) -> None:
    scene = await build_on(cluster, people=CLIENTS, practitioners=3)
    url = cluster.url(SERVICE)
    environment = {"DATABASE_URL": url, "UNDO_MINUTES": str(UNDO // timedelta(minutes=1))}
    async with (
        served(environment, tmp_path) as service,
        waiting_work(url, system_clock, UNDO) as work,
    ):
        load = Load(service.url, scene, seed=commands, work=work)
        await load.run(counted(commands))
    found = await audit_scene(cluster, scene, load.ledger)
    answers = list(load.ledger.answers())
    tell(
        Row(
            drill="storm",
            load=f"{commands:,} random commands of {CLIENTS} clients",
            faults="-",
            acknowledged=load.ledger.acknowledged,
            lost=len(found.lost),
            doubled=len(found.doubled),
            worst=load.ledger.worst,
        )
    )
    assert not found, found
    # A seat cannot change its format (403). A client may hold few times (429). On a slow machine,
    # a client may get a 503 and retry.
    assert Counter(answer.status for answer in answers).keys() <= KNOWN
    assert load.ledger.acknowledged > commands / 4
    # The policy in force, tried: each recorded decision is the same with its own version.
    assert found.replayed > commands / 20


async def book(http: AsyncClient, scene: Scene, ledger: Ledger, number: int) -> str:
    """Book a session for a client, far from the requested slot, and return the path to move it."""
    body = {
        "client_id": str(scene.people[number].id),
        "practitioner_id": str(scene.practitioners[0]),
        "service_id": str(scene.service_id),
        "start": wished(scene, 10 * DAY + number * HOUR),
        "format": "video",
    }
    path = "/v1/practice/sessions"
    entry = Entry("booked", scene.staff_scope, str(uuid4()), path, json.dumps(body).encode())
    answer = await send(http, ledger, entry, scene.staff_token)
    return f"/v1/sessions/{json.loads(answer.body)['session']['id']}/reschedule"


async def take(
    takers: Sequence[tuple[AsyncClient, Person, str]], scene: Scene, ledger: Ledger, number: int
) -> Counter[str]:
    """Let all clients request one slot concurrently, and count the responses."""
    start = wished(scene, 30 * DAY + number * DAY)

    async def want(http: AsyncClient, person: Person, path: str) -> str:
        key = str(uuid4())
        body = {"start": start, "format": "video", "reason": {"note": key}}
        scope = f"client:{person.id}"
        entry = Entry("rescheduled", scope, key, path, json.dumps(body).encode())
        return (await send(http, ledger, entry, person.token)).code or "ok"

    return Counter(await asyncio.gather(*(want(*taker) for taker in takers)))


async def send(http: AsyncClient, ledger: Ledger, entry: Entry, token: str) -> Answer:
    """Record a command, send it until its outcome is known, and return the last response."""
    ledger.entries.append(entry)
    await settle(http, entry, token, Random(entry.key))  # noqa: S311 - decides how long it waits
    return entry.answers[-1]


def wished(scene: Scene, later: timedelta) -> str:
    """Return a full hour, this long after the scene opened."""
    return (scene.opened_at.replace(minute=0, second=0, microsecond=0) + later).isoformat()
