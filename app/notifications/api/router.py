"""`/v1/practice/notifications`: the mails and webhook events of a practice, and their status."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
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
    """List mails and webhook events by the time at which they are due, latest first, paginated.

    Reminders that are due in the future come first. `?status=failed` lists those that were given up
    after their last attempt: read `last_error`, correct the cause, and call `retry`.
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
    """Show the recipient of a mail or a webhook event, what it is about, and its status."""
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
    """Attempt a notification now, without waiting for its next attempt.

    A `failed` notification becomes `pending`, and its attempts are counted from 0. A repeated call
    has no further effect. A reminder that is not due yet keeps its time. For a notification that
    was sent or dropped the answer is a 409. A notification that is out of date by now is dropped
    instead of sent: for example a reminder of a session that was moved, or an event for an endpoint
    that is not active.
    """
    return await write(
        lambda db: commands.retry_notification(db, staff, notification_id, now=now),
        lambda notification: answered(present(notification)),
    )
