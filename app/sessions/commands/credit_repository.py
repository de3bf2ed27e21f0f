"""Package credits that pay for sessions (product.md section 10, "Credits").

All statements run in the caller's transaction and name the practice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, bindparam, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.statements import Read
from app.database.writing import Write
from app.domain.errors import CreditUnavailableError
from app.domain.policy.rules import Credit
from app.tables.credits import credits_in_use
from app.tables.joins import of_practice
from app.tables.practices import Package
from app.tables.sessions import PAYS, CreditRedemption, Session


@dataclass(frozen=True, slots=True)
class CreditUse:
    """The session that a credit pays for, with its client and its service."""

    session_id: UUID
    client_id: UUID
    service_id: UUID


_PAYS = and_(
    CreditRedemption.practice_id == bindparam("of_practice"),
    CreditRedemption.session_id == bindparam("of_session"),
    PAYS,
)
# A session has one package for life; an earlier credit of it may come back after the last one.
_LOCK_PACKAGE = Read(
    select(Package.expires_at)
    .where(
        Package.practice_id == bindparam("of_practice"),
        Package.id.in_(
            select(CreditRedemption.package_id).where(
                CreditRedemption.practice_id == bindparam("of_practice"),
                CreditRedemption.session_id == bindparam("of_session"),
            )
        ),
    )
    .with_for_update(key_share=True)
)
_UPDATE_PAYING = update(CreditRedemption).where(_PAYS, CreditRedemption.forfeited_at.is_(None))
_RETURN = Write(_UPDATE_PAYING, "returned_at", "usable_until")
_RETURN_FORFEITED = Write(
    update(CreditRedemption)
    .where(
        CreditRedemption.practice_id == bindparam("of_practice"),
        CreditRedemption.session_id == bindparam("of_session"),
        CreditRedemption.forfeited_at == bindparam("of_end"),
    )
    .values(forfeited_at=null())
    .returning(CreditRedemption.id),
    "returned_at",
    "usable_until",
)
_FORFEIT = Write(_UPDATE_PAYING, "forfeited_at")
_REPLACE = Write(
    update(CreditRedemption).where(_PAYS, CreditRedemption.forfeited_at.is_not(None)),
    "replaced_at",
)
_REDEEM = Write(
    insert(CreditRedemption),
    "practice_id",
    "id",
    "package_id",
    "session_id",
    "redeemed_at",
    "reused_redemption_id",
)


class CreditRepository:
    """Reads and writes for credits of one practice's packages."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def redeem(self, package_id: UUID, use: CreditUse, now: datetime) -> None:
        """Lock the package, which is the client's for this service, and redeem one of its credits.

        Only this method checks the expiry. An expired package's credits cannot be redeemed, except
        those that were returned within its grace period, each once (product.md section 10,
        "Credits").

        Raises:
            CreditUnavailableError: the package is inactive, has no credit left, or has expired.
        """
        package = (
            await self._db.execute(
                select(Package.credits, Package.expires_at, Package.active)
                .where(
                    Package.practice_id == self._practice_id,
                    Package.id == package_id,
                    Package.client_id == use.client_id,
                    Package.service_id == use.service_id,
                )
                .with_for_update(key_share=True)
            )
        ).one()
        if not package.active:
            raise CreditUnavailableError("credit.package-inactive")
        in_use = await self._db.scalar(credits_in_use(self._practice_id, package_id))
        if (in_use or 0) >= package.credits:
            raise CreditUnavailableError("credit.none-left")
        reused = None
        if package.expires_at is not None and now >= package.expires_at:
            reused = await self._usable_after_expiry(package_id, now)
        redeemed = {
            "practice_id": self._practice_id,
            "id": uuid4(),
            "package_id": package_id,
            "session_id": use.session_id,
            "redeemed_at": now,
            "reused_redemption_id": reused,
        }
        await _REDEEM.run(self._db, redeemed)

    async def settle(
        self, session_id: UUID, credit: Credit | None, now: datetime, grace: timedelta
    ) -> None:
        """Return or forfeit the credit that pays for a session, as the policy decided."""
        if credit is Credit.RETURNED:
            await self._return(session_id, now, grace)
        elif credit is Credit.FORFEITED:
            await self._forfeit(session_id, now)

    async def _return(self, session_id: UUID, now: datetime, grace: timedelta) -> None:
        """Return the credit that pays for a session to its package.

        If the package has expired or expires within `grace`, the credit stays usable until `now`
        plus `grace` (product.md section 10, "Credits").
        """
        returned = await self._returned(session_id, now, grace)
        await _RETURN.run(self._db, self._paying(session_id) | returned)

    async def return_forfeited(
        self, session_id: UUID, of_end: datetime, now: datetime, grace: timedelta
    ) -> bool:
        """Return a credit that a cancellation at `of_end` forfeited.

        False: it is no longer forfeited. Its package may have expired meanwhile: see `_return`.
        """
        returned = await self._returned(session_id, now, grace)
        of_end_of = self._paying(session_id) | {"of_end": of_end}
        return bool(await _RETURN_FORFEITED.run(self._db, of_end_of | returned))

    async def _returned(
        self, session_id: UUID, now: datetime, grace: timedelta
    ) -> dict[str, datetime | None]:
        """Lock the package, and give the values of a credit that is returned."""
        expires_at = await self._lock_package(session_id)
        expires_soon = expires_at is not None and expires_at < now + grace
        return {"returned_at": now, "usable_until": now + grace if expires_soon else None}

    async def _forfeit(self, session_id: UUID, now: datetime) -> None:
        """Mark the credit that pays for a session as forfeited."""
        await self._lock_package(session_id)
        await _FORFEIT.run(self._db, self._paying(session_id) | {"forfeited_at": now})

    async def restore(self, session_id: UUID, now: datetime) -> None:
        """Make the session's last credit pay for it again.

        A forfeited credit is restored. Instead of a returned credit a new one is redeemed.

        Raises:
            CreditUnavailableError: the package has no usable credit.
        """
        last = await self._last(session_id)
        if last is None:
            return
        if last.returned_at is not None:
            use = CreditUse(session_id, last.client_id, last.service_id)
            await self.redeem(last.package_id, use, now)
            return
        await self._db.execute(
            update(CreditRedemption)
            .where(
                CreditRedemption.practice_id == self._practice_id, CreditRedemption.id == last.id
            )
            .values(forfeited_at=None)
        )

    async def replace(self, session_id: UUID, now: datetime) -> None:
        """Redeem another credit of the session's package. A forfeited credit stays forfeited.

        Raises:
            CreditUnavailableError: the package has no usable credit.
        """
        last = await self._last(session_id)
        if last is None:
            return
        await _REPLACE.run(self._db, self._paying(session_id) | {"replaced_at": now})
        use = CreditUse(session_id, last.client_id, last.service_id)
        await self.redeem(last.package_id, use, now)

    async def _last(self, session_id: UUID) -> Any:  # noqa: ANN401 - a row
        """Find the credit that pays, or paid last, for a session, with the session's records."""
        return (
            await self._db.execute(
                select(
                    CreditRedemption.id,
                    CreditRedemption.package_id,
                    CreditRedemption.returned_at,
                    Session.client_id,
                    Session.service_id,
                )
                .join(
                    Session,
                    of_practice(
                        self._practice_id, Session, Session.id == CreditRedemption.session_id
                    ),
                )
                .where(
                    CreditRedemption.practice_id == self._practice_id,
                    CreditRedemption.session_id == session_id,
                    CreditRedemption.replaced_at.is_(None),
                )
                .order_by(
                    CreditRedemption.returned_at.is_(None).desc(),
                    CreditRedemption.redeemed_at.desc(),
                )
                .limit(1)
            )
        ).one_or_none()

    async def _usable_after_expiry(self, package_id: UUID, now: datetime) -> UUID:
        returned, reuse = aliased(CreditRedemption), aliased(CreditRedemption)
        found = await self._db.scalar(
            select(returned.id)
            .outerjoin(
                reuse,
                of_practice(self._practice_id, reuse, reuse.reused_redemption_id == returned.id),
            )
            .where(
                returned.practice_id == self._practice_id,
                returned.package_id == package_id,
                returned.usable_until > now,
                reuse.id.is_(None),
            )
            .order_by(returned.usable_until)
            .limit(1)
        )
        if found is None:
            raise CreditUnavailableError("credit.expired")
        return found

    async def _lock_package(self, session_id: UUID) -> datetime | None:
        """Lock the package of a session, and give its expiry; None: it never expires."""
        package = await _LOCK_PACKAGE.one(self._db, self._paying(session_id))
        return None if package is None else package["expires_at"]

    def _paying(self, session_id: UUID) -> dict[str, object]:
        return {"of_practice": self._practice_id, "of_session": session_id}
