"""End the open move request of a session that a command changes, or open it again.

Source: product.md section 10, "Move requests" and "Undo by the client".

The caller holds the session's lock.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, null, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import Actor
from app.database.writing import Write
from app.domain.move_requests import RequestAnswer, RequestState
from app.domain.policy.free import is_asked
from app.sessions.read.records import SessionRecord
from app.tables.move_requests import MoveRequest, MoveRequestSession

_END = Write(
    update(MoveRequestSession).where(
        MoveRequestSession.practice_id == bindparam("of_practice"),
        MoveRequestSession.session_id == bindparam("of_session"),
        MoveRequestSession.state == "asked",
    ),
    "state",
    "answered_at",
)


_reopened, _open = MoveRequestSession, aliased(MoveRequestSession)
_REOPEN = Write(
    update(_reopened)
    .where(
        _reopened.practice_id == bindparam("of_practice"),
        _reopened.session_id == bindparam("of_session"),
        _reopened.move_request_id == bindparam("of_request"),
        or_(_reopened.state == "moved", _reopened.state == "cancelled"),
        MoveRequest.practice_id == bindparam("of_practice"),
        MoveRequest.id == _reopened.move_request_id,
        MoveRequest.answer_by >= bindparam("at", type_=MoveRequest.answer_by.type),
        MoveRequest.withdrawn_at.is_(None),
        MoveRequest.told_at.is_(None),
        ~exists().where(
            _open.practice_id == bindparam("of_practice"),
            _open.session_id == bindparam("of_session"),
            _open.state == "asked",
        ),
    )
    .values(state="asked", answered_at=null())
)


async def end_request(
    db: AsyncConnection,
    record: SessionRecord,
    answer: RequestAnswer,
    actor: Actor,
    now: datetime,
) -> UUID | None:
    """End the move request of a session, and give its id if the client has answered it.

    If the practice itself moves or cancels the session, it has withdrawn its request. After
    `answer_by`, or the session's start, a change is no answer, and the request is `kept`: a later
    start does not open it again.
    """
    asked = record.move_request
    if asked is None:
        return None
    state: RequestState
    if not is_asked(record.facts, now):
        state = "kept"
    else:
        state = answer if actor.is_client else "withdrawn"
    await _END.run(
        db,
        {
            "of_practice": record.practice_id,
            "of_session": record.id,
            "state": state,
            "answered_at": now,
        },
    )
    return asked.id if state == answer else None


async def reopen_request(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    move_request_id: UUID | None,
    now: datetime,
) -> None:
    """Open a move request again for a session whose client takes back their answer.

    Does nothing if there was no request, if it has ended otherwise, or if the practice has asked
    again.
    """
    if move_request_id is None:
        return
    await _REOPEN.run(
        db,
        {
            "of_practice": practice_id,
            "of_session": session_id,
            "of_request": move_request_id,
            "at": now,
        },
    )
