"""Money: whole minor units, percentages of them (product.md section 2)."""

from decimal import Decimal, localcontext

import pytest

from app.domain.money import Money, total
from tests.domain.builders import usd


@pytest.mark.parametrize(
    ("price", "of_price", "fee"),
    [
        pytest.param(12_000, "50", 6_000, id="no-rounding"),
        pytest.param(1, "50", 0, id="half-of-1-to-even-0"),
        pytest.param(3, "50", 2, id="half-of-3-to-even-2"),
        pytest.param(5, "50", 2, id="half-of-5-to-even-2"),
        pytest.param(7, "50", 4, id="half-of-7-to-even-4"),
        pytest.param(99, "33.333", 33, id="just-below-the-next-down"),
        pytest.param(101, "50.0001", 51, id="just-above-half-up"),
        pytest.param(12_345, "12.5", 1_543, id="fraction-of-a-percent"),
        pytest.param(12_000, "0", 0, id="nothing"),
        pytest.param(0, "100", 0, id="of-nothing"),
        pytest.param(12_001, "100", 12_001, id="all"),
    ],
)
def test_a_percentage_rounds_half_to_even_in_minor_units(
    price: int, of_price: str, fee: int
) -> None:
    assert usd(price).percent(Decimal(of_price)) == usd(fee)


def test_a_percentage_is_never_above_the_whole() -> None:
    assert usd(12_000).percent(Decimal("100.5")) == usd(12_000)


def test_a_percentage_keeps_the_currency() -> None:
    assert Money(5_000, "JPY").percent(Decimal(10)) == Money(500, "JPY")


def test_a_percentage_does_not_depend_on_the_callers_rounding() -> None:
    with localcontext(rounding="ROUND_UP"):
        assert usd(5).percent(Decimal(50)) == usd(2)


def test_a_total_leaves_out_what_is_none() -> None:
    assert total([usd(100), None, usd(250)]) == usd(350)
    assert total([usd(0)]) == usd(0)
    assert total([None]) is None
    assert total([]) is None
