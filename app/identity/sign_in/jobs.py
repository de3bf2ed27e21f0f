"""The wake for a request to sign in. Its payload is the request's id and nothing else."""

from datetime import datetime
from uuid import UUID

from app.outbox.queue import Wake

SEND_SIGN_IN = "send_sign_in"

# A person waits in front of a screen: it goes before the mails of notifications.
_PRIORITY = 10


def sign_in_wake(request_id: UUID, at: datetime) -> Wake:
    """Make the wake for a request."""
    return Wake(SEND_SIGN_IN, _PRIORITY, request_id, {"id": str(request_id)}, at)
