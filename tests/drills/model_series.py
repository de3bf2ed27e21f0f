"""The model of series: sessions that were booked together, and "this and following"."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.drills.model import whereabouts
from tests.drills.model_groups import GroupBook
from tests.drills.model_records import Answer, Package, Preview, Quote, RefusedError
from tests.drills.model_rules import (
    Cost,
    Verdict,
    cost,
    is_free,
    keeps_place,
    reading,
    verdict,
    with_reason,
)
from tests.drills.model_slots import Busy, Slot, fits, is_offered, is_taken
from tests.drills.model_steps import check_dearest
from tests.drills.model_things import DAY, Place, Series, Session, wall
from tests.world import REASON


@dataclass(frozen=True)
class Choice:
    """What a command takes along besides the named session, and what it leaves."""

    include_moved: bool = False
    keep: list[Session] = field(default_factory=list)


class Move(NamedTuple):
    """Where a session goes, and its new date in the rhythm of the series."""

    session: Session
    start: datetime
    place: Place
    rhythm: datetime

    @property
    def changes(self) -> bool:
        return (self.start, self.place) != whereabouts(self.session)

    @property
    def action(self) -> str:
        is_move = self.start != self.session.starts_at
        return "reschedule" if is_move else "change_format"


Check = Callable[[Move, list[Busy], list[Busy]], bool]


def dates_of(first: Session, every: int, count: int) -> list[datetime]:
    """List the starts of a series, so many days apart, at the same local time."""
    zone = first.practitioner.zone
    shown, starts = wall(first.starts_at, zone), [first.starts_at]
    number = 0
    while len(starts) < count:
        number += 1
        start = reading(shown.date() + number * every * DAY, shown.time().isoformat(), zone)
        starts += [start] if start > starts[-1] else []
    return starts


def followers(session: Session) -> list[Session]:
    if session.series is None:
        return []
    return session.series.sessions[session.series.sessions.index(session) + 1 :]


class SeriesBook(GroupBook):
    """A book with series."""

    def book_series(
        self,
        dates: list[Session],
        package: Package | None,
        *,
        force: bool,
        skip: bool,
        now: datetime,
    ) -> Answer:
        """Book all dates as staff, or none; with `skip` those that are free."""
        placed: list[Session] = []
        refused: list[Session] = []
        for date in dates:
            others = [*self.takers, *placed]
            is_ok = not is_taken(date, date.starts_at, others)
            held = [*others, *self.holds.times(now)]
            is_ok = is_ok and (force or fits(date, date.starts_at, date.place, held))
            (placed if is_ok else refused).append(date)
        if refused and not (skip and placed):
            raise RefusedError("scope-conflicts", sessions=wanted(refused))
        if package is not None and package.usable(now) < len(placed):
            raise RefusedError("credit-unavailable")
        series = Series(placed)
        for date in placed:
            date.series, date.rhythm = series, date.starts_at
            self._add(date, package, now)
        return Answer(201)

    def scope(
        self, session: Session, choice: Choice, now: datetime
    ) -> tuple[list[Session], dict[Session, str]]:
        """Return the sessions that a command covers, and why the others stay."""
        covered, staying = [], {}
        if session.status == "cancelled":
            staying[session] = "cancelled"
        else:
            covered.append(session)
        for other in followers(session):
            reasons = {
                "cancelled": other.status == "cancelled",
                "finished": other.status != "booked" or other.starts_at <= now,
                "kept": other in choice.keep,
                "moved": other.starts_at != other.rhythm and not choice.include_moved,
            }
            why = next((name for name, applies in reasons.items() if applies), None)
            if why is None:
                covered.append(other)
            else:
                staying[other] = why
        return covered, staying

    def preview(self, session: Session, action: str, choice: Choice, now: datetime) -> Preview:
        return self._preview(session, action, choice, now, [])

    def _preview(
        self,
        session: Session,
        action: str,
        choice: Choice,
        now: datetime,
        same_start: list[Session],
    ) -> Preview:
        """Judge each session; those that keep their start beside a move by the change of format."""
        if session.group is not None and action == "reschedule":
            raise RefusedError("validation-failed")
        covered, staying = self.scope(session, choice, now)
        if action != "cancel" and session in staying:
            del staying[session]
            covered = [session, *covered]
        actions = {one: "change_format" if one in same_start else action for one in covered}
        verdicts = {one: verdict(in_scope(one), actions[one], now) for one in covered}
        return Preview(action, verdicts, staying)

    def cancel_following(
        self, session: Session, choice: Choice, quote: Quote | None, seen: int, now: datetime
    ) -> Answer:
        """Cancel a session and those that follow it, as the client."""
        covered, staying = self.scope(session, choice, now)
        cancelled = [one for one, why in staying.items() if why == "cancelled"]
        if not covered:
            for one in cancelled:
                self._leave_cancelled(one)
            return self._cancelled_before(session, staying)
        self._check_version(session, seen)
        costs = self._judged_all(session, choice, "cancel", quote, now)
        for one in covered:
            check_dearest(one, self.steps[one], costs[one], now)
            self._ended(one, "cancelled", "client", costs[one], now)
        for one in cancelled:
            self._leave_cancelled(one)
        return told(session, costs, staying)

    def cancel_following_by_staff(
        self, session: Session, choice: Choice, *, charged: bool, now: datetime
    ) -> Answer:
        covered, staying = self.scope(session, choice, now)
        if not covered:
            return self._cancelled_before(session, staying)
        if session.status not in {"booked", "cancelled"}:
            raise RefusedError("session-not-booked")
        costs = {}
        for one in covered:
            free = Cost(None, "returned" if one.paid else None)
            costs[one] = cost(one, "cancel", now) if charged else free
            self._ended(one, "cancelled", "practice", costs[one], now)
        return told(session, costs, staying)

    def move_following(
        self,
        session: Session,
        to: Slot,
        choice: Choice,
        quote: Quote | None,
        seen: int,
        now: datetime,
    ) -> Answer:
        """Move a session and those that follow it, as the client."""
        covered, staying = self.scope(session, choice, now)
        self._check_version(session, seen)
        if session.status == "cancelled":
            raise RefusedError("session-not-booked")
        moves = self._planned(session, covered, to)
        changing = check_changes(moves)
        action = (
            "reschedule" if any(m.action == "reschedule" for m in changing) else moves[0].action
        )
        moves_all = action == "reschedule"
        same_start = [m.session for m in changing if moves_all and m.action != action]
        costs = self._judged_all(session, choice, action, quote, now, same_start)
        for move in changing if action == "reschedule" else []:
            change = verdict(move.session, "change_format", now)
            if move.place != move.session.place and keeps_place(move.session, now):
                if change.refusal is None:
                    raise RefusedError("validation-failed")
                raise RefusedError("scope-refused", verdict=change, about=move.session)
            if move.action == "change_format" and change.cost is not None:
                costs[move.session] = change.cost
        self._check_offered(changing, moves, now)
        for move in changing:
            due = costs[move.session]
            self._moved_by_client(move.session, (move.start, move.place), due, now)
        keep_rhythm(moves)
        return told(session, {m.session: costs[m.session] for m in changing}, staying)

    def move_following_by_staff(
        self,
        session: Session,
        to: Slot,
        choice: Choice,
        *,
        force: bool,
        charged: bool,
        now: datetime,
    ) -> Answer:
        covered, staying = self.scope(session, choice, now)
        self._check_booked(session)
        moves = self._planned(session, covered, to)
        changing = check_changes(moves)
        costs = {}
        for move in changing:
            one = move.session
            due = cost(one, move.action, now)
            costs[one] = due if charged else Cost(None, "kept" if one.paid else None)
        self._check_all_free(changing, force=force)
        for move in changing:
            self._moved_by_practice(move.session, (move.start, move.place), costs[move.session])
        keep_rhythm(moves)
        return told(session, costs, staying)

    def _cancelled_before(self, session: Session, staying: dict[Session, str]) -> Answer:
        """Answer with the fee and credit of the latest cancellation of each cancelled session."""
        cancelled = [one for one in (session, *followers(session)) if one.status == "cancelled"]
        costs = {one: self._cost_of_end(one) for one in cancelled}
        return told(session, costs, staying, is_done=False)

    def _judged_all(
        self,
        session: Session,
        choice: Choice,
        action: str,
        quote: Quote | None,
        now: datetime,
        same_start: list[Session] | None = None,
    ) -> dict[Session, Cost]:
        aside = same_start or []
        preview = self._preview(session, action, choice, now, aside)
        judged_now = [one for one in preview.verdicts if one not in aside]
        promised: dict[Session, Cost] | None = None
        if quote is not None:
            is_own = (quote.session, quote.action) == (session, action)
            if quote.lines is None or not is_own or quote.expires_at is None:
                raise RefusedError("quote-invalid")
            if now <= quote.expires_at:
                left = [*choice.keep, *aside]
                lines = {s: line for s, line in quote.lines.items() if s not in left}
                quoted = {s: version for s, (version, _) in lines.items()}
                if quoted != {s: s.version for s in judged_now}:
                    raise RefusedError("quote-stale", preview=preview)
                promised = {s: line[1] for s, line in lines.items()}
        costs = {}
        for one in judged_now:
            judged: Verdict = verdict(
                in_scope(one), action, now, promised[one] if promised else None
            )
            if judged.cost is None:
                raise RefusedError("scope-refused", verdict=judged, about=one)
            costs[one] = with_reason(in_scope(one), action, judged.cost, now, REASON["code"])
        if promised is None and not all(is_free(due) for due in costs.values()):
            raise RefusedError("quote-required", preview=preview)
        return costs

    def _planned(self, session: Session, covered: list[Session], to: Slot) -> list[Move]:
        """Shift the others by as many local days, to the same local time."""
        if session.group is not None:
            raise RefusedError("validation-failed")
        start, place = to
        zone = session.practitioner.zone
        shown = wall(start, zone)
        days = (shown.date() - wall(rhythm_of(session), zone).date()).days
        moves = [Move(session, start, place, start)]
        for one in covered[1:]:
            day = wall(rhythm_of(one), zone).date() + timedelta(days=days)
            there = reading(day, shown.time().isoformat(), zone)
            moves.append(Move(one, there, one.place if place == session.place else place, there))
        return moves

    def _check_offered(self, changing: list[Move], moves: list[Move], now: datetime) -> None:
        """Check the times. The horizon binds the named session; the others keep their distance."""
        reach = (max(move.rhythm for move in moves) + timedelta(days=14) - now).days
        anywhere = replace(self.service, horizon=reach)

        def is_ok(move: Move, others: list[Busy], holds: list[Busy]) -> bool:
            looking = self.look(move.session, now, move.action)
            service = self.service if move is moves[0] else anywhere
            return is_offered(service, looking, move.start, move.place, [*others, *holds])

        self._place_all(changing, is_ok)

    def _check_all_free(self, moves: list[Move], *, force: bool) -> None:
        def is_ok(move: Move, others: list[Busy], holds: list[Busy]) -> bool:
            is_free_time = not is_taken(move.session, move.start, others)
            busy = [*others, *holds]
            return is_free_time and (force or fits(move.session, move.start, move.place, busy))

        self._place_all(moves, is_ok)

    def _place_all(self, moves: list[Move], is_ok: Check) -> None:
        """Place the moves one after the other; the old times of all of them are free."""
        moving = [move.session for move in moves]
        others: list[Busy] = [one for one in self.takers if one not in moving]
        holds: list[Busy] = [*self.holds.times(self.now, moving)]
        refused = []
        for move in moves:
            there = replace(move.session, starts_at=move.start, place=move.place)
            if is_ok(move, others, holds):
                others.append(there)
            else:
                refused.append(there)
        if refused:
            raise RefusedError("scope-conflicts", sessions=wanted(refused))


def check_changes(moves: list[Move]) -> list[Move]:
    changing = [move for move in moves if move.changes]
    if not changing:
        raise RefusedError("no-change")
    return changing


def keep_rhythm(moves: list[Move]) -> None:
    for move in moves:
        if move.session.series is not None:
            move.session.rhythm = move.rhythm


def rhythm_of(session: Session) -> datetime:
    return session.rhythm or session.starts_at


def wanted(sessions: list[Session]) -> dict[Any, Any]:
    """Name the times that are not free."""
    return {one.starts_at: None for one in sessions}


def told(
    session: Session,
    costs: dict[Session, Cost],
    staying: dict[Session, str],
    *,
    is_done: bool = True,
) -> Answer:
    """Make the answer: the sum of the fees, the named session's credit, and each session."""
    nothing = Cost(None, None)
    listed = {}
    for one in (session, *followers(session)):
        due = costs.get(one, nothing)
        listed[one.id] = (is_done and one in costs, staying.get(one), due.fee, due.credit)
    total = sum(due.fee or 0 for due in costs.values()) or None
    return Answer(200, cost=Cost(total, costs.get(session, nothing).credit), sessions=listed)


def in_scope(session: Session) -> Session:
    """Forget that it may be booked again: a scope books nothing again, also if it is asked for."""
    if session.status == "booked":
        return session
    return replace(session, ended_at=None, asked_until=None)
