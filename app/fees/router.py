"""`/v1/fees` for clients, `/v1/practice/fees` for the practice."""

from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.context import (
    ClientCaller,
    CursorSigner,
    Now,
    Reading,
    StaffReader,
    StaffWriter,
    StaffWriting,
    answered,
    json_answer,
)
from app.cursors import Cursors
from app.database.idempotency import StoredAnswer
from app.fees import commands
from app.fees.queries import (
    FeeFilters,
    FeeRecord,
    list_client_fees,
    list_fees,
    read_fee,
)
from app.fees.schemas import (
    FeePage,
    FeeSession,
    FeeView,
    Named,
    PageQuery,
    PracticeFeePage,
    PracticeFeeQuery,
    PracticeFeeView,
    SettleRequest,
    WaiveRequest,
)
from app.inputs import RecordId
from app.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.sessions.client_api.presenter import present_money
from app.sessions.commands.steps import Reason

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
    query: Annotated[PageQuery, Query()], caller: ClientCaller, cursors: CursorSigner, db: Reading
) -> Response:
    """List the fees of the client who is signed in, the latest first, in his time zone.

    The practice collects them: nothing is paid here.
    """
    cursor = Cursors(cursors, "own-fees", caller.practice_id, caller.client_id)
    after = cursor.read_place(query.cursor)
    found = await list_client_fees(db, caller, after=after, limit=query.limit + 1)
    return json_answer(
        FeePage(
            items=[_own(fee) for fee in found[: query.limit]],
            next_cursor=_next(found, query.limit, cursor),
        )
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
    db: Reading,
) -> Response:
    """List fees, the latest first; filters that are named together all hold. Times are UTC."""
    filters = FeeFilters(query.client, query.session, query.status, query.since, query.until)
    cursor = Cursors(cursors, "fees", staff.practice_id, filters)
    after = cursor.read_place(query.cursor)
    found = await list_fees(db, staff.practice_id, filters, after=after, limit=query.limit + 1)
    return json_answer(
        PracticeFeePage(
            items=[_of_practice(fee) for fee in found[: query.limit]],
            next_cursor=_next(found, query.limit, cursor),
        )
    )


@router.get(
    "/{fee_id}",
    summary="Show a fee",
    response_model=PracticeFeeView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_fee(fee_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a fee, the session it is about, whose it is, and how it was paid."""
    return json_answer(_of_practice(await read_fee(db, staff.practice_id, fee_id)))


@router.post(
    "/{fee_id}/waive",
    summary="Waive a fee",
    response_model=PracticeFeeView,
    responses=responses(*_COMMAND_PROBLEMS),
)
async def waive_fee(
    fee_id: RecordId, body: WaiveRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Ask for a fee that is due no more, and tell the client so by email.

    The reason stays with the practice. Waiving it again does nothing.
    """
    reason = Reason(body.reason.code, body.reason.note)
    command = partial(commands.waive_fee, staff=staff, fee_id=fee_id, reason=reason, now=now)
    return await write(command, _answer)


@router.post(
    "/{fee_id}/settle",
    summary="Settle a fee",
    response_model=PracticeFeeView,
    responses=responses(*_COMMAND_PROBLEMS),
)
async def settle_fee(
    fee_id: RecordId, body: SettleRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Write down that a fee that is due was paid. Settling it again does nothing."""
    command = partial(
        commands.settle_fee,
        staff=staff,
        fee_id=fee_id,
        payment_reference=body.payment_reference,
        now=now,
    )
    return await write(command, _answer)


def _answer(fee: FeeRecord) -> StoredAnswer:
    return answered(_of_practice(fee))


def _own(fee: FeeRecord) -> FeeView:
    return FeeView(**_fields(fee, ZoneInfo(fee.client_zone)))


def _of_practice(fee: FeeRecord) -> PracticeFeeView:
    return PracticeFeeView(
        **_fields(fee, ZoneInfo("UTC")),
        client=Named(id=fee.client_id, name=fee.client_name),
        payment_reference=fee.payment_reference,
    )


def _fields(fee: FeeRecord, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": fee.id,
        "session_id": fee.session_id,
        "amount": present_money(fee.amount),
        "status": fee.status,
        "cause": fee.cause,
        "recorded_at": fee.recorded_at.astimezone(zone),
        "closed_at": None if fee.closed_at is None else fee.closed_at.astimezone(zone),
        "session": FeeSession(
            id=fee.session_id,
            starts_at=fee.starts_at.astimezone(zone),
            service=Named(id=fee.service_id, name=fee.service_name),
            practitioner=Named(id=fee.practitioner_id, name=fee.practitioner_name),
        ),
    }


def _next(found: list[FeeRecord], limit: int, cursor: Cursors) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return cursor.write_place(last.recorded_at, last.id)
