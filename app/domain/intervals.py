"""Half-open intervals `[start, end)` of whole numbers."""

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
    begin = reach = None
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if reach is None or reach < start:
            if reach is not None:
                merged.append(_interval((begin, reach)))
            begin, reach = start, end
        elif reach < end:
            reach = end
    if reach is not None:
        merged.append(_interval((begin, reach)))
    return merged


def intersect(one: Interval, other: Interval) -> Interval:
    """Give what both share; may be empty."""
    return Interval(max(one.start, other.start), min(one.end, other.end))
