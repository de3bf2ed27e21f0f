"""`GET /v1/practice/changes`: the audit trail."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.changes.presenter import present_entry
from app.changes.queries import list_trail
from app.changes.schemas import TrailPage, TrailQuery
from app.identity.dependencies import StaffReader
from app.sessions.client_api.presenter import reasons_for_staff
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/practice/changes", tags=["Practice: access"])


@router.get(
    "",
    summary="List what was done, by whom, and why",
    response_model=TrailPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_changes(
    query: Annotated[TrailQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the audit trail, the latest first: everything that somebody could dispute.

    Sessions, fees, credits, records, hours, policies, keys, links and webhooks: each change has who
    did it (a client, the holder of a link, an API key with its name, the operator, the service
    itself), when, from where, what and why. The trail is only ever added to; notes and addresses
    can be erased from it. Filters that are named together all hold. Times are UTC.

    With a `read` key, `code` and `note` of a reason are null: they need `write`.
    """
    asked = PageRequest(cursors, query, TimePosition, "changes", staff.practice_id)
    found = await list_trail(db, staff.practice_id, asked.part)
    page = asked.paginate(found, lambda entry: TimePosition(entry.at, entry.id))
    reasons = reasons_for_staff(staff.scope)
    return json_answer(TrailPage.of(page, lambda entry: present_entry(entry, reasons)))
