"""Present fees to clients and to staff."""

from typing import Any
from zoneinfo import ZoneInfo

from app.fees.commands import ClosedFee
from app.fees.queries import FeeRecord
from app.fees.schemas import (
    FeeCommandAnswer,
    FeeSession,
    FeeView,
    Named,
    PracticeFeeView,
)
from app.web.idempotency import StoredAnswer
from app.web.responses import answered
from app.web.views import present_money


def present_own_fee(fee: FeeRecord) -> FeeView:
    """Present a fee to its client, in the client's time zone."""
    return FeeView(**_fields(fee, ZoneInfo(fee.client_zone)))


def present_fee(fee: FeeRecord) -> PracticeFeeView:
    """Present a fee to staff, with times in UTC."""
    return PracticeFeeView(
        **_fields(fee, ZoneInfo("UTC")),
        client=Named(id=fee.client_id, name=fee.client_name),
        payment_reference=fee.payment_reference,
    )


def present_closed_fee(closed: ClosedFee) -> FeeCommandAnswer:
    """Present the result of a command on a fee."""
    shown = present_fee(closed.fee)
    warning = "not-collectable-yet" if closed.too_early else None
    return FeeCommandAnswer(**dict(shown), command_id=closed.command_id, warning=warning)


def fee_answer(closed: ClosedFee) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    return answered(present_closed_fee(closed))


def _fields(fee: FeeRecord, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": fee.id,
        "session_id": fee.session_id,
        "amount": present_money(fee.amount),
        "status": fee.status,
        "cause": fee.cause,
        "recorded_at": fee.recorded_at.astimezone(zone),
        "collect_after": None if fee.collect_after is None else fee.collect_after.astimezone(zone),
        "closed_at": None if fee.closed_at is None else fee.closed_at.astimezone(zone),
        "session": FeeSession(
            id=fee.session_id,
            starts_at=fee.starts_at.astimezone(zone),
            service=Named(id=fee.service_id, name=fee.service_name),
            practitioner=Named(id=fee.practitioner_id, name=fee.practitioner_name),
        ),
    }
