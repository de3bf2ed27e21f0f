"""The wake for a sign-in request. Its payload is the request's id only."""

from datetime import datetime
from uuid import UUID

from app.outbox.queue import Wake

SEND_SIGN_IN = "send_sign_in"

# Before the mails of notifications, because a person is waiting for it.
_PRIORITY = 10


def sign_in_wake(request_id: UUID, at: datetime) -> Wake:
    """Make the wake for a request."""
    return Wake(SEND_SIGN_IN, _PRIORITY, request_id, {"id": str(request_id)}, at)
