"""Measures two things alternately in one run until their ratio is stable."""

from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.bench.load import Measured
from tests.bench.subjects import Window

AT_LEAST = 5
AT_MOST = 11
# The ratio is stable if the middle half of the ratios is within this share of the median.
SETTLED = 0.06


@dataclass(slots=True)
class Compared:
    """The windows of both things, in the order in which they were measured."""

    mine: list[Measured] = field(default_factory=list)
    other: list[Measured] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Return our requests per second divided by the other's, for each pair."""
        return [one.rate / two.rate for one, two in zip(self.mine, self.other, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median of the ratios."""
        return median(self.ratios)

    @property
    def spread(self) -> float:
        """Return the width of the middle half of the ratios, as a share of the median."""
        low, _, high = quantiles(self.ratios, n=4)
        return (high - low) / self.ratio

    @property
    def tail(self) -> float:
        """Return our p99 divided by our p50: the median of all windows."""
        return median(one.percentile(0.99) / one.percentile(0.5) for one in self.mine)

    def is_settled(self) -> bool:
        """Tell whether more pairs would change the ratio only slightly."""
        if len(self.mine) < AT_LEAST:
            return False
        return self.spread < SETTLED or len(self.mine) >= AT_MOST


async def compare(mine: Window, other: Window) -> Compared:
    """Measure both alternately until the ratio is stable. The first pair is the warm-up."""
    await other()
    await mine()
    found = Compared()
    while not found.is_settled():
        # The order alternates, so that a machine that becomes slower favours neither.
        if len(found.mine) % 2:
            found.other.append(await other())
            found.mine.append(await mine())
        else:
            found.mine.append(await mine())
            found.other.append(await other())
    return found


def repeated(window: Window, times: int) -> Window:
    """Measure several windows as if they were one."""

    async def whole() -> Measured:
        found = [await window() for _ in range(times)]
        took = sum(len(one.seconds) / one.rate for one in found)
        seconds = sorted(second for one in found for second in one.seconds)
        return Measured(len(seconds) / took, seconds)

    return whole
