"""A client needs no other time for sessions that the practice has cancelled.

Source: product.md section 10, "Move requests".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.policy.free import is_to_book_again
from app.identity.tokens.access import Caller
from app.sessions.commands.finish import entry_about, finish
from app.sessions.commands.history_repository import LEFT_CANCELLED, About
from app.sessions.commands.orders import ClientOrder
from app.sessions.commands.reasons import check_reason
from app.sessions.commands.request_repository import end_request
from app.sessions.read.records import SessionRecord


async def leave_cancelled(
    db: AsyncConnection,
    caller: Caller,
    records: Sequence[SessionRecord],
    order: ClientOrder,
    now: datetime,
    command_id: UUID | None = None,
) -> UUID | None:
    """Answer the open move requests of those of these sessions that the practice has cancelled.

    The sessions stay as they are. Webhooks are told, and nobody gets a mail. A link answers for no
    session whose links were revoked after it was issued. `command_id` is that of the command if it
    changes other sessions too.

    Gives the id of the command; None: there was nothing to answer.

    Raises:
        InvalidInputError: see `check_reason`; it is about the first of the sessions.
    """
    own = caller.link_generation
    asked = [
        record
        for record in records
        if is_to_book_again(record.facts, now) and (own is None or record.link_generation <= own)
    ]
    if not asked:
        return None
    if order.reason is not None:
        check_reason(asked[0], order.reason)
    command_id = command_id or uuid4()
    for record in asked:
        request_id = await end_request(db, record, "cancelled", caller.actor, now)
        assert request_id is not None  # noqa: S101 - the session is asked about
        about = About("move_request", request_id)
        details = {"move_request": str(request_id)}
        change = entry_about(
            about, LEFT_CANCELLED, caller.actor, record, reason=order.reason, details=details
        )
        change = replace(change, command_id=command_id, answers=request_id)
        await finish(db, record.practice_id, record.id, change, [], now)
    return command_id
