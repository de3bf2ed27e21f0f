"""Queries on a client's own record, practice and packages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.queries import ClientRecord, client_record, confirm_caller
from app.identity.tokens.access import Caller
from app.tables.credits import credits_in_use
from app.tables.joins import of_practice
from app.tables.practices import Client, Package, Service
from app.tables.sessions import CreditRedemption


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """A package and the credits that are left. `time_zone` is the client's."""

    id: UUID
    name: str
    service_id: UUID
    service_name: str
    credits: int
    credits_left: int
    expires_at: datetime | None
    usable_until: datetime | None
    time_zone: str


async def read_client(db: AsyncConnection, caller: Caller) -> ClientRecord:
    """Read the calling client and their practice.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    return await client_record(db, caller.practice_id, caller.client_id)


async def list_packages(db: AsyncConnection, caller: Caller, now: datetime) -> list[PackageRecord]:
    """List the calling client's packages, the first to expire first.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    practice_id, redemptions = caller.practice_id, CreditRedemption
    of_package = of_practice(practice_id, redemptions, redemptions.package_id == Package.id)
    in_use = credits_in_use(practice_id, Package.id).scalar_subquery()
    usable_until = (
        select(func.max(redemptions.usable_until))
        .where(of_package, redemptions.usable_until > now)
        .scalar_subquery()
    )
    statement = (
        select(
            Package.id,
            Package.name,
            Package.service_id,
            Service.name,
            Package.credits,
            Package.credits - in_use,
            Package.expires_at,
            usable_until,
            Client.time_zone,
        )
        .join(Service, of_practice(practice_id, Service, Service.id == Package.service_id))
        .join(Client, of_practice(practice_id, Client, Client.id == Package.client_id))
        .where(of_practice(practice_id, Package, Package.client_id == caller.client_id))
        .order_by(Package.expires_at.asc().nulls_last(), Package.name, Package.id)
    )
    rows = (await db.execute(statement)).all()
    return [PackageRecord(*row) for row in rows]
