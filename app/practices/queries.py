"""Reading what a client may see of himself, his practice and his packages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.addresses import spellings
from app.auth.queries import confirm_caller
from app.auth.tokens import Caller
from app.practices.models import Client, Package, Practice, Service
from app.sessions.models import CreditRedemption


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client and the practice he belongs to."""

    id: UUID
    name: str
    email: str
    phone: str | None
    time_zone: str
    locale: str
    practice_id: UUID
    practice_name: str
    practice_email: str
    practice_phone: str | None
    currency: str


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """Prepaid sessions, and what is left of them; `time_zone` is the client's."""

    id: UUID
    name: str
    service_id: UUID
    service_name: str
    credits: int
    credits_left: int
    expires_at: datetime | None
    usable_until: datetime | None
    time_zone: str


def has_address(address: str) -> ColumnElement[bool]:
    """Compare the clients' addresses with this one, in both spellings of its domain."""
    return func.lower(Client.email).in_([func.lower(same) for same in spellings(address)])


async def read_client(db: AsyncConnection, caller: Caller) -> ClientRecord:
    """Read the client who calls, and his practice.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    return await client_record(db, caller.practice_id, caller.client_id)


async def client_record(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> ClientRecord:
    """Read a client who is known to exist, and his practice."""
    row = (
        await db.execute(
            select(
                Client.id,
                Client.name,
                Client.email,
                Client.phone,
                Client.time_zone,
                Client.locale,
                Practice.practice_id,
                Practice.name,
                Practice.email,
                Practice.phone,
                Practice.currency,
            )
            .join(Practice, Practice.practice_id == Client.practice_id)
            .where(Client.practice_id == practice_id, Client.id == client_id)
        )
    ).one()
    return ClientRecord(*row)


async def list_packages(db: AsyncConnection, caller: Caller, now: datetime) -> list[PackageRecord]:
    """List a client's packages with the credits that are left in each.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    redemptions = CreditRedemption
    of_package = and_(
        redemptions.practice_id == Package.practice_id, redemptions.package_id == Package.id
    )
    in_use = (
        select(func.count()).where(of_package, redemptions.returned_at.is_(None)).scalar_subquery()
    )
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
        .join(
            Service,
            and_(Service.practice_id == Package.practice_id, Service.id == Package.service_id),
        )
        .join(
            Client, and_(Client.practice_id == Package.practice_id, Client.id == Package.client_id)
        )
        .where(Package.practice_id == caller.practice_id, Package.client_id == caller.client_id)
        .order_by(Package.expires_at.asc().nulls_last(), Package.name, Package.id)
    )
    rows = (await db.execute(statement)).all()
    return [PackageRecord(*row) for row in rows]
