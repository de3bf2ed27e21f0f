"""Present fees of a session, and what its client asks about them."""

from datetime import datetime, tzinfo

from app.domain.waiver import Question
from app.sessions.client_api.waiver_schemas import OwnSessionFeeView, WaiverView
from app.sessions.read.records import SessionFee
from app.web.views import present_amount


def present_question(question: Question, zone: tzinfo, now: datetime) -> WaiverView:
    """Present what a client asks about a fee."""
    return {
        "state": question.state_at(now),
        "asked_at": question.asked_at.astimezone(zone),
        "answer_by": question.answer_by.astimezone(zone),
        "ended_at": _in(question.ended_by(now), zone),
    }


def present_session_fee(fee: SessionFee, zone: tzinfo, now: datetime) -> OwnSessionFeeView:
    """Present a fee of a session to its client."""
    question = fee.question
    return {
        "id": fee.id,
        "amount": present_amount(fee.amount),
        "status": fee.status,
        "recorded_at": fee.recorded_at.astimezone(zone),
        "collect_after": _in(fee.collect_after, zone),
        "waiver": None if question is None else present_question(question, zone, now),
        "ask_waiver_until": _in(fee.ask_until(now), zone),
    }


def _in(instant: datetime | None, zone: tzinfo) -> datetime | None:
    return None if instant is None else instant.astimezone(zone)
