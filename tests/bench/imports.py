"""Measures an import, and availability beside what was imported.

A practice's software pushes 10,000 sessions in one sitting, one by one and as the lines of one
request. 100,000 sessions of one practitioner must not slow their availability.
`python -m tests.bench.imports` prints only these lines.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from httpx import AsyncClient

from app.database.embedded import EmbeddedServer
from app.identity.api_keys.keys import Scope
from tests.bench.data import CROWD, PRACTITIONERS, UPCOMING, crowd, named
from tests.bench.load import Expected, Measured, load, put
from tests.bench.memory import resident
from tests.bench.past import key_of_staff
from tests.bench.processor import Counted, postmaster
from tests.bench.ratios import compare
from tests.bench.stage import SmallStage, print_all, small_stage
from tests.bench.subjects import Subject, Window, booked_sessions
from tests.bench.verdict import Verdict, note_of

SESSIONS = 10_000
CONNECTIONS = 8
PATIENCE_SECONDS = 1800
WARM_UP = 500
# After all other sessions of the benches.
FIRST_DAY = timedelta(days=100)
ZONE = ZoneInfo("America/New_York")
READS = 500
HOURS = range(9, 17)
FRIDAY = 5


async def imported(stage: SmallStage) -> AsyncIterator[Verdict]:
    """Push the sessions, and push them again. What is pushed stays."""
    key = await key_of_staff(stage.service_url, Scope.WRITE)
    pids = stage.service.server_pids()
    roots = [*pids, await postmaster(stage.admin_url)]
    push = Import(stage.service.port, key)
    await push.first(WARM_UP)()
    before = resident(pids)
    name = f"an import of {SESSIONS - WARM_UP:,} sessions"
    yield await _rate(name, Counted(push.rest(WARM_UP), roots, SESSIONS - WARM_UP))
    after = resident(pids)
    note = f"{after / 2**20:.0f} MiB afterwards"
    yield Verdict("memory", "before the import", after / before, 1.05, note, at_most=True)
    yield await _rate(f"the same {SESSIONS:,} again", Counted(push.again(), roots, SESSIONS))
    async for verdict in in_bulk(stage):
        yield verdict


async def in_bulk(stage: SmallStage) -> AsyncIterator[Verdict]:
    """Import as many other sessions as the lines of one request, and the same lines again."""
    key = await key_of_staff(stage.service_url, Scope.ADMIN)
    pids = stage.service.server_pids()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    lines = list(_lines(islice(_times(), SESSIONS, 2 * SESSIONS)))
    before = resident(pids)
    url = f"http://127.0.0.1:{stage.service.port}"
    async with AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        for name, outcome in (("in bulk", "created"), ("the same lines again", "unchanged")):
            began = perf_counter()
            answer = await http.post("/v1/practice/import", content="\n".join(lines))
            rate = len(lines) / (perf_counter() - began)
            results = Counter(json.loads(line)["result"] for line in answer.text.splitlines())
            assert results == {outcome: len(lines)}, answer.text[:2000]
            note = f"{len(lines):,} lines, memory {resident(pids) / before:.2f} times as much"
            yield Verdict(name, "sessions a second", rate, None, note)


def _lines(times: Iterator[tuple[datetime, int]]) -> Iterator[str]:
    """Write sessions as lines of an import. Records without a reference are named by their ids."""
    for number, (start, who) in enumerate(times):
        line = {
            "kind": "session",
            "external_ref": f"line-{number}",
            "client_ref": _client(number, who),
            "practitioner_ref": str(named("practitioner", 0, who)),
            "service_ref": str(named("service", 0)),
            "starts_at": start.isoformat(),
            "format": "video",
        }
        yield json.dumps(line)


async def _rate(name: str, pushing: Counted) -> Verdict:
    found = await pushing()
    median, tail = (found.percentile(share) * 1000 for share in (0.5, 0.99))
    note = f"p50 {median:.0f} ms, p99 {tail:.0f} ms, processor time {pushing.milliseconds:.2f} ms"
    return Verdict(name, "sessions a second", found.rate, None, note)


async def crowded(stage: SmallStage) -> AsyncIterator[Verdict]:
    """Compare a practitioner with many sessions with one who has 40. What is inserted stays."""
    sessions = await booked_sessions(stage.admin_url)
    # Neighbours have different practitioners.
    windows = [
        Subject(
            stage.service.port,
            [one for one in sessions if one.practitioner_id == practitioner_id][:UPCOMING],
        ).availability(READS)
        for practitioner_id in (sessions[0].practitioner_id, sessions[1].practitioner_id)
    ]
    today = datetime.now(UTC).date()  # noqa: TID251 - a real server is asked
    await crowd(stage.admin_url, sessions[0].session_id, today)
    roots = [*stage.service.server_pids(), await postmaster(stage.admin_url)]
    counted = [Counted(window, roots, READS) for window in windows]
    found = await compare(*counted)
    name, against = "a month of availability", "a practitioner with 40"
    times = " against ".join(f"{one.milliseconds:.2f}" for one in counted)
    note = f"of one with {CROWD:,}, processor time {times} ms {note_of(found)}"
    yield Verdict(name, against, 1 / found.ratio, 1.15, note, at_most=True)


class Import:
    """Sessions of all practitioners, one for each hour of the working days after the others."""

    def __init__(self, port: int, key: str, count: int = SESSIONS) -> None:
        self._port = port
        self._requests = [
            self._push(number, start, who, key)
            for number, (start, who) in zip(range(count), _times(), strict=False)
        ]

    def first(self, count: int) -> Window:
        """Push the first sessions only: the warm-up."""
        return self._pushing(self._requests[:count], 201)

    def rest(self, after: int) -> Window:
        """Push the sessions after these. Each is new."""
        return self._pushing(self._requests[after:], 201)

    def again(self) -> Window:
        """Push all sessions a second time. None is changed."""
        return self._pushing(self._requests, 200)

    def _pushing(self, requests: list[bytes], status: int) -> Window:
        expected = Expected(status, b'"status":"booked"')

        async def window() -> Measured:
            return await load(
                self._port, requests, CONNECTIONS, expected=expected, patience=PATIENCE_SECONDS
            )

        return window

    @staticmethod
    def _push(number: int, start: datetime, who: int, key: str) -> bytes:
        body = {
            "client_id": _client(number, who),
            "practitioner_id": str(named("practitioner", 0, who)),
            "service_id": str(named("service", 0)),
            "start": start.isoformat(),
            "format": "video",
            "notify": False,
        }
        return put(f"/v1/practice/sessions/by-ref/import-{number}", key, json.dumps(body))


def _client(number: int, who: int) -> str:
    """Choose one of the two clients that each practitioner has in practice.sql."""
    return str(named("client", 0, 2 * who + number % 2))


def _times() -> Iterator[tuple[datetime, int]]:
    """List starts and practitioners; neighbours have different practitioners."""
    day = datetime.now(UTC).date() + FIRST_DAY  # noqa: TID251 - a real server is asked
    while True:
        if day.isoweekday() <= FRIDAY:
            for hour in HOURS:
                for who in range(PRACTITIONERS):
                    yield datetime.combine(day, time(hour), ZONE), who
        day += timedelta(days=1)


async def _show(server: EmbeddedServer, folder: Path) -> AsyncIterator[Verdict]:
    async with small_stage(server, folder) as staged:
        async for verdict in imported(staged):
            yield verdict
        async for verdict in crowded(staged):
            yield verdict


if __name__ == "__main__":
    print_all(_show)
