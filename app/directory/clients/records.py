"""Clients of a practice, and the changes that end a client's access."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.clients.repository import CLIENT_ROWS
from app.directory.records import Records
from app.directory.repository import Record
from app.domain.errors import ClientErasedError
from app.standards.addresses import mailbox_key
from app.tables.practices import Client


class _Clients(Records):
    async def check(
        self,
        db: AsyncConnection,
        practice_id: UUID,
        before: Record | None,
        changed: Record,  # noqa: ARG002 - others look at it
    ) -> None:
        """Check that the client was not erased.

        Raises:
            ClientErasedError: they were.
        """
        if before is not None and await CLIENT_ROWS.is_erased(db, practice_id, before["id"]):
            raise ClientErasedError

    def columns(self, before: Record | None, changed: Record, now: datetime) -> dict[str, Any]:
        """Revoke tokens if the client is deactivated; tokens and links if the address changes.

        Another spelling of the same mailbox is not a change (`mailbox_key`).
        """
        columns = super().columns(before, changed, now)
        if before is None:
            return columns | {"token_generation": 0, "address_generation": 0}
        address = changed.get("email", before["email"])
        has_moved = mailbox_key(address) != mailbox_key(before["email"])
        if has_moved:
            columns["address_generation"] = Client.address_generation + 1
        if has_moved or changed.get("active") is False:
            columns["token_generation"] = Client.token_generation + 1
            columns["tokens_ended_at"] = now
        return columns


CLIENTS = _Clients(CLIENT_ROWS, "client")
