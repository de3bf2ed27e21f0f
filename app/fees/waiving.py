"""A client asks the practice to waive a fee, and the practice answers.

Source: product.md section 10, "Waiver". The question that comes with a cancellation or a move is
asked by that command (app/sessions/commands/asking.py).
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.locks import lock_session
from app.domain.errors import FeeClosedError, NotFoundError, WaiverUnavailableError
from app.domain.waiver import Question, collect_after_answer, collect_after_asking
from app.fees.commands import FeeOutcome, waive_locked
from app.fees.queries import FeeRecord, read_command_of, read_fee
from app.fees.repository import set_collect_after
from app.fees.steps import fee_change, lock_session_of, tell_client
from app.fees.waiver_access import WaiverCaller, confirm_waiver_caller
from app.identity.api_keys.keys import Staff
from app.identity.queries import confirm_caller
from app.identity.tokens.access import Caller
from app.outbox.outbox import Kind
from app.sessions.commands.asking import record_question
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.waiver_repository import WAIVER_ASKED, NewWaiver, end_waiver
from app.sessions.read.queries import read_session

EndOfWaiver = Literal["fee_waiver_declined", "fee_waiver_lapsed"]


async def ask_waiver(
    db: AsyncConnection, caller: Caller, fee_id: UUID, *, note: str, now: datetime
) -> FeeOutcome:
    """Ask the practice to waive a fee of the client, and tell the practitioner.

    The fee waits for the answer, unless it can be collected already. Asking again while the
    question is open changes nothing.

    Raises:
        NotFoundError, UnauthorizedError: see `_own_fee`.
        FeeClosedError: the fee is no longer due.
        WaiverUnavailableError: it is too late, or the question has been answered.
    """
    practice_id = caller.practice_id
    session_id = (await _own_fee(db, caller, fee_id)).session_id
    await lock_session(db, practice_id, session_id)
    fee = await _own_fee(db, caller, fee_id)
    if fee.status != "due":
        raise FeeClosedError
    if fee.question is not None and fee.question.is_open(now):
        return FeeOutcome(fee, await read_command_of(db, practice_id, fee_id, WAIVER_ASKED))
    if fee.ask_until(now) is None:
        raise WaiverUnavailableError
    await set_collect_after(db, practice_id, fee_id, collect_after_asking(fee.collect_after, now))
    record = await read_session(db, practice_id, session_id)
    reason = ChangeReason(None, note)
    question = fee_change(caller.actor, fee, record, WAIVER_ASKED, reason=reason)
    waiver = NewWaiver(fee_id, note, fee.collect_after)
    command_id = await record_question(db, practice_id, session_id, question, waiver, now)
    return FeeOutcome(await read_fee(db, practice_id, fee_id), command_id)


async def uphold_fee(
    db: AsyncConnection, staff: Staff, fee_id: UUID, *, message: str | None, now: datetime
) -> FeeOutcome:
    """Answer a client's question for the practice: the fee stands. The client gets the message.

    Repeating it does nothing.

    Raises:
        NotFoundError: the practice has no such fee.
        WaiverUnavailableError: the client does not ask.
        FeeClosedError: the question has ended otherwise.
    """
    await lock_session_of(db, staff.practice_id, fee_id)
    return await _uphold_locked(
        db, staff.practice_id, staff.actor, fee_id, message=message, now=now
    )


async def grant_by_link(
    db: AsyncConnection,
    caller: WaiverCaller,
    fee_id: UUID,
    *,
    message: str | None,
    now: datetime,
) -> FeeOutcome:
    """Waive the fee of a link from the mail to a practitioner. The client gets the message.

    Repeating it does nothing. Unlike staff, who may always waive a fee that is due, the link only
    answers the question.

    Raises:
        NotFoundError, UnauthorizedError: see `_lock_fee_of_link`.
        FeeClosedError: the question has ended otherwise.
    """
    question = await _lock_fee_of_link(db, caller, fee_id)
    if question.state != "granted" and not question.is_open(now):
        raise FeeClosedError
    return await waive_locked(
        db,
        caller.practice_id,
        caller.actor,
        fee_id,
        reason=None if message is None else ChangeReason(None, message),
        now=now,
        tells_client=True,
    )


async def uphold_by_link(
    db: AsyncConnection,
    caller: WaiverCaller,
    fee_id: UUID,
    *,
    message: str | None,
    now: datetime,
) -> FeeOutcome:
    """Let the fee of a link from the mail to a practitioner stand; see `uphold_fee`.

    Raises:
        NotFoundError, UnauthorizedError: see `_lock_fee_of_link`.
        FeeClosedError: the question has ended otherwise.
    """
    await _lock_fee_of_link(db, caller, fee_id)
    return await _uphold_locked(
        db, caller.practice_id, caller.actor, fee_id, message=message, now=now
    )


async def _uphold_locked(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    fee_id: UUID,
    *,
    message: str | None,
    now: datetime,
) -> FeeOutcome:
    fee = await read_fee(db, practice_id, fee_id)
    waiver = fee.waiver
    if waiver is None:
        raise WaiverUnavailableError
    if waiver.question.state == "declined":
        first = await read_command_of(db, practice_id, fee_id, "fee_waiver_declined")
        return FeeOutcome(fee, first)
    if not waiver.question.is_open(now):
        raise FeeClosedError
    await end_waiver(db, practice_id, fee_id, "declined", now)
    until = collect_after_answer(fee.collect_after, waiver.otherwise, now)
    await set_collect_after(db, practice_id, fee_id, until)
    reason = None if message is None else ChangeReason(None, message)
    return await tell_of_end(
        db, practice_id, actor, fee_id, "fee_waiver_declined", reason=reason, now=now
    )


async def tell_of_end(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    fee_id: UUID,
    kind: EndOfWaiver,
    *,
    reason: ChangeReason | None = None,
    now: datetime,
) -> FeeOutcome:
    """Record that a question was declined or has lapsed, and tell the client and webhooks.

    The mail says that the fee stands. If the fee was waived, forgiven or voided meanwhile, the
    client is told of that instead, by what has ended it.
    """
    fee = await read_fee(db, practice_id, fee_id)
    record = await read_session(db, practice_id, fee.session_id)
    change = fee_change(actor, fee, record, kind, reason=reason)
    event: Kind = "fee.waiver_lapsed" if kind == "fee_waiver_lapsed" else "fee.waiver_declined"
    mail = kind if fee.status in {"due", "settled"} else None
    effect = await tell_client(db, record, change, mail, event, now)
    return FeeOutcome(fee, effect.command_id)


async def _own_fee(db: AsyncConnection, caller: Caller, fee_id: UUID) -> FeeRecord:
    """Read a fee of the client; for the holder of a link, of the link's session.

    Raises:
        UnauthorizedError: the caller's token was revoked.
        NotFoundError: there is no such fee for this caller.
    """
    await confirm_caller(db, caller)
    fee = await read_fee(db, caller.practice_id, fee_id)
    if fee.client_id != caller.client_id:
        raise NotFoundError
    if caller.is_link and fee.session_id != caller.session_id:
        raise NotFoundError
    return fee


async def _lock_fee_of_link(db: AsyncConnection, caller: WaiverCaller, fee_id: UUID) -> Question:
    """Lock the session of a link's fee, and read the question about it.

    Raises:
        UnauthorizedError: the link is no longer valid.
        NotFoundError: the link is for another fee.
    """
    await confirm_waiver_caller(db, caller)
    if caller.link.fee_id != fee_id:
        raise NotFoundError
    await lock_session_of(db, caller.practice_id, fee_id)
    question = (await read_fee(db, caller.practice_id, fee_id)).question
    assert question is not None  # noqa: S101 - a link is only signed for a fee with a question
    return question
