"""Delete what is older than the operator keeps it; the worker runs it (decision 54)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import allow_long_statements, read_connection, transact
from app.erasure.retention_repository import (
    delete_notes,
    delete_notifications,
    delete_origins,
    list_practices,
)
from app.outbox.errors import describe

log = structlog.get_logger()

_Delete = Callable[[AsyncConnection, UUID, datetime], Awaitable[None]]


async def delete_what_is_old(engine: AsyncEngine, settings: Settings, now: datetime) -> None:
    """Delete old notes, network addresses and finished notifications, practice by practice.

    What has no setting is kept. A practice whose data cannot be deleted now is logged, and does not
    keep the others from it.
    """
    kept: list[tuple[_Delete, int]] = [
        (command, days)
        for command, days in (
            (delete_notes, settings.keep_notes_days),
            (delete_origins, settings.keep_origins_days),
            (delete_notifications, settings.keep_notifications_days),
        )
        if days is not None
    ]
    if not kept:
        return
    async with read_connection(engine) as db:
        practices = await list_practices(db)
    for practice_id in practices:
        for command, days in kept:
            try:
                await _run(engine, command, practice_id, now - timedelta(days=days))
            except Exception as error:  # noqa: BLE001 - nothing else must wait for this
                cause = describe(error)
                log.warning("old_data_not_deleted", practice_id=str(practice_id), error=cause)


async def _run(engine: AsyncEngine, command: _Delete, practice_id: UUID, until: datetime) -> None:
    async def deleting(db: AsyncConnection) -> None:
        await allow_long_statements(db)
        await command(db, practice_id, until)

    await transact(engine, deleting)
