"""`/v1/fees` for clients, `/v1/practice/fees` for the practice."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.fees import commands, queries, waiving
from app.fees.presenter import fee_answer, own_fee_answer, present_fee, present_own_fee
from app.fees.queries import FeeRecord, list_client_fees, read_fee
from app.fees.schemas import (
    AskWaiverRequest,
    FeeCommandAnswer,
    FeePage,
    FeeQuery,
    OwnFeeAnswer,
    PracticeFeePage,
    PracticeFeeQuery,
    PracticeFeeView,
    SettleRequest,
    UpholdRequest,
    WaiveRequest,
)
from app.identity.api_keys.keys import Scope, Staff
from app.identity.client_dependencies import AnyCall, ClientCall, Writing
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.sessions.client_api.problems import WRITE_PROBLEMS
from app.sessions.commands.orders import ChangeReason
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

client_router = APIRouter(prefix="/v1/fees", tags=["Client"])
router = APIRouter(prefix="/v1/practice/fees", tags=["Practice: fees"])

_COMMAND_PROBLEMS = ("fee-not-due", *WRITING_BY_STAFF, "not-found")


@client_router.get(
    "",
    summary="List the client's fees",
    response_model=FeePage,
    responses=responses(*READING_BY_STAFF),
)
async def list_own_fees(
    query: Annotated[FeeQuery, Query()], call: ClientCall, db: Reading
) -> Response:
    """List the fees of the signed-in client, latest first, in the client's time zone.

    The practice collects the fees; they cannot be paid through this API.
    """
    caller = call.caller
    asked = PageRequest(
        call.cursors, query, TimePosition, "own-fees", caller.practice_id, caller.client_id
    )
    found = await list_client_fees(db, caller, asked.part)
    page = asked.paginate(found, _position)
    return json_answer(FeePage.of(page, lambda fee: present_own_fee(fee, call.now)))


@client_router.post(
    "/{fee_id}/ask-waiver",
    summary="Ask the practice to waive a fee",
    response_model=OwnFeeAnswer,
    responses=responses(*WRITE_PROBLEMS, "fee-not-due", "waiver-unavailable"),
)
async def ask_waiver(
    fee_id: RecordId, body: AskWaiverRequest, call: AnyCall, write: Writing
) -> Response:
    """Ask the practice to waive a fee that is due, within seven days, once for each fee.

    The practitioner gets an email with the client's words and a link to answer. The fee is
    collected after the answer, or after seven days, unless it could be collected before. Asking
    again while the question is open changes nothing. `cancel`, `reschedule` and `absence` can ask
    at once (`ask_waiver`). The holder of a link may ask about the fees of its session.
    """
    return await write(
        lambda db: waiving.ask_waiver(db, call.caller, fee_id, note=body.note, now=call.now),
        lambda asked: own_fee_answer(asked, call.now),
    )


@router.get(
    "",
    summary="List the practice's fees",
    response_model=PracticeFeePage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_fees(
    query: Annotated[PracticeFeeQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    now: Now,
    db: Reading,
) -> Response:
    """List fees, latest first. Several filters are combined with AND. Times are in UTC."""
    asked = PageRequest(cursors, query, TimePosition, "fees", staff.practice_id)
    found = await queries.list_practice_fees(db, staff.practice_id, asked.part, now)
    page = asked.paginate(found, _position)
    with_notes = _sees_notes(staff)
    return json_answer(
        PracticeFeePage.of(page, lambda fee: present_fee(fee, now, with_notes=with_notes))
    )


@router.get(
    "/{fee_id}",
    summary="Show a fee",
    response_model=PracticeFeeView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_fee(fee_id: RecordId, staff: StaffReader, now: Now, db: Reading) -> Response:
    """Show a fee with its session, its client and its payment reference."""
    fee = await read_fee(db, staff.practice_id, fee_id)
    return json_answer(present_fee(fee, now, with_notes=_sees_notes(staff)))


@router.post(
    "/{fee_id}/waive",
    summary="Waive a fee",
    response_model=FeeCommandAnswer,
    responses=responses(*_COMMAND_PROBLEMS),
)
async def waive_fee(
    fee_id: RecordId, body: WaiveRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Waive a fee that is due, and notify the client by email.

    The client does not see the reason. Waiving a waived fee does nothing. If the client has asked
    for it, this is the answer: their `waiver` is `granted`.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    return await write(
        lambda db: commands.waive_fee(db, staff, fee_id, reason=reason, now=now),
        lambda closed: fee_answer(closed, now),
    )


@router.post(
    "/{fee_id}/uphold",
    summary="Decline to waive a fee",
    response_model=FeeCommandAnswer,
    responses=responses(*_COMMAND_PROBLEMS, "waiver-unavailable"),
)
async def uphold_fee(
    fee_id: RecordId, body: UpholdRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Answer a client who asks for a waiver: the fee stands. The client is told by email.

    The fee can be collected from now on, if nothing else asks to wait. Declining again does
    nothing. A question that was answered otherwise, or not in time, is `fee-not-due`. A fee that is
    due may still be waived afterwards.
    """
    return await write(
        lambda db: waiving.uphold_fee(db, staff, fee_id, message=body.message, now=now),
        lambda closed: fee_answer(closed, now),
    )


@router.post(
    "/{fee_id}/settle",
    summary="Settle a fee",
    response_model=FeeCommandAnswer,
    responses=responses(*_COMMAND_PROBLEMS),
)
async def settle_fee(
    fee_id: RecordId, body: SettleRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Record that a fee that is due was paid. Settling a settled fee does nothing.

    Before `collect_after` the fee may still fall away: the answer then has a `warning`.
    """
    reference = body.payment_reference
    return await write(
        lambda db: commands.settle_fee(db, staff, fee_id, payment_reference=reference, now=now),
        lambda closed: fee_answer(closed, now),
    )


def _sees_notes(staff: Staff) -> bool:
    """Tell whether an API key may see the words of clients."""
    return staff.scope.allows(Scope.WRITE)


def _position(fee: FeeRecord) -> TimePosition:
    return TimePosition(fee.recorded_at, fee.id)
