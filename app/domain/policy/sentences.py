"""A policy's rules as sentences: a key of each, and the values in it (product.md section 10).

Each part of a policy has a function here. The texts are in the catalogue, in all languages.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from app.domain.policy.deadlines import before_midnight
from app.domain.policy.reasons import OwnReason, ReasonEffect
from app.domain.policy.rules import (
    UNTIL_THE_START,
    Action,
    Credit,
    Deadline,
    ElapsedNotice,
    FixedFee,
    PercentFee,
    Policy,
    Tier,
    WithinDays,
    closes_of,
    rule_of,
    tiers_of,
    without_hidden,
)

Value = Deadline | FixedFee | PercentFee | timedelta | int | tuple[OwnReason, ...]


class Sentence(NamedTuple):
    """The key of a sentence, and the values in it. `number` chooses singular or plural."""

    key: str
    values: Mapping[str, Value] = {}
    number: int | None = None


_NOON = timedelta(hours=12)
_SHARES = {0: "free", 50: "half", 100: "full"}


def sentences(policy: Policy) -> list[Sentence]:
    """Say the rules in the order in which a practice would."""
    return [sentence for say in _PARTS for sentence in say(policy)]


def usual_notice(deadline: Deadline) -> timedelta:
    """Give how long before a start at noon a deadline passes, with every day a working day."""
    if isinstance(deadline, ElapsedNotice):
        return deadline.before
    return max(before_midnight(deadline) + _NOON, timedelta())


def in_order(tiers: Sequence[Tier]) -> list[Tier]:
    """Order tiers as their deadlines pass for a start at noon."""
    return sorted(tiers, key=lambda tier: usual_notice(tier.deadline), reverse=True)


def _cancel(policy: Policy) -> list[Sentence]:
    """Say what cancelling costs and how that cost can fall away, then what a missed session costs.

    Only the cost of a cancellation falls away, so that is said before the missed session.
    """
    rule = policy.cancel
    said = _timeline(policy, Action.CANCEL)
    has_cost = rule.enabled and bool(_open_tiers(policy, Action.CANCEL))
    if has_cost:
        said += [*_late_credit(policy), *_refilled(policy)]
    if rule.release and rule.enabled:
        said.append(Sentence("rules.release"))
    said += _missed(policy)
    return said if has_cost else [*said, *_late_credit(policy)]


def _missed(policy: Policy) -> list[Sentence]:
    """Say what a missed session costs, where no cancellation costs that."""
    tiers = in_order(without_hidden(policy.cancel.fees))
    is_said = policy.cancel.enabled and tiers[-1:] == _open_tiers(policy, Action.CANCEL)[-1:]
    if is_said or not tiers:
        return []
    missed = _of_fee("missed", tiers[-1])
    return [] if missed.key.endswith(".free") else [missed]


def _late_credit(policy: Policy) -> list[Sentence]:
    is_lost = policy.cancel.late_credit is Credit.FORFEITED and policy.cancel.fees
    return [Sentence("rules.credit-forfeited")] if is_lost else []


def _refilled(policy: Policy) -> list[Sentence]:
    share = policy.cancel.refilled
    return (
        [] if share is None else [Sentence("rules.refilled", {"share": PercentFee(Decimal(share))})]
    )


def _reschedule(policy: Policy) -> list[Sentence]:
    if not _may_ever_move(policy):
        return [Sentence("rules.reschedule.never")]
    own = policy.reschedule
    # Only directly after the times of cancelling is it clear what "the same" is.
    is_same = own.closes is None and own.fees is None and policy.cancel.enabled
    if is_same and _cancel(policy) == _timeline(policy, Action.CANCEL):
        said = [Sentence("rules.reschedule.same")]
    else:
        said = _timeline(policy, Action.RESCHEDULE)
    return [*said, *_carried(policy)]


def _may_ever_move(policy: Policy) -> bool:
    return policy.reschedule.enabled and policy.reschedule.limit != 0


def _carried(policy: Policy) -> list[Sentence]:
    """Say that a move can carry the cost of a cancellation along.

    A late move that has the fee of a cancellation carries nothing, but the forfeit of a credit.
    """
    own, cancel = policy.reschedule, policy.cancel
    if not cancel.fees:
        return []
    if not cancel.enabled:
        return [Sentence("rules.carried-always")]
    is_open_longer = own.closes is not None and (
        usual_notice(own.closes) < usual_notice(closes_of(policy, Action.CANCEL))
    )
    can_carry = (
        own.fees is not None
        or own.free_if_within is not None
        or is_open_longer
        or cancel.late_credit is Credit.FORFEITED
    )
    return [Sentence("rules.carried")] if can_carry else []


def _targets(policy: Policy) -> list[Sentence]:
    rule = policy.reschedule
    if not _may_ever_move(policy) or rule.free_if_within is None:
        return []
    if isinstance(rule.free_if_within, WithinDays):
        days = rule.free_if_within.days
        return [Sentence("rules.free-within-days", {"count": days}, days)]
    return [Sentence("rules.free-within-week")]


def _limits(policy: Policy) -> list[Sentence]:
    rule = policy.reschedule
    said: list[Sentence] = []
    if not _may_ever_move(policy):
        return said
    if rule.limit is not None:
        said.append(Sentence("rules.limit", {"count": rule.limit}, rule.limit))
    days = rule.max_days_from_original
    if days is not None:
        said.append(Sentence("rules.max-days", {"count": days}, days))
    return said


def _change_format(policy: Policy) -> list[Sentence]:
    return _timeline(policy, Action.CHANGE_FORMAT)


def _grace(policy: Policy) -> list[Sentence]:
    kind = _kind(policy, {Action.CANCEL, Action.RESCHEDULE})
    if not policy.grace or kind is None:
        return []
    return [Sentence(f"rules.grace.{kind}", {"duration": policy.grace})]


def _practice_move(policy: Policy) -> list[Sentence]:
    kind = _kind(policy, {Action.CANCEL, Action.RESCHEDULE})
    if not policy.free_after_practice_move or kind is None:
        return []
    return [Sentence(f"rules.practice-move.{kind}")]


def _kind(policy: Policy, actions: Collection[Action]) -> str | None:
    """Give the part of a key for the actions that clients may do; None: they may do none.

    Without regard to the limit of moves: a move in the grace, or after one by the practice, does
    not count.
    """
    enabled = [action for action in actions if rule_of(policy, action).enabled]
    if not enabled:
        return None
    return "both" if len(enabled) > 1 else enabled[0].value


def _rebook(policy: Policy) -> list[Sentence]:
    rule = policy.rebook
    if rule is None or not policy.reschedule.enabled:
        return []
    key = "rules.rebook-credited" if rule.credited else "rules.rebook-stands"
    return [Sentence(key, {"count": rule.days}, rule.days)]


def _allowance(policy: Policy) -> list[Sentence]:
    allowance = policy.allowance
    # A move that uses one counts towards the limit of moves.
    never = set() if _may_ever_move(policy) else {Action.RESCHEDULE}
    kind = None if allowance is None else _kind(policy, allowance.actions - never)
    if allowance is None or kind is None:
        return []
    free, days = allowance.free, allowance.days
    return [
        Sentence(f"rules.allowance.{kind}", {"count": free}, free),
        Sentence("rules.allowance-per-year")
        if days is None
        else Sentence("rules.allowance-per-days", {"count": days}, days),
    ]


def _reasons(policy: Policy) -> list[Sentence]:
    """Say which reasons there are, and for which of them the fee is lifted, or is asked about."""
    if policy.reasons is None:
        return []
    said = [Sentence("rules.reasons", {"reasons": policy.reasons})]
    for effect, key in _EFFECTS.items():
        found = tuple(one for one in policy.reasons if one.effect is effect)
        if found:
            said.append(Sentence(key, {"reasons": found}, len(found)))
    return said


_EFFECTS = {ReasonEffect.NONE: "rules.reasons-free", ReasonEffect.ASK: "rules.reasons-ask"}
_PARTS: Sequence[Callable[[Policy], list[Sentence]]] = (
    _cancel,
    _reschedule,
    _targets,
    _limits,
    _change_format,
    _grace,
    _practice_move,
    _allowance,
    _rebook,
    _reasons,
)


def _timeline(policy: Policy, action: Action) -> list[Sentence]:
    """Say until when an action is free, what it costs after that, and when it ends."""
    name = action.replace("_", "-")
    if not rule_of(policy, action).enabled:
        return [Sentence(f"rules.{name}.never")]
    closes, shown = closes_of(policy, action), _open_tiers(policy, action)
    ends = [*(tier.deadline for tier in shown), None if closes == UNTIL_THE_START else closes]
    said = [
        Sentence(f"rules.{name}.free")
        if ends[0] is None
        else Sentence(f"rules.{name}.free-until", {"until": ends[0]})
    ]
    for tier, end in zip(shown, ends[1:], strict=True):
        if end is None:
            said.append(_of_fee("then", tier))
        else:
            said.append(_of_fee("then-until", tier, until=end))
    return said if ends[-1] is None else [*said, Sentence("rules.closed")]


def _open_tiers(policy: Policy, action: Action) -> list[Tier]:
    """Give the tiers after whose deadline clients can still do the action, in order."""
    closes, tiers = closes_of(policy, action), without_hidden(tiers_of(policy, action))
    return [tier for tier in in_order(tiers) if _is_open_after(tier, closes)]


def _is_open_after(tier: Tier, closes: Deadline) -> bool:
    """Tell whether clients can still do the action after the tier's deadline has passed.

    Before the start any time of its own date can lie, for a session late on that day.
    """
    deadline = tier.deadline
    if closes == UNTIL_THE_START:
        return deadline != UNTIL_THE_START
    if not isinstance(deadline, ElapsedNotice) and not isinstance(closes, ElapsedNotice):
        return before_midnight(deadline) > before_midnight(closes)
    return usual_notice(deadline) > usual_notice(closes)


def _of_fee(name: str, tier: Tier, **values: Value) -> Sentence:
    """Make a sentence about a fee. Its key ends with the kind of the fee."""
    fee = tier.fee
    if isinstance(fee, PercentFee):
        kind = _SHARES.get(int(fee.percent), "percent") if fee.percent % 1 == 0 else "percent"
    else:
        kind = "amount" if fee.amount_minor else "free"
    return Sentence(f"rules.{name}.{kind}", {"fee": fee, **values})
