"""Present move requests to staff, with times in UTC."""

from datetime import datetime

from app.domain.move_requests import RequestState
from app.move_requests import schemas
from app.move_requests.records import AskedSession, MoveRequestRecord, RequestOutcome, RequestPlan
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page


def present_requests(page: Page[MoveRequestRecord], now: datetime) -> schemas.MoveRequestPage:
    """Present a page of move requests."""
    return {
        "items": [present_request(request, now) for request in page.rows],
        "next_cursor": page.next_cursor,
    }


def present_request(request: MoveRequestRecord, now: datetime) -> schemas.MoveRequestView:
    """Present a move request with its sessions."""
    sessions = [_session(one, one.state_at(request.answer_by, now)) for one in request.sessions]
    return {
        "id": request.id,
        "note": request.note,
        "answer_by": request.answer_by,
        "meanwhile": request.meanwhile,
        "asked_at": request.asked_at,
        "withdrawn_at": request.withdrawn_at,
        "closed_at": request.told_at,
        "waiting": sum(one["state"] == "asked" for one in sessions),
        "sessions": sessions,
    }


def _session(one: AskedSession, state: RequestState) -> schemas.AskedSessionView:
    return {
        "session_id": one.session_id,
        "client_id": one.client_id,
        "client_name": one.client_name,
        "practitioner_id": one.practitioner_id,
        "starts_at": one.starts_at,
        "present_starts_at": one.present_start,
        "status": one.status,
        "state": state,
        "answered_at": one.answered_at,
        "proposals": list(one.proposals),
    }


def request_answer(outcome: RequestOutcome, now: datetime, *, status: int = 200) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    shown: schemas.MoveRequestAnswer = {
        **present_request(outcome.request, now),
        "command_id": outcome.command_id,
    }
    return StoredAnswer(status, None, as_json(shown))


def preview_answer(plan: RequestPlan) -> StoredAnswer:
    """Make the response to a preview."""
    shown: schemas.MoveRequestPreview = {
        "preview": True,
        "sessions": [
            {
                "session_id": record.id,
                "client_id": record.client_id,
                "client_name": record.client_name,
                "practitioner_id": record.practitioner_id,
                "starts_at": record.starts_at,
                "present_starts_at": record.starts_at,
                "status": record.status,
                "state": "asked",
                "answered_at": None,
                "proposals": list(plan.new.proposals.get(record.id, ())),
            }
            for record in plan.sessions
        ],
    }
    return StoredAnswer(200, None, as_json(shown))
