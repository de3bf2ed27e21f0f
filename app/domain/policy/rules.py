"""A version of a cancellation policy: what the practice has written (product.md section 2)."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum


class Action(StrEnum):
    """What a client can do to a session. `change_format` keeps the time."""

    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    CHANGE_FORMAT = "change_format"


class Credit(StrEnum):
    """What becomes of the package credit that pays for a session."""

    RETURNED = "returned"
    FORFEITED = "forfeited"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ElapsedNotice:
    """A deadline that lies a span of elapsed time before the start, whatever the clocks do."""

    before: timedelta


@dataclass(frozen=True, slots=True)
class WallClock:
    """A deadline at a wall time, some calendar days before the start's own day."""

    days_before: int
    at: time


Deadline = ElapsedNotice | WallClock


UNTIL_THE_START = ElapsedNotice(timedelta())


@dataclass(frozen=True, slots=True)
class FixedFee:
    """A fee in minor units of the practice's currency."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class PercentFee:
    """A fee in percent (0 to 100) of the price the session was booked at."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """What an action costs once `deadline` has passed."""

    deadline: Deadline
    fee: FixedFee | PercentFee


@dataclass(frozen=True, slots=True)
class CancelRule:
    """`closes` None: open until the start. `late_credit` applies once any tier is passed."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()
    late_credit: Credit = Credit.RETURNED


@dataclass(frozen=True, slots=True)
class RescheduleRule:
    """`closes` or `fees` None: that of `cancel`, so that a move is no way around either."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] | None = None
    limit: int | None = None
    max_days_from_original: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeFormatRule:
    """Another format, or another location, at the same time."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One immutable version of a cancellation policy. As constructed: free until the start."""

    cancel: CancelRule = field(default_factory=CancelRule)
    reschedule: RescheduleRule = field(default_factory=RescheduleRule)
    change_format: ChangeFormatRule = field(default_factory=ChangeFormatRule)


FREE_UNTIL_THE_START = Policy()


def rule_of(policy: Policy, action: Action) -> CancelRule | RescheduleRule | ChangeFormatRule:
    """Give the part of a policy that is about an action."""
    if action is Action.CANCEL:
        return policy.cancel
    if action is Action.RESCHEDULE:
        return policy.reschedule
    return policy.change_format


def tiers_of(policy: Policy, action: Action) -> tuple[Tier, ...]:
    """Give the fees of an action; a move without fees of its own has those of cancelling."""
    own = rule_of(policy, action).fees
    return policy.cancel.fees if own is None else own
