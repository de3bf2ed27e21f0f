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


def subtract(
    intervals: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]
) -> list[Interval]:
    """Give, in order, what is left of the intervals without the others."""
    taken, left, index = merge(others), [], 0
    for start, end in merge(intervals):
        while index < len(taken) and taken[index].end <= start:
            index += 1
        position, following = start, index
        while following < len(taken) and taken[following].start < end:
            if position < taken[following].start:
                left.append(Interval(position, taken[following].start))
            position = taken[following].end
            following += 1
        if position < end:
            left.append(Interval(position, end))
    return left
