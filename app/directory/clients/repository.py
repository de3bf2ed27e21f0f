"""Statements on clients of a practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.database.lists import Filter
from app.directory.repository import RecordRepository
from app.identity.queries import has_address
from app.tables.practices import Client


class ClientRepository(RecordRepository):
    """Reads and writes clients. Answers contain no token or link generation."""

    def filters(self) -> dict[str, Filter]:
        """Add the filter by email address."""
        return {**super().filters(), "email": has_address}

    def shown(self, practice_id: UUID) -> Select[*tuple[Any, ...]]:  # noqa: ARG002 - others join
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
        )


CLIENT_ROWS = ClientRepository(Client)
