"""All tables in one place, for the migrations and for tests that look at every table."""

from app.auth.models import ApiKey
from app.changes.models import Change
from app.database.base import Base
from app.database.idempotency import IdempotencyKey
from app.notices.models import Notice
from app.practices.models import Practice
from app.sessions.models import Session
from app.webhooks.models import WebhookEndpoint

metadata = Base.metadata
__all__ = [
    "ApiKey",
    "Change",
    "IdempotencyKey",
    "Notice",
    "Practice",
    "Session",
    "WebhookEndpoint",
    "metadata",
]
