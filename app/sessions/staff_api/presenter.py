"""Present sessions to staff, without quotes."""

from zoneinfo import ZoneInfo

from fastapi import Response

from app.identity.api_keys.keys import Staff
from app.sessions.client_api.allowance_presenter import present_carried
from app.sessions.client_api.decision_presenter import present_policy
from app.sessions.client_api.presenter import present_summary
from app.sessions.client_api.reasons import ReasonVisibility, reasons_for_staff
from app.sessions.client_api.scope_presenter import present_touched
from app.sessions.commands.orders import Effect, StaffOutcome, StaffScopeOutcome
from app.sessions.read.records import SessionFee
from app.sessions.read.staff_queries import ClientFacts, StaffSession, StaffSummary
from app.sessions.staff_api import schemas
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page
from app.web.responses import json_answer
from app.web.views import present_amount, present_money


def present_staff_sessions(
    page: Page[StaffSummary], zone: ZoneInfo | None, reasons: ReasonVisibility
) -> schemas.PracticeSessionPage:
    """Present a page of sessions, by default each in its practitioner's zone."""
    return {
        "items": [present_staff_summary(found, zone, reasons=reasons) for found in page.rows],
        "next_cursor": page.next_cursor,
    }


def present_staff_summary(
    found: StaffSummary, zone: ZoneInfo | None, *, reasons: ReasonVisibility
) -> schemas.PracticeSessionSummary:
    """Present a session of a list, by default in its practitioner's zone."""
    record = found.session
    return {
        **present_summary(record, zone or record.practitioner_zone, reasons=reasons),
        "external_ref": found.external_ref,
        "client": _client(found.client),
    }


def present_staff_session(
    found: StaffSession, zone: ZoneInfo | None, *, reasons: ReasonVisibility
) -> schemas.PracticeSession:
    """Present all details of a session, by default in its practitioner's zone."""
    record = found.session
    zone = zone or record.practitioner_zone
    return {
        **present_summary(record, zone, reasons=reasons),
        "external_ref": found.external_ref,
        "client": _client(found.client),
        "booked_starts_at": record.booked_starts_at.astimezone(zone),
        "client_moves": record.client_moves,
        "carried": present_carried(record.carried),
        "policy": present_policy(record, zone),
        "fees": [_fee(fee) for fee in record.fees],
    }


def present_staff_outcome(found: StaffSession, effect: Effect) -> schemas.StaffCommandAnswer:
    """Present the result of a command. Callers with `write` see all reasons."""
    return schemas.StaffCommandAnswer(
        session=present_staff_session(found, None, reasons=ReasonVisibility.ALL_NOTES),
        fee=present_money(effect.cost.fee),
        credit=effect.cost.credit,
        command_id=effect.command_id,
        sessions=None,
    )


def present_staff_scope_outcome(outcome: StaffScopeOutcome) -> schemas.StaffCommandAnswer:
    """Present the result of a command on several sessions. Callers with `write` see all reasons."""
    zone = outcome.found.session.practitioner_zone
    return {
        **present_staff_outcome(outcome.found, outcome.effect),
        "sessions": present_touched(outcome.touched, zone),
    }


def _client(client: ClientFacts) -> schemas.SessionClient:
    return schemas.SessionClient(
        id=client.id,
        name=client.name,
        email=client.email,
        phone=client.phone,
        external_ref=client.external_ref,
    )


def _fee(fee: SessionFee) -> schemas.SessionFeeView:
    return schemas.SessionFeeView(id=fee.id, amount=present_amount(fee.amount), status=fee.status)


def staff_command_answer(outcome: StaffOutcome, *, status: int = 200) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    shown = present_staff_outcome(outcome.found, outcome.effect)
    return StoredAnswer(status, outcome.found.session.etag, as_json(shown))


def staff_scope_answer(outcome: StaffScopeOutcome) -> StoredAnswer:
    """Make the response to a command on several sessions."""
    shown = present_staff_scope_outcome(outcome)
    return StoredAnswer(200, outcome.found.session.etag, as_json(shown))


def show_to_staff(found: StaffSession, staff: Staff) -> Response:
    """Make the response to a read of a session, without the reasons that the key may not see."""
    shown = present_staff_session(found, None, reasons=reasons_for_staff(staff.scope))
    return json_answer(shown, etag=found.session.etag)
