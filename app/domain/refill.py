"""Whether a freed time was filled again, so that its late cancellation costs nothing.

Source: product.md section 10, "Refill".
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.intervals import Interval, intersect, merge


class FreedTime(NamedTuple):
    """The time that a late cancellation freed. `seats`: of the group whose seat it was, if it was.

    `time` is in seconds since the epoch. `percent` is the share of it that other clients' sessions
    must cover. `is_lost`: the group was moved or cancelled since, so nothing fills the seat again.
    """

    id: UUID
    client_id: UUID
    time: Interval
    cancelled_at: datetime
    percent: int
    seats: int | None = None
    is_lost: bool = False


class Standing(NamedTuple):
    """A session of the practitioner at the instant of the judgement, and since when it is there.

    A single session in a freed time can only have come after the cancellation, whatever the
    instants of the two requests: the practitioner's time is exclusive.
    """

    session_id: UUID
    client_id: UUID
    time: Interval
    since: datetime


def find_cover(
    freed: FreedTime,
    others: Sequence[FreedTime],
    standing: Sequence[Standing],
    used: Collection[UUID],
) -> list[UUID]:
    """Give the sessions that fill a freed time again; empty: they do not.

    `others` are freed times that are not judged yet. One session covers one cancellation, the
    latest first: what the later ones of `others` need is not available. `used` are the sessions
    that cover times which were judged before.
    """
    taken = set(used)
    later = [other for other in others if other.cancelled_at > freed.cancelled_at]
    for other in sorted(later, key=lambda one: one.cancelled_at, reverse=True):
        taken.update(_cover(other, standing, taken))
    return _cover(freed, standing, taken)


def _cover(freed: FreedTime, standing: Sequence[Standing], taken: Collection[UUID]) -> list[UUID]:
    if freed.is_lost:
        return []
    candidates = [
        one for one in standing if one.client_id != freed.client_id and one.session_id not in taken
    ]
    if freed.seats is not None:
        return _cover_seat(freed, candidates, standing)
    total, found = freed.time.end - freed.time.start, list[Standing]()
    for one in sorted(candidates, key=lambda one: -_length(intersect(one.time, freed.time))):
        if _length(intersect(one.time, freed.time)) <= 0:
            break
        found.append(one)
        covered = merge(intersect(other.time, freed.time) for other in found)
        if 100 * sum(map(_length, covered)) >= freed.percent * total:
            return [one.session_id for one in found]
    return []


def _cover_seat(
    freed: FreedTime, candidates: Sequence[Standing], standing: Sequence[Standing]
) -> list[UUID]:
    """A seat is filled again only if its group is full when it starts."""
    assert freed.seats is not None  # noqa: S101 - it is a seat
    seats = sum(one.time.start == freed.time.start for one in standing)
    new = [
        one
        for one in candidates
        if one.time.start == freed.time.start and one.since >= freed.cancelled_at
    ]
    return [new[0].session_id] if new and seats >= freed.seats else []


def _length(interval: Interval) -> int:
    return interval.end - interval.start
