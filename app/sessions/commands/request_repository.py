"""End the open move request of a session that a command changes (product.md section 10).

The caller holds the session's lock.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import BY_CLIENT, Actor
from app.database.writing import Write
from app.domain.policy.free import is_asked
from app.sessions.read.records import SessionRecord
from app.tables.move_requests import MoveRequestSession

_END = Write(
    update(MoveRequestSession).where(
        MoveRequestSession.practice_id == bindparam("of_practice"),
        MoveRequestSession.session_id == bindparam("of_session"),
        MoveRequestSession.state == "asked",
    ),
    "state",
    "answered_at",
)


async def end_request(
    db: AsyncConnection,
    record: SessionRecord,
    answer: Literal["moved", "cancelled"],
    actor: Actor,
    now: datetime,
) -> UUID | None:
    """End the open move request of a session, and give its id if the client has answered it.

    If the practice itself moves or cancels the session, it has withdrawn its request. After
    `answer_by` a change is no answer: the worker closes the request (app/move_requests).
    """
    asked = record.move_request
    if asked is None or not is_asked(record.facts, now):
        return None
    is_answer = actor.kind in BY_CLIENT
    await _END.run(
        db,
        {
            "of_practice": record.practice_id,
            "of_session": record.id,
            "state": answer if is_answer else "withdrawn",
            "answered_at": now,
        },
    )
    return asked.id if is_answer else None
