"""`/v1/fees` for clients, `/v1/practice/fees` for the practice."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.fees import commands, queries
from app.fees.presenter import fee_answer, present_fee, present_own_fee
from app.fees.queries import FeeRecord, list_client_fees, read_fee
from app.fees.schemas import (
    FeeCommandAnswer,
    FeePage,
    FeeQuery,
    PracticeFeePage,
    PracticeFeeQuery,
    PracticeFeeView,
    SettleRequest,
    WaiveRequest,
)
from app.identity.client_dependencies import ClientCaller
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
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
    query: Annotated[FeeQuery, Query()], caller: ClientCaller, cursors: CursorSigner, db: Reading
) -> Response:
    """List the fees of the signed-in client, latest first, in the client's time zone.

    The practice collects the fees; they cannot be paid through this API.
    """
    asked = PageRequest(
        cursors, query, TimePosition, "own-fees", caller.practice_id, caller.client_id
    )
    found = await list_client_fees(db, caller, asked.part)
    return json_answer(FeePage.of(asked.paginate(found, _position), present_own_fee))


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
    return json_answer(PracticeFeePage.of(asked.paginate(found, _position), present_fee))


@router.get(
    "/{fee_id}",
    summary="Show a fee",
    response_model=PracticeFeeView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_fee(fee_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a fee with its session, its client and its payment reference."""
    return json_answer(present_fee(await read_fee(db, staff.practice_id, fee_id)))


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

    The client does not see the reason. Waiving a waived fee does nothing.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    return await write(
        lambda db: commands.waive_fee(db, staff, fee_id, reason=reason, now=now), fee_answer
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
        fee_answer,
    )


def _position(fee: FeeRecord) -> TimePosition:
    return TimePosition(fee.recorded_at, fee.id)
