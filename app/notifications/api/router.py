"""`/v1/practice/notifications`: which mails and webhooks went out, and which did not."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.identity.dependencies import StaffReader, StaffWriter, StaffWriting
from app.notifications.api import commands, queries
from app.notifications.api.presenter import present
from app.notifications.api.schemas import NotificationPage, NotificationQuery, NotificationView
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import answered, json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/notifications", tags=["Practice: notifications"])


@router.get(
    "",
    summary="List notifications",
    response_model=NotificationPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_notifications(
    query: Annotated[NotificationQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List mails and webhook events by when they are due, the latest first, a page at a time.

    Reminders that are still to come are at the top. `?status=failed` are those that were given up:
    look at `last_error`, mend what was wrong, and have them tried again.
    """
    asked = PageRequest(cursors, query, TimePosition, "notifications", staff.practice_id)
    found = await queries.list_notifications(db, staff.practice_id, asked.part)
    page = asked.paginate(
        found, lambda notification: TimePosition(notification.send_at, notification.id)
    )
    return json_answer(NotificationPage.of(page, present))


@router.get(
    "/{notification_id}",
    summary="Show a notification",
    response_model=NotificationView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_notification(notification_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show to whom a mail or a webhook event goes, about what, and what became of it."""
    return json_answer(
        present(await queries.read_notification(db, staff.practice_id, notification_id))
    )


@router.post(
    "/{notification_id}/retry",
    summary="Try a notification again",
    response_model=NotificationView,
    responses=responses(
        *READING_BY_STAFF,
        "not-found",
        "notification-finished",
        "idempotency-key-reused",
        "idempotency-key-in-use",
    ),
)
async def retry_notification(
    notification_id: RecordId, staff: StaffWriter, write: StaffWriting, now: Now
) -> Response:
    """Have a notification tried now, without waiting for its next try.

    One that `failed` is `pending` again, and its attempts are counted anew. Asking again changes
    nothing more. A reminder whose time has not come keeps its time. One that was sent or dropped is
    a 409. What has lost its sense meanwhile, as a reminder of a time that is gone or an event for
    an endpoint that is switched off, is then dropped, not sent.
    """
    return await write(
        lambda db: commands.retry_notification(db, staff, notification_id, now=now),
        lambda notification: answered(present(notification)),
    )
