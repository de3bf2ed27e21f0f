"""The steps that end a wish or its offers, shared by clients, staff and the worker.

The caller holds the locks of the wishes, but for `end_wish_of_session`, which locks its wish:
offers change only under these. The caller may lack the locks of the practitioners whose times were
offered: an acceptance ends all wishes of its client, and locks only its own practitioner. So the
worker, which makes offers under the practitioner's lock, checks again whether an offer has ended
(`offer_freed_time`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM, Actor
from app.outbox.outbox import Kind, NewNotification, queue_notifications
from app.sessions.commands.wish_repository import WishRepository
from app.sessions.commands.wish_trail import tell_of_offers, write_wish_change


async def end_wish_of_session(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """End the wish for a session that ends, or that its client moves.

    `now` is the instant of the session's change: the client's undo finds the wish by it
    (`reopen_wish`).
    """
    wish = await WishRepository(db, practice_id).lock_active(session_id)
    if wish is None:
        return
    await end_wish(
        db,
        wish,
        "lapsed",
        actor=actor,
        # Its own: an undo drops the mails of the session's change only if that is alone.
        command_id=uuid4(),
        now=now,
        tells_client=not actor.is_client,
    )


async def end_wish(
    db: AsyncConnection,
    wish: Mapping[str, Any],
    state: Literal["met", "withdrawn", "lapsed"],
    *,
    actor: Actor,
    command_id: UUID,
    now: datetime,
    tells_client: bool = False,
) -> None:
    """End a wish; its open offers are withdrawn, and their times are offered to the next.

    `wish` has the values of its columns. `tells_client`: that the offers are gone.
    """
    practice_id = wish["practice_id"]
    repository = WishRepository(db, practice_id)
    offers = await repository.open_offers(wish["id"])
    # First, so that it is not paused by an offer that has expired.
    await repository.end_wish(wish["id"], state, now)
    await withdraw_offers(
        db,
        practice_id,
        offers,
        actor=actor,
        command_id=command_id,
        now=now,
        tells_clients=tells_client,
    )
    ended = {**wish, "state": state, "paused_at": None}
    await write_wish_change(db, actor, ended, state, command_id, now)


async def withdraw_offers(
    db: AsyncConnection,
    practice_id: UUID,
    offers: Sequence[Any],
    *,
    actor: Actor,
    command_id: UUID,
    now: datetime,
    tells_clients: bool,
    gone: bool = False,
) -> None:
    """Withdraw open offers, whose times are offered to the next.

    With `tells_clients`, their clients are told that the time is gone. `gone`: they could not
    accept the offers any more, and may be asked for what is left of the times. An offer whose
    `answer_by` has passed has expired, though the worker has not recorded it yet.
    """
    timely = [offer for offer in offers if now <= offer.answer_by]
    late = [offer for offer in offers if now > offer.answer_by]
    # An expiry is a command of the system, not a part of the caller's.
    await expire_offers(db, practice_id, late, now=now)
    if not timely:
        return
    repository = WishRepository(db, practice_id)
    await repository.end_offers([offer.id for offer in timely], "withdrawn", now, gone=gone)
    await repository.wait_again([offer.wish_id for offer in timely])
    for freed_time_id in {offer.freed_time_id for offer in timely}:
        await repository.look_again(freed_time_id, now)
    mail: Kind | None = "offer_gone" if tells_clients else None
    await tell_of_offers(db, practice_id, actor, timely, "withdrawn", command_id, now, mail=mail)


async def expire_offers(
    db: AsyncConnection, practice_id: UUID, offers: Sequence[Any], *, now: datetime
) -> None:
    """Record that open offers have expired; the third in a row pauses its wish.

    Their times are offered to the next.
    """
    if not offers:
        return
    repository, command_id = WishRepository(db, practice_id), uuid4()
    wish_ids = [offer.wish_id for offer in offers]
    await repository.end_offers([offer.id for offer in offers], "expired", now)
    for freed_time_id in {offer.freed_time_id for offer in offers}:
        await repository.look_again(freed_time_id, now)
    await tell_of_offers(
        db, practice_id, SYSTEM, offers, "expired", command_id, now, event="offer.expired"
    )
    await repository.wait_again(wish_ids)
    for wish_id in await repository.count_unanswered(wish_ids):
        paused = await repository.pause(wish_id, now)
        change_id = await write_wish_change(db, SYSTEM, paused, "paused", command_id, now)
        mail = NewNotification("wish_paused", "client", None, now)
        await queue_notifications(db, practice_id, None, change_id, [mail], now)
