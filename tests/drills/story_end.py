"""Checks the tables at the end of a story."""

from collections import Counter
from itertools import combinations
from typing import Any, NamedTuple

from app.outbox.outbox import REMINDERS
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.held_times import HeldTime
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
        is_single = one.group_id is None and other.group_id is None
        shares = one.practitioner_id == other.practitioner_id and is_single
        assert is_apart or not (shares or one.client_id == other.client_id)
    await check_groups(story, taking)
    await check_mails(story)
    await check_holds(story)
    rows = [row for row in await world.rows(Change) if row.session_id is not None]
    made = Counter((row.session_id, row.session_version, row.kind) for row in rows)
    said = Counter(
        (s.id, one.version, one.kind) for s, all_ in book.changes.items() for one in all_
    )
    assert made == said
    own = Counter((r.session_id, r.session_version, r.kind) for r in rows if is_own(r))
    assert set(own.values()) <= {1}
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


async def check_groups(story: Story, taking: list[Any]) -> None:
    """Check that groups, and sessions that are no seats, take their practitioner's time."""
    groups = await story.world.rows(Group)
    on = [row for row in groups if row.status == "scheduled"]
    held = {(row.id, row.starts_at, row.ends_at) for row in await story.world.rows(TakenTime)}
    singles = {(s.id, s.starts_at, s.taken_until) for s in taking if s.group_id is None}
    assert held == singles | {(group.id, group.starts_at, group.ends_at) for group in on}
    sessions = await story.world.rows(SessionTable)
    for group in groups:
        taken = [s.seat for s in sessions if s.group_id == group.id and s.seat is not None]
        assert len(taken) == len(set(taken)) <= group.seats
        booked = [s for s in sessions if s.group_id == group.id and s.status == "booked"]
        assert {(s.starts_at, s.ends_at) for s in booked} <= {(group.starts_at, group.ends_at)}


async def check_holds(story: Story) -> None:
    """Check what sessions hold at the end; what offers hold is compared with each command."""
    rows = [row for row in await story.world.rows(HeldTime) if row.session_id is not None]
    live = [row for row in rows if row.expires_at > story.now]
    found = {(row.session_id, row.starts_at, row.group_id, row.expires_at) for row in live}
    assert found == {
        (hold.session.id, hold.starts_at, hold.seat_of and hold.seat_of.id, hold.until)
        for hold in story.book.holds.live(story.now)
    }


async def check_mails(story: Story) -> None:
    """Check that no command sent two mails to one person, and that each has one actor and time."""
    changes = {row.id: row for row in await story.world.rows(Change)}
    sessions = {row.id: row for row in await story.world.rows(SessionTable)}

    def person(row: Any) -> Any:
        about = sessions.get(row.session_id)
        if about is None:
            entry = changes[row.change_id]
            # A client who waits for two sessions may get two offers of one time.
            return entry.subject_id if entry.subject in {"offer", "wish"} else row.recipient
        return about.client_id if row.recipient == "client" else about.practitioner_id

    mails = Counter(
        (changes[row.change_id].command_id, person(row))
        for row in await story.world.rows(Notification)
        if row.kind not in REMINDERS and row.recipient != "webhook"
    )
    assert set(mails.values()) <= {1}
    made: dict[Any, set[Any]] = {}
    for row in changes.values():
        made.setdefault(row.command_id, set()).add((row.actor, row.key_id, row.at))
    assert all(len(by) == 1 for by in made.values())


def is_own(row: Any) -> bool:
    """Tell whether an entry is about a new version of a session."""
    return bool(row.subject == "session" and row.kind != "asked_to_move")


def state_of(redemption: Any) -> str:
    if redemption.returned_at is not None:
        return "returned"
    return "used" if redemption.forfeited_at is None else "forfeited"
