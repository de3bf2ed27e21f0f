"""`/v1/practice/notices`: which mails and webhooks went out, and which did not."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.identity.dependencies import StaffReader, StaffWriter, StaffWriting
from app.notifications.api import commands, queries
from app.notifications.api.presenter import present
from app.notifications.api.schemas import NoticePage, NoticeQuery, NoticeView
from app.web.cursors import Place
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import answered, json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/notices", tags=["Practice: notices"])


@router.get(
    "",
    summary="List notices",
    response_model=NoticePage,
    responses=responses(*READING_BY_STAFF),
)
async def list_notices(
    query: Annotated[NoticeQuery, Query()], staff: StaffReader, cursors: CursorSigner, db: Reading
) -> Response:
    """List mails and webhook events by when they are due, the latest first, a page at a time.

    Reminders that are still to come are at the top. `?status=failed` are those that were given up:
    look at `last_error`, mend what was wrong, and have them tried again.
    """
    asked = PageRequest(cursors, query, Place, "notices", staff.practice_id)
    found = await queries.list_notices(db, staff.practice_id, asked.part)
    page = asked.paginate(found, lambda notice: Place(notice.send_at, notice.id))
    return json_answer(NoticePage.of(page, present))


@router.get(
    "/{notice_id}",
    summary="Show a notice",
    response_model=NoticeView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_notice(notice_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show to whom a mail or a webhook event goes, about what, and what became of it."""
    return json_answer(present(await queries.read_notice(db, staff.practice_id, notice_id)))


@router.post(
    "/{notice_id}/retry",
    summary="Try a notice again",
    response_model=NoticeView,
    responses=responses(
        *READING_BY_STAFF,
        "not-found",
        "notice-finished",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def retry_notice(
    notice_id: RecordId, staff: StaffWriter, write: StaffWriting, now: Now
) -> Response:
    """Have a notice tried now, without waiting for its next try.

    One that `failed` is `pending` again, and its attempts are counted anew. Asking again changes
    nothing more. A reminder whose time has not come keeps its time. One that was sent or dropped is
    a 409. What has lost its sense meanwhile, as a reminder of a time that is gone or an event for
    an endpoint that is switched off, is then dropped, not sent.
    """
    return await write(
        lambda db: commands.retry_notice(db, staff, notice_id, now=now),
        lambda notice: answered(present(notice)),
    )
