"""Rate limits: how addresses are grouped into sources, and how often a source may call."""

import pytest
from limits import RateLimitItemPerMinute

from app.domain.errors import RateLimitedError
from app.identity.sign_in.rate_limits import ASKING, EXCHANGING, SourceLimits, source_of

TWICE = RateLimitItemPerMinute(2, 5)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        (None, "unknown"),
    ],
)
def test_addresses_are_grouped_into_sources(origin: str | None, source: str) -> None:
    assert source_of(origin) == source


async def test_each_source_and_each_kind_has_a_count_of_its_own() -> None:
    limits = SourceLimits()
    for _ in range(TWICE.amount):
        await limits.take(TWICE, "2001:db8::1")
    with pytest.raises(RateLimitedError) as refusal:
        await limits.take(TWICE, "2001:db8::2")
    assert 1 <= refusal.value.retry_after <= 300
    await limits.take(TWICE, "2001:db8:0:1::1")
    await limits.take(ASKING, "2001:db8::1")
    await limits.take(EXCHANGING, "2001:db8::1")


def test_the_limits_have_the_documented_values() -> None:
    assert (ASKING.amount, ASKING.get_expiry()) == (20, 300)
    assert (EXCHANGING.amount, EXCHANGING.get_expiry()) == (60, 300)
