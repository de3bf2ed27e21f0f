"""Read which waivers are due to lapse, and what decides whether the link of one is valid."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.due import due_in_open_practices
from app.tables.joins import of_practice
from app.tables.practices import Practice, Practitioner
from app.tables.sessions import Fee, Session
from app.tables.waivers import Waiver

_TO_LAPSE = due_in_open_practices(
    "SELECT practice_id, id FROM waivers WHERE practice_id = practices.practice_id"
    " AND state = 'asked' AND answer_by < :until ORDER BY answer_by LIMIT :most"
)


async def list_waivers_to_lapse(
    db: AsyncConnection, until: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List unanswered questions of all practices with a last instant before `until`: their ids."""
    due = await db.execute(_TO_LAPSE, {"until": until, "most": most})
    return [(row.practice_id, row.id) for row in due]


class LinkFacts(NamedTuple):
    """The present values that the link of a waiver is compared with.

    `address` is where the mails for the session's practitioner go.
    """

    link_generation: int
    address: str
    is_closed: bool


async def read_link_facts(db: AsyncConnection, practice_id: UUID, fee_id: UUID) -> LinkFacts | None:
    """Read what the link of a fee's waiver is compared with; None: nobody asks about the fee."""
    found = await db.execute(
        select(
            Session.link_generation,
            Practitioner.email,
            Practice.email.label("practice_email"),
            Practice.closed_at,
        )
        .select_from(Waiver)
        .join(Fee, of_practice(practice_id, Fee, Fee.id == Waiver.id))
        .join(Session, of_practice(practice_id, Session, Session.id == Fee.session_id))
        .join(
            Practitioner,
            of_practice(practice_id, Practitioner, Practitioner.id == Session.practitioner_id),
        )
        .join(Practice, of_practice(practice_id, Practice))
        .where(of_practice(practice_id, Waiver, Waiver.id == fee_id))
    )
    row = found.one_or_none()
    if row is None:
        return None
    address = row.email or row.practice_email
    return LinkFacts(row.link_generation, address, row.closed_at is not None)
