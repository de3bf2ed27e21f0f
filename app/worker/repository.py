"""Statements on the tables of the job library."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_DELETE_OLD_LOGS = text("DELETE FROM pgqueuer_log WHERE created < now() - CAST(:kept AS interval)")


async def delete_job_logs(db: AsyncConnection, older_than: timedelta) -> None:
    """Delete the job library's log entries that are older, by the database's clock."""
    await db.execute(_DELETE_OLD_LOGS, {"kept": older_than})
