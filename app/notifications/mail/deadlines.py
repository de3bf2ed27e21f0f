"""Writes the deadlines and costs of a session's policy in the client's language."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.policy.allowance import allowance_left, lifted
from app.domain.policy.decide import Refusal, RefusalCode, Term, decide, terms
from app.domain.policy.rules import Action, Credit
from app.domain.policy.targets import free_targets
from app.domain.zones import from_seconds
from app.mail.sanitize import one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.notifications.mail.facts import carried
from app.policies.stored import rules_of
from app.texts.catalogue import Texts
from app.texts.refusals import refusal_text

_NEVER_ONLINE = {RefusalCode.ACTION_DISABLED, RefusalCode.RESCHEDULE_LIMIT_REACHED}


@dataclass(frozen=True, slots=True)
class Rule:
    """The terms of one action: one line for each cost and its deadline."""

    title: str
    lines: tuple[str, ...]


def deadlines(data: MailData, formatter: Formatter, now: datetime) -> tuple[Rule, ...]:
    """Write what the policy allows; nothing once the session has started.

    Nothing also if the session was moved since: deadlines of the former time would be wrong.
    """
    if not data.is_current or now >= data.starts_at:
        return ()
    texts = formatter.texts
    cancel, move = (
        (*_timeline(data, action, formatter, now), *allowance_lines(data, action, formatter, now))
        for action in (Action.CANCEL, Action.RESCHEDULE)
    )
    if cancel == move:
        return (Rule(texts("mail.to-cancel-or-reschedule"), cancel),)
    return (Rule(texts("mail.to-cancel"), cancel), Rule(texts("mail.to-reschedule"), move))


def allowance_lines(
    data: MailData, action: Action, formatter: Formatter, now: datetime
) -> tuple[str, ...]:
    """Write how many free changes are left, where one lifts something of this action."""
    policy, facts, texts = rules_of(data.policy), data.facts, formatter.texts
    allowance = policy.allowance
    if allowance is None or all(
        lifted(allowance, action, term.cost) == term.cost for term in terms(policy, action, facts)
    ):
        return ()
    found = allowance_left(allowance, facts.allowance_uses, facts.zone, now)
    if found.left == 0 and found.renews_at is not None:
        first = formatter.date(found.renews_at.astimezone(facts.zone).date())
        return (texts("mail.allowance-none-left", of=found.of, first=first),)
    kind = "both" if len(allowance.actions) > 1 else action.value
    return (texts(f"mail.allowance-left.{kind}", left=found.left, of=found.of),)


def _timeline(
    data: MailData, action: Action, formatter: Formatter, now: datetime
) -> tuple[str, ...]:
    policy = rules_of(data.policy)
    refusal = decide(policy, action, data.facts, now).refusal
    if refusal is not None and refusal.code in _NEVER_ONLINE:
        return (_refused(refusal, formatter.texts),)
    timeline = [
        _term(term, data.starts_at, formatter, now) for term in terms(policy, action, data.facts)
    ]
    if refusal is not None:
        timeline.append(_refused(refusal, formatter.texts))
    elif action is Action.RESCHEDULE:
        timeline += _free_targets(data, formatter)
    return tuple(timeline)


def _free_targets(data: MailData, formatter: Formatter) -> list[str]:
    """Write to which dates a move costs no fee, where it costs one to others at some time.

    They are dates of the practitioner's zone.
    """
    policy, facts = rules_of(data.policy), data.facts
    starts = free_targets(policy, Action.RESCHEDULE, facts)
    if starts is None or all(
        term.cost.fee is None for term in terms(policy, Action.RESCHEDULE, facts)
    ):
        return []
    first, last = (
        from_seconds(second).astimezone(facts.zone).date()
        for second in (starts.start, starts.end - 1)
    )
    texts = formatter.texts
    written = texts("mail.free-targets", first=formatter.date(first), last=formatter.date(last))
    of_free = terms(policy, Action.RESCHEDULE, facts, to_free_target=True)
    if any(term.cost.carries is not None for term in of_free):
        written = f"{written} {texts('mail.free-targets-carry')}"
    return [written]


def _term(term: Term, starts_at: datetime, formatter: Formatter, now: datetime) -> str:
    texts, at_start = formatter.texts, term.until == starts_at
    if term.cost.credit is Credit.FORFEITED:
        key = "mail.credit-lost-until-start" if at_start else "mail.credit-lost-until"
    elif term.cost.fee is not None:
        key = "mail.fee-until-start" if at_start else "mail.fee-until"
    else:
        key = "mail.free-until-start" if at_start else "mail.free-until"
    fee = "" if term.cost.fee is None else formatter.money(term.cost.fee)
    written = texts(key, until=formatter.instant(term.until), fee=fee)
    if term.cost.carries is not None:
        written = f"{written} {carried(term.cost.carries, formatter)}"
    return f"{written} {texts('mail.is-past')}" if now > term.until else written


def _refused(refusal: Refusal, texts: Texts) -> str:
    return refusal_text(refusal.code, one_line(refusal.contact.name), texts)
