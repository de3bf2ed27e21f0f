"""Read and write the times that are held for somebody who is choosing (decision 34).

Whoever takes a time holds the practitioner's lock. Under that lock a hold is written, and compared
with the time of sessions, groups and other holds. A hold that is ended before its time expires at
the epoch, so that it is over for every request, also for those that waited for the lock.
"""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    MetaData,
    Table,
    Uuid,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.spans import Spans, spans_of_row
from app.database.statements import Read
from app.database.writing import Write
from app.domain.availability import MINUTE
from app.domain.availability import HeldTime as Held
from app.domain.session import Format
from app.domain.zones import EPOCH, to_seconds
from app.tables.held import NOW
from app.tables.held_times import HeldTime
from app.tables.joins import PRACTICE, of_practice

_INSTANT = DateTime(timezone=True)
_ENDED = cast(EPOCH, _INSTANT)


def overlaps(
    time: Any,  # noqa: ANN401 - a table of times of practitioners, or its columns
    span_before: Any,  # noqa: ANN401 - ranges
    span_after: Any,  # noqa: ANN401
) -> ColumnElement[bool]:
    """Compare a stored time with another as the exclusion constraints of taken times do."""
    return or_(time.span_before.overlaps(span_before), time.span_after.overlaps(span_after))


# As a part of a statement that sets columns of sessions, an UPDATE would set its columns of the
# same names as well: SQLAlchemy compares the keys of columns. So this copy has keys of its own.
_COPY = Table(
    "held_times",
    MetaData(),
    *(Column(c.name, c.type, key=f"held_{c.name}") for c in HeldTime.__table__.columns),
)
_HELD = SimpleNamespace(**{c.name: c for c in _COPY.columns})
_OF_PRACTICE = _HELD.practice_id == bindparam("of_practice", type_=Uuid)
_END = update(_COPY).where(_OF_PRACTICE, _HELD.expires_at > _ENDED).values(held_expires_at=_ENDED)

# Part of the statements that change a session. Parameters: `of_practice` and `session_id`.
ENDING_OWN = _END.where(_HELD.session_id == bindparam("session_id"))
# Part of the statements that take a time: nobody else can get it any more. Parameters: those of
# `taken_values`.
ENDING_OTHERS = _END.where(
    _HELD.practitioner_id == bindparam("taken_practitioner_id"),
    _HELD.group_id.is_(None),
    _HELD.session_id.is_distinct_from(bindparam("taker_id")),
    overlaps(
        _HELD,
        bindparam("taken_span_before", type_=TSTZRANGE),
        bindparam("taken_span_after", type_=TSTZRANGE),
    ),
)
_END_OWN = Write(ENDING_OWN)
_END_OF_GROUP = Write(_END.where(_HELD.group_id == bindparam("group_id")))
_END_OF_CLIENT = Write(
    _END.where(_HELD.client_id == bindparam("client_id"), _HELD.held_by == bindparam("held_by"))
)
_END_BY_LINK = Write(ENDING_OWN.where(_HELD.held_by == "link"))
_END_ALL = Write(_END)


# Part of a statement: until when others hold a time of the practitioner; null: nobody does.
# Parameters: `practice_id`, `practitioner_id`, `own_id`, `span_before`, `span_after` and `now`.
HELD_UNTIL = (
    select(func.max(HeldTime.expires_at))
    .where(
        of_practice(
            PRACTICE,
            HeldTime,
            HeldTime.practitioner_id == bindparam("practitioner_id", type_=Uuid),
            HeldTime.expires_at > NOW,
            HeldTime.group_id.is_(None),
            HeldTime.session_id.is_distinct_from(bindparam("own_id", type_=Uuid)),
            overlaps(
                HeldTime,
                bindparam("span_before", type_=TSTZRANGE),
                bindparam("span_after", type_=TSTZRANGE),
            ),
        )
    )
    .scalar_subquery()
)


class SeatHolds(NamedTuple):
    """How many seats of a group others hold, and until when the first of them; None: none."""

    seats: int
    until: datetime | None


_SEAT_HOLDS = Read(
    select(func.count().label("seats"), func.min(HeldTime.expires_at).label("until")).where(
        of_practice(
            PRACTICE,
            HeldTime,
            HeldTime.group_id == bindparam("group_id"),
            HeldTime.expires_at > NOW,
            HeldTime.session_id.is_distinct_from(bindparam("own_id")),
        )
    )
)


async def read_seat_holds(
    db: AsyncConnection, practice_id: UUID, group_id: UUID, own_id: UUID, now: datetime
) -> SeatHolds:
    """Count the seats of a group that others than `own_id` hold at `now`."""
    asked = {"practice_id": practice_id, "group_id": group_id, "own_id": own_id, "now": now}
    (row,) = await _SEAT_HOLDS.rows(db, asked)
    return SeatHolds(row["seats"], row["until"])


async def end_latest_of_group(
    db: AsyncConnection, practice_id: UUID, group_id: UUID, own_id: UUID, number: int, now: datetime
) -> None:
    """End a number of the holds of a group's seats, the latest ones first.

    The hold of the session `own_id` is not among them.
    """
    latest = (
        select(HeldTime.id)
        .where(
            HeldTime.practice_id == practice_id,
            HeldTime.group_id == group_id,
            HeldTime.expires_at > now,
            HeldTime.session_id.is_distinct_from(own_id),
        )
        .order_by(HeldTime.first_held_at.desc(), HeldTime.id)
        .limit(number)
    )
    await db.execute(
        update(HeldTime)
        .where(HeldTime.practice_id == practice_id, HeldTime.id.in_(latest))
        .values(expires_at=_ENDED)
    )


_HELD_BY_SESSIONS = Read(
    select(
        HeldTime.starts_at,
        HeldTime.ends_at,
        HeldTime.buffer_before_minutes,
        HeldTime.buffer_after_minutes,
        HeldTime.expires_at,
    ).where(
        of_practice(
            PRACTICE,
            HeldTime,
            HeldTime.session_id == func.any(bindparam("session_ids", type_=ARRAY(Uuid))),
            HeldTime.group_id.is_(None),
            HeldTime.expires_at > NOW,
        )
    )
)


async def read_times_held_by(
    db: Any,  # noqa: ANN401 - an engine or a connection
    practice_id: UUID,
    session_ids: Sequence[UUID],
    now: datetime,
) -> list[Held]:
    """Read the times that these sessions hold at `now`, as a calendar has them."""
    asked = {"practice_id": practice_id, "session_ids": list(session_ids), "now": now}
    return [
        Held(
            to_seconds(row["starts_at"]),
            to_seconds(row["ends_at"]),
            row["buffer_before_minutes"] * MINUTE,
            row["buffer_after_minutes"] * MINUTE,
            to_seconds(row["expires_at"]),
        )
        for row in await _HELD_BY_SESSIONS.rows(db, asked)
    ]


class LastHold(NamedTuple):
    """The last hold of a session, live or not, and how many new ones it has had since when."""

    starts_at: datetime
    format: Format
    location_id: UUID | None
    group_id: UUID | None
    first_held_at: datetime
    expires_at: datetime
    new_since: datetime
    new_count: int


class HoldsOfClient(NamedTuple):
    """The last hold of a session, and until when its client's other sessions hold times."""

    last: LastHold | None
    others: Sequence[datetime]


_OF_SESSION = Read(
    select(*(getattr(HeldTime, name) for name in LastHold._fields)).where(
        of_practice(PRACTICE, HeldTime, HeldTime.session_id == bindparam("session_id"))
    )
)
_OTHERS_OF_CLIENT = Read(
    select(HeldTime.expires_at).where(
        of_practice(
            PRACTICE,
            HeldTime,
            HeldTime.client_id == bindparam("client_id"),
            HeldTime.expires_at > NOW,
            HeldTime.session_id != bindparam("session_id"),
        )
    )
)


class NewHold(NamedTuple):
    """A hold to write, instead of the last one of the session."""

    id: UUID
    practitioner_id: UUID
    client_id: UUID
    session_id: UUID
    group_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    format: Format
    location_id: UUID | None
    held_by: str
    first_held_at: datetime
    expires_at: datetime
    new_since: datetime
    new_count: int


_KEPT = {"id", "practitioner_id", "client_id", "session_id"}
_RENEWED = [name for name in (*NewHold._fields, *Spans._fields) if name not in _KEPT]
_ADDED = insert(HeldTime)
_WRITE = Write(
    _ADDED.on_conflict_do_update(
        index_elements=("practice_id", "session_id"),
        set_={name: _ADDED.excluded[name] for name in _RENEWED},
    )
)
_FORGET = Write(
    delete(HeldTime).where(
        HeldTime.practice_id == bindparam("of_practice"),
        HeldTime.practitioner_id == bindparam("practitioner_id"),
        HeldTime.expires_at <= bindparam("until", type_=_INSTANT),
        HeldTime.new_since <= bindparam("until", type_=_INSTANT),
    )
)


class HoldRepository:
    """Holds of one practice, in the caller's transaction. A writer has the practitioner's lock."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def read(self, session_id: UUID, client_id: UUID, now: datetime) -> HoldsOfClient:
        """Read the last hold of a session, and the client's live holds of other sessions."""
        of_session = {"practice_id": self._practice_id, "session_id": session_id}
        row = await _OF_SESSION.one(self._db, of_session)
        last = None if row is None else LastHold(**(dict(row) | {"format": Format(row["format"])}))
        asked = of_session | {"client_id": client_id, "now": now}
        others = await _OTHERS_OF_CLIENT.rows(self._db, asked)
        return HoldsOfClient(last, sorted(row["expires_at"] for row in others))

    async def write(self, new: NewHold) -> None:
        """Write the hold of a session, instead of its last one."""
        values = new._asdict() | spans_of_row(new)._asdict()
        await _WRITE.run(self._db, {"practice_id": self._practice_id, "offer_id": None, **values})

    async def forget(self, practitioner_id: UUID, until: datetime) -> None:
        """Delete the holds of a practitioner that expired, and were counted, until an instant."""
        values = {"practitioner_id": practitioner_id, "until": until}
        await _FORGET.run(self._db, {"of_practice": self._practice_id, **values})

    async def end(self, session_id: UUID) -> None:
        """End the hold of a session. Does nothing if it has none."""
        await _END_OWN.run(self._db, {"of_practice": self._practice_id, "session_id": session_id})

    async def end_of_group(self, group_id: UUID) -> None:
        """End the holds of a group's seats."""
        await _END_OF_GROUP.run(self._db, {"of_practice": self._practice_id, "group_id": group_id})

    async def end_by_sign_in(self, client_id: UUID) -> None:
        """End what a client has held while signed in."""
        await self._end_of_client(client_id, "client")

    async def end_by_links(self, client_id: UUID) -> None:
        """End what a client has held through links."""
        await self._end_of_client(client_id, "link")

    async def end_by_link(self, session_id: UUID) -> None:
        """End what was held through the link of a session."""
        values = {"of_practice": self._practice_id, "session_id": session_id}
        await _END_BY_LINK.run(self._db, values)

    async def end_all(self) -> None:
        """End all holds of the practice."""
        await _END_ALL.run(self._db, {"of_practice": self._practice_id})

    async def _end_of_client(self, client_id: UUID, held_by: str) -> None:
        values = {"of_practice": self._practice_id, "client_id": client_id, "held_by": held_by}
        await _END_OF_CLIENT.run(self._db, values)
