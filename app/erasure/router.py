"""`/v1/practice/clients/{client_id}/export` and `…/erase`."""

from fastapi import APIRouter, Response

from app.erasure import commands
from app.erasure.presenter import present_data, present_erased
from app.erasure.schemas import ClientExport, ErasedView, EraseRequest
from app.identity.staff_dependencies import AdminSecretWriting, AdminWriting, StaffAdmin
from app.sessions.commands.orders import ChangeReason
from app.web.app_settings import AppSettings
from app.web.dependencies import Now
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import answered
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/clients", tags=["Practice: records"])


@router.post(
    "/{client_id}/export",
    summary="Export all data of a client",
    response_model=ClientExport,
    responses=responses(*READING_BY_STAFF, "not-found", "client-erased"),
)
async def export_client(
    client_id: RecordId, staff: StaffAdmin, now: Now, write: AdminSecretWriting
) -> Response:
    """Export everything held of a client, to hand it over to them.

    It contains notes and network addresses, also those that the client does not see. That it was
    exported is in the audit log. The answer is not stored, so the call takes no `Idempotency-Key`.
    """
    return await write(
        lambda db: commands.export_client(
            db, staff.practice_id, client_id, actor=staff.actor, now=now
        ),
        lambda data: answered(present_data(data)),
    )


@router.post(
    "/{client_id}/erase",
    summary="Erase a client",
    response_model=ErasedView,
    responses=responses(*WRITING_BY_STAFF, "not-found", "erase-refused"),
)
async def erase_client(
    client_id: RecordId,
    body: EraseRequest,
    staff: StaffAdmin,
    now: Now,
    settings: AppSettings,
    write: AdminWriting,
) -> Response:
    """Erase what tells who a client is: name, address, phone, notes, network addresses, your ids.

    Sums, times and statuses stay under the client's id, which is a pseudonym. Their links, tokens
    and feeds end, and mails and events that wait are dropped. It cannot be undone. Refused while
    they have booked sessions that have not ended, or due fees, unless `force` is true. Erasing
    again changes nothing.
    """
    return await write(
        lambda db: commands.erase_client(
            db,
            staff.practice_id,
            client_id,
            reason=ChangeReason(body.reason.code, body.reason.note),
            force=body.force,
            actor=staff.actor,
            now=now,
            credit_grace=settings.credit_grace,
        ),
        lambda erased: answered(present_erased(erased)),
    )
