"""Which sessions of a series a command covers, and what its client pays for all of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Self
from uuid import UUID

from app.domain.errors import DomainError, ForbiddenError, InvalidInputError, QuoteStaleError
from app.domain.policy.allowance import with_uses
from app.domain.policy.costs import Cost, Promised
from app.domain.policy.decide import Decision, decide
from app.domain.policy.judgement import (
    Judged,
    Judgement,
    Quoted,
    decision_about,
    judge_for_staff,
)
from app.domain.policy.rules import Action
from app.domain.policy.targets import is_free_target
from app.domain.policy.together import OneOfSeveral, decide_together
from app.domain.quotes import ScopeQuote, quoted_costs
from app.domain.refusals import ScopeRefusedError, TimeConflict
from app.domain.scope import SeriesScope, Stays, why_it_stays
from app.domain.session import SessionFacts, Status
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.commands.client_cost import is_spent, judged_of
from app.sessions.commands.orders import ClientOrder
from app.sessions.commands.reasons import check_reason
from app.sessions.read.records import SessionRecord

NO_TARGETS: Mapping[UUID, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """What a command for this and the following sessions takes along, and what it leaves."""

    include_moved: bool = False
    keep: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class ScopeSessions:
    """The session that a command names, and the sessions that it covers, in their order.

    `staying` are the later sessions of the series that stay as they are. The named session is only
    among them if it is to be cancelled and is cancelled already, or if it is at its new time
    already.
    """

    named: SessionRecord
    covered: Sequence[SessionRecord]
    staying: Sequence[tuple[SessionRecord, Stays]]

    def without(self, unchanged: Collection[UUID]) -> Self:
        """Give the same sessions, of which those that a move would not change stay."""
        covered = [record for record in self.covered if record.id not in unchanged]
        stay = [(record, Stays.UNCHANGED) for record in self.covered if record.id in unchanged]
        staying = sorted([*self.staying, *stay], key=lambda one: one[0].rhythm)
        return replace(self, covered=covered, staying=staying)


@dataclass(frozen=True, slots=True)
class ScopePreview:
    """What a command would do: the decision about each covered session, in the same order.

    With a requested start: where each covered session would go, and which of these times are not
    free.
    """

    action: Action
    sessions: ScopeSessions
    decisions: Sequence[Decision]
    targets: Mapping[UUID, datetime] = field(default_factory=dict)
    conflicts: Sequence[TimeConflict] = ()
    scope: SeriesScope = SeriesScope.THIS_AND_FOLLOWING

    @property
    def judged(self) -> list[SessionRecord]:
        """Give the sessions that are judged by the action: not a change of format beside a move."""
        return [record for record, decision in self._decided if decision.action is self.action]

    @property
    def promised(self) -> list[tuple[SessionRecord, Promised]]:
        """Give what a quote with these decisions promises for each session that is judged.

        A change of format beside a move is free, and in no quote: else a quote for it would make a
        move of the same session free.
        """
        return [
            (record, decision.promised)
            for record, decision in self._decided
            if decision.action is self.action
        ]

    @property
    def uses(self) -> frozenset[UUID]:
        """Give the sessions that use one of the client's allowance."""
        return frozenset(record.id for record, decision in self._decided if decision.uses_allowance)

    @property
    def _decided(self) -> Iterator[tuple[SessionRecord, Decision]]:
        return zip(self.sessions.covered, self.decisions, strict=True)

    @property
    def costs(self) -> list[Cost] | None:
        """Give the cost of each covered session; None if one of them is refused."""
        costs = [decision.cost for decision in self.decisions if decision.cost is not None]
        return costs if len(costs) == len(self.decisions) else None


class ScopeQuoteRequiredError(DomainError):
    """The action on several sessions has a cost, and the request has no valid quote for it."""

    code = "quote-required"

    def __init__(self, preview: ScopePreview, now: datetime) -> None:
        super().__init__(preview.action)
        self.preview = preview
        self.now = now


class ScopeQuoteOutdatedError(ScopeQuoteRequiredError):
    """The quote is for other sessions, or for an earlier version of one of them."""

    code = "quote-stale"


class ScopeAllowanceSpentError(ScopeQuoteOutdatedError):
    """The quote shows more of the client's allowance than is left."""


def choose_sessions(
    found: Sequence[SessionRecord],
    action: Action,
    choice: ScopeChoice,
    now: datetime,
    *,
    where: str = "body",
) -> ScopeSessions:
    """Choose the sessions that a command covers; `found` are the named one and its followers.

    `where` is the part of the request that has `keep`.

    Raises:
        InvalidInputError: a session to keep is not one of the followers.
    """
    named, followers = found[0], found[1:]
    if not choice.keep <= {record.id for record in followers}:
        raise InvalidInputError("/keep", "field.not-following", where=where)
    covered, staying = [], []
    if action is Action.CANCEL and named.status is Status.CANCELLED:
        staying.append((named, Stays.CANCELLED))
    else:
        covered.append(named)
    for record in followers:
        why = why_it_stays(
            record.id,
            record.status,
            record.starts_at,
            record.rhythm,
            now=now,
            keep=choice.keep,
            include_moved=choice.include_moved,
        )
        if why is None:
            covered.append(record)
        else:
            staying.append((record, why))
    return ScopeSessions(named, covered, staying)


def check_links(caller: Caller, sessions: ScopeSessions) -> None:
    """Check that the holder of a link may change all covered sessions.

    The links of a session of a series get a generation above that of all sessions of the series
    when they are revoked. A higher generation therefore means: revoked after this link was issued.

    Raises:
        ForbiddenError: the links of a covered session were revoked after this link was issued.
    """
    own = caller.link_generation
    if own is not None and any(record.link_generation > own for record in sessions.covered):
        raise ForbiddenError("forbidden.links-revoked")


def preview_costs(
    sessions: ScopeSessions,
    action: Action,
    now: datetime,
    targets: Mapping[UUID, datetime] = NO_TARGETS,
    *,
    only_format: Collection[UUID] = (),
    scope: SeriesScope = SeriesScope.THIS_AND_FOLLOWING,
) -> ScopePreview:
    """Decide about each covered session, without a quote; of a move about its target, if known.

    They share what is left of their client's allowance. `only_format` are sessions that keep their
    start beside a move: they are judged as a change of format.
    """
    judged = [record for record in sessions.covered if record.id not in only_format]
    several = [
        OneOfSeveral(
            rules_of(record.policy),
            _facts(record, alone=scope is SeriesScope.THIS),
            targets.get(record.id),
        )
        for record in judged
    ]
    together = decide_together(several, action, now)
    found = {record.id: decision for record, decision in zip(judged, together, strict=True)}
    decisions = [
        found[record.id]
        if record.id in found
        else decide(rules_of(record.policy), Action.CHANGE_FORMAT, _facts(record), now)
        for record in sessions.covered
    ]
    return ScopePreview(action, sessions, decisions, targets, scope=scope)


def judge_all_for_client(
    preview: ScopePreview,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
    *,
    keep: Collection[UUID],
) -> dict[UUID, Judged]:
    """Give the cost of the previewed action on each session that is judged by it.

    A valid quote limits each of them. It may also be for sessions to `keep`, and for those that
    only change their format beside a move. The client gives one reason for all; what it changes is
    in each session's own policy. Each session for which the quote shows one of the allowance uses
    one, unless its reason lifts the cost, and no other.

    Raises:
        InvalidInputError: see `check_reason`, for the named session.
        QuoteInvalidError: the quote is forged, or for another session or action.
        ScopeQuoteOutdatedError: it is for other sessions, or for an earlier version of one.
        ScopeAllowanceSpentError: it shows more of the allowance than is left.
        ScopeRefusedError: the policy refuses the action for one of the sessions.
        ScopeQuoteRequiredError: the action has a cost, and the request has no valid quote that
            covers it.
    """
    check_reason(preview.sessions.named, order.reason)
    judged = {record.id for record in preview.judged}
    only_format = {record.id for record in preview.sessions.covered} - judged
    sessions = replace(preview.sessions, covered=preview.judged)
    quote = None if order.quote is None else quotes.read_scope(order.quote)
    given_at = now if quote is None else quotes.given_at(quote, now)
    try:
        quoted = _promised(quote, sessions, {*keep, *only_format}, preview.action, now)
    except QuoteStaleError:
        raise ScopeQuoteOutdatedError(preview, now) from None
    found = _judge_each(sessions, preview.action, order, quoted, given_at, now, preview.targets)
    if any(one.judgement.quoted is None and one.decision.needs_quote for one in found):
        raise ScopeQuoteRequiredError(preview, now)
    if any(is_spent(*one) for one in found):
        raise ScopeAllowanceSpentError(preview, now)
    costs = (judged_of(*one) for one in found)
    return {record.id: one for record, one in zip(sessions.covered, costs, strict=True)}


class _Judged(NamedTuple):
    """The decision about one of several sessions, and what it depended on."""

    decision: Decision
    judgement: Judgement


def _judge_each(
    sessions: ScopeSessions,
    action: Action,
    order: ClientOrder,
    quoted: Mapping[UUID, Promised] | None,
    given_at: datetime,
    now: datetime,
    targets: Mapping[UUID, datetime],
) -> list[_Judged]:
    """Judge the covered sessions in their order. What one uses of the allowance, no other does.

    Raises:
        ScopeRefusedError: the policy refuses the action for one of the sessions.
    """
    found: list[_Judged] = []
    for record in sessions.covered:
        promised, target = None if quoted is None else quoted[record.id], targets.get(record.id)
        used = sum(one.decision.uses_allowance for one in found)
        asked = Judgement(
            action,
            with_uses(_facts(record), now, used),
            now,
            _quoted(record, promised, given_at, target),
            target,
            effect=order.effect_on(record),
            keeps_allowance=not order.use_allowance,
        )
        found.append(_Judged(_judge(record, asked), asked))
    return found


def _promised(
    quote: ScopeQuote | None,
    sessions: ScopeSessions,
    keep: Collection[UUID],
    action: Action,
    now: datetime,
) -> Mapping[UUID, Promised] | None:
    """Give what a quote promises for each covered session; see `quoted_costs`."""
    return quoted_costs(
        quote,
        practice_id=sessions.named.practice_id,
        session_id=sessions.named.id,
        versions={record.id: record.version for record in sessions.covered},
        keep=keep,
        action=action,
        now=now,
    )


def _quoted(
    record: SessionRecord, promised: Promised | None, given_at: datetime, target: datetime | None
) -> Quoted | None:
    """Give what a valid quote promises for one session; None: it does not cover its target."""
    to_free = is_free_target(rules_of(record.policy), _facts(record), target)
    cost = None if promised is None else promised.cost_of(to_free_target=to_free)
    if cost is None or promised is None:
        return None
    uses = promised.uses_allowance_for(to_free_target=to_free)
    return Quoted(cost, given_at, uses)


def _judge(record: SessionRecord, asked: Judgement) -> Decision:
    """Judge one session.

    Raises:
        ScopeRefusedError: the policy refuses the action.
    """
    decision = decision_about(rules_of(record.policy), asked)
    if decision.refusal is not None:
        raise ScopeRefusedError(record.id, decision, record.client_zone)
    return decision


def costs_of(judged: Mapping[UUID, Judged]) -> dict[UUID, Cost]:
    """Give the costs alone."""
    return {session_id: one.cost for session_id, one in judged.items()}


def _facts(record: SessionRecord, *, alone: bool = False) -> SessionFacts:
    """Give the facts for an action. One on several sessions books none of them again."""
    if alone or record.status is Status.BOOKED:
        return record.facts
    return replace(record.facts, ended=None, answer_by=None)


def judge_all_for_staff(
    actions: Iterable[tuple[SessionRecord, Action]],
    now: datetime,
    *,
    charged: bool,
    targets: Mapping[UUID, datetime] = NO_TARGETS,
) -> dict[UUID, Judged]:
    """Give the cost for the client of an action by staff on each session."""
    return {
        record.id: judge_for_staff(
            rules_of(record.policy),
            action,
            record.facts,
            now,
            charged=charged,
            target=targets.get(record.id),
        )
        for record, action in actions
    }
