"""Adjust a client's allowance by hand."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.allowance.queries import read_sessions, read_use
from app.allowance.records import Adjusted
from app.allowance.repository import add_use, latest_use
from app.audit.write import write_change
from app.calendar.locks import lock_client
from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Staff
from app.identity.queries import check_not_erased
from app.sessions.commands.allowance_repository import give_back_use
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.reasons import check_staff_reason

ADJUSTED = "allowance_adjusted"


async def adjust_allowance(
    db: AsyncConnection,
    staff: Staff,
    client_id: UUID,
    *,
    uses: Literal[1, -1],
    reason: ChangeReason,
    now: datetime,
) -> Adjusted:
    """Add a use, or give the client's latest use back.

    Raises:
        NotFoundError: the practice has no such client.
        ClientErasedError: the client was erased.
        InvalidInputError: see `check_staff_reason`; or there is no use to give back.
    """
    practice_id = staff.practice_id
    await lock_client(db, practice_id, client_id)
    await check_not_erased(db, practice_id, client_id)
    await check_staff_reason(db, practice_id, reason)
    latest = await latest_use(db, practice_id, client_id) if uses < 0 else None
    if uses < 0 and latest is None:
        raise InvalidInputError("/uses", "field.no-use-to-give-back")
    details: dict[str, object] = {"uses": uses}
    if latest is not None:
        details["given_back"] = str(latest)
    change_id = await write_change(
        db,
        practice_id,
        staff.actor,
        now,
        subject="client",
        subject_id=client_id,
        kind=ADJUSTED,
        note=reason.note,
        reason_code=reason.code,
        details=details,
    )
    if latest is None:
        await add_use(db, practice_id, client_id, change_id, now)
    else:
        await give_back_use(db, practice_id, latest, "staff", now)
    use = await read_use(db, practice_id, latest or change_id)
    return Adjusted(use, await read_sessions(db, practice_id, client_id, now), change_id)
