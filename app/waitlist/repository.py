"""Write wishes and offers of one practice, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import BY_CLIENT
from app.calendar.offer_holds import OfferHold, end_offer_holds, hold_for_offers
from app.domain.session import Format
from app.domain.waitlist import ACTIVE, MOST_UNANSWERED, OfferState, WishState
from app.sessions.read.calendar import SLOT_SETTINGS
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.practices import Client, Package, Practitioner, Service, ServiceFormat
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer, Wish


class WaitlistRepository:
    """Reads and writes for the waitlist of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

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

    async def change_wish(self, wish_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns
        """Change columns of a wish. The caller holds its lock."""
        await self._db.execute(
            update(Wish)
            .where(of_practice(self._practice_id, Wish, Wish.id == wish_id))
            .values(**values)
        )

    async def is_last_by_client(self, session_id: UUID | None) -> bool:
        """Tell whether a session's latest change was made by its client."""
        last = (
            select(Change.actor)
            .where(
                of_practice(
                    self._practice_id,
                    Change,
                    Change.session_id == session_id,
                    Change.subject == "session",
                )
            )
            .order_by(Change.session_version.desc())
            .limit(1)
        )
        return await self._db.scalar(last) in BY_CLIENT

    async def end_wish(self, wish_id: UUID, state: WishState, now: datetime) -> None:
        """End a wish. The caller holds its lock."""
        await self.change_wish(wish_id, state=state, ended_at=now, paused_at=None)

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

    async def end_offers(
        self,
        offer_ids: Sequence[UUID],
        state: OfferState,
        now: datetime,
        *,
        booked_session_id: UUID | None = None,
        gone: bool = False,
    ) -> None:
        """End open offers and their holds. The caller holds the locks of their wishes.

        `gone`: the clients cannot accept them any more.
        """
        await self._db.execute(
            update(Offer)
            .where(
                of_practice(
                    self._practice_id, Offer, Offer.id.in_(offer_ids), Offer.state == "open"
                )
            )
            .values(state=state, ended_at=now, booked_session_id=booked_session_id, gone=gone)
        )
        await end_offer_holds(self._db, self._practice_id, offer_ids)

    async def wait_again(self, wish_ids: Sequence[UUID]) -> None:
        """Let wishes wait whose offers have ended. The caller holds their locks."""
        await self._db.execute(
            update(Wish)
            .where(
                of_practice(self._practice_id, Wish, Wish.id.in_(wish_ids), Wish.state == "offered")
            )
            .values(state="waiting")
        )

    async def count_unanswered(self, wish_ids: Sequence[UUID]) -> list[UUID]:
        """Count an offer without an answer for each wish, and give those that are to be paused.

        The caller holds their locks.
        """
        counted = await self._db.execute(
            update(Wish)
            .where(of_practice(self._practice_id, Wish, Wish.id.in_(wish_ids)))
            .values(unanswered=Wish.unanswered + 1)
            .returning(Wish.id, Wish.state, Wish.unanswered)
        )
        return [
            row.id for row in counted if row.state in ACTIVE and row.unanswered >= MOST_UNANSWERED
        ]

    async def look_again(self, freed_time_id: UUID, at: datetime) -> None:
        """Make the worker look at a freed time at an instant."""
        await self._change_time(freed_time_id, look_at=at)

    async def note_asked(self, freed_time_id: UUID, first: datetime, look_at: datetime) -> None:
        """Record when the first client was asked, and when to look again."""
        await self._change_time(freed_time_id, first_offered_at=first, look_at=look_at)

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
        await self._change_time(freed_time_id, ended_at=now)

    async def _change_time(self, freed_time_id: UUID, **values: Any) -> None:  # noqa: ANN401
        await self._db.execute(
            update(FreedTime)
            .where(
                of_practice(
                    self._practice_id,
                    FreedTime,
                    FreedTime.id == freed_time_id,
                    FreedTime.ended_at.is_(None),
                )
            )
            .values(**values)
        )

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
