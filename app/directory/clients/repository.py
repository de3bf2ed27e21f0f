"""Statements on the clients of a practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.database.lists import Filter
from app.directory.repository import RecordRepository
from app.identity.queries import has_address
from app.tables.practices import Client


class ClientRepository(RecordRepository):
    """Clients, without what ends their tokens and links."""

    def filters(self) -> dict[str, Filter]:
        """Filter by address as well."""
        return {**super().filters(), "email": has_address}

    def shown(self, practice_id: UUID) -> Select[*tuple[Any, ...]]:  # noqa: ARG002 - others join
        """Select what an answer shows of a client."""
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
