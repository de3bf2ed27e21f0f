"""Checks that the database is consistent with itself and with the responses to clients."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.database.embedded import OWNER
from tests.drills.cluster import Cluster
from tests.drills.invariants import INVARIANTS
from tests.drills.ledger import Answer, Entry, Ledger
from tests.drills.scene import Scene
from tests.replays import ENTRIES, replay_all

# A move that keeps the time is a change of format.
_KINDS = {"rescheduled": {"rescheduled", "format_changed"}, "taken_back": {"restored"}}
# Commands that change no session; those of the second kind leave no entry in the audit log at all.
_OF_WAITLIST = ("wished", "unwished", "answered", "given_up", "kept", "confirmed")
_OF_HOLDS = ("held", "released")


@dataclass
class Findings:
    """The errors found, each as a sentence. `lost` and `doubled` count commands.

    `replayed` counts the recorded decisions that were made again.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    replayed: int = 0

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.broken)


async def audit(
    db: asyncpg.Connection, practice_id: UUID, ledger: Ledger, credits_of: Mapping[UUID, int]
) -> Findings:
    """Find all errors of a practice, after all commands have ended.

    `credits_of` says how many credits each package was made with.
    """
    findings = Findings()
    for name, statement in INVARIANTS.items():
        rows = await db.fetch(statement, practice_id)
        findings.broken += [f"{name}: {row[0]}" for row in rows]
    packages = await db.fetch(
        "SELECT id, credits FROM packages WHERE practice_id = $1", practice_id
    )
    if {row["id"]: row["credits"] for row in packages} != dict(credits_of):
        findings.broken.append("the packages have other credits than they were made with")
    again = replay_all(await db.fetch(ENTRIES, practice_id))
    findings.broken += again.wrong
    findings.replayed = len(again.made)
    books = await _read_books(db, practice_id)
    for entry in ledger.entries:
        _check_entry(entry, books, findings)
    _check_bookings(books, findings)
    return findings


async def audit_scene(cluster: Cluster, scene: Scene, ledger: Ledger) -> Findings:
    """Find all errors of a scene after the load has ended."""
    db = await asyncpg.connect(cluster.url(OWNER))
    try:
        return await audit(db, scene.practice_id, ledger, scene.credits_of)
    finally:
        await db.close()


@dataclass
class _Books:
    """The database's view: stored responses, changes, and the commands that made them."""

    answers: dict[tuple[str, str], Any]
    changes: dict[tuple[str, int], Any]
    by_note: dict[str, list[Any]]
    commands: dict[str, list[Any]]


async def _read_books(db: asyncpg.Connection, practice_id: UUID) -> _Books:
    answers = await db.fetch("SELECT * FROM idempotency_keys WHERE practice_id = $1", practice_id)
    changes = await db.fetch(
        "SELECT changes.*, note FROM changes LEFT JOIN change_notes"
        " ON change_notes.practice_id = $1 AND change_id = id"
        " WHERE changes.practice_id = $1"
        " AND subject IN ('session', 'group', 'move_request', 'wish', 'offer', 'release',"
        " 'confirmation')",
        practice_id,
    )
    by_note, commands = defaultdict(list), defaultdict(list)
    for change in changes:
        by_note[change["note"]].append(change)
        commands[str(change["command_id"])].append(change)
    return _Books(
        {(row["scope"], row["key"]): row for row in answers},
        {
            (str(row["session_id"]), row["session_version"]): row
            for row in changes
            if row["subject"] == "session"
        },
        by_note,
        commands,
    )


def _check_entry(entry: Entry, books: _Books, findings: Findings) -> None:
    name = f"{entry.kind} {entry.key}"
    kept = books.answers.get((entry.scope, entry.key))
    effects = 0 if entry.note is None else _effects(books.by_note.get(entry.note, []))
    fresh = sum(not answer.replayed for answer in entry.good)
    if effects > 1 or fresh > 1:
        findings.doubled.append(f"{name}: {effects} changes, answered anew {fresh} times")
    if entry.is_refused and (kept is not None or effects):
        findings.broken.append(f"{name}: refused, and done all the same")
    if effects and kept is None:
        findings.broken.append(f"{name}: done, without an answer that is kept")
    if kept is not None and not _has_effect(entry, json.loads(kept["body"] or b"{}"), books):
        findings.lost.append(f"{name}: an answer is kept, and its change is not there")
    if entry.good and kept is None:
        findings.lost.append(f"{name}: acknowledged, and nothing is there")
    if kept is not None:
        findings.broken += [
            f"{name}: another answer was given than is kept"
            for answer in entry.good
            if not _is_kept(entry, answer, kept)
        ]


def _effects(changes: list[Any]) -> int:
    """Count how often a command was carried out. It changes each session once at most."""
    if not changes:
        return 0
    of_one = Counter(change["session_id"] or change["subject_id"] for change in changes)
    return max(len({change["command_id"] for change in changes}), *of_one.values())


def _has_effect(entry: Entry, told: Any, books: _Books) -> bool:
    """Look for the change that a response shows, with the same values and made by this command.

    For a session that was already cancelled, the response shows the earlier change.
    """
    if entry.kind in _OF_HOLDS:
        return True
    if entry.kind in _OF_WAITLIST:
        return told.get("command_id") is None or told["command_id"] in books.commands
    if "session" not in told or told.get("sessions") is not None:
        return _has_effects(entry, told, books)
    session = told["session"]
    change = books.changes.get((session["id"], session["version"]))
    if change is None or change["kind"] not in _KINDS.get(entry.kind, {entry.kind}):
        return False
    own = entry.kind == "booked" or change["note"] == entry.note
    return (own or entry.kind == "cancelled") and _is_as_told(change, session)


def _has_effects(entry: Entry, told: Any, books: _Books) -> bool:
    """Look for the changes that a response about a group, a series or several sessions shows.

    What was cancelled already, changes nothing: then no session was touched. Withdrawing a request
    changes no session, and nothing at all if all have answered.
    """
    made = books.commands.get(str(told["command_id"]), [])
    if entry.kind == "withdrawn":
        return bool(made) or told["command_id"] is None
    listed = told["dates"] if "dates" in told else told["sessions"]
    touched = {one["session_id"] for one in listed if one.get("touched", True)}
    changed = {
        str(change["session_id"])
        for change in made
        if change["session_id"] is not None and change["kind"] != "left_cancelled"
    }
    if not touched and "cancel" in entry.path:
        return True
    is_own = all(change["note"] == entry.note for change in made)
    return bool(made) and is_own and touched == changed


def _is_as_told(change: Any, session: Any) -> bool:
    location = session["format"]["location"]
    return (change["starts_at"], change["ends_at"], change["format"], change["location_id"]) == (
        datetime.fromisoformat(session["starts_at"]),
        datetime.fromisoformat(session["ends_at"]),
        session["format"]["kind"],
        None if location is None else UUID(location["id"]),
    )


def _is_kept(entry: Entry, answer: Answer, kept: Any) -> bool:
    target = f"{entry.method} {entry.path}?\n".encode()
    return (answer.status, answer.etag, answer.body) == (
        kept["status"],
        kept["etag"],
        kept["body"],
    ) and kept["fingerprint"] == hashlib.sha256(target + entry.body).digest()


def _check_bookings(books: _Books, findings: Findings) -> None:
    """Bookings have no note: each one by staff must be the response to exactly one key."""
    made = {
        session_id
        for (session_id, _), change in books.changes.items()
        if change["kind"] == "booked" and change["actor"] == "practice"
    }
    told = Counter(
        session_id
        for row in books.answers.values()
        if row["status"] == 201
        for session_id in _booked(json.loads(row["body"]))
    )
    findings.doubled += [f"booked {one}: nobody was told" for one in made - told.keys()]
    findings.doubled += [f"booked {one}: told {n} keys" for one, n in told.items() if n > 1]


def _booked(told: Any) -> list[str]:
    """List the sessions that the response to a booking names; a new group has none."""
    if "dates" in told:
        return [date["session_id"] for date in told["dates"]]
    return [told["session"]["id"]] if "session" in told else []
