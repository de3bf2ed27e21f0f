"""Half-open intervals `[start, end)` of whole numbers."""

import sys
from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """`start` is inside, `end` is outside. The interval is empty if `end <= start`."""

    start: int
    end: int


def merge(intervals: Iterable[tuple[int, int]]) -> list[Interval]:
    """Sort the intervals, drop empty ones, and join those that overlap or touch."""
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
    """Give the intersection of two intervals; it may be empty."""
    return Interval(max(one.start, other.start), min(one.end, other.end))
