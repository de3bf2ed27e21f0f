"""Present fees to clients and to staff."""

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from app.fees.commands import FeeOutcome
from app.fees.queries import FeeRecord
from app.fees.schemas import (
    FeeCommandAnswer,
    FeeSession,
    Named,
    OwnFeeAnswer,
    OwnFeeView,
    PracticeFeeView,
    PracticeWaiverView,
)
from app.fees.waiver_schemas import AskedWaiverView, ClientName, OpenedWaiver, WaiverAnswer
from app.identity.presenter import present_practice
from app.identity.queries import PracticeRecord
from app.sessions.client_api.waiver_presenter import present_question
from app.web.idempotency import StoredAnswer
from app.web.responses import answered
from app.web.views import present_amount, present_money


def present_own_fee(fee: FeeRecord, now: datetime) -> OwnFeeView:
    """Present a fee to its client, in the client's time zone."""
    zone, question, until = ZoneInfo(fee.client_zone), fee.question, fee.ask_until(now)
    return OwnFeeView(
        **_fields(fee, zone),
        waiver=None if question is None else present_question(question, zone, now),
        ask_waiver_until=None if until is None else until.astimezone(zone),
    )


def present_fee(fee: FeeRecord, now: datetime, *, with_notes: bool) -> PracticeFeeView:
    """Present a fee to staff, with times in UTC. `with_notes`: with the words of clients."""
    return PracticeFeeView(
        **_fields(fee, UTC),
        client=Named(id=fee.client_id, name=fee.client_name),
        payment_reference=fee.payment_reference,
        waiver=None
        if fee.waiver is None
        else PracticeWaiverView(
            **present_question(fee.waiver.question, UTC, now),
            note=fee.waiver.note if with_notes else None,
        ),
    )


def present_fee_outcome(closed: FeeOutcome, now: datetime) -> FeeCommandAnswer:
    """Present the result of a command on a fee to staff, who may write."""
    shown = present_fee(closed.fee, now, with_notes=True)
    warning = "not-collectable-yet" if closed.too_early else None
    return FeeCommandAnswer(**dict(shown), command_id=closed.command_id, warning=warning)


def fee_answer(closed: FeeOutcome, now: datetime) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    return answered(present_fee_outcome(closed, now))


def own_fee_answer(asked: FeeOutcome, now: datetime) -> StoredAnswer:
    """Make the response to a client's command, to send and to store under its idempotency key."""
    shown = present_own_fee(asked.fee, now)
    return answered(OwnFeeAnswer(**dict(shown), command_id=asked.command_id))


def present_asked_waiver(fee: FeeRecord, now: datetime) -> AskedWaiverView:
    """Present what a client asks to whoever holds the link, in the practitioner's zone."""
    waiver, zone = fee.waiver, ZoneInfo(fee.practitioner_zone)
    assert waiver is not None  # noqa: S101 - a link is only signed for a fee with a question
    question = waiver.question
    return AskedWaiverView(
        **present_question(question, zone, now),
        fee_id=fee.id,
        amount=present_amount(fee.amount),
        fee_status=fee.status,
        cause=fee.cause,
        recorded_at=fee.recorded_at.astimezone(zone),
        note=waiver.note if question.is_open(now) else None,
        time_zone=zone.key,
        client=ClientName(name=fee.client_name),
        session=_session(fee, zone),
    )


def present_opened_waiver(fee: FeeRecord, practice: PracticeRecord, now: datetime) -> OpenedWaiver:
    """Present the question of a link, with its practice."""
    return {**present_asked_waiver(fee, now), "practice": present_practice(practice)}


def waiver_answer(closed: FeeOutcome, now: datetime) -> StoredAnswer:
    """Make the response to an answer by link, to send and to store under its idempotency key."""
    shown = present_asked_waiver(closed.fee, now)
    return answered(WaiverAnswer(**shown, command_id=closed.command_id))


def _fields(fee: FeeRecord, zone: tzinfo) -> dict[str, Any]:
    return {
        "id": fee.id,
        "session_id": fee.session_id,
        "amount": present_money(fee.amount),
        "status": fee.status,
        "cause": fee.cause,
        "recorded_at": fee.recorded_at.astimezone(zone),
        "collect_after": None if fee.collect_after is None else fee.collect_after.astimezone(zone),
        "closed_at": None if fee.closed_at is None else fee.closed_at.astimezone(zone),
        "session": _session(fee, zone),
    }


def _session(fee: FeeRecord, zone: tzinfo) -> FeeSession:
    return FeeSession(
        id=fee.session_id,
        starts_at=fee.starts_at.astimezone(zone),
        service=Named(id=fee.service_id, name=fee.service_name),
        practitioner=Named(id=fee.practitioner_id, name=fee.practitioner_name),
    )
