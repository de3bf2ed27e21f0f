"""One line of what `make bench` prints."""

from dataclasses import dataclass

from tests.bench.ratios import Compared


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: what was compared with what, the ratio, and the bound."""

    measured: str
    against: str
    reached: float
    floor: float | None
    note: str
    at_most: bool = False

    def __str__(self) -> str:
        """Format the line, with a mark if the bound is missed."""
        measured = f"{self.measured:<38} {self.against:<26} {self.reached:7.2f}"
        if self.floor is None:
            return f"{measured}  {'no bound':<14}  {self.note}"
        is_met = self.reached <= self.floor if self.at_most else self.reached >= self.floor
        bound = "at most" if self.at_most else "at least"
        mark = "" if is_met else "  MISSED"
        return f"{measured}  {bound} {self.floor:<5}{mark}  {self.note}"


def note_of(found: Compared) -> str:
    """Say how many pairs were measured, and how much they differ."""
    return f"({len(found.mine)} pairs, middle half within {found.spread:.0%})"
