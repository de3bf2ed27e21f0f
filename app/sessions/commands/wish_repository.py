"""Write wishes, and what ends with them, in the transaction of a command."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, exists, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import Actor
from app.calendar.offer_holds import end_offer_holds
from app.database.statements import Read, Row
from app.database.writing import Write
from app.domain.waitlist import ACTIVE, MOST_UNANSWERED, OfferState, WishState
from app.sessions.commands.wish_trail import write_wish_change
from app.tables.joins import PRACTICE, of_practice
from app.tables.waitlist import FreedTime, Offer, Wish

_PRACTICE = bindparam("of_practice", type_=Uuid)
_SESSION = bindparam("of_session", type_=Uuid)
_INSTANT = DateTime(timezone=True)
_other = aliased(Wish)
_ACTIVE = Read(
    select(Wish)
    .where(
        of_practice(
            PRACTICE, Wish, Wish.session_id == bindparam("session_id"), Wish.ended_at.is_(None)
        )
    )
    .with_for_update(key_share=True)
)
_REOPEN = Write(
    update(Wish)
    .where(
        of_practice(
            _PRACTICE,
            Wish,
            Wish.session_id == _SESSION,
            Wish.state == "lapsed",
            Wish.ended_at == bindparam("changed_at", type_=_INSTANT),
            or_(Wish.until.is_(None), Wish.until >= bindparam("at", type_=_INSTANT)),
            ~exists().where(
                of_practice(
                    _PRACTICE, _other, _other.session_id == _SESSION, _other.ended_at.is_(None)
                )
            ),
        )
    )
    .values(state="waiting", ended_at=null())
    .returning(Wish)
)


class WishRepository:
    """Writes for the wishes of one practice, and for what ends with them."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def lock_active(self, session_id: UUID) -> Row | None:
        """Lock the wish for a session that has not ended, and read it; None: there is none.

        The caller holds the client's lock.
        """
        asked = {"practice_id": self._practice_id, "session_id": session_id}
        return await _ACTIVE.one(self._db, asked)

    async def change_wish(self, wish_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns
        """Change columns of a wish. The caller holds its lock."""
        await self._db.execute(
            update(Wish)
            .where(of_practice(self._practice_id, Wish, Wish.id == wish_id))
            .values(**values)
        )

    async def end_wish(self, wish_id: UUID, state: WishState, now: datetime) -> None:
        """End a wish. The caller holds its lock."""
        await self.change_wish(wish_id, state=state, ended_at=now, paused_at=None)

    async def open_offers(self, wish_id: UUID) -> Sequence[Any]:
        """Read the open offers of a wish: their rows."""
        is_open = of_practice(
            self._practice_id, Offer, Offer.wish_id == wish_id, Offer.state == "open"
        )
        return (await self._db.execute(select(Offer.__table__).where(is_open))).all()

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

    async def pause(self, wish_id: UUID, now: datetime) -> Mapping[str, Any]:
        """Pause a wish, and give its columns. The caller holds its lock."""
        paused = await self._db.execute(
            update(Wish)
            .where(of_practice(self._practice_id, Wish, Wish.id == wish_id))
            .values(paused_at=now)
            .returning(Wish.__table__)
        )
        return dict(paused.mappings().one())

    async def look_again(self, freed_time_id: UUID, at: datetime) -> None:
        """Make the worker look at a freed time at an instant."""
        await self.change_time(freed_time_id, look_at=at)

    async def change_time(self, freed_time_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns
        """Change columns of a freed time that is still offered."""
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


async def reopen_wish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    changed_at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Let the wish wait again that a change at `changed_at` has ended, which its client takes back.

    Does nothing if the session has got another wish since: that one goes on. The caller holds the
    client's lock.
    """
    asked = {
        "of_practice": practice_id,
        "of_session": session_id,
        "changed_at": changed_at,
        "at": now,
    }
    for row in await _REOPEN.run(db, asked):
        await write_wish_change(db, actor, row, "resumed", None, now)
