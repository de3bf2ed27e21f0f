"""Write what clients ask about their fees, in the caller's transaction."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import and_, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.waiver import answer_by
from app.tables.joins import of_practice
from app.tables.waivers import Waiver

# The kind of the change with which a client asks for a waiver.
WAIVER_ASKED: Literal["fee_waiver_asked"] = "fee_waiver_asked"
Answer = Literal["granted", "declined", "void"]


class NewWaiver(NamedTuple):
    """A question of a client about a fee, in their words.

    `otherwise` is the instant (UTC) after which the fee could be collected without the question.
    """

    fee_id: UUID
    note: str
    otherwise: datetime | None


async def add_waiver(
    db: AsyncConnection, practice_id: UUID, waiver: NewWaiver, change_id: UUID, now: datetime
) -> None:
    """Write that a client asks about a fee; `change_id` is the entry that has their words."""
    await db.execute(
        insert(Waiver).values(
            practice_id=practice_id,
            id=waiver.fee_id,
            change_id=change_id,
            asked_at=now,
            answer_by=answer_by(now),
            otherwise=waiver.otherwise,
        )
    )


async def end_waiver(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, answer: Answer, now: datetime
) -> None:
    """End the open question about a fee, if there is one. The session is locked.

    After its last instant the question has lapsed, whatever becomes of the fee: the worker records
    that, and tells the client (app/fees/lapsing.py).
    """
    is_open = and_(Waiver.state == "asked", Waiver.answer_by >= now)
    await db.execute(
        update(Waiver)
        .where(of_practice(practice_id, Waiver, Waiver.id == fee_id, is_open))
        .values(state=answer, ended_at=now)
    )


async def end_lapsed_waiver(db: AsyncConnection, practice_id: UUID, fee_id: UUID) -> None:
    """Record that a question has lapsed, as of its last instant. The session is locked."""
    await db.execute(
        update(Waiver)
        .where(of_practice(practice_id, Waiver, Waiver.id == fee_id, Waiver.state == "asked"))
        .values(state="lapsed", ended_at=Waiver.answer_by)
    )
