"""Imports all tables, for the migrations and for tests that check every table."""

from app.tables.allowance_uses import AllowanceUse
from app.tables.base import Base
from app.tables.changes import Change
from app.tables.feeds import Feed
from app.tables.groups import Group
from app.tables.held_times import HeldTime
from app.tables.idempotency import IdempotencyKey
from app.tables.identity import ApiKey
from app.tables.move_requests import MoveRequest
from app.tables.notifications import Notification
from app.tables.pictures import Picture
from app.tables.practices import Practice
from app.tables.refused_attempts import RefusedAttempts
from app.tables.series import Series
from app.tables.sessions import Session
from app.tables.short_links import ShortLink
from app.tables.taken_times import TakenTime
from app.tables.waitlist import Wish
from app.tables.waivers import Waiver
from app.tables.webhooks import WebhookEndpoint

metadata = Base.metadata
__all__ = [
    "AllowanceUse",
    "ApiKey",
    "Change",
    "Feed",
    "Group",
    "HeldTime",
    "IdempotencyKey",
    "MoveRequest",
    "Notification",
    "Picture",
    "Practice",
    "RefusedAttempts",
    "Series",
    "Session",
    "ShortLink",
    "TakenTime",
    "Waiver",
    "WebhookEndpoint",
    "Wish",
    "metadata",
]
