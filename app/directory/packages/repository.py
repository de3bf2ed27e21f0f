"""Statements on packages of a practice's clients."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, equal
from app.directory.repository import RecordRepository
from app.tables.credits import credits_in_use
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Client, Package, Service
from app.tables.sessions import CreditRedemption


class PackageRepository(RecordRepository):
    """Reads and writes packages. Answers contain the credits that are left."""

    def filters(self) -> dict[str, Filter]:
        """Add the filters by client and service."""
        return {
            **super().filters(),
            "client": equal(Package.client_id),
            "service": equal(Package.service_id),
        }

    def shown(self) -> Select[*tuple[Any, ...]]:
        """Select a package with its credits; `usable_until` may lie in the past."""
        of_package = of_practice(
            PRACTICE, CreditRedemption, CreditRedemption.package_id == Package.id
        )
        in_use = credits_in_use(PRACTICE, Package.id)
        usable_until = select(func.max(CreditRedemption.usable_until)).where(of_package)
        return select(
            Package.id,
            Package.external_ref,
            Package.active,
            Package.client_id,
            Package.service_id,
            Package.name,
            Package.credits,
            (Package.credits - in_use.scalar_subquery()).label("credits_left"),
            Package.expires_at,
            usable_until.scalar_subquery().label("usable_until"),
        )


PACKAGE_ROWS = PackageRepository(Package)


async def is_of_practice(
    db: AsyncConnection, practice_id: UUID, table: type[Client] | type[Service], record_id: UUID
) -> bool:
    """Return whether a client or a service belongs to the practice."""
    own = (table.practice_id == practice_id, table.id == record_id)
    return await db.scalar(select(table.id).where(*own)) is not None
