"""Statements on calendar feeds. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.feeds.records import FeedOwner, FeedRecord, Names
from app.tables.feeds import Feed
from app.tables.joins import of_practice
from app.tables.practices import Client

READS_AN_HOUR = 60
HOUR = timedelta(hours=1)


class FeedRepository:
    """Reads and writes the feeds of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    def _feed(self, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return of_practice(self._practice_id, Feed, *conditions)

    def _generation(self) -> Any:  # noqa: ANN401 - a scalar subquery
        """Select the present token generation of a feed's client."""
        return (
            select(Client.token_generation)
            .where(of_practice(self._practice_id, Client, Client.id == Feed.client_id))
            .correlate(Feed)
            .scalar_subquery()
        )

    async def all_of(self, owner: FeedOwner) -> list[FeedRecord]:
        """List the feeds of an owner that have not ended, oldest first."""
        found = await self._db.execute(
            select(Feed.id, Feed.names, Feed.label, Feed.created_at, Feed.last_read_at)
            .where(
                self._feed(
                    _is_owner(owner),
                    or_(
                        Feed.practitioner_id.is_not(None),
                        Feed.token_generation == self._generation(),
                    ),
                )
            )
            .order_by(Feed.created_at, Feed.id)
        )
        return [
            FeedRecord(id_, None if names is None else Names(names), label, created, read)
            for id_, names, label, created, read in found
        ]

    async def delete_ended(self, client_id: UUID) -> None:
        """Delete the client's feeds that have ended, because they signed out everywhere."""
        ended = Feed.token_generation != self._generation()
        await self._db.execute(delete(Feed).where(self._feed(Feed.client_id == client_id, ended)))

    async def add(self, values: Mapping[str, Any]) -> None:
        """Insert a feed; of a client's, whom the caller has locked, with the token generation."""
        client_id = values["client_id"]
        generation = None
        if client_id is not None:
            # A statement of its own: a cluster takes no subquery among the VALUES of an INSERT.
            generation = await self._db.scalar(
                select(Client.token_generation).where(
                    of_practice(self._practice_id, Client, Client.id == client_id)
                )
            )
        await self._db.execute(
            insert(Feed).values(
                practice_id=self._practice_id, token_generation=generation, **values
            )
        )

    async def delete(self, owner: FeedOwner, feed_id: UUID) -> bool:
        """Delete a feed of an owner; tell whether there was one."""
        deleted = await self._db.execute(
            delete(Feed).where(self._feed(Feed.id == feed_id, _is_owner(owner))).returning(Feed.id)
        )
        return deleted.one_or_none() is not None

    async def count_read(self, feed_id: UUID, now: datetime) -> bool:
        """Count a read at `now`; tell whether the reads of the hour allow it."""
        is_over = Feed.reads_since <= now - HOUR
        counted = await self._db.execute(
            update(Feed)
            .where(self._feed(Feed.id == feed_id, or_(is_over, Feed.reads < READS_AN_HOUR)))
            .values(
                last_read_at=now,
                reads=case((is_over, 1), else_=Feed.reads + 1),
                reads_since=case((is_over, now), else_=Feed.reads_since),
            )
            .returning(Feed.id)
        )
        return counted.one_or_none() is not None


def _is_owner(owner: FeedOwner) -> ColumnElement[bool]:
    if owner.client_id is not None:
        return Feed.client_id == owner.client_id
    return Feed.practitioner_id == owner.practitioner_id
