"""Imports all tables, for the migrations and for tests that check every table."""

from app.tables.base import Base
from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.identity import ApiKey
from app.tables.notifications import Notification
from app.tables.practices import Practice
from app.tables.sessions import Session
from app.tables.webhooks import WebhookEndpoint

metadata = Base.metadata
__all__ = [
    "ApiKey",
    "Change",
    "IdempotencyKey",
    "Notification",
    "Practice",
    "Session",
    "WebhookEndpoint",
    "metadata",
]
