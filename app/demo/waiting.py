"""Lets some clients of the demo wait for an earlier time of their session."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.demo import demo_id
from app.demo.records import HARBOR
from app.identity.tokens.access import Caller
from app.waitlist.commands.wish import put_wish
from app.waitlist.records import WishedTimes


async def wait_for_earlier_times(
    engine: AsyncEngine, now: datetime, sessions: Mapping[str, UUID]
) -> None:
    """Wish for an earlier time of each session, by the client of the email address.

    When somebody gives up a time with the same practitioner, they are asked by mail.
    """
    for email, session_id in sessions.items():
        await _wish(engine, Caller(HARBOR, demo_id(email), 0), session_id, now)


async def _wish(engine: AsyncEngine, caller: Caller, session_id: UUID, now: datetime) -> None:
    await transact(engine, lambda db: put_wish(db, caller, session_id, WishedTimes(), now=now))
