"""Which codes of reasons a command takes (product.md section 10, "Reasons")."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.domain.policy.reasons import STANDARD_REASONS, codes_of
from app.policies.reason_queries import read_own_codes
from app.policies.stored import rules_of
from app.sessions.commands.orders import ChangeReason
from app.sessions.read.records import SessionRecord


def check_reason(record: SessionRecord, reason: ChangeReason | None) -> None:
    """Check that a client gives a reason, and that the session's policy has its code, if any.

    Raises:
        InvalidInputError: they do not, or it does not.
    """
    if reason is None:
        raise InvalidInputError("/reason", "input.missing")
    allowed = codes_of(rules_of(record.policy).reasons)
    if reason.code is not None and reason.code not in allowed:
        raise _unknown(*allowed)


async def check_staff_reason(
    db: AsyncConnection, practice_id: UUID, reason: ChangeReason | None
) -> None:
    """Check that the code of a reason by staff is a standard one or one of the practice's own.

    Raises:
        InvalidInputError: it is neither.
    """
    code = None if reason is None else reason.code
    if code is None or code in STANDARD_REASONS:
        return
    own = await read_own_codes(db, practice_id)
    if code not in own:
        raise _unknown(*STANDARD_REASONS, *(one for one in own if one not in STANDARD_REASONS))


def _unknown(*allowed: str) -> InvalidInputError:
    return InvalidInputError("/reason/code", "field.reason-code", codes=", ".join(allowed))
