"""Half-open intervals `[start, end)` of whole numbers."""

import sys
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple


class Interval(NamedTuple):
    """`start` belongs to the interval, `end` does not. Empty where `end <= start`."""

    start: int
    end: int


# Calling the class runs Python code for each interval, which a month of availability would notice.
_interval = partial(tuple.__new__, Interval)


def merge(intervals: Iterable[tuple[int, int]]) -> list[Interval]:
    """Sort, drop the empty ones, and join those that overlap or touch."""
    merged: list[Interval] = []
    latest = -sys.maxsize
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if start > latest:
            merged.append(_interval((start, end)))
            latest = end
        elif end > latest:
            merged[-1] = _interval((merged[-1].start, end))
            latest = end
    return merged


def intersect(one: Interval, other: Interval) -> Interval:
    """Give what both share; may be empty."""
    return Interval(max(one.start, other.start), min(one.end, other.end))
