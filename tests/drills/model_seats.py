"""The model of groups whose seats clients wait for: what frees a seat, and what refills one.

Read from product.md section 10, "Freed times" and "Refill".
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from tests.drills.model_records import Answer
from tests.drills.model_refill import ENDS, Refill
from tests.drills.model_slots import Slot
from tests.drills.model_things import Group, Session
from tests.drills.model_waiting import WaitingBook


@dataclass(eq=False)
class SeatsBook(WaitingBook):
    """A book that knows when groups were moved or cancelled, and how many seats they had."""

    upset: dict[Group, list[datetime]] = field(default_factory=dict)
    sizes: dict[Group, list[tuple[datetime, int]]] = field(default_factory=dict)

    def create_group(self, group: Group, *, force: bool) -> Answer:
        answer = super().create_group(group, force=force)
        self.sizes[group] = [(self.now, group.seats)]
        return answer

    def cancel_group(self, group: Group, now: datetime) -> Answer:
        was_on, end = group.status == "scheduled", group.ends_at
        answer = super().cancel_group(group, now)
        if was_on:
            self._free(group.practitioner, None, group.starts_at, end, now)
            self.upset.setdefault(group, []).append(now)
        return answer

    def move_group(
        self, group: Group, to: Slot, *, force: bool, leave_behind: bool, now: datetime
    ) -> Answer:
        start, end = group.starts_at, group.ends_at
        answer = super().move_group(group, to, force=force, leave_behind=leave_behind, now=now)
        if to[0] != start:
            self._free(group.practitioner, None, start, end, now)
            self.upset.setdefault(group, []).append(now)
        return answer

    def change_seats(self, group: Group, seats: int) -> Answer:
        before = group.seats
        answer = super().change_seats(group, seats)
        self.sizes[group].append((self.now, seats))
        if seats > before:
            of = group.practitioner, None, group.starts_at, group.ends_at
            self._free(*of, self.now, group=group)
        return answer

    def _cover(
        self, refill: Refill, standing: list[tuple[Session, datetime]], used: set[Session]
    ) -> list[Session]:
        """A seat is filled again only by a new one, in the same group, if that is full."""
        group, start, since = refill.made_by.group, refill.starts_at, refill.made_by.at
        if group is None:
            return super()._cover(refill, standing, used)
        if any(since <= at <= start for at in self.upset.get(group, ())):
            return []
        seats = [s for s, at in standing if at == start and self._group_at(s, start) is group]
        size = [seats for at, seats in self.sizes[group] if at <= start][-1]
        if len(seats) < size:
            return []
        new = [
            seat
            for seat in seats
            if seat.client != refill.session.client
            and seat not in used
            and self._came_at(seat, start) >= since
        ]
        return sorted(new, key=lambda seat: seat.id)[:1]

    def _group_at(self, session: Session, at: datetime) -> Group | None:
        return [entry for entry in self.entries[session] if entry.at <= at][-1].group

    def _came_at(self, session: Session, at: datetime) -> datetime:
        """Give when a session had come to the time that it has at an instant."""
        entries = [entry for entry in self.entries[session] if entry.at <= at]
        came = entries[0].at
        for before, entry in pairwise(entries):
            if before.kind in ENDS or before.starts_at != entry.starts_at:
                came = entry.at
        return came
