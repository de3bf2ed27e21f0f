"""A model of product.md: the expected response and effect of each command.

Deliberately simple, and without code of the application. `tests/drills/story.py` sends the same
commands to the service, and compares.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.drills.model_holds import Holds, held_until
from tests.drills.model_records import NOTHING, Answer, Change, Credit, Package, Quote, RefusedError
from tests.drills.model_rules import (
    Cost,
    Verdict,
    as_single,
    cost,
    free_because,
    grace_until,
    is_free,
    keeps_place,
    verdict,
    with_reason,
)
from tests.drills.model_slots import (
    Busy,
    Look,
    Slot,
    days_ahead,
    fits,
    is_offered,
    is_taken,
    look,
    minutes,
    why_empty,
)
from tests.drills.model_steps import Step, check_dearest, step
from tests.drills.model_things import (
    DAY,
    TICK,
    Before,
    Group,
    Place,
    Rules,
    Service,
    Session,
    Taker,
    wall,
)
from tests.world import REASON

GRACE = timedelta(days=14)
NEVER = datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))  # until the first command
UTC = ZoneInfo("UTC")
UNDO_WINDOW = timedelta(minutes=5)
# A request that came in time may still wait for a lock.
STILL_WAITING = timedelta(seconds=30)
# What is again as it was when a client takes their change back.
RESTORED = (
    *("starts_at", "place", "group", "duration", "before", "after", "moves", "by_practice"),
    *("carried", "rhythm", "absent", "asked_until", "request", "proposals"),
)


@dataclass(eq=False)
class Book:
    service: Service
    places: list[Place]
    rules: Rules = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    command: int = 0
    now: datetime = NEVER
    packages: list[Package] = field(default_factory=list)
    changes: dict[Session, list[Change]] = field(default_factory=dict)
    fees: dict[Session, list[tuple[int, str, str]]] = field(default_factory=dict)
    steps: dict[Session, list[Step]] = field(default_factory=dict)
    holds: Holds = field(default_factory=Holds)
    withdrawn: list[dict[Session, str]] = field(default_factory=list)

    @property
    def takers(self) -> list[Taker]:
        """List what can take time."""
        return [*self.sessions, *self.groups]

    def busy(self, *but: Taker) -> list[Busy]:
        """List what takes time or holds it; not the holds of these sessions."""
        return [*self.takers, *self.holds.times(self.now, but)]

    def look(self, session: Session, now: datetime, *quoted: str) -> Look:
        """Search for slots as the client."""
        hold = self.holds.of(session, now)
        held = None if hold is None or hold.seat_of is not None else (hold.starts_at, hold.place)
        return look(session, now, *quoted, held=held)

    def cancel(self, session: Session, quote: Quote | None, seen: int, now: datetime) -> Answer:
        """Cancel as the client, who saw version `seen`."""
        if session.status == "cancelled":
            self._leave_cancelled(session)
            return Answer(200, cost=self._cost_of_end(session))
        due = self._judged(session, "cancel", quote, seen, now)
        check_dearest(session, self.steps[session], due, now)
        return self._ended(session, "cancelled", "client", due, now)

    def announce(
        self, session: Session, quote: Quote | None, seen: int, *, free_time: bool, now: datetime
    ) -> Answer:
        """Say as the client, too late to cancel, that they cannot come."""
        if session.status == "cancelled":
            return Answer(200, cost=self._cost_of_end(session))
        if session.status == "booked" and session.absent and not free_time:
            return Answer(200)
        due = self._judged(session, "absence", quote, seen, now, shown=free_time)
        if free_time:
            check_dearest(session, self.steps[session], due, now)
            answer = self._ended(session, "cancelled", "client", due, now)
            session.absent = True
            return answer
        session.absent = True
        return self._record(session, "absence_announced", "client", NOTHING)

    def move(
        self, session: Session, to: Slot, quote: Quote | None, seen: int, now: datetime
    ) -> Answer:
        """Move, or change the format, as the client."""
        due = self._target(session, to, quote, seen, now)
        return self._moved_by_client(session, to, due, now)

    def hold(
        self, session: Session, to: Slot, quote: Quote | None, seen: int, now: datetime
    ) -> Answer:
        """Hold a time for a session; what the move costs does not matter yet."""
        self._target(session, to, quote, seen, now, shown=False)
        return Answer(200, hold=self.holds.put(session, to, None, now))

    def _target(
        self,
        session: Session,
        to: Slot,
        quote: Quote | None,
        seen: int,
        now: datetime,
        *,
        shown: bool = True,
    ) -> Cost:
        """Check that the client may move a session, and that the slot is on offer."""
        start, place = to
        keeps_time, is_open = start == session.starts_at, now < session.starts_at
        self._check_version(session, seen)
        if session.status == "booked" and is_open and (start, place) == whereabouts(session):
            raise RefusedError("no-change")
        keeps_format = not keeps_time or session.rebook_until is not None
        action = "reschedule" if keeps_format else "change_format"
        due = self._judged(session, action, quote, seen, now, shown=shown)
        if action == "reschedule" and place != session.place and keeps_place(session, now):
            change = format_change(session, now)
            raise RefusedError(change.refusal or "validation-failed", verdict=change)
        looking = self.look(session, now, action)
        if not is_offered(self.service, looking, start, place, self.busy(session)):
            raise self._not_offered(looking, start, place)
        return due

    def _not_offered(self, looking: Look, start: datetime, place: Place) -> RefusedError:
        session, busy = looking.session, self.busy(looking.session)
        ahead = {*minutes(*days_ahead(self.service, looking.now, UTC), UTC), session.starts_at}
        ahead |= {looking.held[0]} if looking.held else set()
        near = sorted(
            (abs(slot - start), slot)
            for slot in ahead
            if is_offered(self.service, looking, slot, place, busy)
        )
        until = None
        if is_offered(self.service, looking, start, place, self.takers):
            until = held_until(session, start, self.holds.times(looking.now, [session]))
        alternatives = [slot for _, slot in near[:3]]
        return RefusedError("slot-unavailable", alternatives=alternatives, held_until=until)

    def book(
        self, session: Session, package: Package | None, *, force: bool, now: datetime
    ) -> Answer:
        """Book as staff: notice, horizon, step and limits do not apply."""
        self._check_free(session, session.starts_at, session.place, force=force)
        return self._add(session, package, now)

    def move_by_staff(
        self, session: Session, to: Slot, *, force: bool, charged: bool, now: datetime
    ) -> Answer:
        self._check_booked(session)
        if to == whereabouts(session):
            raise RefusedError("no-change")
        keeps_time = to[0] == session.starts_at
        action = "change_format" if keeps_time else "reschedule"
        due = (
            cost(session, action, now) if charged else Cost(None, "kept" if session.paid else None)
        )
        self._check_free(session, *to, force=force)
        return self._moved_by_practice(session, to, due)

    def end_by_staff(
        self, session: Session, status: str, *, charged: bool, now: datetime
    ) -> Answer:
        """Cancel, or mark as missed or fulfilled, as staff."""
        if session.status == status:
            return Answer(200, cost=self._cost_of_end(session))
        self._check_booked(session)
        at = max(now, session.starts_at + TICK) if status == "noshow" else now
        due = (
            cost(session, "cancel", at)
            if charged
            else Cost(None, "returned" * session.paid or None)
        )
        return self._ended(
            session, status, "practice", NOTHING if status == "fulfilled" else due, now
        )

    def _cost_of_end(self, session: Session) -> Cost:
        """Give what the last end has cost; what became of that are entries of their own."""
        ends = [change for change in self.changes[session] if change.kind == session.status]
        return ends[-1].cost

    def undo(self, session: Session, now: datetime) -> Answer:
        if session.status == "booked":
            raise RefusedError("no-change")
        if is_taken(session, session.starts_at, self.takers):
            raise RefusedError("slot-unavailable")
        self._check_unheld(session, session.starts_at)
        return self._restored(session, now)

    def _restored(self, session: Session, now: datetime, group: Group | None = None) -> Answer:
        """Book a session again; a seat at the present time of its group."""
        package, credit = self.credit_of(session)
        if package is not None and credit is not None:
            if credit.state == "returned":
                package.take(session, now)
            credit.state = "used" if credit.state == "forfeited" else credit.state
        self._end_fee(session, "void")
        session.ended_at, session.absent, session.spent = None, False, False
        session.undoes = None
        to = whereabouts(session) if group is None else (group.starts_at, group.place)
        session.sequence += session.status == "cancelled" or to != whereabouts(session)
        session.status = "booked"
        session.version += 1
        if to[0] != session.starts_at:
            self._follows_practice(session, to[0])
        self._end_request(session, "withdrawn")
        session.starts_at, session.place = to
        self._took(session)
        return self._record(session, "restored", "practice", NOTHING)

    def undo_by_client(self, session: Session, seen: int, now: datetime) -> Answer:
        """Take back the client's last change."""
        self._check_version(session, seen)
        before = session.undoes
        if before is None or now > before.until:
            raise RefusedError("undo-unavailable")
        self._check_free_again(session, before)
        package, credit = self.credit_of(session)
        if session.status == "cancelled" and package is not None and credit is not None:
            if credit.state == "returned":
                package.take(session, now)
            else:
                credit.state = "used"
        fees = self.fees[session]
        fees[before.fees :] = [
            (due, kind, "void" if state in {"due", "settled"} else state)
            for due, kind, state in fees[before.fees :]
        ]
        self._go_back(session, before, now)
        session.version += 1
        session.sequence += 1
        self._took(session)
        return self._record(session, "restored", "client", NOTHING)

    def _go_back(self, session: Session, before: Before, now: datetime) -> None:
        values = dict(before.values)
        request, asked_until = values.pop("request"), values.pop("asked_until")
        if session.status == "booked" and session.starts_at == before.values["starts_at"]:
            values.pop("absent")
        for name, value in values.items():
            setattr(session, name, value)
        self.steps[session] = before.steps
        session.status, session.ended_at, session.owed, session.due_fee = "booked", None, None, 0
        session.spent, session.undoes = False, None
        is_answered = request is not None and request[session] in {"moved", "cancelled"}
        is_over = any(one is request for one in self.withdrawn)
        if is_answered and not is_over and asked_until >= now and session.request is None:
            session.request, session.asked_until = request, asked_until
            request[session] = "asked"

    def _check_free_again(self, session: Session, before: Before) -> None:
        """Check that the time before a change is free."""
        start = before.values["starts_at"]
        if is_taken(session, start, self.takers):
            raise RefusedError("slot-unavailable", alternatives=[])
        self._check_unheld(session, start)

    def _before(self, session: Session, now: datetime) -> Before | None:
        """Keep what a client may go back to; what is booked again by a change stays so."""
        until = min(now + UNDO_WINDOW, session.starts_at - timedelta(seconds=1))
        if session.status != "booked" or until < now:
            return None
        values = {name: getattr(session, name) for name in RESTORED}
        return Before(until, values, list(self.steps[session]), len(self.fees[session]))

    def credit_of(self, session: Session) -> tuple[Package | None, Credit | None]:
        """Find the credit that pays for a session, or the last one that did."""
        found = [(p, c) for p in self.packages for c in p.credits if c.session is session]
        return found[-1] if found else (None, None)

    def availability(
        self, session: Session, kind: str, days: tuple[date, date], zone: ZoneInfo, now: datetime
    ) -> tuple[list[Slot], str | None, date | None]:
        """Return the slots of these dates; if none, the reason and the next date with a slot."""
        busy = self.busy(session)
        places, looking = (
            [place for place in self.places if place[0] == kind],
            self.look(session, now),
        )

        def offered(first: date, last: date) -> Iterator[Slot]:
            for start in minutes(first, last, zone, session.starts_at):
                for place in places:
                    if is_offered(self.service, looking, start, place, busy):
                        yield start, place

        slots = list(offered(*days))
        if slots:
            return slots, None, None
        reason = why_empty(self.service, looking, list(minutes(*days, zone)), places)
        if reason == "reschedule_refused":
            return [], reason, None
        own_day = wall(session.starts_at, zone).date()
        last = max(days_ahead(self.service, now, zone)[1], own_day)
        if looking.held:
            last = max(last, wall(looking.held[0], zone).date())
        later = offered(days[1] + DAY, last)
        following = next(later, None)
        return [], reason, wall(following[0], zone).date() if following else None

    def _judged(
        self,
        session: Session,
        action: str,
        quote: Quote | None,
        seen: int,
        now: datetime,
        *,
        shown: bool = True,
    ) -> Cost:
        """Give what the client pays; with `shown` False nothing, so that no quote is needed."""
        self._check_version(session, seen)
        plain = verdict(session, action, now)
        promised = None
        if quote is not None:
            is_own = (quote.session, quote.action) == (session, action) and quote.lines is None
            if not is_own or quote.expires_at is None:
                raise RefusedError("quote-invalid")
            if now <= quote.expires_at:
                if quote.version != session.version:
                    raise RefusedError("quote-stale", verdict=plain)
                promised = quote.cost
        judged = verdict(session, action, now, promised)
        if judged.refusal is not None or judged.cost is None:
            raise RefusedError(judged.refusal or "", verdict=judged)
        due = with_reason(session, action, judged.cost, now, REASON["code"])
        if shown and promised is None and not is_free(due):
            raise RefusedError("quote-required", verdict=plain)
        return due

    def _check_version(self, session: Session, seen: int) -> None:
        if seen != session.version:
            raise RefusedError("version-mismatch")

    def _check_booked(self, session: Session) -> None:
        if session.status != "booked":
            raise RefusedError("session-not-booked")

    def _check_free(self, wish: Taker, start: datetime, place: Place, *, force: bool) -> None:
        is_free_time = not is_taken(wish, start, self.takers)
        if not is_free_time or not (force or fits(wish, start, place, self.takers)):
            raise RefusedError("slot-unavailable")
        if not force:
            self._check_unheld(wish, start)

    def _check_unheld(self, wish: Taker, start: datetime) -> None:
        """Check that others do not hold a time that is free otherwise."""
        holds = self.holds.times(self.now, [wish])
        if is_taken(wish, start, holds):
            raise RefusedError("slot-unavailable", held_until=held_until(wish, start, holds))

    def _took(self, taker: Taker) -> None:
        """End what a changed session has held, and the holds of the time that it takes."""
        if isinstance(taker, Session):
            self.holds.end(taker)
        if taker.group is None:
            self.holds.end_under(taker)

    def _add(
        self, session: Session, package: Package | None, now: datetime, by: str = "practice"
    ) -> Answer:
        if package is not None:
            package.take(session, now)
        session.grace_from = now
        self.sessions.append(session)
        self.changes[session], self.fees[session], self.steps[session] = [], [], []
        self._took(session)
        self._record(session, "booked", by, NOTHING)
        return Answer(201)

    def _moved_by_client(
        self, session: Session, to: Slot, due: Cost, now: datetime, before: Before | None = None
    ) -> Answer:
        if session.ended_at is not None:
            return self._booked_again(session, to, due, now)
        before = before or self._before(session, now)
        if to[0] != session.starts_at:
            self.steps[session].append(step(session, due, now))
            session.moves += free_because(session, "reschedule", now) is None
            session.carried, session.by_practice = due.carries, False
            self._end_request(session, "moved")
        answer = self._moved(session, to, "client", due)
        session.undoes = before
        return answer

    def _booked_again(self, session: Session, to: Slot, due: Cost, now: datetime) -> Answer:
        """Book an ended session again: at the practice's request, or by its policy."""
        package, credit = self.credit_of(session)
        is_credited = session.rebooks(now) and session.is_credited
        if package is not None and credit is not None:
            if is_credited and credit.state == "forfeited":
                credit.state = "used"
            else:
                package.take(session, now)
        forgiven = session.due_fee if is_credited else 0
        if is_credited:
            self._end_fee(session, "forgiven")
        is_lost = session.status == "cancelled" and session.ended_by == "practice"
        session.moves += not is_lost and free_because(session, "reschedule", now) is None
        self.steps[session], session.carried = [], due.carries
        session.by_practice = session.absent = session.spent = False
        session.grace_from = None
        self._end_request(session, "moved")
        session.status, session.ended_at, session.owed = "booked", None, None
        answer = self._moved(session, to, "client", due, kind="rescheduled")
        if forgiven:
            last = self.changes[session][-1]
            fee = replace(last, kind="fee_forgiven", cost=Cost(forgiven, None))
            self.changes[session].append(fee)
        return answer

    def _end_fee(self, session: Session, state: str) -> None:
        """Set the fee of the last end to a state."""
        if session.owed is not None:
            due, kind, _ = self.fees[session][session.owed]
            self.fees[session][session.owed] = (due, kind, state)
        session.owed, session.due_fee = None, 0

    def _moved_by_practice(self, session: Session, to: Slot, due: Cost) -> Answer:
        if to[0] != session.starts_at:
            self._follows_practice(session, to[0])
        return self._moved(session, to, "practice", due)

    def _follows_practice(self, session: Session, start: datetime) -> None:
        """Forget what the client's moves carry: the practice chose the start."""
        session.booked_for, session.carried, self.steps[session] = start, None, []
        session.by_practice = True
        self._end_request(session, "withdrawn")

    def ask(
        self,
        sessions: list[Session],
        answer_by: datetime,
        request: dict[Session, str],
        *,
        proposals: dict[Session, tuple[datetime, ...]],
        cancels: bool,
        now: datetime,
    ) -> Answer:
        """Ask the clients of sessions to move them; `cancels`: they are cancelled meanwhile."""
        for session in sessions:
            is_open = session.status == "booked" and session.starts_at > self.now
            if not is_open or session.is_asked(self.now):
                raise RefusedError("validation-failed")
            if session.starts_at in proposals.get(session, ()):
                raise RefusedError("validation-failed")
        for session in sessions:
            if session.request is not None:
                self._set_answer(session, "kept")
            if cancels:
                due = Cost(None, "returned" * session.paid or None)
                self._ended(session, "cancelled", "practice", due, now)
            else:
                self._record(session, "asked_to_move", "practice", NOTHING)
            session.asked_until, session.request = answer_by, request
            session.proposals = proposals.get(session, ())
            request[session] = "asked"
        return Answer(201)

    def withdraw(self, request: dict[Session, str]) -> Answer:
        """End a request for the sessions whose clients have not answered, if one still can."""
        asked = [session for session in self.sessions if session.request is request]
        still_open = [one for one in asked if one.is_asked(self.now)]
        if still_open:
            self.withdrawn.append(request)
            for session in asked:
                self._set_answer(session, "withdrawn" if session in still_open else "kept")
        return Answer(200)

    def close_requests(self, now: datetime) -> None:
        """End the requests that nobody can answer any more, as the worker does."""
        for session in self.sessions:
            until, at = session.asked_until, now - STILL_WAITING
            if until is not None and (until < at or session.starts_at <= at):
                self._set_answer(session, "kept")

    def _end_request(self, session: Session, state: str) -> None:
        """End a request. After `answer_by`, or the start, a change is no answer."""
        self._set_answer(session, state if session.is_asked(self.now) else "kept")

    def _leave_cancelled(self, session: Session) -> None:
        """Answer a request for a cancelled session: its client needs no other time."""
        if session.may_be_booked_again(self.now):
            self._record(session, "left_cancelled", "client", NOTHING)
            self._set_answer(session, "cancelled")

    def _set_answer(self, session: Session, state: str) -> None:
        if session.request is not None:
            session.request[session] = state
        session.asked_until = session.request = None

    def _moved(
        self, session: Session, to: Slot, by: str, due: Cost, kind: str | None = None
    ) -> Answer:
        kept = to[0] == session.starts_at
        kind = kind or ("format_changed" if kept else "rescheduled")
        session.absent = session.absent and kept
        graced = grace_until(session)
        if graced is None or self.now > graced:
            session.grace_from = None
        session.starts_at, session.place = to
        session.version += 1
        session.sequence += 1
        self._took(session)
        session.undoes = None
        return self._record(session, kind, by, due)

    def _ended(self, session: Session, status: str, by: str, due: Cost, now: datetime) -> Answer:
        session.undoes = self._before(session, now) if by == "client" else None
        session.status = status
        self.holds.end(session)
        session.missed_at = now if status == "noshow" else None
        self._end_request(session, "cancelled" if by == "client" else "withdrawn")
        session.version += 1
        session.sequence += status == "cancelled"
        package, credit = self.credit_of(session)
        if package is not None and credit is not None and due.credit is not None:
            credit.state = due.credit
            if credit.state == "returned":
                session.paid = False
                if package.expires_at is not None and package.expires_at < now + GRACE:
                    credit.usable_until = now + GRACE
        answer = self._record(session, status, by, due)
        if status in {"cancelled", "noshow"}:
            session.ended_at, session.ended_by = now, by
            session.spent = due.credit == "forfeited"
            session.owed = None if due.fee is None else len(self.fees[session]) - 1
            session.due_fee = due.fee or 0
        return answer

    def _record(self, session: Session, kind: str, by: str, due: Cost) -> Answer:
        change = Change(
            self.command, kind, by, due, session.version, session.starts_at, session.place
        )
        self.changes[session].append(change)
        if due.fee is not None:
            self.fees[session].append((due.fee, kind, "due"))
        return Answer(200, cost=due)


def format_change(session: Session, now: datetime) -> Verdict:
    """Decide about the change of format beside a move."""
    if session.rebooks(now):
        anew = as_single(replace(session, status="booked", ended_at=None))
        return verdict(anew, "change_format", session.starts_at - 367 * DAY)
    return verdict(session, "change_format", now)


def whereabouts(session: Session) -> Slot:
    return session.starts_at, session.place
