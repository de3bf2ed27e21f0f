"""All tables in one place, for the migrations and for tests that look at every table."""

from app.database.base import Base
from app.database.idempotency import IdempotencyKey
from app.notices.models import Notice
from app.practices.models import Practice
from app.sessions.models import Session

metadata = Base.metadata
__all__ = ["IdempotencyKey", "Notice", "Practice", "Session", "metadata"]
