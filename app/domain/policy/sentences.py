"""A policy's rules as sentences: a key of each, and the values in it (product.md section 10).

Each part of a policy has a function here. The texts are in the catalogue, in all languages.
"""

from collections.abc import Callable, Mapping, Sequence
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
    said = _timeline(policy, Action.CANCEL)
    tiers, closes = in_order(policy.cancel.fees), closes_of(policy, Action.CANCEL)
    is_said = bool(tiers) and policy.cancel.enabled and _is_open_after(tiers[-1], closes)
    missed = _of_fee("missed", tiers[-1]) if tiers and not is_said else None
    return said if missed is None or missed.key.endswith(".free") else [*said, missed]


def _late_credit(policy: Policy) -> list[Sentence]:
    is_lost = policy.cancel.late_credit is Credit.FORFEITED and policy.cancel.fees
    return [Sentence("rules.credit-forfeited")] if is_lost else []


def _refilled(policy: Policy) -> list[Sentence]:
    share = policy.cancel.refilled
    return (
        [] if share is None else [Sentence("rules.refilled", {"share": PercentFee(Decimal(share))})]
    )


def _release(policy: Policy) -> list[Sentence]:
    return [Sentence("rules.release")] if policy.cancel.release and policy.cancel.enabled else []


def _reschedule(policy: Policy) -> list[Sentence]:
    own, cancel = policy.reschedule, policy.cancel
    if own.enabled and own.limit != 0:
        if own.closes is None and own.fees is None and cancel.enabled:
            return [Sentence("rules.reschedule.same")]
        said = _timeline(policy, Action.RESCHEDULE)
        carries = own.fees is not None and cancel.fees
        return [*said, Sentence("rules.carried")] if carries else said
    return [Sentence("rules.reschedule.never")]


def _targets(policy: Policy) -> list[Sentence]:
    rule = policy.reschedule
    if not rule.enabled or rule.free_if_within is None:
        return []
    if isinstance(rule.free_if_within, WithinDays):
        days = rule.free_if_within.days
        return [Sentence("rules.free-within-days", {"count": days}, days)]
    return [Sentence("rules.free-within-week")]


def _limits(policy: Policy) -> list[Sentence]:
    rule = policy.reschedule
    said: list[Sentence] = []
    if not rule.enabled:
        return said
    if rule.limit:
        said.append(Sentence("rules.limit", {"count": rule.limit}, rule.limit))
    days = rule.max_days_from_original
    if days is not None:
        said.append(Sentence("rules.max-days", {"count": days}, days))
    return said


def _change_format(policy: Policy) -> list[Sentence]:
    return _timeline(policy, Action.CHANGE_FORMAT)


def _grace(policy: Policy) -> list[Sentence]:
    return [Sentence("rules.grace", {"duration": policy.grace})] if policy.grace else []


def _practice_move(policy: Policy) -> list[Sentence]:
    return [Sentence("rules.practice-move")] if policy.free_after_practice_move else []


def _rebook(policy: Policy) -> list[Sentence]:
    rule = policy.rebook
    if rule is None:
        return []
    key = "rules.rebook-credited" if rule.credited else "rules.rebook-stands"
    return [Sentence(key, {"count": rule.days}, rule.days)]


def _allowance(policy: Policy) -> list[Sentence]:
    allowance = policy.allowance
    if allowance is None:
        return []
    kind = "both" if len(allowance.actions) > 1 else next(iter(allowance.actions)).value
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
    _late_credit,
    _refilled,
    _release,
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
    closes = closes_of(policy, action)
    shown = [tier for tier in in_order(tiers_of(policy, action)) if _is_open_after(tier, closes)]
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


def _is_open_after(tier: Tier, closes: Deadline) -> bool:
    """Tell whether clients can still do the action after the tier's deadline has passed."""
    return usual_notice(tier.deadline) > usual_notice(closes)


def _of_fee(name: str, tier: Tier, **values: Value) -> Sentence:
    """Make a sentence about a fee. Its key ends with the kind of the fee."""
    fee = tier.fee
    if isinstance(fee, PercentFee):
        kind = _SHARES.get(int(fee.percent), "percent") if fee.percent % 1 == 0 else "percent"
    else:
        kind = "amount" if fee.amount_minor else "free"
    return Sentence(f"rules.{name}.{kind}", {"fee": fee, **values})
