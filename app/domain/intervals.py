"""Half-open intervals `[start, end)` of whole numbers."""

import sys
from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """`start` belongs to the interval, `end` does not. Empty where `end <= start`."""

    start: int
    end: int


def merge(intervals: Iterable[tuple[int, int]]) -> list[Interval]:
    """Sort, drop the empty ones, and join those that overlap or touch."""
    merged: list[Interval] = []
    latest = -sys.maxsize
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if start > latest:
            merged.append(Interval(start, end))
            latest = end
        elif end > latest:
            merged[-1] = Interval(merged[-1].start, end)
            latest = end
    return merged


def intersect(one: Interval, other: Interval) -> Interval:
    """Give what both share; may be empty."""
    return Interval(max(one.start, other.start), min(one.end, other.end))
