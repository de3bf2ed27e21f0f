"""`GET /v1/practice/changes`: the audit log."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.changes.presenter import present_entry
from app.changes.queries import list_audit_log
from app.changes.schemas import TrailPage, TrailQuery
from app.identity.staff_dependencies import StaffReader
from app.sessions.client_api.reasons import reasons_for_staff
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/practice/changes", tags=["Practice: access"])


@router.get(
    "",
    summary="List the audit log",
    response_model=TrailPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_changes(
    query: Annotated[TrailQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the audit log, latest entry first.

    It has all changes of sessions, fees, credits, records, hours, policies, API keys, links and
    webhook endpoints. Each entry says who made the change (a client, the holder of a link, an API
    key, the operator, or the service itself), when, from which network address, what changed, and
    why. Entries are never changed or deleted; only notes and network addresses can be erased. An
    entry has to match all given filters. Times are UTC.

    For an API key with the scope `read`, `code` and `note` of a reason are null.
    """
    asked = PageRequest(cursors, query, TimePosition, "changes", staff.practice_id)
    found = await list_audit_log(db, staff.practice_id, asked.part)
    page = asked.paginate(found, lambda entry: TimePosition(entry.at, entry.id))
    reasons = reasons_for_staff(staff.scope)
    return json_answer(TrailPage.of(page, lambda entry: present_entry(entry, reasons)))
