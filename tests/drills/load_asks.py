"""Commands of the load on move requests: the practice asks clients to choose another time."""

import json
from datetime import timedelta
from typing import Any

from tests.drills.load_together import GroupActor

REQUESTS = "/v1/practice/move-requests"
MOST_ASKED = 4
MOST_PROPOSALS = 3
MOST_SLOTS = 40
# The weights of the actions.
ASKS = {"ask": 8, "answer": 14, "withdraw": 2}


class AskedActor(GroupActor):
    """A client who is asked to move sessions, and the front desk that asks."""

    actions = GroupActor.actions | ASKS

    async def _ask(self) -> None:
        """Ask for some sessions, which stay booked meanwhile or are cancelled."""
        known = [one for some in self._load.sessions.values() for one in some]
        if not known:
            return
        asked = list(dict.fromkeys(self._random.choices(known, k=MOST_ASKED)))
        body: dict[str, Any] = {
            "sessions": asked,
            # Before the first session starts, and after the load has ended.
            "answer_by": (self._load.first - timedelta(hours=1)).isoformat(),
            "meanwhile": self._random.choice(["keep", "cancel"]),
        }
        seats = {seat for some in self._load.seats.values() for seat in some}
        single = [one for one in asked if one not in seats]
        if single and self._random.random() < 0.5:
            starts = {self._start() for _ in range(MOST_PROPOSALS)}
            body["proposals"] = {self._random.choice(single): sorted(starts)}
        entry = self._for_staff("asked", REQUESTS, body)
        await self.send(entry)
        if entry.good:
            told = json.loads(entry.good[0].body)
            self._load.requests.append(told["id"])
            for one in told["sessions"]:
                self._load.asked.setdefault(one["client_id"], []).append(one["session_id"])

    async def _answer(self) -> None:
        """Look at a session that was asked for; move it to a slot on offer, or cancel it."""
        mine = self._load.asked.get(str(self._person.id))
        if not mine:
            return
        session_id = self._random.choice(mine[-MOST_ASKED:])
        found = await self._read(f"/v1/sessions/{session_id}")
        if self._random.random() < 0.2:
            quote = found["actions"]["cancel"]["quote"]
            await self._mine("cancelled", f"{session_id}/cancel", {}, quote)
            return
        slots = await self._slots(session_id, found)
        if slots:
            target = self._random.choice(slots[:MOST_SLOTS])
            body = {"start": target["start"], "format": found["format"]["kind"]}
            if found["group"] is not None:
                body = {"group_id": target["group_id"]}
            quote = found["actions"]["reschedule"]["quote"]
            await self._mine("rescheduled", f"{session_id}/reschedule", body, quote)

    async def _slots(self, session_id: str, found: dict[str, Any]) -> list[Any]:
        """List the proposals of the practice, or else what availability offers."""
        proposed: list[Any] = (found["move_request"] or {}).get("proposals", [])
        if proposed and found["group"] is None:
            return proposed
        offered = await self._read(f"/v1/sessions/{session_id}/availability")
        return [slot for day in offered["days"] for slot in day["slots"]]

    async def _withdraw(self) -> None:
        if self._load.requests:
            path = f"{REQUESTS}/{self._random.choice(self._load.requests)}/withdraw"
            await self.send(self._for_staff("withdrawn", path, {}))
