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
    ("given", "holes", "left"),
    [
        pytest.param([I(0, 9)], [], [I(0, 9)], id="no-hole"),
        pytest.param([], [I(0, 9)], [], id="nothing-to-cut"),
        pytest.param([I(0, 9)], [I(3, 5)], [I(0, 3), I(5, 9)], id="in-the-middle"),
        pytest.param([I(0, 9)], [I(0, 5)], [I(5, 9)], id="at-the-start"),
        pytest.param([I(0, 9)], [I(5, 9)], [I(0, 5)], id="at-the-end"),
        pytest.param([I(0, 9)], [I(0, 9)], [], id="exactly"),
        pytest.param([I(3, 5)], [I(0, 9)], [], id="more-than-all"),
        pytest.param([I(3, 5)], [I(0, 3), I(5, 9)], [I(3, 5)], id="touching-cuts-nothing"),
        pytest.param([I(0, 9)], [I(1, 2), I(4, 6)], [I(0, 1), I(2, 4), I(6, 9)], id="two-holes"),
        pytest.param([I(0, 4), I(6, 9)], [I(3, 7)], [I(0, 3), I(7, 9)], id="one-hole-over-two"),
        pytest.param(
            [I(0, 2), I(4, 6), I(8, 9)],
            [I(1, 5)],
            [I(0, 1), I(5, 6), I(8, 9)],
            id="third-untouched",
        ),
        pytest.param([I(5, 9)], [I(0, 1), I(2, 3), I(6, 7)], [I(5, 6), I(7, 9)], id="holes-before"),
    ],
)
def test_subtract_cuts_the_holes_out(
    given: list[Interval], holes: list[Interval], left: list[Interval]
) -> None:
    assert subtract(given, holes) == left


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        pytest.param(I(0, 5), I(3, 9), I(3, 5), id="overlapping"),
        pytest.param(I(0, 9), I(3, 5), I(3, 5), id="inside"),
        pytest.param(I(0, 9), I(0, 9), I(0, 9), id="the-same"),
    ],
)
def test_intersect_gives_what_both_share(one: Interval, other: Interval, shared: Interval) -> None:
    assert intersect(one, other) == intersect(other, one) == shared


@pytest.mark.parametrize("other", [I(5, 9), I(7, 9)], ids=["touching", "apart"])
def test_intersect_of_strangers_is_empty(other: Interval) -> None:
    assert merge([intersect(I(0, 5), other)]) == []
