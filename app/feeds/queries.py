"""Read a feed by its token, and the sessions that it contains."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, func, null, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.session import Format, Status
from app.feeds.records import FeedEntry, FeedOwner, Names, OpenFeed
from app.feeds.tokens import FeedToken
from app.tables.changes import Change
from app.tables.feeds import Feed
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, of_session, referred
from app.tables.practices import Client, Location, Practice, Practitioner, Service
from app.tables.sessions import Session

BACK, AHEAD = timedelta(days=30), timedelta(days=365)
_INSTANT = DateTime(timezone=True)
_SINCE, _UNTIL = bindparam("since", type_=_INSTANT), bindparam("until", type_=_INSTANT)

_FEED = (
    select(
        Feed.secret_hash,
        Feed.client_id,
        Feed.practitioner_id,
        Feed.names,
        Feed.reads_since,
        Practice.name.label("practice_name"),
        Practice.email.label("practice_email"),
        Practitioner.name.label("practitioner_name"),
        Client.locale,
    )
    .select_from(Feed)
    .join(Practice, of_practice(PRACTICE, Practice, Practice.closed_at.is_(None)))
    .outerjoin(Client, referred(Client, Feed.client_id))
    .outerjoin(Practitioner, referred(Practitioner, Feed.practitioner_id))
    .where(
        of_practice(PRACTICE, Feed, Feed.id == bindparam("feed_id", type_=Uuid)),
        or_(
            Practitioner.active,
            Client.active & (Client.token_generation == Feed.token_generation),
        ),
    )
)


class FoundFeed(NamedTuple):
    """A feed that is open, and since when its reads are counted."""

    feed: OpenFeed
    reads_since: datetime


async def find_feed(db: AsyncConnection, token: FeedToken) -> FoundFeed | None:
    """Find the feed of a token; None: it is wrong, or the feed or its owner has ended."""
    asked = {"practice_id": token.practice_id, "feed_id": token.feed_id}
    row = (await db.execute(_FEED, asked)).one_or_none()
    if not token.is_right(None if row is None else row.secret_hash) or row is None:
        return None
    feed = OpenFeed(
        practice_id=token.practice_id,
        owner=FeedOwner(row.client_id, row.practitioner_id),
        names=None if row.names is None else Names(row.names),
        practice_name=row.practice_name,
        practice_email=row.practice_email,
        practitioner_name=row.practitioner_name,
        locale=row.locale,
    )
    return FoundFeed(feed, row.reads_since)


async def practitioner_exists(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID
) -> bool:
    """Tell whether the practice has this practitioner."""
    own = of_practice(practice_id, Practitioner, Practitioner.id == practitioner_id)
    return await db.scalar(select(true()).where(own)) is not None


def _sessions(own: Any, client_name: Any) -> Any:  # noqa: ANN401 - expressions
    changed_at = select(func.max(Change.at)).where(of_session(Change, Session)).correlate(Session)
    return (
        select(
            Session.id,
            Session.calendar_sequence,
            changed_at.scalar_subquery().label("changed_at"),
            Session.starts_at,
            Session.ends_at,
            Service.name.label("service_name"),
            Practitioner.name.label("practitioner_name"),
            client_name.label("client_name"),
            Location.name.label("location_name"),
            Location.address,
            Session.format,
            Session.join_url,
            Session.instructions,
        )
        .select_from(Session)
        .join(Service, referred(Service, Session.service_id))
        .join(Practitioner, referred(Practitioner, Session.practitioner_id))
        .join(Client, referred(Client, Session.client_id))
        .outerjoin(Location, referred(Location, Session.location_id))
        .where(
            of_practice(
                PRACTICE,
                Session,
                own,
                Session.status == Status.BOOKED,
                Session.ends_at >= _SINCE,
                Session.starts_at <= _UNTIL,
            )
        )
    )


def _groups() -> Any:  # noqa: ANN401 - a select
    of_group = of_practice(
        PRACTICE, Change, Change.session_id.is_(None), Change.subject_id == Group.id
    )
    changed_at = select(func.max(Change.at)).where(of_group).correlate(Group).scalar_subquery()
    return (
        select(
            Group.id,
            Group.calendar_sequence,
            changed_at.label("changed_at"),
            Group.starts_at,
            Group.ends_at,
            Service.name.label("service_name"),
            Practitioner.name.label("practitioner_name"),
            null().label("client_name"),
            Location.name.label("location_name"),
            Location.address,
            Group.format,
            Group.join_url,
            Group.instructions,
        )
        .select_from(Group)
        .join(Service, referred(Service, Group.service_id))
        .join(Practitioner, referred(Practitioner, Group.practitioner_id))
        .outerjoin(Location, referred(Location, Group.location_id))
        .where(
            of_practice(
                PRACTICE,
                Group,
                Group.practitioner_id == bindparam("owner_id", type_=Uuid),
                Group.status == "scheduled",
                Group.ends_at >= _SINCE,
                Group.starts_at <= _UNTIL,
            )
        )
    )


_OF_CLIENT = _sessions(Session.client_id == bindparam("owner_id", type_=Uuid), null())
# A group is one entry; its seats are not entries of their own.
_OF_PRACTITIONER = union_all(
    _sessions(
        (Session.practitioner_id == bindparam("owner_id", type_=Uuid)) & Session.group_id.is_(None),
        Client.name,
    ),
    _groups(),
)


async def read_entries(db: AsyncConnection, feed: OpenFeed, now: datetime) -> Sequence[FeedEntry]:
    """Read what a feed contains at `now`, soonest first: from 30 days back to 365 days ahead."""
    owner = feed.owner
    statement = _OF_PRACTITIONER if owner.client_id is None else _OF_CLIENT
    asked = {
        "practice_id": feed.practice_id,
        "owner_id": owner.client_id or owner.practitioner_id,
        "since": now - BACK,
        "until": now + AHEAD,
    }
    rows = (await db.execute(statement, asked)).all()
    found = [
        FeedEntry(
            id=row.id,
            sequence=row.calendar_sequence,
            # A group that is older than the audit log of groups has no entry.
            changed_at=row.changed_at or row.starts_at,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            service_name=row.service_name,
            practitioner_name=row.practitioner_name,
            client_name=row.client_name if feed.names in {Names.INITIALS, Names.FULL} else None,
            format=Format(row.format),
            location=None if row.location_name is None else (row.location_name, row.address),
            join_url=row.join_url,
            instructions=row.instructions,
        )
        for row in rows
    ]
    return sorted(found, key=lambda entry: (entry.starts_at, entry.id))
