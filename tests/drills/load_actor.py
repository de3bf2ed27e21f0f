"""One client of the load, and the front desk: commands on single sessions."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from httpx import AsyncClient

from tests.drills.ledger import Entry
from tests.drills.scene import CODES, Person
from tests.drills.speaking import MOST_TRIES, exchange, pause, settle

if TYPE_CHECKING:
    from tests.drills.load import Load

SESSIONS_EACH = 3
LOOKS_SHARE = 0.5
FORMATS = ("in_person", "video", "phone")
# Kinds of commands that take no reason.
WITHOUT_REASON = (
    "booked", "asked", "withdrawn", "taken_back",
    "held", "released", "wished", "unwished", "answered", "given_up", "kept",
    "confirmed",
)  # fmt: skip
# The weights of the actions.
ACTIONS = {
    "book": 14,
    "cancel": 10,
    "move": 30,
    "change_format": 12,
    "staff_cancel": 6,
    "staff_move": 8,
    "undo": 14,
    "replay": 6,
}


class LoneActor:
    """One client, who sometimes acts as the front desk too. Sends one request at a time.

    Its commands are about single sessions.
    """

    actions = ACTIONS

    def __init__(self, load: "Load", person: Person, http: AsyncClient, random: Random) -> None:
        self._load = load
        self._scene = load.scene
        self._person = person
        self._http = http
        self._random = random
        self._done: list[Entry] = []

    async def act(self, go_on: Callable[[], bool]) -> None:
        await self._begin()
        names = [name for name in self.actions if name not in self._load.left_out]
        weights = [self.actions[name] for name in names]
        while go_on():
            (action,) = self._random.choices(names, weights)
            await getattr(self, f"_{action}")()
            if self._load.thinking:
                await asyncio.sleep(self._random.uniform(0, self._load.thinking))
        for action in self._load.last:
            await getattr(self, f"_{action}")()

    async def _begin(self) -> None:
        for _ in range(SESSIONS_EACH):
            await self._book()

    async def send(self, entry: Entry) -> None:
        """Record a command, and send it."""
        self._load.ledger.entries.append(entry)
        await self._until_settled(entry)
        if entry.good:
            self._done.append(entry)

    async def _until_settled(self, entry: Entry) -> None:
        is_staff = entry.scope == self._scene.staff_scope
        token = self._scene.staff_token if is_staff else self._person.token
        await settle(self._http, entry, token, self._random)

    async def _read(self, path: str) -> Any:
        for _ in range(MOST_TRIES):
            answer = await exchange(self._http, "GET", path, self._person.token)
            self._load.ledger.reads.append(answer)
            if answer.settles:
                return json.loads(answer.body)
            await pause(self._random)
        return {}

    async def _as_client(self, kind: str, action: str, path: str, **body: Any) -> None:
        """Send a client's command, half the time without reading its cost first."""
        mine = self._load.sessions.get(self._person.id)
        if not mine:
            return
        session_id = self._random.choice(mine)
        looks = action == "change_format" or self._random.random() < LOOKS_SHARE
        found = await self._read(f"/v1/sessions/{session_id}") if looks else {}
        if action == "change_format":
            body["start"] = found.get("starts_at")
        quote = found.get("actions", {}).get(action, {}).get("quote")
        scope = f"client:{self._person.id}"
        await self.send(self._entry(kind, scope, f"/v1/sessions/{session_id}/{path}", body, quote))

    async def _as_staff(self, kind: str, path: str, **body: Any) -> None:
        """Send a staff command on any session."""
        known = [one for some in self._load.sessions.values() for one in some]
        if not known:
            return
        session_id = self._random.choice(known)
        path = f"/v1/practice/sessions/{session_id}/{path}"
        await self.send(self._entry(kind, self._scene.staff_scope, path, body))

    def _entry(
        self, kind: str, scope: str, path: str, body: dict[str, Any], quote: str | None = None
    ) -> Entry:
        """Record a command. Its note is its key, which identifies its change."""
        key = str(UUID(int=self._random.getrandbits(128), version=4))
        if quote is not None:
            body["quote"] = quote
        if kind not in WITHOUT_REASON:
            body["reason"] = {"code": self._random.choice(CODES), "note": key}
        return Entry(kind, scope, key, path, json.dumps(body).encode())

    def _start(self) -> str:
        halves = self._random.randrange(48 * self._load.days)
        return (self._load.first + timedelta(minutes=30 * halves)).isoformat()

    async def _book(self) -> None:
        person = self._random.choice([self._person, self._random.choice(self._scene.people)])
        body: dict[str, Any] = {
            "client_id": str(person.id),
            "practitioner_id": str(self._random.choice(self._scene.practitioners)),
            "service_id": str(self._scene.service_id),
            "start": self._start(),
            "format": self._random.choice(FORMATS),
        }
        if self._random.random() < 0.5:
            body["package_id"] = str(person.package_id)
        entry = self._entry("booked", self._scene.staff_scope, "/v1/practice/sessions", body)
        await self.send(entry)
        if entry.good:
            session_id = json.loads(entry.good[0].body)["session"]["id"]
            self._load.sessions.setdefault(person.id, []).append(session_id)

    async def _cancel(self) -> None:
        await self._as_client("cancelled", "cancel", "cancel")

    async def _move(self) -> None:
        kind = self._random.choice(FORMATS)
        start = self._start()
        await self._as_client("rescheduled", "reschedule", "reschedule", start=start, format=kind)

    async def _change_format(self) -> None:
        kind = self._random.choice(FORMATS)
        await self._as_client("format_changed", "change_format", "reschedule", format=kind)

    async def _staff_cancel(self) -> None:
        charged = self._random.random() < 0.5
        await self._as_staff("cancelled", "cancel", charge_fee=charged)

    async def _staff_move(self) -> None:
        kind, charged = self._random.choice(FORMATS), self._random.random() < 0.5
        await self._as_staff(
            "rescheduled", "reschedule", start=self._start(), format=kind, charge_fee=charged
        )

    async def _undo(self) -> None:
        await self._as_staff("restored", "undo")

    async def _replay(self) -> None:
        """Repeat an earlier command."""
        if self._done:
            await self._until_settled(self._random.choice(self._done))
