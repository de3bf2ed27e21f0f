"""Half-open intervals `[start, end)` of whole numbers."""

from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """`start` belongs to the interval, `end` does not. Empty where `end <= start`."""

    start: int
    end: int


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Sort, drop the empty ones, and join those that overlap or touch."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1].end:
            if end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, end)
        else:
            merged.append(Interval(start, end))
    return merged


def subtract(intervals: list[Interval], holes: list[Interval]) -> list[Interval]:
    """Cut `holes` out of `intervals`. Both must be merged."""
    left: list[Interval] = []
    hole_index = 0
    for start, end in intervals:
        position = start
        while hole_index < len(holes) and holes[hole_index].end <= position:
            hole_index += 1
        index = hole_index
        while index < len(holes) and holes[index].start < end:
            hole_start, hole_end = holes[index]
            if hole_start > position:
                left.append(Interval(position, hole_start))
            position = max(position, hole_end)
            index += 1
        if position < end:
            left.append(Interval(position, end))
    return left


def intersect(one: Interval, other: Interval) -> Interval:
    """Give what both share; may be empty."""
    return Interval(max(one.start, other.start), min(one.end, other.end))
