"""The packages of a practice's clients, with the credits that are left in them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.practices.models import Client, Package, Service
from app.practices.records import Record, Records, Statement
from app.sessions.models import CreditRedemption

_REFERRED = (("client_id", Client, "client"), ("service_id", Service, "service"))


class _Packages(Records):
    told = frozenset({"credits", "expires_at"})

    def shown(self) -> Statement:
        """Show a package with its credits; `usable_until` may lie in the past."""
        of_package = and_(
            CreditRedemption.practice_id == Package.practice_id,
            CreditRedemption.package_id == Package.id,
        )
        in_use = select(func.count()).where(of_package, CreditRedemption.returned_at.is_(None))
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

    def matching(self, filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        found = super().matching(filters)
        if "client" in filters:
            found.append(Package.client_id == filters["client"])
        if "service" in filters:
            found.append(Package.service_id == filters["service"])
        return found

    async def check(
        self, db: AsyncConnection, practice_id: UUID, before: Record | None, changed: Record
    ) -> None:
        """Refuse what others do not have, and what would undo a payment.

        Raises:
            InvalidInputError: client or service is not the practice's or would change, or more
                credits are in use than would be left.
        """
        for name, table, called in _REFERRED:
            if name not in changed:
                continue
            if before is not None:
                raise InvalidInputError(f"/{name}", "field.fixed-in-package")
            own = (table.practice_id == practice_id, table.id == changed[name])
            if await db.scalar(select(table.id).where(*own)) is None:
                raise InvalidInputError(f"/{name}", f"field.no-such-{called}")
        if before is not None and "credits" in changed:
            in_use = before["credits"] - before["credits_left"]
            if changed["credits"] < in_use:
                raise InvalidInputError("/credits", "field.credits-in-use", in_use=in_use)


PACKAGES = _Packages(Package, "package")
