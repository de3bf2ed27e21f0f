"""Reading what a client may see of himself, his practice and his packages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.queries import confirm_caller
from app.auth.tokens import Caller
from app.practices.models import Client, Package, Practice, Service
from app.sessions.models import CreditRedemption


async def read_me(db: AsyncConnection, caller: Caller) -> Row[Any]:
    """Read the client and his practice.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    return (
        await db.execute(
            select(
                *Client.__table__.columns,
                Practice.name.label("practice_name"),
                Practice.email.label("practice_email"),
                Practice.phone.label("practice_phone"),
                Practice.currency,
            )
            .join(Practice, Practice.practice_id == Client.practice_id)
            .where(Client.practice_id == caller.practice_id, Client.id == caller.client_id)
        )
    ).one()


async def list_packages(
    db: AsyncConnection, caller: Caller, now: datetime
) -> Sequence[Row[Any]]:
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
            Package.credits,
            (Package.credits - in_use).label("credits_left"),
            Package.expires_at,
            usable_until.label("usable_until"),
            Package.service_id,
            Service.name.label("service_name"),
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
    return (await db.execute(statement)).all()
