"""Statements on clients of a practice."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import HoldRepository
from app.database.lists import Filter
from app.directory.repository import RecordRepository
from app.identity.queries import has_address
from app.identity.short_links.repository import delete_links_of_client
from app.tables.practices import Client


class ClientRepository(RecordRepository):
    """Reads and writes clients. Answers contain no token or link generation."""

    def filters(self) -> dict[str, Filter]:
        """Add the filter by email address."""
        return {**super().filters(), "email": has_address}

    async def change(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, columns: Mapping[str, Any]
    ) -> None:
        """Change columns of a client. The end of their tokens or links ends what they have held.

        The short links of text messages end with the number that they went to.
        """
        await super().change(db, practice_id, record_id, columns)
        holds = HoldRepository(db, practice_id)
        if "token_generation" in columns:
            await holds.end_by_sign_in(record_id)
        if "address_generation" in columns:
            await holds.end_by_links(record_id)
        if "texts_number" in columns:
            await delete_links_of_client(db, practice_id, record_id)

    def shown(self) -> Select[*tuple[Any, ...]]:
        """Select the columns that an answer contains."""
        return select(
            Client.id,
            Client.external_ref,
            Client.active,
            Client.name,
            Client.email,
            Client.phone,
            Client.time_zone,
            Client.locale,
            Client.texts,
            Client.texts_agreed_at,
            Client.texts_number,
            Client.texts_stopped,
            Client.texts_stopped_at,
        )


CLIENT_ROWS = ClientRepository(Client)
