"""What is measured: requests about the upcoming sessions of one practice."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from uuid import UUID, uuid4

import asyncpg

from app.identity.tokens.access import AccessTokens, Caller
from tests.bench.data import named
from tests.bench.load import CONNECTIONS, Measured, get, load, post
from tests.bench.recording import Target

KEY = "a-signing-key-for-benches-only-0123456789"
PRACTICE = named("practice", 0)
HOUR = timedelta(hours=1)
FEW = 4
MOMENT_SECONDS = 0.02

Window = Callable[[], Awaitable[Measured]]


@dataclass(frozen=True, slots=True)
class Booked:
    """An upcoming session and its start."""

    session_id: UUID
    client_id: UUID
    practitioner_id: UUID
    base: datetime


async def booked_sessions(admin_url: str) -> list[Booked]:
    """List the practice's upcoming sessions; neighbours have different practitioners."""
    db = await asyncpg.connect(admin_url)
    try:
        rows = await db.fetch(
            "SELECT id, client_id, practitioner_id, starts_at FROM sessions"
            " WHERE practice_id = $1 AND status = 'booked'"
            " ORDER BY starts_at, practitioner_id",
            PRACTICE,
        )
    finally:
        await db.close()
    return [Booked(*row.values()) for row in rows]


def token_for(client_id: UUID) -> str:
    """Sign an access token that expires after the run."""
    until = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - a real server is asked
    return AccessTokens([KEY]).sign(Caller(PRACTICE, client_id, 0), until)


class Away:
    """Whether the sessions of one database are at their starts, or moved an hour away from them."""

    def __init__(self) -> None:
        self.now = False

    def turn(self) -> bool:
        """Switch the state; return whether the next moves go away (True) or back (False)."""
        self.now = not self.now
        return self.now


class Subject:
    """Creates windows of load on one server; the requests repeat if there are too few."""

    def __init__(self, port: int, sessions: list[Booked]) -> None:
        self._port = port
        self._sessions = sessions
        self._tokens = {one.client_id: token_for(one.client_id) for one in sessions}

    def details(self, count: int) -> Window:
        """Read the details of all sessions in turn."""
        return self._reading(count, [self._about(one) for one in self._sessions])

    def some_details(self, count: int) -> Window:
        """Read details as a few clients do who look at each answer for a moment."""
        requests = [self._about(one) for one in self._sessions]

        async def window() -> Measured:
            asked = list(islice(cycle(requests), count))
            return await load(self._port, asked, connections=FEW, pause=MOMENT_SECONDS)

        return window

    def availability(self, count: int, ranges: Sequence[str] = ("",)) -> Window:
        """Read availability for all sessions in turn: of a month, or of these ranges in turn.

        A range is the query of a request, for example `?from=2027-01-04&to=2027-01-04`.
        """
        asked = zip(self._sessions, cycle(ranges), strict=False)
        return self._reading(
            count, [self._about(one, f"/availability{range_}") for one, range_ in asked]
        )

    def lists(self, count: int) -> Window:
        """Read the list of 20 sessions for all clients in turn."""
        paths = [get("/v1/sessions?limit=20", token) for token in self._tokens.values()]
        return self._reading(count, paths)

    def rows(self, count: int) -> Window:
        """Read one row per request from the floor."""
        paths = [
            get(f"/practices/{PRACTICE}/sessions/{one.session_id}", "none")
            for one in self._sessions
        ]
        return self._reading(count, paths)

    def moves(self, away: Away, connections: int = CONNECTIONS) -> Window:
        """Move every session away, or back if it is away."""

        async def window() -> Measured:
            distance = HOUR * away.turn()
            moves = [self.move(one, distance) for one in self._sessions]
            return await load(self._port, moves, connections)

        return window

    def move(self, one: Booked, away: timedelta) -> bytes:
        """Build the request that moves a session to its start, or to a distance from it."""
        body = {
            "start": (one.base + away).isoformat(),
            "format": "video",
            "reason": {"note": "A meeting was put on this hour."},
        }
        return self._command(one, "reschedule", body)

    def cancels(self) -> Window:
        """Cancel every session. The caller must restore them before the next window."""
        body = {"reason": {"note": "I have caught a cold."}}

        async def window() -> Measured:
            return await load(
                self._port, [self._command(one, "cancel", body) for one in self._sessions]
            )

        return window

    def again(self, recording: Callable[[], str]) -> Window:
        """Let the floor run a recording for every session."""

        async def window() -> Measured:
            path = f"/recordings/{recording()}"
            return await load(self._port, [self._again(path, one) for one in self._sessions])

        return window

    def _reading(self, count: int, requests: list[bytes]) -> Window:
        async def window() -> Measured:
            return await load(self._port, list(islice(cycle(requests), count)))

        return window

    def _about(self, one: Booked, more: str = "") -> bytes:
        return get(f"/v1/sessions/{one.session_id}{more}", self._tokens[one.client_id])

    def _command(self, one: Booked, name: str, body: Mapping[str, object]) -> bytes:
        path = f"/v1/sessions/{one.session_id}/{name}"
        return post(path, self._tokens[one.client_id], json.dumps(body), uuid4().hex)

    def _again(self, path: str, one: Booked) -> bytes:
        target = Target(one.session_id, one.client_id, one.practitioner_id, uuid4().hex, one.base)
        body = {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in target.fields().items()
        }
        return post(path, "none", json.dumps(body), "none")
