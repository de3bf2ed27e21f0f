"""The model of refill: what a late cancellation costs falls away if others take the freed time.

Also when fees can be collected, and what is told of them (product.md section 10).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tests.drills.model import GRACE, STILL_WAITING, UNDO_WINDOW
from tests.drills.model_records import NOTHING, Answer, Credit, Package, RefusedError
from tests.drills.model_rules import Cost
from tests.drills.model_series import SeriesBook
from tests.drills.model_slots import SECOND, Slot
from tests.drills.model_things import MINUTE, Group, Practitioner, Session

ENDS = ("cancelled", "noshow")
# What others are told of: kind, and the client; None: webhooks.
Told = tuple[str, UUID | None]


class Entry(NamedTuple):
    """What a change has made of a session, and when."""

    at: datetime
    kind: str
    starts_at: datetime
    by: str
    group: Group | None = None


class Paid(NamedTuple):
    """A credit that a cancellation has forfeited, and its package."""

    package: Package
    credit: Credit


@dataclass(eq=False)
class Refill:
    """A cancellation that cost something, while the freed time may still be taken by others.

    `fee` is its place in the fees of the session; else `paid` was forfeited.
    """

    session: Session
    made_by: Entry
    percent: int
    fee: int | None
    paid: Paid | None
    state: str = "pending"
    covered_by: list[Session] = field(default_factory=list)

    @property
    def starts_at(self) -> datetime:
        return self.made_by.starts_at

    @property
    def practitioner(self) -> Practitioner:
        return self.session.practitioner

    @property
    def minutes(self) -> set[datetime]:
        return minutes_of(self.starts_at, self.session.duration)


def minutes_of(start: datetime, duration: int) -> set[datetime]:
    """List the minutes of a time."""
    return {start + k * MINUTE for k in range(duration)}


@dataclass(eq=False)
class RefillBook(SeriesBook):
    """A book that knows how its sessions were at any instant, and what became of fees.

    `collect_after` and `announced` are by session and place in its fees.
    """

    entries: dict[Session, list[Entry]] = field(default_factory=dict)
    refills: list[Refill] = field(default_factory=list)
    collect_after: dict[tuple[Session, int], datetime | None] = field(default_factory=dict)
    announced: set[tuple[Session, int]] = field(default_factory=set)
    told: Counter[Told] = field(default_factory=Counter)

    def forgives(self, session: Session, due: Cost) -> int | None:
        """Give the share that others must take of a freed time; None: the cost stays."""
        rule = session.rules.get("cancel", {}).get("refilled")
        costs = due.fee is not None or due.credit == "forfeited"
        return rule["covered_percent"] if rule and costs and session.carried is None else None

    def _record(self, session: Session, kind: str, by: str, due: Cost) -> Answer:
        answer = super()._record(session, kind, by, due)
        entries = self.entries.setdefault(session, [])
        start = entries[-1].starts_at if entries else session.starts_at
        made = Entry(self.now, kind, session.starts_at, by, session.group)
        entries.append(made)
        until = min(self.now + UNDO_WINDOW, start - SECOND) if by == "client" else None
        after = until if until is not None and until >= self.now else None
        number = None if due.fee is None else len(self.fees[session]) - 1
        share = self.forgives(session, due) if kind == "cancelled" else None
        if share is not None and self.now < session.starts_at:
            after = session.starts_at
            package, credit = self.credit_of(session)
            is_lost = due.credit == "forfeited" and package is not None and credit is not None
            paid = Paid(package, credit) if is_lost and package and credit else None
            self.refills.append(Refill(session, made, share, number, paid))
        if number is not None:
            self.collect_after[session, number] = after
        if kind == "restored":
            self._void_refill(entries[-2])
        return answer

    def _void_refill(self, made_by: Entry) -> None:
        """Say that it does not matter any more what others do with a freed time."""
        for refill in self.refills:
            if refill.made_by is made_by and refill.state == "pending":
                refill.state = "void"

    def _booked_again(self, session: Session, to: Slot, due: Cost, now: datetime) -> Answer:
        is_credited = session.rebooks(now) and session.is_credited
        end, owed = self.entries[session][-1], session.due_fee
        answer = super()._booked_again(session, to, due, now)
        if is_credited:
            self._void_refill(end)
            self.told["fee.forgiven", None] += bool(owed)
        return answer

    def judge(self, now: datetime) -> None:
        """Judge what the worker has to judge: each cancellation once, after its freed start."""
        until = now - STILL_WAITING
        due = [r for r in self.refills if r.state == "pending" and r.starts_at <= until]
        for refill in sorted(due, key=lambda one: one.starts_at):
            near = [
                other
                for other in self.refills
                if other is not refill
                and other.practitioner is refill.practitioner
                and other.minutes & refill.minutes
            ]
            used = {session for other in near for session in other.covered_by}
            standing = self._standing(refill.practitioner, refill.starts_at)
            waiting = [o for o in near if o.state == "pending" and o.made_by.at > refill.made_by.at]
            for other in sorted(waiting, key=lambda one: one.made_by.at, reverse=True):
                used |= set(self._cover(other, standing, used))
            refill.covered_by = self._cover(refill, standing, used)
            refill.state = "refilled" if refill.covered_by else "open"
            if refill.covered_by:
                self._forgive(refill, now)

    def _cover(
        self, refill: Refill, standing: list[tuple[Session, datetime]], used: set[Session]
    ) -> list[Session]:
        return cover(refill, standing, used)

    def _standing(self, practitioner: Practitioner, at: datetime) -> list[tuple[Session, datetime]]:
        """List the sessions of a practitioner as of an instant, and their starts of then."""
        found = []
        for session in self.sessions:
            until = [entry for entry in self.entries[session] if entry.at <= at]
            is_there = bool(until) and until[-1].kind not in ENDS
            if session.practitioner is practitioner and is_there:
                found.append((session, until[-1].starts_at))
        return found

    def _forgive(self, refill: Refill, now: datetime) -> None:
        session, number = refill.session, refill.fee
        if number is not None:
            due, kind, state = self.fees[session][number]
            if state == "due":
                self.fees[session][number] = (due, kind, "forgiven")
                if session.owed == number:
                    session.owed, session.due_fee = None, 0
                self.note(session, "fee_forgiven", Cost(due, None))
                self.tell(session.client, "fee_forgiven", "fee.forgiven")
            elif state == "settled":
                self.note(session, "fee_refundable", Cost(due, None))
                self.tell(None, "fee.refundable")
            return
        if refill.paid is None or refill.paid.credit.state != "forfeited":
            return
        package, credit = refill.paid
        credit.state = "returned"
        if package.expires_at is not None and package.expires_at < now + GRACE:
            credit.usable_until = now + GRACE
        if self.credit_of(session)[1] is credit:
            session.paid = session.spent = False
        self.note(session, "credit_returned", Cost(None, "returned"))
        self.tell(session.client, "credit_returned", "session.credit_returned")

    def announce_fees(self, now: datetime) -> None:
        """Tell of the fees that can be collected now, once."""
        judged_later = {(r.session, r.fee) for r in self.refills if r.state == "pending"}
        for owed, after in self.collect_after.items():
            session, number = owed
            due, _, state = self.fees[session][number]
            is_over = after is not None and after < now - STILL_WAITING
            is_told = owed in self.announced or owed in judged_later
            if is_over and state == "due" and not is_told:
                self.announced.add(owed)
                self.note(session, "fee_collectable", Cost(due, None))
                self.tell(None, "fee.collectable")

    def close_fee(self, session: Session, number: int, state: str) -> Answer:
        """Settle or waive a fee as staff."""
        due, kind, was = self.fees[session][number]
        if was == state:
            return Answer(200)
        if was != "due":
            raise RefusedError("fee-not-due")
        self.fees[session][number] = (due, kind, state)
        if state == "waived" and session.owed == number:
            session.owed, session.due_fee = None, 0
        self.note(session, f"fee_{state}", Cost(due, None))
        self.tell(None, f"fee.{state}")
        if state == "waived":
            self.tell(session.client, "fee_waived")
        return Answer(200)

    def note(self, session: Session, kind: str, cost: Cost = NOTHING, by: str = "practice") -> None:
        """Add to the history what leaves the session as it is."""
        last = self.changes[session][-1]
        entry = replace(last, kind=kind, by=by, cost=cost, version=session.version)
        entry = replace(entry, starts_at=session.starts_at, place=session.place)
        self.changes[session].append(entry)

    def tell(self, client: UUID | None, *kinds: str) -> None:
        """Count a mail to a client, and the events of webhooks, whose names have a point."""
        for kind in kinds:
            self.told[kind, None if "." in kind else client] += 1


def cover(
    refill: Refill, standing: Sequence[tuple[Session, datetime]], used: Collection[Session]
) -> list[Session]:
    """Choose the sessions of others that fill a freed time again, the longest first."""
    parts = [
        (minutes_of(start, session.duration) & refill.minutes, session)
        for session, start in standing
        if session.client != refill.session.client and session not in used
    ]
    filled: set[datetime] = set()
    found = []
    for minutes, session in sorted(parts, key=lambda part: (-len(part[0]), part[1].id)):
        if minutes:
            filled |= minutes
            found.append(session)
            if 100 * len(filled) >= refill.percent * len(refill.minutes):
                return found
    return []
