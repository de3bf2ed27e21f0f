"""One idempotency key in many concurrent requests, over two server processes: one effect."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import AsyncClient

from app.database.embedded import SERVICE
from tests.drills.audit import audit_scene
from tests.drills.cluster import Cluster
from tests.drills.ledger import IN_USE, Answer, Entry, Ledger
from tests.drills.report import Row
from tests.drills.scene import Person, Scene, build_on
from tests.drills.service import served
from tests.drills.speaking import exchange, speakers

AT_ONCE = 100
KEY = "one-key-for-all"
WORK = 1  # clock ticks of a process that has answered some of the requests, also on a busy machine


@pytest.mark.drill
async def test_one_key_100_times_at_once_has_one_effect(
    cluster: Cluster, tmp_path: Path, tell: Callable[[Row], None]
) -> None:
    scene = await build_on(cluster, people=2, practitioners=2)
    ana, ben = scene.people
    async with (
        served({"DATABASE_URL": cluster.url(SERVICE)}, tmp_path) as service,
        speakers(service.url, AT_ONCE) as crowd,
    ):
        http = crowd[0]
        moved = await booked(http, scene, ana, 0)
        others = await booked(http, scene, ben, 1)
        before = service.work_done()
        at_once = await asyncio.gather(*(send(one, ana, moved) for one in crowd))
        after = service.work_done()
        later = await send(http, ana, moved)
        differs = Entry(moved.kind, moved.scope, KEY, moved.path, moved.body + b" ")
        other_body = await send(http, ana, differs)
        other_client = await send(http, ben, others)
    ledger = Ledger([moved, others])
    found = await audit_scene(cluster, scene, ledger)
    tell(
        Row(
            drill="one key",
            load=f"{AT_ONCE} times at once",
            faults="-",
            acknowledged=ledger.acknowledged,
            lost=len(found.lost),
            doubled=len(found.doubled),
            worst=ledger.worst,
        )
    )
    assert not found, found
    assert Counter(answer.code for answer in at_once).keys() <= {None, IN_USE}
    good = [answer for answer in [*at_once, later] if answer.is_good]
    assert len({answer.body for answer in good}) == 1
    assert sum(not answer.replayed for answer in good) == 1
    assert later.replayed
    assert (other_body.status, other_body.code) == (422, "idempotency-key-reused")
    assert (other_client.status, other_client.replayed) == (200, False)
    assert len(before) == 2
    assert all(after[pid] - ticks >= WORK for pid, ticks in before.items())


async def booked(http: AsyncClient, scene: Scene, person: Person, number: int) -> Entry:
    """Book a session for a person, and give the move that they are to request."""
    start = scene.opened_at.replace(minute=0, second=0, microsecond=0) + timedelta(days=10)
    body = {
        "client_id": str(person.id),
        "practitioner_id": str(scene.practitioners[number]),
        "service_id": str(scene.service_id),
        "start": start.isoformat(),
        "format": "video",
    }
    headers = {"Authorization": f"Bearer {scene.staff_token}", "Idempotency-Key": f"book-{number}"}
    answer = await http.post("/v1/practice/sessions", json=body, headers=headers)
    session_id = answer.json()["session"]["id"]
    move = {
        "start": (start + timedelta(days=1)).isoformat(),
        "format": "video",
        "reason": {"note": f"client {number}"},
    }
    path = f"/v1/sessions/{session_id}/reschedule"
    return Entry("rescheduled", f"client:{person.id}", KEY, path, json.dumps(move).encode())


async def send(http: AsyncClient, person: Person, entry: Entry) -> Answer:
    """Send the command once more."""
    answer = await exchange(http, "POST", entry.path, person.token, entry)
    entry.answers.append(answer)
    return answer
