"""Add up past decisions beside what other rules would have decided. Pure."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush, heappushpop
from typing import NamedTuple
from uuid import UUID

from app.domain.money import minor_of
from app.domain.policy.allowance import MOST_FREE
from app.domain.policy.costs import Cost
from app.domain.policy.decide import RefusalCode
from app.domain.policy.judgement import Judgement, Result, replay, result_of, try_rules
from app.domain.policy.rules import Policy
from app.domain.policy.working_days import ClosedDays
from app.policies.trial.records import ChangedDecision, ChangePosition, PastDecision


@dataclass(slots=True)
class ActionTally:
    """How many decisions about one action had which result, and how many would have."""

    stood: Counter[Result] = field(default_factory=Counter)
    tried: Counter[Result] = field(default_factory=Counter)
    changed: int = 0


class MonthTally(NamedTuple):
    """The fees of one month in minor units: those that stood, and those of the tried rules."""

    stood: int
    tried: int


class _Ranked(NamedTuple):
    """An entry of the heap: its least element is the first to go."""

    position: ChangePosition
    changed: ChangedDecision


class Tally:
    """Sums over any number of decisions, and the `limit` decisions that change most.

    `same` are the policy versions with exactly the tried rules. `closed` are the days on which the
    practice does not work; None: the rules do not ask for them. Only changed decisions after the
    position `after` are kept, which is the end of the page before.
    """

    def __init__(
        self,
        rules: Policy,
        same: set[UUID | None],
        closed: ClosedDays | None,
        after: ChangePosition | None,
        limit: int,
    ) -> None:
        self._rules = rules
        self._same = same
        self._closed = closed
        self._after = after
        self._limit = limit
        self._most: list[_Ranked] = []
        self._clients: set[UUID] = set()
        self._uses: dict[UUID, deque[datetime]] = {}
        self.actions: defaultdict[str, ActionTally] = defaultdict(ActionTally)
        self.months: dict[str, MonthTally] = {}
        self.not_judged = 0

    @property
    def clients(self) -> int:
        """Count the clients for whom at least one decision changes."""
        return len(self._clients)

    @property
    def most_changed(self) -> list[ChangedDecision]:
        """Give the decisions that change most, the greatest difference first."""
        return [one.changed for one in sorted(self._most, reverse=True)]

    def add(self, past: PastDecision) -> None:
        """Judge a past decision by the tried rules, and add both."""
        judgement = past.judgement
        if judgement is None:
            self.not_judged += 1
            return
        tried = self._judge(past, judgement)
        action = self.actions[past.action]
        action.stood[result_of(past.stood)] += 1
        action.tried[result_of(tried)] += 1
        self._add_fees(past, tried)
        if tried != past.stood:
            action.changed += 1
            self._clients.add(past.client_id)
            self._keep(past, judgement, tried)

    def _judge(self, past: PastDecision, judgement: Judgement) -> Cost | RefusalCode:
        """Judge by the tried rules, and count what they use of the client's allowance.

        Sessions that had these rules already are judged by what was left then.
        """
        if past.policy_id in self._same:
            tried = replay(self._rules, judgement)
        else:
            before = self._uses.get(past.client_id, ())
            tried = try_rules(self._rules, judgement, self._closed, past.reason, before)
        if tried.uses_allowance:
            uses = self._uses.setdefault(past.client_id, deque(maxlen=MOST_FREE))
            uses.append(judgement.at)
        return tried.result

    def _add_fees(self, past: PastDecision, tried: Cost | RefusalCode) -> None:
        month = _month_of(past)
        stood_before, tried_before = self.months.get(month, (0, 0))
        self.months[month] = MonthTally(
            stood_before + _fee_of(past.stood), tried_before + _fee_of(tried)
        )

    def _keep(self, past: PastDecision, judgement: Judgement, tried: Cost | RefusalCode) -> None:
        price = judgement.facts.price.amount_minor
        difference = abs(_worth(tried, price) - _worth(past.stood, price))
        position = ChangePosition(difference, *past.position)
        if self._after is not None and position >= self._after:
            return
        ranked = _Ranked(position, ChangedDecision(position, past, tried))
        if len(self._most) < self._limit:
            heappush(self._most, ranked)
        elif position > self._most[0].position:
            heappushpop(self._most, ranked)


def _worth(decided: Cost | RefusalCode, price: int) -> int:
    """Give what a decision costs a client in minor units.

    A forfeited credit is worth the session's price. So is a refusal: the session stays owed.
    """
    is_whole = result_of(decided) in {Result.REFUSED, Result.FORFEITED}
    return price if is_whole else _fee_of(decided)


def _fee_of(decided: Cost | RefusalCode) -> int:
    return minor_of(decided.fee) if isinstance(decided, Cost) else 0


def _month_of(past: PastDecision) -> str:
    at: datetime = past.position.at.astimezone(past.zone)
    return f"{at.year:04}-{at.month:02}"
