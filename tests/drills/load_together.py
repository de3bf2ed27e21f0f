"""Commands of the load on groups, their seats, series, and the sessions that follow."""

import json
from typing import Any

from tests.drills.ledger import Entry
from tests.drills.load_actor import ACTIONS, FORMATS, LOOKS_SHARE, LoneActor

GROUPS = 8
SEATS = 5
FOLLOWING = "this_and_following"
# The weights of the actions.
TOGETHER = {
    "create_group": 4,
    "take_seat": 14,
    "change_seat": 14,
    "leave_seat": 8,
    "staff_seat": 6,
    "move_group": 6,
    "cancel_group": 2,
    "book_series": 4,
    "cancel_following": 5,
    "move_following": 10,
    "staff_following": 6,
}


class GroupActor(LoneActor):
    """A client and the front desk, whose commands are about several sessions too."""

    actions = ACTIONS | TOGETHER

    async def _begin(self) -> None:
        await super()._begin()
        await self._create_group()
        await self._take_seat()
        await self._book_series()

    async def _create_group(self) -> None:
        if len(self._load.groups) >= GROUPS:
            return
        body = self._time() | {
            "practitioner_id": str(self._random.choice(self._scene.practitioners)),
            "service_id": str(self._scene.service_id),
            "seats": self._random.randrange(1, SEATS),
        }
        entry = self._for_staff("booked", "/v1/practice/groups", body)
        await self.send(entry)
        if entry.good:
            self._load.groups.append(json.loads(entry.good[0].body)["id"])

    async def _take_seat(self) -> None:
        if not self._load.groups:
            return
        person = self._random.choice([self._person, self._random.choice(self._scene.people)])
        body = {"client_id": str(person.id), "group_id": self._random.choice(self._load.groups)}
        if self._random.random() < 0.5:
            body["package_id"] = str(person.package_id)
        entry = self._for_staff("booked", "/v1/practice/sessions", body)
        await self.send(entry)
        if entry.good:
            session_id = json.loads(entry.good[0].body)["session"]["id"]
            self._load.seats.setdefault(person.id, []).append(session_id)
            self._load.sessions.setdefault(person.id, []).append(session_id)

    async def _change_seat(self) -> None:
        """Move a seat to another group, half the time after a look at its cost."""
        mine = self._load.seats.get(self._person.id)
        if mine:
            seat, group = self._random.choice(mine), self._random.choice(self._load.groups)
            found = await self._read(f"/v1/sessions/{seat}") if self._looks() else {}
            quote = found.get("actions", {}).get("reschedule", {}).get("quote")
            await self._mine("rescheduled", f"{seat}/reschedule", {"group_id": group}, quote)

    async def _leave_seat(self) -> None:
        mine = self._load.seats.get(self._person.id)
        if mine:
            await self._mine("cancelled", f"{self._random.choice(mine)}/cancel", {}, None)

    async def _staff_seat(self) -> None:
        """Move or restore any seat for the practice."""
        known = [seat for seats in self._load.seats.values() for seat in seats]
        if not known:
            return
        path = f"/v1/practice/sessions/{self._random.choice(known)}"
        if self._random.random() < 0.5:
            await self.send(self._for_staff("restored", f"{path}/undo", {}))
            return
        body = {"group_id": self._random.choice(self._load.groups), "charge_fee": False}
        await self.send(self._for_staff("rescheduled", f"{path}/reschedule", body))

    async def _move_group(self) -> None:
        if self._load.groups:
            body = self._time() | {"leave_behind": self._random.random() < 0.5}
            path = f"/v1/practice/groups/{self._random.choice(self._load.groups)}/move"
            await self.send(self._for_staff("rescheduled", path, body))

    async def _cancel_group(self) -> None:
        """Cancel a group, which makes room for another one."""
        if self._load.groups:
            group = self._random.choice(self._load.groups)
            entry = self._for_staff("cancelled", f"/v1/practice/groups/{group}/cancel", {})
            await self.send(entry)
            if entry.good and len(self._load.groups) > 2 and group in self._load.groups:
                self._load.groups.remove(group)

    async def _book_series(self) -> None:
        person = self._random.choice([self._person, self._random.choice(self._scene.people)])
        body = self._time() | {
            "client_id": str(person.id),
            "practitioner_id": str(self._random.choice(self._scene.practitioners)),
            "service_id": str(self._scene.service_id),
            "every": {"days": 1},
            "count": self._random.randrange(2, 5),
            "skip_conflicts": True,
        }
        entry = self._for_staff("booked", "/v1/practice/series", body)
        await self.send(entry)
        if entry.good:
            dates = [date["session_id"] for date in json.loads(entry.good[0].body)["dates"]]
            self._load.dates.setdefault(person.id, []).extend(dates)
            self._load.sessions.setdefault(person.id, []).extend(dates)

    async def _cancel_following(self) -> None:
        await self._my_following("cancelled", "cancel", "cancel", {})

    async def _move_following(self) -> None:
        await self._my_following("rescheduled", "reschedule", "reschedule", self._time())

    async def _my_following(self, kind: str, action: str, path: str, body: dict[str, Any]) -> None:
        """Change a date and those that follow it, half the time after a preview."""
        mine = self._load.dates.get(self._person.id)
        if not mine:
            return
        date, quote = self._random.choice(mine), None
        body |= {"scope": FOLLOWING, "include_moved": self._random.random() < 0.5}
        if self._looks():
            moved = str(body["include_moved"]).lower()
            query = f"action={action}&scope={FOLLOWING}&include_moved={moved}"
            quote = (await self._read(f"/v1/sessions/{date}/scope?{query}")).get("quote")
        await self._mine(kind, f"{date}/{path}", body, quote)

    async def _staff_following(self) -> None:
        known = [date for dates in self._load.dates.values() for date in dates]
        if not known:
            return
        path = f"/v1/practice/sessions/{self._random.choice(known)}"
        body = {"scope": FOLLOWING, "charge_fee": self._random.random() < 0.5}
        if self._random.random() < 0.3:
            await self.send(self._for_staff("cancelled", f"{path}/cancel", body))
            return
        entry = self._for_staff("rescheduled", f"{path}/reschedule", body | self._time())
        await self.send(entry)

    def _time(self) -> dict[str, Any]:
        return {"start": self._start(), "format": self._random.choice(FORMATS)}

    def _looks(self) -> bool:
        return self._random.random() < LOOKS_SHARE

    def _for_staff(self, kind: str, path: str, body: dict[str, Any]) -> Entry:
        return self._entry(kind, self._scene.staff_scope, path, body)

    async def _mine(self, kind: str, path: str, body: dict[str, Any], quote: str | None) -> None:
        scope = f"client:{self._person.id}"
        await self.send(self._entry(kind, scope, f"/v1/sessions/{path}", body, quote))
