"""A client says that they are coming (product.md section 10, "I am coming").

Source: docs/decisions/0042-confirm-and-nudge.md. The session itself stays as it is.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.domain.confirmation import why_not_confirm
from app.domain.policy.decide import Refusal
from app.domain.refusals import ConfirmationRefusedError
from app.domain.session import Status
from app.identity.tokens.access import Caller
from app.outbox.outbox import NewNotification, drop_nudge
from app.sessions.commands.checks import check_version
from app.sessions.commands.finish import answer_client, entry_about, finish
from app.sessions.commands.history_repository import About, HistoryRepository
from app.sessions.commands.orders import NO_COST, Effect, Outcome
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.queries import read_session


async def confirm(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    if_match: str | None,
    now: datetime,
) -> Outcome:
    """Record that a client is coming to a booked session, and tell webhooks.

    Nobody gets a mail. A nudge that waits is dropped; reminders stay. The session keeps its
    version. Confirming again changes nothing and gives the command of the first time.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError: see product.md section 4.
        ConfirmationRefusedError: the session is not booked or has started, or the client has
            announced that they cannot come.
    """
    practice_id = caller.practice_id
    await lock_session(db, practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    history = HistoryRepository(db, practice_id)
    if record.status is Status.BOOKED and record.confirmed_at is not None:
        first = await history.command_of_confirmation(session_id, record.confirmed_at)
        return Outcome(record, Effect(NO_COST, first))
    check_version(record, if_match)
    code = why_not_confirm(record.facts, now, is_absent=record.absence is not None)
    if code is not None:
        refusal = Refusal(code, None, record.contact)
        raise ConfirmationRefusedError(refusal, record.client_zone)
    await SessionRepository(db, practice_id).set_confirmed(session_id, now)
    await drop_nudge(db, practice_id, session_id, now)
    change = entry_about(About("confirmation", session_id), "confirmed", caller.actor, record)
    told = [NewNotification("session.confirmed", "webhook", record.starts_at, now)]
    effect = await finish(db, practice_id, session_id, change, told, now)
    return await answer_client(db, caller, session_id, effect)
