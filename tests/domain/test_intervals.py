"""Half-open intervals of whole numbers."""

import pytest

from app.domain.intervals import Interval, intersect, merge, subtract

I = Interval  # noqa: E741  a table of intervals reads best with a short name


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([I(5, 9), I(1, 3)], [I(1, 3), I(5, 9)], id="sorted"),
        pytest.param([I(1, 3), I(3, 5)], [I(1, 5)], id="touching-join"),
        pytest.param([I(1, 3), I(4, 5)], [I(1, 3), I(4, 5)], id="one-apart-stay-apart"),
        pytest.param([I(1, 4), I(2, 6)], [I(1, 6)], id="overlapping-join"),
        pytest.param([I(1, 9), I(2, 3), I(4, 5)], [I(1, 9)], id="the-larger-swallows"),
        pytest.param([I(1, 3), I(1, 3)], [I(1, 3)], id="twice-is-once"),
        pytest.param([I(1, 3), I(2, 2), I(9, 7)], [I(1, 3)], id="empty-ones-vanish"),
    ],
)
def test_merge_sorts_and_joins(given: list[Interval], merged: list[Interval]) -> None:
    assert merge(given) == merged


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        pytest.param(I(0, 5), I(3, 9), I(3, 5), id="overlapping"),
        pytest.param(I(0, 9), I(3, 5), I(3, 5), id="inside"),
        pytest.param(I(0, 9), I(0, 9), I(0, 9), id="the-same"),
    ],
)
def test_intersect_returns_the_common_parts(
    one: Interval, other: Interval, shared: Interval
) -> None:
    assert intersect(one, other) == intersect(other, one) == shared


@pytest.mark.parametrize("other", [I(5, 9), I(7, 9)], ids=["touching", "apart"])
def test_intersect_of_disjoint_intervals_is_empty(other: Interval) -> None:
    assert merge([intersect(I(0, 5), other)]) == []


@pytest.mark.parametrize(
    ("given", "others", "left"),
    [
        pytest.param([I(1, 9)], [], [I(1, 9)], id="nothing-taken"),
        pytest.param([], [I(1, 9)], [], id="nothing-given"),
        pytest.param([I(1, 9)], [I(3, 5)], [I(1, 3), I(5, 9)], id="a-hole"),
        pytest.param([I(1, 9)], [I(0, 3)], [I(3, 9)], id="the-beginning"),
        pytest.param([I(1, 9)], [I(7, 12)], [I(1, 7)], id="the-end"),
        pytest.param([I(3, 5)], [I(1, 9)], [], id="all-of-it"),
        pytest.param([I(3, 5)], [I(3, 5)], [], id="the-same"),
        pytest.param([I(3, 5)], [I(1, 3), I(5, 9)], [I(3, 5)], id="touching"),
        pytest.param([I(1, 9)], [I(2, 3), I(4, 5)], [I(1, 2), I(3, 4), I(5, 9)], id="two-holes"),
        pytest.param([I(6, 9), I(1, 4)], [I(3, 7)], [I(1, 3), I(7, 9)], id="one-over-two"),
    ],
)
def test_subtract_leaves_what_is_in_no_other(
    given: list[Interval], others: list[Interval], left: list[Interval]
) -> None:
    assert subtract(given, others) == left
