"""Present what rules would have decided."""

from collections import Counter
from datetime import UTC

from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.decide import RefusalCode
from app.domain.policy.judgement import Result, result_of
from app.domain.policy.working_days import working_day_deadlines
from app.policies.proof import Proof
from app.policies.proof_presenter import present_proof
from app.policies.trial.records import ACTIONS, ChangedDecision, Trial
from app.policies.trial.schemas import (
    ChangedDecisionView,
    JudgedView,
    ResultsView,
    TrialAnswer,
    TriedActionView,
    TriedCostView,
    TriedMonthView,
)
from app.policies.trial.trying import Tried
from app.texts.catalogue import Texts
from app.web.pagination import Page
from app.web.views import present_amount, present_money

_UNKNOWN = (
    "trial.behaviour",
    "trial.refused-attempts",
    "trial.carried",
    "trial.waived-later",
    "trial.uncharged",
)


def present_trial(
    trial: Trial, found: Tried, page: Page[ChangedDecision], proof: Proof, texts: Texts
) -> TrialAnswer:
    """Present the sums of a trial and a page of its changed decisions, in the reader's language."""
    tally, currency = found.tally, proof.currency
    unknown = [texts(key) for key in _UNKNOWN]
    if working_day_deadlines(found.rules):
        unknown.append(texts("trial.working-days"))
    if found.rules.allowance is not None:
        unknown.append(texts("trial.allowance"))
    if found.rules.reasons is not None:
        unknown.append(texts("trial.reasons" if trial.with_reasons else "trial.reasons-hidden"))
    if tally.not_judged:
        unknown.append(texts.counted("trial.not-judged", tally.not_judged, count=tally.not_judged))
    return TrialAnswer(
        judged=_judged(trial, found),
        actions=[
            TriedActionView(
                action=action,
                changed=tally.actions[action].changed,
                stood=_results(tally.actions[action].stood),
                tried=_results(tally.actions[action].tried),
            )
            for action in ACTIONS
            if action in tally.actions
        ],
        months=[
            TriedMonthView(
                month=month,
                stood=present_amount(Money(fees.stood, currency)),
                tried=present_amount(Money(fees.tried, currency)),
            )
            for month, fees in sorted(tally.months.items())
        ],
        clients_touched=tally.clients,
        changes=[_changed(one, currency) for one in page.rows],
        next_cursor=page.next_cursor,
        unknown=unknown,
        proof=present_proof(proof, texts),
    )


def _judged(trial: Trial, found: Tried) -> JudgedView:
    tally = found.tally
    return JudgedView(
        decisions=sum(sum(one.stood.values()) for one in tally.actions.values()),
        until=found.until.astimezone(UTC),
        share=round((found.until - trial.start) / (trial.end - trial.start), 4),
        not_judged=tally.not_judged,
    )


def _results(counted: Counter[Result]) -> ResultsView:
    return ResultsView(**{result.value: counted[result] for result in Result})


def _changed(one: ChangedDecision, currency: str) -> ChangedDecisionView:
    past = one.past
    return ChangedDecisionView(
        at=past.position.at.astimezone(UTC),
        action=past.action,
        session_id=past.session_id,
        client_id=past.client_id,
        difference=present_amount(Money(one.position.difference, currency)),
        stood=_cost(past.stood),
        tried=_cost(one.tried),
    )


def _cost(decided: Cost | RefusalCode) -> TriedCostView:
    result = result_of(decided).value
    if not isinstance(decided, Cost):
        return TriedCostView(result=result, fee=None, later=None, code=decided.value)
    later = None if decided.carries is None else decided.carries.fee
    return TriedCostView(
        result=result, fee=present_money(decided.fee), later=present_money(later), code=None
    )
