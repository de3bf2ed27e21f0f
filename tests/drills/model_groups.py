"""The model of groups: one time of a practitioner that several sessions share."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tests.drills.model import Book, format_change
from tests.drills.model_records import Answer, Package, Quote, RefusedError
from tests.drills.model_rules import Cost, as_single, cost, keeps_place
from tests.drills.model_slots import (
    SECOND,
    Look,
    Slot,
    is_within_reach,
    may_move_to,
    minutes,
    notice_for,
)
from tests.drills.model_things import MINUTE, TICK, Before, Group, Session


class GroupBook(Book):
    """A book with groups, and with sessions that are seats of them."""

    def seats_left(self, group: Group) -> int:
        if group.status == "cancelled":
            return 0
        return group.seats - len(self.seats_taken(group))

    def seats_taken(self, group: Group) -> list[Session]:
        return [s for s in self.sessions if s.group is group and s.status != "cancelled"]

    def create_group(self, group: Group, *, force: bool) -> Answer:
        self._check_free(group, group.starts_at, group.place, force=force)
        self.groups.append(group)
        self._took(group)
        return Answer(201, sessions={})

    def book_seat(
        self, seat: Session, package: Package | None, *, force: bool, now: datetime
    ) -> Answer:
        """Book a seat as staff."""
        group = self._group_of(seat)
        if group.status == "cancelled":
            raise RefusedError("group-cancelled")
        if group.ends_at <= now:
            raise RefusedError("validation-failed")
        self._check_seat(seat, group, force=force)
        answer = self._add(seat, package, now)
        self._squeeze(group)
        return answer

    def move_seat(
        self, session: Session, to: Group, quote: Quote | None, seen: int, now: datetime
    ) -> Answer:
        """Move a seat to another group as the client."""
        due = self._seat_target(session, to, quote, seen, now)
        before = self._before(session, now)
        self._follow(session, to)
        return self._moved_by_client(session, (to.starts_at, to.place), due, now, before)

    def hold_seat(
        self, session: Session, to: Group, quote: Quote | None, seen: int, now: datetime
    ) -> Answer:
        """Hold a seat of another group; what the move costs does not matter yet."""
        self._seat_target(session, to, quote, seen, now, shown=False)
        return Answer(200, hold=self.holds.put(session, (to.starts_at, to.place), to, now))

    def _seat_target(
        self,
        session: Session,
        to: Group,
        quote: Quote | None,
        seen: int,
        now: datetime,
        *,
        shown: bool = True,
    ) -> Cost:
        """Check that the client may move a seat, and that the group is on offer."""
        self._check_version(session, seen)
        if session.status == "booked" and now < session.starts_at and session.group is to:
            raise RefusedError("no-change")
        keeps_time = to.starts_at == session.starts_at
        keeps_format = to.place[0] == session.place[0]
        changes = keeps_time and not keeps_format and session.rebook_until is None
        action = "change_format" if changes else "reschedule"
        due = self._judged(session, action, quote, seen, now, shown=shown)
        if to.place != session.place and keeps_place(session, now):
            change = format_change(as_single(session), now)
            raise RefusedError(change.refusal or "validation-failed", verdict=change)
        looking = self.look(session, now, action)
        offered = self.groups_on_offer(looking, to.place[0])
        if to not in offered:
            near = sorted((abs(g.starts_at - to.starts_at), g.starts_at) for g in offered)
            until = None
            if to in self.groups_on_offer(looking, to.place[0], takes_held=True):
                until = self._seat_held_until(to, session)
            alternatives = [start for _, start in near[:3]]
            raise RefusedError("slot-unavailable", alternatives=alternatives, held_until=until)
        return due

    def seats_open(self, group: Group, session: Session | None) -> int:
        """Count the seats that are left and that others do not hold."""
        return self.seats_left(group) - len(self.holds.seats(group, self.now, session))

    def _seat_held_until(self, group: Group, session: Session) -> datetime:
        return min(hold.until for hold in self.holds.seats(group, self.now, session))

    def _squeeze(self, group: Group) -> None:
        """End the latest holds of a group for which there is no seat any more."""
        holds = self.holds.seats(group, self.now)
        self.holds.end_latest(holds, max(len(holds) - self.seats_left(group), 0))

    def move_seat_by_staff(
        self, session: Session, to: Group, *, force: bool, charged: bool, now: datetime
    ) -> Answer:
        self._check_booked(session)
        if session.group is to:
            raise RefusedError("no-change")
        action = "change_format" if to.starts_at == session.starts_at else "reschedule"
        due = cost(session, action, now) if charged else Cost(None, "kept" * session.paid or None)
        is_free = self.seats_left(to) > 0 and not self.is_elsewhere(session, to)
        if not is_free:
            raise RefusedError("slot-unavailable")
        if not force and self.seats_open(to, session) < 1:
            raise RefusedError("slot-unavailable", held_until=self._seat_held_until(to, session))
        self._follow(session, to)
        answer = self._moved_by_practice(session, (to.starts_at, to.place), due)
        self._squeeze(to)
        return answer

    def undo(self, session: Session, now: datetime) -> Answer:
        group = session.group
        if group is None or session.status == "booked":
            return super().undo(session, now)
        if group.status == "cancelled":
            raise RefusedError("group-cancelled")
        if session.status == "cancelled":
            self._check_seat(session, group)
        elif self.is_elsewhere(session, group):
            raise RefusedError("slot-unavailable")
        session.duration = group.duration
        return self._restored(session, now, group)

    def _check_free_again(self, session: Session, before: Before) -> None:
        """Check that a seat of the group before the change is free, at the same time."""
        group = before.values["group"]
        if group is None:
            super()._check_free_again(session, before)
            return
        if group.status == "cancelled":
            raise RefusedError("group-cancelled")
        if self.seats_left(group) < 1:
            raise RefusedError("group-full")
        there = before.values["starts_at"], before.values["place"]
        if there != (group.starts_at, group.place) or self.is_elsewhere(session, group):
            raise RefusedError("slot-unavailable", alternatives=[])
        if self.seats_open(group, session) < 1:
            raise RefusedError("slot-unavailable", held_until=self._seat_held_until(group, session))

    def cancel_group(self, group: Group, now: datetime) -> Answer:
        """Cancel a group as staff, with all its booked seats."""
        if group.status == "cancelled":
            return Answer(200, sessions={})
        touched = {}
        for seat in self._booked_seats(group):
            touched[seat.id] = self._lose_seat(seat, now)
        self.holds.end_seats(group)
        group.status = "cancelled"
        group.version += 1
        return Answer(200, sessions=touched)

    def move_group(
        self, group: Group, to: Slot, *, force: bool, leave_behind: bool, now: datetime
    ) -> Answer:
        """Move a group as staff, with all its booked seats."""
        if group.status == "cancelled":
            raise RefusedError("group-cancelled")
        if to == (group.starts_at, group.place):
            raise RefusedError("no-change")
        self._check_free(group, *to, force=force)
        seats, start = self._booked_seats(group), to[0]
        staying = [seat for seat in seats if self.is_elsewhere(seat, group, start, seats)]
        if staying and not leave_behind:
            raise RefusedError("seats-conflict", sessions={seat.id: None for seat in staying})
        touched = {}
        for seat in seats:
            if seat in staying:
                touched[seat.id] = self._lose_seat(seat, now)
            else:
                kept = Cost(None, "kept" if seat.paid else None)
                self._moved_by_practice(seat, to, kept)
                touched[seat.id] = ("booked", kept.credit)
        group.starts_at, group.place = to
        group.version += 1
        self.holds.end_seats(group)
        self._took(group)
        return Answer(200, sessions=touched)

    def change_seats(self, group: Group, seats: int) -> Answer:
        if group.status == "cancelled":
            raise RefusedError("group-cancelled")
        if seats < len(self.seats_taken(group)):
            raise RefusedError("validation-failed")
        group.version += seats != group.seats
        group.seats = seats
        return Answer(200, sessions={})

    def availability(
        self, session: Session, kind: str, days: tuple[date, date], zone: ZoneInfo, now: datetime
    ) -> tuple[list[Slot], str | None, date | None]:
        """Return the slots; those of a seat are other groups."""
        if session.group is None:
            return super().availability(session, kind, days, zone, now)
        looking, instants = self.look(session, now), list(minutes(*days, zone))
        offered = self.groups_on_offer(looking, kind)
        first, end = instants[0], instants[-1] + MINUTE
        slots = [(g.starts_at, g.place) for g in offered if first <= g.starts_at < end]
        if slots:
            return sorted(slots), None, None
        reason = self._why_no_group(looking, kind, instants)
        later = sorted(g.starts_at for g in offered if g.starts_at >= end)
        if reason == "reschedule_refused" or not later:
            return [], reason, None
        return [], reason, later[0].astimezone(zone).date()

    def groups_on_offer(self, looking: Look, kind: str, *, takes_held: bool = False) -> list[Group]:
        """List the groups of a format to which the seat can move."""
        session = looking.session
        hold = self.holds.of(session, looking.now)
        held = None if hold is None else hold.seat_of
        return [
            group
            for group in self._suitable(looking, kind)
            if (group is not session.group or session.rebooks(looking.now))
            and (
                is_within_reach(self.service, looking, group.starts_at)
                or (group is held and group.starts_at > looking.now)
            )
            and (self.seats_left(group) if takes_held else self.seats_open(group, session)) > 0
            and not self.is_elsewhere(session, group)
        ]

    def is_elsewhere(
        self,
        session: Session,
        group: Group,
        start: datetime | None = None,
        but: Sequence[Session] = (),
    ) -> bool:
        """Tell whether the client has another session at the time of a group."""
        start = start or group.starts_at
        end = start + group.duration * MINUTE
        return any(
            other.client == session.client
            and other.takes_until > other.starts_at
            and start < other.takes_until
            and other.starts_at < end
            for other in self.sessions
            if other is not session and other not in but
        )

    def _suitable(self, looking: Look, kind: str) -> Iterator[Group]:
        for group in self.groups:
            is_one = group.practitioner is looking.session.practitioner
            is_on = group.status == "scheduled" and group.place[0] == kind
            if is_one and is_on and may_move_to(looking, group.place):
                yield group

    def _why_no_group(self, looking: Look, kind: str, instants: list[datetime]) -> str:
        """Return why no group is offered at these instants, a minute apart."""
        keeps_format = looking.keeps_place and kind != looking.session.place[0]
        if not looking.may_move or keeps_format:
            return "reschedule_refused"
        first, end = instants[0], instants[-1] + MINUTE
        notice = notice_for(self.service, looking) * MINUTE
        earliest = (looking.now + notice + SECOND - TICK).replace(microsecond=0)
        within = [*instants, earliest] if first <= earliest < end else instants
        if not any(is_within_reach(self.service, looking, instant) for instant in within):
            return "outside_horizon"
        starts = [g.starts_at for g in self._suitable(looking, kind)]
        found = [start for start in starts if first <= start < end]
        if not found:
            return "no_working_hours"
        is_reached = any(is_within_reach(self.service, looking, start) for start in found)
        return "fully_booked" if is_reached else "outside_horizon"

    def _group_of(self, seat: Session) -> Group:
        assert seat.group is not None
        return seat.group

    def _booked_seats(self, group: Group) -> list[Session]:
        return [seat for seat in self.seats_taken(group) if seat.status == "booked"]

    def _check_seat(self, seat: Session, group: Group, *, force: bool = False) -> None:
        if self.seats_left(group) == 0:
            raise RefusedError("group-full")
        if self.is_elsewhere(seat, group):
            raise RefusedError("slot-unavailable")
        if not force and self.seats_open(group, seat) < 1:
            raise RefusedError("slot-unavailable", held_until=self._seat_held_until(group, seat))

    def _lose_seat(self, seat: Session, now: datetime) -> tuple[str, str | None]:
        """Cancel a seat for the practice, free of charge."""
        returned = "returned" if seat.paid else None
        self._ended(seat, "cancelled", "practice", Cost(None, returned), now)
        return "cancelled", returned

    def _follow(self, session: Session, group: Group) -> None:
        """Take a seat of another group: its duration and its buffers."""
        session.group = group
        session.duration, session.before, session.after = group.duration, group.before, group.after
