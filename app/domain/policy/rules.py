"""The rules of one version of a cancellation policy (product.md sections 2 and 10)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum

from app.domain.policy.reasons import OwnReason


class Action(StrEnum):
    """An action of a client on a session. `change_format` keeps the time.

    `absence`: the client announces, after the option to cancel has closed, that they cannot come.
    """

    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    CHANGE_FORMAT = "change_format"
    ABSENCE = "absence"


# The actions that give the session up, by the rules of cancelling.
GIVING_UP = frozenset({Action.CANCEL, Action.ABSENCE})


class Credit(StrEnum):
    """What happens to the package credit that pays for a session.

    `redeemed`: a credit is taken anew, for a session that is booked again after its end.
    """

    RETURNED = "returned"
    FORFEITED = "forfeited"
    KEPT = "kept"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True)
class ElapsedNotice:
    """A deadline an elapsed time before the start, independent of DST changes."""

    before: timedelta


@dataclass(frozen=True, slots=True)
class WallClock:
    """A deadline at a wall time, `days_before` calendar days before the date of the start."""

    days_before: int
    at: time


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A deadline at a wall time, `days` working days of the practice before the date of the start.

    Its instant is frozen when a session is booked or moved (app/domain/policy/working_days.py).
    """

    days: int
    at: time


Deadline = ElapsedNotice | WallClock | WorkingDays


UNTIL_THE_START = ElapsedNotice(timedelta())


@dataclass(frozen=True, slots=True)
class FixedFee:
    """A fee in minor units of the practice's currency."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class PercentFee:
    """A fee in percent (0 to 100) of the session's price at booking."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """The fee of an action after `deadline` has passed."""

    deadline: Deadline
    fee: FixedFee | PercentFee


@dataclass(frozen=True, slots=True)
class CancelRule:
    """Rules for cancelling.

    `closes` None: open until the start. `late_credit` applies after the first tier has passed.
    `refilled`: the percentage of the freed time that other clients must take, so that a late
    cancellation costs nothing (app/domain/refill.py); None: it costs what it costs. `release`:
    clients may give up a time only if somebody takes it (app/domain/release.py).
    """

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()
    late_credit: Credit = Credit.RETURNED
    refilled: int | None = None
    release: bool = False


@dataclass(frozen=True, slots=True)
class WithinDays:
    """Targets at most so many days before or after the booked date."""

    days: int


@dataclass(frozen=True, slots=True)
class WithinIsoWeek:
    """Targets in the ISO week of the booked date."""


FreeIfWithin = WithinDays | WithinIsoWeek


@dataclass(frozen=True, slots=True)
class RescheduleRule:
    """Rules for moves.

    `closes` or `fees` None: the value of `cancel` applies, so that a move cannot circumvent it.
    `free_if_within`: targets to which a move costs no fee (app/domain/policy/targets.py).
    """

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] | None = None
    limit: int | None = None
    max_days_from_original: int | None = None
    free_if_within: FreeIfWithin | None = None


@dataclass(frozen=True, slots=True)
class ChangeFormatRule:
    """Rules for a change to another format or location at the same time."""

    enabled: bool = True
    closes: Deadline | None = None
    fees: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class RebookRule:
    """Clients may book a session again for so many days after it was cancelled or missed.

    `credited`: the fee of that end is forgiven, and the session carries it. Otherwise it stands.
    """

    days: int
    credited: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many changes of a client cost nothing (app/domain/policy/allowance.py).

    `days`: so many local days later a use no longer counts; None: at the end of its calendar year.
    `actions` are cancelling, moving, or both. An absence counts as cancelling.
    """

    free: int
    days: int | None = None
    actions: frozenset[Action] = frozenset({Action.CANCEL, Action.RESCHEDULE})


@dataclass(frozen=True, slots=True)
class Policy:
    """One immutable version of a cancellation policy. The defaults: free until the start.

    `free_after_practice_move`: after a move by the practice, the client's next cancellation or move
    is free until the start. `grace`: so long after the booking, cancelling and moving are free.
    `rebook` None: a session that has ended is not booked again. `allowance` None: nothing is free
    only because its client has changed little. `reasons` is the practice's own list; None: clients
    give the standard ones.
    """

    cancel: CancelRule = field(default_factory=CancelRule)
    reschedule: RescheduleRule = field(default_factory=RescheduleRule)
    change_format: ChangeFormatRule = field(default_factory=ChangeFormatRule)
    free_after_practice_move: bool = True
    grace: timedelta = timedelta()
    rebook: RebookRule | None = None
    allowance: Allowance | None = None
    reasons: tuple[OwnReason, ...] | None = None


FREE_UNTIL_THE_START = Policy()


def rule_of(policy: Policy, action: Action) -> CancelRule | RescheduleRule | ChangeFormatRule:
    """Give the rules of an action. An absence has those of cancelling."""
    if action in GIVING_UP:
        return policy.cancel
    if action is Action.RESCHEDULE:
        return policy.reschedule
    return policy.change_format


def closes_of(policy: Policy, action: Action) -> Deadline:
    """Give the deadline of an action; moves without their own close together with cancelling."""
    own = rule_of(policy, action).closes
    if own is None and action is Action.RESCHEDULE:
        own = policy.cancel.closes
    return UNTIL_THE_START if own is None else own


def tiers_of(policy: Policy, action: Action) -> tuple[Tier, ...]:
    """Give the fee tiers of an action; moves without their own tiers have those of cancelling."""
    own = rule_of(policy, action).fees
    return policy.cancel.fees if own is None else own


def without_hidden(tiers: Sequence[Tier]) -> list[Tier]:
    """Leave out the tiers that never apply because a cheaper one has the same deadline."""
    return [
        tier
        for index, tier in enumerate(tiers)
        if not is_hidden(tier, [*tiers[:index], *tiers[index + 1 :]])
    ]


def is_hidden(tier: Tier, others: Sequence[Tier]) -> bool:
    """Tell whether a cheaper tier has the same deadline: of two the cheaper applies."""
    return any(
        other.deadline == tier.deadline and _is_cheaper(other.fee, tier.fee) for other in others
    )


def _is_cheaper(one: FixedFee | PercentFee, other: FixedFee | PercentFee) -> bool:
    if isinstance(one, FixedFee) and isinstance(other, FixedFee):
        return one.amount_minor < other.amount_minor
    if isinstance(one, PercentFee) and isinstance(other, PercentFee):
        return one.percent < other.percent
    return False
