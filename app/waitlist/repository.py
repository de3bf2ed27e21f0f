"""Write wishes and offers of one practice, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update

from app.calendar.offer_holds import OfferHold, hold_for_offers
from app.domain.session import Format
from app.sessions.commands.wish_repository import WishRepository
from app.sessions.read.calendar import SLOT_SETTINGS
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.practices import Client, Package, Practitioner, Service, ServiceFormat
from app.tables.sessions import Session
from app.tables.waitlist import Offer, Wish


class WaitlistRepository(WishRepository):
    """Reads and writes for the waitlist of one practice."""

    async def lock_wishes(self, wish_ids: Sequence[UUID]) -> None:
        """Lock wishes, after their clients. Whoever changes a wish or its offers holds its lock."""
        await self._db.execute(
            select(Wish.id)
            .where(of_practice(self._practice_id, Wish, Wish.id.in_(wish_ids)))
            .order_by(Wish.id)
            .with_for_update(key_share=True)
        )

    async def add_wish(self, wish_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns
        """Insert a wish that waits."""
        await self._db.execute(
            insert(Wish).values(
                practice_id=self._practice_id, id=wish_id, state="waiting", unanswered=0, **values
            )
        )

    async def add_offers(self, rows: Sequence[dict[str, Any]], holds: Sequence[OfferHold]) -> None:
        """Insert open offers with their holds, and mark their wishes.

        The caller holds the practitioner's lock and those of the wishes.
        """
        if not rows:
            return
        await self._db.execute(
            insert(Offer),
            [{"practice_id": self._practice_id, "state": "open", **row} for row in rows],
        )
        await hold_for_offers(self._db, self._practice_id, holds)
        wishes = [row["wish_id"] for row in rows]
        await self._db.execute(
            update(Wish)
            .where(of_practice(self._practice_id, Wish, Wish.id.in_(wishes)))
            .values(state="offered")
        )

    async def lock_waiting(self, wish_ids: Sequence[UUID]) -> set[UUID]:
        """Lock wishes, after all other locks of the command, and give those that still wait."""
        found = await self._db.scalars(
            select(Wish.id)
            .where(
                of_practice(
                    self._practice_id,
                    Wish,
                    Wish.id.in_(wish_ids),
                    Wish.state == "waiting",
                    Wish.paused_at.is_(None),
                )
            )
            .order_by(Wish.id)
            .with_for_update(key_share=True)
        )
        return set(found)

    async def note_asked(self, freed_time_id: UUID, first: datetime, look_at: datetime) -> None:
        """Record when the first client was asked, and when to look again."""
        await self.change_time(freed_time_id, first_offered_at=first, look_at=look_at)

    async def set_release(self, session_id: UUID, until: datetime | None) -> None:
        """Set until when a session's time is released; None: it is not. The version stays.

        The caller holds the session's lock.
        """
        await self._db.execute(
            update(Session)
            .where(of_practice(self._practice_id, Session, Session.id == session_id))
            .values(release_until=until)
        )

    async def end_time(self, freed_time_id: UUID, now: datetime) -> None:
        """Record that nobody else is asked for a freed time: it is open to all."""
        await self.change_time(freed_time_id, ended_at=now)

    async def waitlist_of(self, service_id: UUID) -> str | None:
        """Read how those who wait for a service are asked; None: no such service."""
        found: str | None = await self._db.scalar(
            select(Service.waitlist).where(
                of_practice(self._practice_id, Service, Service.id == service_id)
            )
        )
        return found

    async def formats_of(self, service_id: UUID) -> set[Format]:
        """Read the formats of a service."""
        found = await self._db.scalars(
            select(ServiceFormat.format).where(
                of_practice(
                    self._practice_id, ServiceFormat, ServiceFormat.service_id == service_id
                )
            )
        )
        return {Format(one) for one in found}

    async def is_active(
        self, table: type[Client] | type[Practitioner] | type[Service], record_id: UUID
    ) -> bool:
        """Tell whether the practice has such an active client, practitioner or service."""
        own = of_practice(self._practice_id, table, table.id == record_id, table.active)
        return await self._db.scalar(select(table.id).where(own)) is not None

    async def has_package(self, package_id: UUID, client_id: UUID, service_id: UUID) -> bool:
        """Tell whether the client has such a package of the service."""
        own = of_practice(
            self._practice_id,
            Package,
            Package.id == package_id,
            Package.client_id == client_id,
            Package.service_id == service_id,
            Package.active,
        )
        return await self._db.scalar(select(Package.id).where(own)) is not None

    async def group(self, group_id: UUID) -> Any:  # noqa: ANN401 - a row
        """Read service, practitioner, status and start of a group; None: there is none."""
        found = await self._db.execute(
            select(Group.service_id, Group.practitioner_id, Group.status, Group.starts_at).where(
                of_practice(self._practice_id, Group, Group.id == group_id)
            )
        )
        return found.one_or_none()

    async def slot_settings(self, service_id: UUID) -> Any:  # noqa: ANN401 - a row
        """Read the settings of a service on which slots depend (`SLOT_SETTINGS`)."""
        own = of_practice(self._practice_id, Service, Service.id == service_id)
        return (await self._db.execute(select(*SLOT_SETTINGS).where(own))).one()

    async def waits_for(self, group_id: UUID, client_id: UUID, now: datetime) -> bool:
        """Tell whether a client waits for a seat of a group."""
        own = of_practice(
            self._practice_id,
            Wish,
            Wish.group_id == group_id,
            Wish.client_id == client_id,
            Wish.ended_at.is_(None),
            or_(Wish.until.is_(None), Wish.until >= now),
        )
        return await self._db.scalar(select(Wish.id).where(own).limit(1)) is not None

    async def has_session_in(self, group_id: UUID, client_id: UUID) -> bool:
        """Tell whether a client has a seat of a group already."""
        own = of_practice(
            self._practice_id,
            Session,
            Session.group_id == group_id,
            Session.client_id == client_id,
            Session.seat.is_not(None),
        )
        return await self._db.scalar(select(Session.id).where(own)) is not None
