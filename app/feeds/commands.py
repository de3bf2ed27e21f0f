"""Create, list and delete calendar feeds, and read one (docs/decisions/0053-feeds.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import Actor, write_change
from app.calendar.locks import lock_client, lock_practitioner
from app.database.transactions import transact
from app.domain.errors import InvalidInputError, NotFoundError, RateLimitedError
from app.feeds.queries import find_feed
from app.feeds.records import FeedOwner, FeedRecord, Names, OpenFeed
from app.feeds.repository import HOUR, FeedRepository
from app.feeds.tokens import FeedToken, new_token, parse_token

MOST_FEEDS = 5


class MadeFeed(NamedTuple):
    """A new feed with its token, which cannot be read again later."""

    record: FeedRecord
    token: FeedToken


async def add_client_feed(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, *, actor: Actor, now: datetime
) -> MadeFeed:
    """Create a feed of a client's sessions.

    Raises:
        InvalidInputError: the client has five feeds.
    """
    await lock_client(db, practice_id, client_id)
    await FeedRepository(db, practice_id).delete_ended(client_id)
    owner = FeedOwner(client_id=client_id)
    return await _add(db, practice_id, owner, None, None, actor=actor, now=now)


async def add_practitioner_feed(
    db: AsyncConnection,
    practice_id: UUID,
    practitioner_id: UUID,
    *,
    names: Names,
    label: str,
    actor: Actor,
    now: datetime,
) -> MadeFeed:
    """Create a feed of a practitioner's sessions and groups.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: the practitioner has five feeds.
    """
    await lock_practitioner(db, practice_id, practitioner_id)
    owner = FeedOwner(practitioner_id=practitioner_id)
    return await _add(db, practice_id, owner, names, label, actor=actor, now=now)


async def delete_feed(
    db: AsyncConnection,
    practice_id: UUID,
    owner: FeedOwner,
    feed_id: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Delete a feed: its address is a 404 at once.

    Raises:
        NotFoundError: the owner has no such feed.
    """
    if not await FeedRepository(db, practice_id).delete(owner, feed_id):
        raise NotFoundError
    await _record(db, practice_id, feed_id, "deleted", actor, now, owner)


async def open_feed(engine: AsyncEngine, text: str, now: datetime) -> OpenFeed:
    """Find a feed by the token of its address, and count the read.

    Raises:
        NotFoundError: the token is wrong, the feed was deleted or has ended, its client or
            practitioner is inactive, or its practice is closed.
        RateLimitedError: it was read 60 times within an hour.
    """
    token = parse_token(text)
    if token is None:
        raise NotFoundError
    feed, wait = await transact(engine, lambda db: _count(db, token, now))
    if wait is not None:
        raise RateLimitedError(wait)
    return feed


async def _count(
    db: AsyncConnection, token: FeedToken, now: datetime
) -> tuple[OpenFeed, int | None]:
    """Count a read; if the hour has had its reads, also give the seconds to wait."""
    found = await find_feed(db, token)
    if found is None:
        raise NotFoundError
    if await FeedRepository(db, token.practice_id).count_read(token.feed_id, now):
        return found.feed, None
    left = found.reads_since + HOUR - now
    return found.feed, max(1, -(-left // timedelta(seconds=1)))


async def _add(
    db: AsyncConnection,
    practice_id: UUID,
    owner: FeedOwner,
    names: Names | None,
    label: str | None,
    *,
    actor: Actor,
    now: datetime,
) -> MadeFeed:
    """Insert a feed. The caller has locked its owner, so that nobody inserts another meanwhile."""
    feeds = FeedRepository(db, practice_id)
    if len(await feeds.all_of(owner)) >= MOST_FEEDS:
        raise InvalidInputError("", "field.feeds", most=MOST_FEEDS)
    token = new_token(practice_id, uuid4())
    await feeds.add(
        {
            "id": token.feed_id,
            "client_id": owner.client_id,
            "practitioner_id": owner.practitioner_id,
            "names": names,
            "label": label,
            "secret_hash": token.hash,
            "created_at": now,
            "reads_since": now,
        }
    )
    await _record(db, practice_id, token.feed_id, "created", actor, now, owner, names)
    return MadeFeed(FeedRecord(token.feed_id, names, label, now, None), token)


async def list_feeds(
    db: AsyncConnection, practice_id: UUID, owner: FeedOwner
) -> Sequence[FeedRecord]:
    """List the feeds of an owner that have not ended, oldest first."""
    return await FeedRepository(db, practice_id).all_of(owner)


async def _record(
    db: AsyncConnection,
    practice_id: UUID,
    feed_id: UUID,
    kind: str,
    actor: Actor,
    now: datetime,
    owner: FeedOwner,
    names: Names | None = None,
) -> None:
    of_client = owner.client_id is not None
    whose = "client_id" if of_client else "practitioner_id"
    details = {whose: str(owner.client_id or owner.practitioner_id)}
    if names is not None:
        details["names"] = names
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="feed",
        subject_id=feed_id,
        kind=kind,
        details=details,
    )
