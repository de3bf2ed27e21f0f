"""Which tiers never apply. All warnings over HTTP: tests/api/practice/test_proof.py."""

import pytest

from app.domain.policy.rules import CancelRule, Policy, Tier
from app.domain.policy.warnings import WarningCode, warnings
from app.domain.policy.working_days import NEVER_CLOSED
from tests.domain.builders import fixed, hours_before, percent, wall_clock

DAY, HOUR = hours_before(24), hours_before(1)


@pytest.mark.parametrize(
    ("tiers", "never"),
    [
        ((fixed(DAY, 500), fixed(DAY, 400)), [0]),
        ((fixed(DAY, 400), fixed(DAY, 500)), [1]),
        ((percent(DAY, "20"), percent(DAY, "30")), [1]),
        # Which one is cheaper depends on the price.
        ((fixed(DAY, 400), percent(DAY, "30")), []),
        ((fixed(DAY, 400), fixed(HOUR, 300)), []),
        ((fixed(wall_clock(1, "12:00"), 400), fixed(DAY, 300)), []),
    ],
)
def test_of_two_tiers_of_the_same_deadline_the_cheaper_applies(
    tiers: tuple[Tier, ...], never: list[int]
) -> None:
    found = warnings(Policy(cancel=CancelRule(fees=tiers)), [], NEVER_CLOSED, "USD")
    assert [one.pointer for one in found if one.code is WarningCode.TIER_NEVER_APPLIES] == [
        f"/rules/cancel/fees/{index}" for index in never
    ]
