"""Measuring two things in turn, in one run, until their ratio has settled."""

from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.bench.load import Measured
from tests.bench.subjects import Window

AT_LEAST = 5
AT_MOST = 11
# The middle half of the ratios lies within this share of the median.
SETTLED = 0.06


@dataclass(slots=True)
class Compared:
    """Windows of one thing and of another, in the order in which they were measured."""

    mine: list[Measured] = field(default_factory=list)
    other: list[Measured] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Give how many times the other's requests a second ours are, pair by pair."""
        return [one.rate / two.rate for one, two in zip(self.mine, self.other, strict=True)]

    @property
    def ratio(self) -> float:
        """Give the median of the ratios."""
        return median(self.ratios)

    @property
    def spread(self) -> float:
        """Give the width of the middle half of the ratios, as a share of the median."""
        low, _, high = quantiles(self.ratios, n=4)
        return (high - low) / self.ratio

    @property
    def tail(self) -> float:
        """Give how many times its own p50 our p99 is, in the median of the windows."""
        return median(one.percentile(0.99) / one.percentile(0.5) for one in self.mine)

    def is_settled(self) -> bool:
        """Tell whether more pairs would hardly change the ratio."""
        if len(self.mine) < AT_LEAST:
            return False
        return self.spread < SETTLED or len(self.mine) >= AT_MOST


async def compare(mine: Window, other: Window) -> Compared:
    """Measure ours and the other's in turn until the ratio has settled. The first pair warms up."""
    await other()
    await mine()
    found = Compared()
    while not found.is_settled():
        # Who is first changes, so that a machine that gets slower favours nobody.
        if len(found.mine) % 2:
            found.other.append(await other())
            found.mine.append(await mine())
        else:
            found.mine.append(await mine())
            found.other.append(await other())
    return found
