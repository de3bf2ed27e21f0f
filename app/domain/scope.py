"""Which sessions of a series a command covers (product.md section 10, "This and following")."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.session import Status


class SeriesScope(StrEnum):
    """How much of a series a command changes, from the session that it names."""

    THIS = "this"
    THIS_AND_FOLLOWING = "this_and_following"


class Stays(StrEnum):
    """Why a session of the series stays as it is."""

    CANCELLED = "cancelled"
    FINISHED = "finished"
    MOVED = "moved"
    KEPT = "kept"
    UNCHANGED = "unchanged"


def why_it_stays(
    session_id: UUID,
    status: Status,
    starts_at: datetime,
    rhythm: datetime,
    *,
    now: datetime,
    keep: Collection[UUID],
    include_moved: bool,
) -> Stays | None:
    """Tell why a later session of the series stays as it is; None: the command covers it.

    `rhythm` is its start in the series' rhythm. If it starts at another time, it was moved alone.
    A session that has started is finished, whether or not the practice has marked it.
    """
    if status is Status.CANCELLED:
        return Stays.CANCELLED
    if status is not Status.BOOKED or starts_at <= now:
        return Stays.FINISHED
    if session_id in keep:
        return Stays.KEPT
    if starts_at != rhythm and not include_moved:
        return Stays.MOVED
    return None
