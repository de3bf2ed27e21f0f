"""Write the audit log, in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypeAliasType

from app.audit.repository import add_changes, add_notes

# Details of an entry that an import has written: the change happened in another system.
IMPORTED = {"imported": True}
# The detail of an entry that has freed a seat: the id of its group.
LEFT_GROUP = "left_group"

ActorKind = TypeAliasType(
    "ActorKind",
    Literal["client", "link", "practice", "practitioner_link", "operator", "system"],
)
Subject = TypeAliasType(
    "Subject",
    Literal[
        "api_key",
        "busy_intervals",
        "client",
        "confirmation",
        "fee",
        "feed",
        "group",
        "holidays",
        "hours_override",
        "link",
        "location",
        "move_request",
        "offer",
        "package",
        "policy",
        "practice",
        "practitioner",
        "refill",
        "release",
        "service",
        "session",
        "sign_in",
        "time_off",
        "webhook_endpoint",
        "wish",
        "working_hours",
    ],
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, according to the credentials and never to the body of a request.

    `link` is a client with the link of an email, `practitioner_link` whoever holds the link of an
    email to a practitioner. `name` is the API key's name; `origin` the network address of the
    request.
    """

    kind: ActorKind
    name: str | None = None
    key_id: UUID | None = None
    origin: str | None = None

    @property
    def is_client(self) -> bool:
        """Tell whether a client acts, with a sign-in or with the link of an email."""
        return self.kind in BY_CLIENT


# A client acts with a sign-in, or with the link of an email.
BY_CLIENT: frozenset[str] = frozenset({"client", "link"})
OPERATOR = Actor("operator", "command line")
SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A new entry of the audit log. `facts` are other columns of it.

    `command_id` is the same for all entries of one command; None: it is the only one.
    """

    subject: Subject
    subject_id: UUID
    kind: str
    note: str | None
    command_id: UUID | None
    facts: Mapping[str, Any]


async def write_change(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    subject: Subject,
    subject_id: UUID,
    kind: str,
    note: str | None = None,
    command_id: UUID | None = None,
    **facts: Any,  # noqa: ANN401 - the columns of a change
) -> UUID:
    """Add an entry to the audit log and return its id.

    `facts` are other columns of the entry. `details` must not contain personal data: of a client's
    record it has the names of the changed fields, not their values.
    """
    entry = NewEntry(subject, subject_id, kind, note, command_id, facts)
    return (await write_changes(db, practice_id, actor, now, [entry]))[0]


async def write_changes(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    now: datetime,
    entries: Sequence[NewEntry],
) -> list[UUID]:
    """Add entries to the audit log and return their ids, in the same order."""
    ids = [uuid4() for _ in entries]
    rows = [
        {
            "practice_id": practice_id,
            "id": change_id,
            "command_id": entry.command_id or change_id,
            "subject": entry.subject,
            "subject_id": entry.subject_id,
            "kind": entry.kind,
            "actor": actor.kind,
            "actor_name": actor.name,
            "key_id": actor.key_id,
            "at": now,
            **entry.facts,
        }
        for change_id, entry in zip(ids, entries, strict=True)
    ]
    await add_changes(db, rows)
    notes = [
        {
            "practice_id": practice_id,
            "change_id": change_id,
            "note": entry.note,
            "origin": actor.origin,
        }
        for change_id, entry in zip(ids, entries, strict=True)
        if entry.note is not None or actor.origin is not None
    ]
    await add_notes(db, notes)
    return ids
