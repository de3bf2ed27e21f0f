"""Commands of the load on held times, on the client's undo, and on wishes and offers."""

from dataclasses import replace
from typing import Any

from tests.drills.ledger import Entry
from tests.drills.load_actor import FORMATS
from tests.drills.load_asks import AskedActor

WISHES = "/v1/practice/wishes"
# Kinds of commands that a client can take back.
OWN_CHANGES = ("cancelled", "rescheduled", "format_changed")
# The weights of the actions.
WAITING = {
    "hold": 10,
    "hold_and_move": 14,
    "hold_seat": 6,
    "release": 4,
    "take_back": 16,
    "confirm": 8,
    "wish": 12,
    "unwish": 2,
    "staff_wish": 4,
    "give_up": 8,
    "keep": 2,
    "answer_offer": 16,
    "force": 3,
    "work": 5,
}


class Actor(AskedActor):
    """A client who holds times, takes changes back and waits for times, and the front desk."""

    actions = AskedActor.actions | WAITING

    async def send(self, entry: Entry) -> None:
        """Record a command, send it, and remember what the client could take back."""
        await super().send(entry)
        if entry.good and entry.kind in OWN_CHANGES and entry.path.startswith("/v1/sessions/"):
            self._changed = entry.path.split("/")[3]

    async def _hold(self) -> None:
        mine = self._load.sessions.get(self._person.id)
        if mine:
            body = {"start": self._start(), "format": self._random.choice(FORMATS)}
            await self._put("held", f"{self._random.choice(mine)}/hold", body)

    async def _hold_and_move(self) -> None:
        """Hold a time, and move to it; the cost is read in between, half the time."""
        mine = self._load.sessions.get(self._person.id)
        if not mine:
            return
        session_id = self._random.choice(mine)
        body = {"start": self._start(), "format": self._random.choice(FORMATS)}
        held = await self._put("held", f"{session_id}/hold", body)
        if held.good:
            found = await self._read(f"/v1/sessions/{session_id}") if self._looks() else {}
            quote = found.get("actions", {}).get("reschedule", {}).get("quote")
            await self._mine("rescheduled", f"{session_id}/reschedule", body, quote)

    async def _hold_seat(self) -> None:
        """Hold a seat of another group, and move to it half the time."""
        mine = self._load.seats.get(self._person.id)
        if not mine:
            return
        seat, body = self._random.choice(mine), {"group_id": self._random.choice(self._load.groups)}
        held = await self._put("held", f"{seat}/hold", body)
        if held.good and self._random.random() < 0.5:
            await self._mine("rescheduled", f"{seat}/reschedule", body, None)

    async def _hold_some_seat(self) -> None:
        """Hold the first seat of another group that can be held."""
        for seat in self._load.seats.get(self._person.id, ()):
            for group_id in self._load.groups:
                held = await self._put("held", f"{seat}/hold", {"group_id": group_id})
                if held.good:
                    return

    async def _release(self) -> None:
        mine = self._load.sessions.get(self._person.id)
        if mine:
            await self._delete("released", f"{self._random.choice(mine)}/hold")

    async def _take_back(self) -> None:
        """Take back the client's latest change, or try that with any session."""
        mine = self._load.sessions.get(self._person.id)
        if not mine:
            return
        latest = getattr(self, "_changed", None)
        session_id = self._random.choice(mine)
        if latest is not None and self._random.random() < 0.8:
            session_id = latest
        await self._mine("taken_back", f"{session_id}/undo", {}, None)

    async def _confirm(self) -> None:
        mine = self._load.sessions.get(self._person.id)
        if mine:
            await self._mine("confirmed", f"{self._random.choice(mine)}/confirm", {}, None)

    async def _wish(self) -> None:
        mine = self._load.sessions.get(self._person.id)
        if mine:
            body = {"notice_hours": self._random.choice([0, 0, 12])}
            await self._put("wished", f"{self._random.choice(mine)}/wish", body)

    async def _unwish(self) -> None:
        mine = self._load.sessions.get(self._person.id)
        if mine:
            await self._delete("unwished", f"{self._random.choice(mine)}/wish")

    async def _staff_wish(self) -> None:
        """Enter a wish for a new session, or for a seat, and half the time with a package."""
        person = self._random.choice([self._person, self._random.choice(self._scene.people)])
        body: dict[str, Any] = {"client_id": str(person.id)}
        if self._load.groups and self._random.random() < 0.3:
            body["group_id"] = self._random.choice(self._load.groups)
        else:
            body["service_id"] = str(self._scene.service_id)
            body["practitioner_id"] = str(self._random.choice(self._scene.practitioners))
        if self._random.random() < 0.5:
            body["package_id"] = str(person.package_id)
        await self.send(self._for_staff("wished", WISHES, body))

    async def _give_up(self) -> None:
        """Release the time of a session, or a seat, to those who wait."""
        mine = self._released()
        if mine:
            path = f"/v1/sessions/{self._random.choice(mine)}/release"
            await self.send(self._entry("given_up", f"client:{self._person.id}", path, {}))

    async def _keep(self) -> None:
        mine = self._released()
        if mine:
            await self._delete("kept", f"{self._random.choice(mine)}/release")

    def _released(self) -> list[str]:
        """List the client's sessions and seats; any of them may be released."""
        own = self._person.id
        return [*self._load.sessions.get(own, ()), *self._load.seats.get(own, ())]

    async def _answer_offer(self) -> None:
        """Accept an offer to the client, or decline it sometimes. Other clients may be faster."""
        offers = (await self._read("/v1/offers")).get("items", [])
        if not offers:
            return
        offer = self._random.choice(offers)
        answer = self._random.choices(["accept", "decline"], [2, 1])[0]
        scope = f"client:{self._person.id}"
        await self.send(self._entry("answered", scope, f"/v1/offers/{offer['id']}/{answer}", {}))

    async def _force(self) -> None:
        """Move any session by force, also to a time that somebody holds."""
        kind = self._random.choice(FORMATS)
        await self._as_staff(
            "rescheduled",
            "reschedule",
            start=self._start(),
            format=kind,
            charge_fee=False,
            force=True,
        )

    async def _work(self) -> None:
        if self._load.work is not None:
            await self._load.work()

    async def _put(self, kind: str, path: str, body: dict[str, Any]) -> Entry:
        return await self._without_post("PUT", kind, path, body)

    async def _delete(self, kind: str, path: str) -> Entry:
        return await self._without_post("DELETE", kind, path, {})

    async def _without_post(self, method: str, kind: str, path: str, body: dict[str, Any]) -> Entry:
        scope = f"client:{self._person.id}"
        entry = replace(self._entry(kind, scope, f"/v1/sessions/{path}", body), method=method)
        await self.send(entry)
        return entry
