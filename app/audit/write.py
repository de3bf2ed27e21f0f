"""Write the audit log, in the transaction of the change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypeAliasType

from app.audit.repository import add_change, add_note

ActorKind = TypeAliasType("ActorKind", Literal["client", "link", "practice", "operator", "system"])
Subject = TypeAliasType(
    "Subject",
    Literal[
        "api_key",
        "busy_intervals",
        "client",
        "fee",
        "holidays",
        "hours_override",
        "link",
        "location",
        "package",
        "policy",
        "practice",
        "practitioner",
        "service",
        "session",
        "time_off",
        "webhook_endpoint",
        "working_hours",
    ],
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, according to the credentials and never to the body of a request.

    `name` is the API key's name; `origin` the network address of the request.
    """

    kind: ActorKind
    name: str | None = None
    key_id: UUID | None = None
    origin: str | None = None


# A client acts with a sign-in, or with the link of an email.
BY_CLIENT: frozenset[str] = frozenset({"client", "link"})
OPERATOR = Actor("operator", "command line")
SYSTEM = Actor("system")


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

    `command_id` is the same for all entries of one command; by default this entry is its only one.
    `facts` are other columns of the entry. `details` must not contain personal data: of a client's
    record it has the names of the changed fields, not their values.
    """
    change_id = uuid4()
    about = {
        "practice_id": practice_id,
        "id": change_id,
        "command_id": command_id or change_id,
        "subject": subject,
        "subject_id": subject_id,
        "kind": kind,
        "actor": actor.kind,
        "actor_name": actor.name,
        "key_id": actor.key_id,
        "at": now,
    }
    await add_change(db, about | facts)
    if note is not None or actor.origin is not None:
        why = {"change_id": change_id, "note": note, "origin": actor.origin}
        await add_note(db, {"practice_id": practice_id, **why})
    return change_id
