"""Read past decisions from the audit log as a stream, oldest first."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import BY_CLIENT
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.document import parse_rules
from app.domain.policy.judgement import ENGINE_VERSION, Judgement
from app.domain.policy.recorded import Constants, read_carried, read_judgement
from app.domain.policy.rules import FREE_UNTIL_THE_START, Credit, Policy
from app.policies.records import Level
from app.policies.trial.records import NOSHOW, PastDecision, PastPosition, Trial
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import PolicyVersion
from app.tables.sessions import Session

# Judging so many takes some hundredths of a second, after which other requests have their turn.
PAGE = 250
_ACTIONS = {"format_changed": "change_format", "rescheduled": "reschedule", "cancelled": "cancel"}
_CREDITS = {credit.value: credit for credit in Credit}
_money = lru_cache(maxsize=1024)(Money)

_OF = bindparam("of", type_=Uuid)
_NOT_OF_SERVICE = PolicyVersion.service_id.is_(None)
# Rules of a level decide about a session unless a more specific level has a policy of its own.
_OF_LEVEL: Mapping[Level, ColumnElement[bool]] = {
    Level.SERVICE: Session.service_id == _OF,
    Level.PRACTITIONER: and_(Session.practitioner_id == _OF, _NOT_OF_SERVICE),
    Level.PRACTICE: and_(_NOT_OF_SERVICE, PolicyVersion.practitioner_id.is_(None)),
}
# What somebody else's rule made free: an accepted offer, and a released time that was taken.
_ASKED_NO_POLICY = func.coalesce(
    or_(Change.details.has_key("offer"), Change.details.has_key("release")), literal(value=False)
)
_DECIDED = or_(
    Change.judgement.is_not(None),
    Change.fee_minor.is_not(None),
    Change.credit == Credit.FORFEITED,
    and_(or_(*(Change.actor == actor for actor in sorted(BY_CLIENT))), ~_ASKED_NO_POLICY),
)


def _past_of(level: Level) -> Select[*tuple[Any, ...]]:
    kinds = (*_ACTIONS, NOSHOW)
    return (
        select(
            Change.id,
            Change.at,
            Change.kind,
            Change.fee_minor,
            Change.credit,
            Change.reason_code,
            Change.old_starts_at,
            Change.starts_at,
            cast(Change.judgement, Text).label("judgement"),
            cast(Change.details["carries"], Text).label("carries"),
            Session.id.label("session_id"),
            Session.client_id,
            Session.policy_version_id,
            Session.policy_time_zone,
            Session.price_minor,
            Session.currency,
            Session.group_id.is_not(None).label("is_seat"),
        )
        .select_from(Change)
        .join(Session, referred(Session, Change.session_id))
        .outerjoin(PolicyVersion, referred(PolicyVersion, Session.policy_version_id))
        .where(
            of_practice(
                PRACTICE,
                Change,
                Change.subject == "session",
                or_(*(Change.kind == kind for kind in kinds)),
                Change.at >= bindparam("start", type_=Change.at.type),
                Change.at < bindparam("end", type_=Change.at.type),
            ),
            _DECIDED,
            _OF_LEVEL[level],
        )
        .order_by(Change.at, Change.id)
    )


_PAST = {level: _past_of(level) for level in Level}


async def read_past(engine: AsyncEngine, trial: Trial) -> AsyncIterator[Sequence[PastDecision]]:
    """Read the decisions of a trial's time, in pages of one statement: all are of one instant."""
    values = {"practice_id": trial.practice_id, "start": trial.start, "end": trial.end}
    if trial.of is not None:
        values["of"] = trial.of
    async with engine.connect() as db:
        rows = await db.stream(_PAST[trial.level], values, execution_options={"yield_per": PAGE})
        async for page in rows.partitions():
            yield [_to_past(row, with_reasons=trial.with_reasons) for row in page]


async def versions_with(db: AsyncConnection, practice_id: UUID, rules: Policy) -> set[UUID | None]:
    """Find the policy versions with exactly these rules. None stands for no policy."""
    wanted = select(PolicyVersion.id, PolicyVersion.rules).where(
        PolicyVersion.practice_id == practice_id, PolicyVersion.rules.is_not(None)
    )
    found = (await db.execute(wanted)).all()
    same: set[UUID | None] = {
        row.id for row in found if row.rules is not None and parse_rules(row.rules) == rules
    }
    return same | {None} if rules == FREE_UNTIL_THE_START else same


def _to_past(row: Any, *, with_reasons: bool) -> PastDecision:  # noqa: ANN401 - a row of `_PAST`
    currency, credit, carries = row.currency, row.credit, row.carries
    fee_minor = row.fee_minor
    zone = ZoneInfo(row.policy_time_zone)
    constants = Constants(
        row.old_starts_at,
        zone,
        _money(row.price_minor, currency),
        row.is_seat,
        row.starts_at,
    )
    judgement = _judgement(row.judgement, constants)
    action = _ACTIONS.get(row.kind, NOSHOW)
    if judgement is not None and action != NOSHOW:
        action = judgement.action.value
    return PastDecision(
        position=PastPosition(row.at, row.id),
        action=action,
        session_id=row.session_id,
        client_id=row.client_id,
        zone=zone,
        policy_id=row.policy_version_id,
        stood=Cost(
            fee=None if fee_minor is None else _money(fee_minor, currency),
            credit=None if credit is None else _CREDITS[credit],
            carries=None if carries is None else read_carried(orjson.loads(carries), currency),
        ),
        judgement=judgement,
        reason=row.reason_code if with_reasons else None,
    )


def _judgement(text: str | None, constants: Constants) -> Judgement | None:
    if text is None:
        return None
    document = orjson.loads(text)
    return read_judgement(document, constants) if document["engine"] == ENGINE_VERSION else None
