"""Add up what has changed in a time, by one dimension, in one statement.

Each thing that is counted happens on a local day of the practitioner. Of what happened, a statement
reads the rows of the audit log in that time; the rest are joins by id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    Interval,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import BY_CLIENT
from app.reports.records import MEASURES, GroupBy, ReportRow
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import Practitioner, Service
from app.tables.refused_attempts import RefusedAttempts
from app.tables.sessions import Fee, Refill, Session
from app.tables.waitlist import Offer
from app.web.days import check_days

MAX_DAYS = 366
_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
# No zone is further than this from UTC: the index is read for a little more than the days.
_ZONES = literal(timedelta(days=1), Interval)
_BY_CLIENT = Change.actor.in_(sorted(BY_CLIENT))
# The start that somebody gave up.
_OLD_START = case(
    (Change.kind == "rescheduled", func.coalesce(Change.old_starts_at, Change.starts_at)),
    else_=Change.starts_at,
)
_later = aliased(Change)

# From notice of at least so many hours on; what is below the last one was after the start.
_NOTICES = ((168, "over_7d"), (48, "48h_to_7d"), (24, "24h_to_48h"), (2, "2h_to_24h"))


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows to be counted: when they happened, about which time, and what each adds.

    `of` has their practitioner and their service.
    """

    rows: Select[Any]
    of: Any
    at: Any
    about: Any
    reason: Any
    adds: dict[str, Any]


async def read_report(
    db: AsyncConnection,
    practice_id: UUID,
    first: date,
    last: date,
    group_by: GroupBy,
    *,
    with_reasons: bool,
) -> Sequence[ReportRow]:
    """Add up what has changed from `first` to `last`, both inclusive.

    Unless `with_reasons`, the code of each reason is taken as null.

    Raises:
        InvalidInputError: `last` is before `first`, or the range is too long.
    """
    check_days(first, last, most=MAX_DAYS)
    values = {"practice_id": practice_id, "first": first, "last": last}
    rows = (await db.execute(_report(group_by, with_reasons=with_reasons), values)).mappings()
    return [
        ReportRow(row["key"], row["name"], counts)
        for row in rows
        if any((counts := {of: row[of] for of in MEASURES}).values())
    ]


@cache
def _report(group_by: GroupBy, *, with_reasons: bool) -> Select[Any]:
    parts = union_all(
        *(_counted(source, group_by, with_reasons=with_reasons) for source in _sources()),
        _refused(group_by),
    ).subquery("counted")
    sums = [cast(func.sum(parts.c[name]), BigInteger).label(name) for name in MEASURES]
    key, name = parts.c.key, parts.c.name
    return (
        select(key, name, *sums)
        .group_by(key, name)
        .order_by(name.asc().nulls_last(), key.asc().nulls_last())
    )


def _sources() -> list[_Source]:
    return [
        _changes(),
        _Source(
            _caused(Fee, Fee.change_id),
            of=Session,
            at=Fee.recorded_at,
            about=_OLD_START,
            reason=Change.reason_code,
            adds={
                f"fees_{status}": case((Fee.status == status, Fee.amount_minor), else_=0)
                for status in ("due", "waived", "forgiven", "settled")
            },
        ),
        _Source(
            _caused(Refill, Refill.id),
            of=Session,
            at=Refill.cancelled_at,
            about=Refill.starts_at,
            reason=Change.reason_code,
            adds={
                "refills_judged": _one(Refill.state.in_(("refilled", "open"))),
                "refilled": _one(Refill.state == "refilled"),
            },
        ),
        _Source(
            select(Offer).where(of_practice(PRACTICE, Offer, Offer.state == "accepted")),
            of=Offer,
            at=Offer.ended_at,
            about=Offer.starts_at,
            reason=null(),
            adds={"offers_accepted": literal(1)},
        ),
    ]


def _changes() -> _Source:
    """Select what clients did, and missed sessions, without what was taken back."""
    undone = exists().where(
        of_practice(PRACTICE, _later),
        _later.session_id == Change.session_id,
        _later.session_version == Change.session_version + 1,
        _later.kind == "restored",
    )
    kinds = Change.kind.in_(("cancelled", "rescheduled", "noshow"))
    return _Source(
        select(Change)
        .join(Session, referred(Session, Change.session_id))
        .where(of_practice(PRACTICE, Change, kinds, ~undone)),
        of=Session,
        at=Change.at,
        about=_OLD_START,
        reason=Change.reason_code,
        adds={
            "cancellations": _one(and_(Change.kind == "cancelled", _BY_CLIENT)),
            "moves": _one(and_(Change.kind == "rescheduled", _BY_CLIENT)),
            "no_shows": _one(Change.kind == "noshow"),
        },
    )


def _caused(table: Any, change_id: Any) -> Select[Any]:  # noqa: ANN401 - a table and a column
    """Select what a change of a session has caused, with the change and the session."""
    return (
        select(table)
        .join(Change, referred(Change, change_id))
        .join(Session, referred(Session, table.session_id))
        .where(of_practice(PRACTICE, table))
    )


def _counted(source: _Source, group_by: GroupBy, *, with_reasons: bool) -> Select[Any]:
    local = func.timezone(Practitioner.time_zone, source.at)
    key, name = {
        GroupBy.REASON: (cast(source.reason if with_reasons else null(), Text), null()),
        GroupBy.NOTICE: (_notice(source.about - source.at), null()),
        GroupBy.PRACTITIONER: (cast(source.of.practitioner_id, Text), Practitioner.name),
        GroupBy.SERVICE: (cast(source.of.service_id, Text), Service.name),
        GroupBy.MONTH: (func.to_char(local, "YYYY-MM"), null()),
    }[group_by]
    return (
        source.rows.join(Practitioner, referred(Practitioner, source.of.practitioner_id))
        .join(Service, referred(Service, source.of.service_id))
        .where(
            cast(local, Date).between(_FIRST, _LAST),
            source.at.between(_FIRST - _ZONES, _LAST + _ZONES + _ZONES),
        )
        .with_only_columns(*_columns(key, name, source.adds), maintain_column_froms=True)
    )


def _refused(group_by: GroupBy) -> Select[Any]:
    """Count the refusals. Nothing is recorded of them but rule, day, practitioner and service."""
    key, name = {
        GroupBy.PRACTITIONER: (cast(RefusedAttempts.practitioner_id, Text), Practitioner.name),
        GroupBy.SERVICE: (cast(RefusedAttempts.service_id, Text), Service.name),
        GroupBy.MONTH: (func.to_char(RefusedAttempts.day, "YYYY-MM"), null()),
    }.get(group_by, (null(), null()))
    return (
        select(*_columns(key, name, {"refused_attempts": RefusedAttempts.attempts}))
        .select_from(RefusedAttempts)
        .join(Practitioner, referred(Practitioner, RefusedAttempts.practitioner_id))
        .join(Service, referred(Service, RefusedAttempts.service_id))
        .where(of_practice(PRACTICE, RefusedAttempts, RefusedAttempts.day.between(_FIRST, _LAST)))
    )


def _columns(key: Any, name: Any, adds: dict[str, Any]) -> list[Any]:  # noqa: ANN401 - expressions
    return [
        cast(key, Text).label("key"),
        cast(name, Text).label("name"),
        *(adds.get(of, literal(0)).label(of) for of in MEASURES),
    ]


def _one(condition: Any) -> Any:  # noqa: ANN401 - expressions
    return case((condition, 1), else_=0)


def _notice(notice: Any) -> Any:  # noqa: ANN401 - expressions
    def is_at_least(hours: int) -> Any:  # noqa: ANN401 - an expression
        return notice >= literal(timedelta(hours=hours), Interval)

    return case(
        *((is_at_least(hours), name) for hours, name in _NOTICES),
        (notice > literal(timedelta(), Interval), "under_2h"),
        else_="after_start",
    )
