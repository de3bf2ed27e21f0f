"""Choose the sessions of a move request, and check what it asks for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import MAX_SESSIONS, lock_practitioner, lock_sessions
from app.domain.errors import InvalidInputError, NotFoundError
from app.domain.policy.free import is_asked
from app.domain.session import Status
from app.move_requests.queries import ids_in_range
from app.move_requests.records import (
    Choice,
    MisfitsOf,
    NewMoveRequest,
    RequestPlan,
    SessionsOfRange,
)
from app.schedule.hours.misfits import read_misfits
from app.sessions.read.following_queries import read_several
from app.sessions.read.records import SessionRecord


async def plan_request(
    db: AsyncConnection, practice_id: UUID, new: NewMoveRequest, now: datetime
) -> RequestPlan:
    """Lock the sessions of a request, and check that each client can be asked.

    A session that is not booked, has started, or has an open request cannot be asked for. Of a
    range, and of the misfits, such a session is left out; one that is named is refused. A request
    that is over at `now` is not open, also if the worker has not closed it yet.

    Raises:
        InvalidInputError: a session is unknown or cannot be asked for; there is none, or there are
            too many; `answer_by` is not in the future; or a proposal is not a future start of one
            of the sessions, or is for a seat.
    """
    if new.answer_by <= now:
        raise InvalidInputError("/answer_by", "field.in-the-past")
    ids = await _chosen(db, practice_id, new.choice, now)
    if ids:
        await lock_sessions(db, practice_id, ids)
    records = await read_several(db, practice_id, ids)
    found = [record for record in records if why_not_asked(record, now) is None]
    if _is_list(new.choice):
        _check_listed(new.choice, {record.id: record for record in records}, now)
    elif not found:
        raise InvalidInputError(_pointer(new.choice), "field.no-session-to-ask")
    _check_proposals(new, {record.id: record for record in found}, now)
    return RequestPlan(new, found)


def why_not_asked(record: SessionRecord, now: datetime) -> str | None:
    """Say why the client of a session cannot be asked to move it; None: they can."""
    if record.status is not Status.BOOKED:
        return "field.session-not-booked"
    if record.starts_at <= now:
        return "field.session-started"
    return "field.session-asked-already" if is_asked(record.facts, now) else None


def _is_list(choice: Choice) -> bool:
    return not isinstance(choice, SessionsOfRange | MisfitsOf)


async def _chosen(
    db: AsyncConnection, practice_id: UUID, choice: Choice, now: datetime
) -> Sequence[UUID]:
    """Find the ids of the chosen sessions.

    The practitioner of a range, or of misfits, is locked first: no session comes or goes after it
    was found.

    Raises:
        InvalidInputError: there are too many, or no such practitioner or session.
    """
    if isinstance(choice, SessionsOfRange | MisfitsOf):
        pointer = _pointer(choice)
        try:
            await lock_practitioner(db, practice_id, choice.practitioner_id)
        except NotFoundError as error:
            raise InvalidInputError(pointer, "field.no-such-record") from error
        if isinstance(choice, SessionsOfRange):
            ids = await ids_in_range(db, practice_id, choice, now, MAX_SESSIONS + 1)
            count = len(ids)
        else:
            misfits = await read_misfits(db, practice_id, choice.practitioner_id, now)
            ids, count = [found.id for found in misfits.first], misfits.count
        if count > MAX_SESSIONS:
            raise InvalidInputError(pointer, "field.too-many-sessions", most=MAX_SESSIONS)
        return ids
    known = {record.id for record in await read_several(db, practice_id, choice)}
    for index, session_id in enumerate(choice):
        if session_id not in known:
            raise InvalidInputError(f"/sessions/{index}", "field.no-such-record")
    return choice


def _pointer(choice: Choice) -> str:
    return "/misfits_of" if isinstance(choice, MisfitsOf) else "/practitioner_id"


def _check_listed(choice: Choice, records: dict[UUID, SessionRecord], now: datetime) -> None:
    assert not isinstance(choice, SessionsOfRange | MisfitsOf)  # noqa: S101 - it is a list
    for index, session_id in enumerate(choice):
        why = why_not_asked(records[session_id], now)
        if why is not None:
            raise InvalidInputError(f"/sessions/{index}", why)


def _check_proposals(
    new: NewMoveRequest, asked: Mapping[UUID, SessionRecord], now: datetime
) -> None:
    for session_id, starts in new.proposals.items():
        if session_id not in asked:
            raise InvalidInputError(f"/proposals/{session_id}", "field.not-asked-for")
        if asked[session_id].group is not None:
            raise InvalidInputError(f"/proposals/{session_id}", "field.proposal-for-seat")
        for index, start in enumerate(starts):
            pointer = f"/proposals/{session_id}/{index}"
            if start.microsecond:
                raise InvalidInputError(pointer, "field.whole-second")
            if start <= now:
                raise InvalidInputError(pointer, "field.in-the-past")
            if start == asked[session_id].starts_at:
                raise InvalidInputError(pointer, "field.present-start")
