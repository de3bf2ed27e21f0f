"""Checks the tables at the end of a story."""

from collections import Counter
from itertools import combinations
from typing import Any, NamedTuple

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee
from app.tables.sessions import Session as SessionTable
from app.tables.taken_times import TakenTime
from tests.drills.story import Story


class Tally(NamedTuple):
    """The counts of acknowledged, missing and doubled changes."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override] # no longer tuple
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))


async def check_database(story: Story) -> Tally:
    """Check the tables: no double booking, and each effect exactly once."""
    world, book = story.world, story.book
    sessions = await world.rows(SessionTable)
    assert {row.id for row in sessions} == {session.id for session in book.sessions}
    by_id = {session.id: session for session in book.sessions}
    for row in sessions:
        session = by_id[row.id]
        takes_time = session.takes_until > session.starts_at
        assert row.taken_until == (session.takes_until if takes_time else None)
    taking = [row for row in sessions if row.taken_until is not None]
    for one, other in combinations(taking, 2):
        is_apart = one.taken_until <= other.starts_at or other.taken_until <= one.starts_at
        shares = one.practitioner_id == other.practitioner_id or one.client_id == other.client_id
        assert is_apart or not shares
    held = {(row.id, row.starts_at, row.ends_at) for row in await world.rows(TakenTime)}
    assert held == {(row.id, row.starts_at, row.taken_until) for row in taking}
    rows = [row for row in await world.rows(Change) if row.session_id is not None]
    made = Counter((row.session_id, row.session_version, row.kind) for row in rows)
    said = Counter(
        (s.id, one.version, one.kind) for s, all_ in book.changes.items() for one in all_
    )
    assert made == said
    assert set(made.values()) <= {1}
    fees = [(row.session_id, row.amount_minor, row.status) for row in await world.rows(Fee)]
    should = [(s.id, due, state) for s, all_ in book.fees.items() for due, _, state in all_]
    assert Counter(fees) == Counter(should)
    redeemed = [(row.session_id, state_of(row)) for row in await world.rows(CreditRedemption)]
    credits_ = [(c.session.id, c.state) for p in book.packages for c in p.credits]
    assert Counter(redeemed) == Counter(credits_)
    told = Counter(
        (row.change_id, row.kind, row.recipient, row.send_at)
        for row in await world.rows(Notification)
    )
    assert all(count == 1 for count in told.values())
    lost, doubled = (said - made).total(), (made - said).total()
    return Tally(said.total(), lost, doubled)


def state_of(redemption: Any) -> str:
    if redemption.returned_at is not None:
        return "returned"
    return "used" if redemption.forfeited_at is None else "forfeited"
