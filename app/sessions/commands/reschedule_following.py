"""Move a session with those that follow it in its series (product.md section 10).

All sessions change in one transaction, or none. A session without a series is alone in its scope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.taken_times import free_all
from app.database.statements import Source
from app.domain.errors import InvalidInputError, NoChangeError, SessionNotBookedError
from app.domain.policy.decide import decide
from app.domain.policy.judgement import Judged, Judgement
from app.domain.policy.rules import Action
from app.domain.refusals import ActionRefusedError, ScopeConflictsError, ScopeRefusedError
from app.domain.scope import SeriesScope
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.commands.asking import ask_about, check_question, with_question
from app.sessions.commands.checks import check_start, check_version
from app.sessions.commands.finish import ChangedSession, finish_all
from app.sessions.commands.meeting import WantedMove, action_of, is_same_time
from app.sessions.commands.moves import (
    Move,
    Override,
    check_no_seat,
    find_conflicts_for_client,
    find_conflicts_for_staff,
    plan_moves,
    previewed_meeting,
    wanted_meeting,
)
from app.sessions.commands.orders import (
    ClientOrder,
    ScopeOutcome,
    StaffOrder,
    StaffScopeOutcome,
)
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.reschedule import check_format_and_location
from app.sessions.commands.scope import (
    ScopeChoice,
    ScopePreview,
    ScopeSessions,
    check_links,
    choose_sessions,
    costs_of,
    judge_all_for_client,
    judge_all_for_staff,
    preview_costs,
)
from app.sessions.commands.scope_answers import answer_client_scope, answer_staff_scope
from app.sessions.commands.write_move import write_move
from app.sessions.read.following_queries import lock_following, read_following


async def preview_following(
    db: Source,
    caller: Caller,
    session_id: UUID,
    action: Action,
    scope: SeriesScope,
    choice: ScopeChoice,
    *,
    requested: WantedMove,
    now: datetime,
) -> ScopePreview:
    """Decide about each session that a command would cover; of a move to a start, where each goes.

    Raises:
        NotFoundError, UnauthorizedError: see product.md section 4.
        ForbiddenError, InvalidInputError: see `check_links`, `choose_sessions`, `check_start`,
            `check_no_seat`, `previewed_meeting`.
    """
    start = requested.start
    if start is not None:
        check_start(start, where="query")
    found = await read_following(db, caller, session_id)
    found = found[:1] if scope is SeriesScope.THIS else found
    sessions = choose_sessions(found, action, choice, now, where="query")
    check_links(caller, sessions)
    named = sessions.named
    if action is Action.RESCHEDULE and scope is SeriesScope.THIS_AND_FOLLOWING:
        check_no_seat(named, where="query")
    if start is None or action is not Action.RESCHEDULE or named.group_id is not None:
        return preview_costs(sessions, action, now, scope=scope)
    moves = plan_moves(sessions, previewed_meeting(named, start, requested), {}, where="query")
    preview = _preview_of(sessions, moves, now, scope)
    conflicts = await find_conflicts_for_client(db, moves, preview.uses, now)
    return replace(preview, conflicts=conflicts)


async def reschedule_following(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    requested: WantedMove,
    overrides: Mapping[UUID, Override],
    order: ClientOrder,
    choice: ScopeChoice,
    quotes: Quotes,
    now: datetime,
) -> ScopeOutcome:
    """Move a session to another start, and those that follow it along, for their client.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, NoChangeError: see product.md
            section 4.
        ForbiddenError, InvalidInputError: see `check_links`, `choose_sessions`, `plan_moves`,
            `check_question`.
        QuoteInvalidError, ScopeQuoteOutdatedError, ScopeQuoteRequiredError, ScopeRefusedError: see
            `judge_all_for_client`.
        ScopeConflictsError: a time is not on offer.
    """
    found = await lock_following(db, caller, session_id)
    sessions = choose_sessions(found, Action.RESCHEDULE, choice, now)
    check_links(caller, sessions)
    check_version(sessions.named, order.if_match)
    _check_starts(requested, overrides)
    if sessions.named.status is Status.CANCELLED:
        raise SessionNotBookedError
    moves = plan_moves(sessions, wanted_meeting(sessions.named, requested), overrides)
    changing = _changing(moves)
    preview = _preview_of(sessions, moves, now)
    sessions, keep = preview.sessions, choice.keep | _unchanged(moves)
    judged = judge_all_for_client(preview, order, quotes, now, keep=keep)
    if preview.action is Action.RESCHEDULE:
        judged |= _check_formats(changing, order, now)
    changed = costs_of(judged)
    check_question(order.ask_waiver, judged.values())
    conflicts = await find_conflicts_for_client(db, moves, preview.uses, now)
    if conflicts:
        raise ScopeConflictsError(conflicts, sessions.named.client_zone)
    command_id = await _move_all(db, moves, judged, actor=caller.actor, order=order, now=now)
    return await answer_client_scope(db, caller, sessions, changed, command_id, changed=changed)


async def reschedule_following_by_staff(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    requested: WantedMove,
    overrides: Mapping[UUID, Override],
    force: bool,
    order: StaffOrder,
    choice: ScopeChoice,
    now: datetime,
) -> StaffScopeOutcome:
    """Move a session and those that follow it, for the practice, to times that are free.

    Raises:
        NotFoundError, VersionMismatchError, NoChangeError: see product.md section 4.
        InvalidInputError: see `choose_sessions`, `plan_moves`, `check_staff_reason`.
        SessionNotBookedError: the session is no longer booked.
        ScopeConflictsError: a time is not free.
    """
    _check_starts(requested, overrides)
    await check_staff_reason(db, staff.practice_id, order.reason)
    found = await lock_following(db, staff.practice_id, session_id)
    sessions = choose_sessions(found, Action.RESCHEDULE, choice, now)
    check_version(sessions.named, order.if_match)
    if sessions.named.status is not Status.BOOKED:
        raise SessionNotBookedError
    moves = plan_moves(sessions, wanted_meeting(sessions.named, requested), overrides)
    changing = _changing(moves)
    actions = [(move.record, action_of(move.record, move.to)) for move in changing]
    judged = judge_all_for_staff(actions, now, charged=order.charged, targets=_targets(moves))
    conflicts = await find_conflicts_for_staff(db, moves, now, force=force)
    if conflicts:
        raise ScopeConflictsError(conflicts, sessions.named.practitioner_zone)
    command_id = await _move_all(db, moves, judged, actor=staff.actor, order=order, now=now)
    sessions, changed = sessions.without(_unchanged(moves)), costs_of(judged)
    return await answer_staff_scope(db, staff, sessions, changed, command_id, changed=changed)


def _check_starts(requested: WantedMove, overrides: Mapping[UUID, Override]) -> None:
    if requested.start is not None:
        check_start(requested.start)
    for index, override in enumerate(overrides.values()):
        check_start(override.start, f"/overrides/{index}/start")


def _targets(moves: Sequence[Move]) -> dict[UUID, datetime]:
    """Give the start to which each session moves."""
    return {move.record.id: move.to.starts_at for move in moves}


def _changing(moves: Sequence[Move]) -> list[Move]:
    """Give the moves that change their session.

    Raises:
        NoChangeError: none does.
    """
    changing = [move for move in moves if move.changes]
    if not changing:
        raise NoChangeError
    return changing


def _unchanged(moves: Sequence[Move]) -> frozenset[UUID]:
    """Give the sessions that are at their new time already. They are not judged."""
    return frozenset(move.record.id for move in moves if not move.changes)


def _preview_of(
    sessions: ScopeSessions,
    moves: Sequence[Move],
    now: datetime,
    scope: SeriesScope = SeriesScope.THIS_AND_FOLLOWING,
) -> ScopePreview:
    """Decide about the sessions that the moves change, without a quote.

    A session that keeps its start beside a move is judged as a change of format. One that is not
    booked is judged as a move, which refuses it.
    """
    changing = [move for move in moves if move.changes]
    same_start = [m for m in changing if action_of(m.record, m.to) is Action.CHANGE_FORMAT]
    only_format = {move.record.id for move in same_start if move.record.status is Status.BOOKED}
    action = Action.RESCHEDULE
    if changing and len(same_start) == len(changing):
        action, only_format = Action.CHANGE_FORMAT, set()
    sessions, targets = sessions.without(_unchanged(moves)), _targets(moves)
    return preview_costs(sessions, action, now, targets, only_format=only_format, scope=scope)


def _check_formats(
    changing: Sequence[Move], order: ClientOrder, now: datetime
) -> dict[UUID, Judged]:
    """Check the changes of format and location beside a move: they must be free.

    Gives the cost of each session that keeps its start and only changes its format.

    Raises:
        ScopeRefusedError: the policy refuses the change of format of one session.
        InvalidInputError: the change of format of one session has a cost now.
    """
    judged = {}
    for move in changing:
        record, to = move.record, move.to
        try:
            check_format_and_location(record, to.format, to.location_id, now)
        except ActionRefusedError as error:
            raise ScopeRefusedError(record.id, error.decision, error.zone) from None
        except InvalidInputError as error:
            raise InvalidInputError(move.under + error.pointer, error.explanation.key) from None
        if is_same_time(record, to):
            action, facts = Action.CHANGE_FORMAT, record.facts
            decision = decide(rules_of(record.policy), action, facts, now)
            assert decision.cost is not None  # noqa: S101 - it is allowed, and free
            how = Judgement(action, facts, now, effect=order.effect_on(record))
            judged[record.id] = Judged(decision.cost, how)
    return judged


async def _move_all(
    db: AsyncConnection,
    moves: Sequence[Move],
    judged: Mapping[UUID, Judged],
    *,
    actor: Actor,
    order: ClientOrder | StaffOrder,
    now: datetime,
) -> UUID:
    """Move the sessions, and give the command's id.

    All times are freed first, because a session may move to the old time of another. A client who
    asks for a waiver asks about each fee.
    """
    practice_id = moves[0].record.practice_id
    changing = [move for move in moves if move.changes]
    await free_all(db, practice_id, [move.record.id for move in changing])
    changed = []
    for move in changing:
        record, to = move.record, move.to
        change, to_come = await write_move(
            db,
            record,
            to,
            judged[record.id],
            actor=actor,
            reason=order.reason,
            now=now,
            undo_window=order.undo_window,
        )
        change = with_question(change, order.question_about(record), now)
        changed.append(ChangedSession(record, change, "rescheduled", to_come))
    rhythm = {move.record.id: move.rhythm for move in moves if move.record.series is not None}
    await SessionRepository(db, practice_id).set_rhythm(rhythm)
    command_id = uuid4()
    await finish_all(db, changed, now, command_id=command_id, named=moves[0].record.id)
    for one in changed:
        await ask_about(db, practice_id, one.record.id, one.change, command_id, now)
    return command_id
