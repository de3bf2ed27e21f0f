"""Write the time that sessions and groups take from their practitioners (decision 30).

The caller holds the practitioner's lock. A row that overlaps another one of the practitioner
violates an exclusion constraint; `transact` then runs the command again.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Insert, bindparam, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import ENDING_OTHERS
from app.calendar.spans import spans
from app.database.writing import Write
from app.domain.session import Occupancy
from app.tables.taken_times import TakenTime

Taker = Literal["session_id", "group_id"]
_MINUTE = timedelta(minutes=1)
_TIME = (
    "starts_at",
    "ends_at",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "counts",
    "span_before",
    "span_after",
)
# Other names than the columns': SQLAlchemy reserves those.
_VALUES: dict[str, Any] = {name: bindparam(f"taken_{name}") for name in _TIME}
_ROW: dict[str, Any] = {
    "practice_id": bindparam("of_practice"),
    "id": bindparam("taker_id"),
    "practitioner_id": bindparam("taken_practitioner_id"),
}


def _taking(taker: Taker) -> Insert:
    added = insert(TakenTime).values({**_ROW, taker: bindparam("taker_id"), **_VALUES})
    return added.on_conflict_do_update(
        index_elements=("practice_id", "id"), set_={name: added.excluded[name] for name in _TIME}
    )


# Take a time, instead of the time that `taker_id` has taken so far. Parameters: `taken_values`.
TAKING_FOR_SESSION = _taking("session_id")

# Parameters: `of_practice` and `taker_id`.
FREEING = delete(TakenTime).where(
    TakenTime.practice_id == bindparam("of_practice"), TakenTime.id == bindparam("taker_id")
)

# It also ends the holds of that time.
_TAKE_FOR_GROUP = Write(_taking("group_id").add_cte(ENDING_OTHERS.cte("unheld")))
_FREE = Write(FREEING)


def taken_values(
    practice_id: UUID, practitioner_id: UUID, taker_id: UUID, taken: Occupancy
) -> dict[str, Any]:
    """Give the parameters of the statement that takes a time."""
    span_before, span_after = spans(taken)
    return {
        "of_practice": practice_id,
        "taken_practitioner_id": practitioner_id,
        "taker_id": taker_id,
        "taken_starts_at": taken.start,
        "taken_ends_at": taken.end,
        "taken_buffer_before_minutes": taken.buffer_before // _MINUTE,
        "taken_buffer_after_minutes": taken.buffer_after // _MINUTE,
        "taken_counts": taken.counts,
        "taken_span_before": span_before,
        "taken_span_after": span_after,
    }


async def take_for_group(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, group_id: UUID, taken: Occupancy
) -> None:
    """Take a time for a group, instead of the time that it has taken so far."""
    await _TAKE_FOR_GROUP.run(db, taken_values(practice_id, practitioner_id, group_id, taken))


async def free_all(db: AsyncConnection, practice_id: UUID, taker_ids: Sequence[UUID]) -> None:
    """Free the times of several sessions or groups, before they take others in any order."""
    rows = [{"of_practice": practice_id, "taker_id": taker_id} for taker_id in taker_ids]
    await _FREE.run_for_each(db, rows)


async def free_for_group(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> None:
    """Free the time of a group. Does nothing if it takes none."""
    await _FREE.run(db, {"of_practice": practice_id, "taker_id": group_id})
