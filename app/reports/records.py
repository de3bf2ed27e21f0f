"""What a report consists of."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

# What a row adds up: numbers, and the sums of fees in minor units.
MEASURES = (
    "cancellations",
    "moves",
    "no_shows",
    "refused_attempts",
    "fees_due",
    "fees_waived",
    "fees_forgiven",
    "fees_settled",
    "refills_judged",
    "refilled",
    "offers_accepted",
)


class GroupBy(StrEnum):
    """By what a report adds up."""

    REASON = "reason"
    NOTICE = "notice"
    PRACTITIONER = "practitioner"
    SERVICE = "service"
    MONTH = "month"


class ReportRow(NamedTuple):
    """The sums of one reason, notice, practitioner, service or month; `key` None: not known."""

    key: str | None
    name: str | None
    sums: Mapping[str, int]


def total_of(rows: Sequence[ReportRow]) -> ReportRow:
    """Add up all rows."""
    return ReportRow(None, None, {name: sum(row.sums[name] for row in rows) for name in MEASURES})
