"""Read what an export contains, ordered by the references, so that two exports compare.

All statements have the parameter `practice_id`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.statements import Read, Row
from app.directory.records import Records
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import (
    BusyInterval,
    Client,
    HoursOverride,
    Location,
    Package,
    PolicyVersion,
    Practitioner,
    Service,
    WorkingHours,
)
from app.tables.sessions import PAYS, CreditRedemption, Fee, Session

_OF_SERVICE, _OF_PRACTITIONER = aliased(Service), aliased(Practitioner)


def ref_of(table: Any) -> ColumnElement[str]:  # noqa: ANN401 - a table, or an alias
    """Select the reference of a record; without one, its id."""
    return func.coalesce(table.external_ref, cast(table.id, Text))


def _in_order(text: Any) -> Any:  # noqa: ANN401 - an expression
    """Order by a text in the same way on every server."""
    return text.collate("C")


async def refs_of(
    db: AsyncConnection, practice_id: UUID, table: type[Location | Practitioner | Service]
) -> dict[UUID, str]:
    """Read the references of all records of a kind of which a practice has few."""
    chosen = select(table.id, ref_of(table).label("ref")).where(of_practice(PRACTICE, table))
    found = await db.execute(chosen, {"practice_id": practice_id})
    return {row.id: row.ref for row in found.all()}


def records_statement(records: Records) -> Select[Any]:
    """Select all records of a kind, as the API shows them, with their references."""
    table = records.rows.table
    chosen = records.rows.shown().add_columns(ref_of(table).label("own_ref"))
    if table is Package:
        client_ref = (
            select(ref_of(Client))
            .where(referred(Client, Package.client_id))
            .correlate(Package)
            .scalar_subquery()
        )
        chosen = chosen.add_columns(client_ref.label("client_ref"))
    return chosen.where(of_practice(PRACTICE, table)).order_by(_in_order(ref_of(table)))


def time_off_statement() -> Select[*tuple[Any, ...]]:
    """Select all time off."""
    table = BusyInterval
    return (
        select(
            ref_of(table).label("own_ref"),
            table.practitioner_id,
            table.starts_at,
            table.ends_at,
        )
        .where(of_practice(PRACTICE, table, table.kind == "time_off"))
        .order_by(_in_order(ref_of(table)))
    )


def busy_statement() -> Select[Any]:
    """Select all busy times of other calendars, one row for each calendar."""
    table = BusyInterval
    items = func.jsonb_agg(
        aggregate_order_by(func.jsonb_build_array(table.starts_at, table.ends_at), table.starts_at),
        type_=JSONB,
    )
    return (
        _of_practitioner(
            select(
                ref_of(Practitioner).label("practitioner_ref"), table.source, items.label("items")
            ),
            table,
            table.kind == "external",
        )
        .group_by(ref_of(Practitioner), table.source)
        .order_by(_in_order(ref_of(Practitioner)), _in_order(table.source))
    )


def weeks_statement() -> Select[Any]:
    """Select the weekly hours of all practitioners, one row for each practitioner."""
    table = WorkingHours
    hours = _hours(table, table.weekday)
    return (
        _of_practitioner(
            select(ref_of(Practitioner).label("practitioner_ref"), hours.label("hours")),
            table,
        )
        .group_by(ref_of(Practitioner))
        .order_by(_in_order(ref_of(Practitioner)))
    )


def overrides_statement() -> Select[Any]:
    """Select the overridden dates of all practitioners, one row for each date."""
    table = HoursOverride
    return (
        _of_practitioner(
            select(
                ref_of(Practitioner).label("practitioner_ref"),
                table.date,
                _hours(table, literal(0)).label("hours"),
            ),
            table,
        )
        .group_by(ref_of(Practitioner), table.date)
        .order_by(_in_order(ref_of(Practitioner)), table.date)
    )


def _hours(table: Any, weekday: Any) -> Any:  # noqa: ANN401 - expressions
    row = func.jsonb_build_array(
        weekday, table.start_minute, table.end_minute, table.format, table.location_id
    )
    return func.jsonb_agg(row, type_=JSONB)


def _of_practitioner(
    chosen: Select[Any],
    table: Any,  # noqa: ANN401 - a table with a practitioner
    *conditions: ColumnElement[bool],
) -> Select[Any]:
    return (
        chosen.select_from(table)
        .join(Practitioner, referred(Practitioner, table.practitioner_id))
        .where(of_practice(PRACTICE, table, *conditions))
    )


def policies_statement() -> Select[Any]:
    """Select all versions of all policies, those of one policy in their order."""
    chosen = select(
        ref_of(Service).label("service_ref"),
        ref_of(Practitioner).label("practitioner_ref"),
        PolicyVersion.number,
        PolicyVersion.created_at,
        PolicyVersion.text,
        PolicyVersion.rules,
    ).select_from(PolicyVersion)
    return (
        _with_level(chosen, Service, Practitioner)
        .where(of_practice(PRACTICE, PolicyVersion))
        .order_by(_in_order(ref_of(Service)), _in_order(ref_of(Practitioner)), PolicyVersion.number)
    )


def _with_level(
    chosen: Select[Any],
    service: Any,  # noqa: ANN401 - a table, or an alias
    practitioner: Any,  # noqa: ANN401 - the same
) -> Select[Any]:
    """Join the service or the practitioner whose policy a version is."""
    return chosen.outerjoin(service, referred(service, PolicyVersion.service_id)).outerjoin(
        practitioner, referred(practitioner, PolicyVersion.practitioner_id)
    )


def groups_statement() -> Select[Any]:
    """Select all groups, with the references of what they name."""
    table = Group
    chosen = select(
        *_meeting(table),
        table.status,
        table.seats,
        table.min_seats,
        table.decide_hours,
        table.auto_cancel,
    )
    return (
        _of_meeting(chosen, table)
        .where(of_practice(PRACTICE, table))
        .order_by(_in_order(ref_of(table)))
    )


def _meeting(table: type[Session | Group]) -> Sequence[Any]:
    """Give the columns that sessions and groups share."""
    return (
        ref_of(table).label("own_ref"),
        ref_of(Practitioner).label("practitioner_ref"),
        ref_of(Service).label("service_ref"),
        ref_of(Location).label("location_ref"),
        table.starts_at,
        table.ends_at,
        table.format,
        table.join_url,
        table.instructions,
        table.buffer_before_minutes,
        table.buffer_after_minutes,
    )


def _of_meeting(chosen: Select[Any], table: type[Session | Group]) -> Select[Any]:
    """Join the records that sessions and groups name."""
    return (
        chosen.select_from(table)
        .join(Practitioner, referred(Practitioner, table.practitioner_id))
        .join(Service, referred(Service, table.service_id))
        .outerjoin(Location, referred(Location, table.location_id))
    )


def sessions_statement() -> Select[Any]:
    """Select all sessions, with end, credit and fees."""
    table = Session
    chosen = select(
        *_meeting(table),
        ref_of(Client).label("client_ref"),
        ref_of(Group).label("group_ref"),
        table.status,
        table.price_minor,
        table.currency,
        PolicyVersion.number.label("policy_number"),
        ref_of(_OF_SERVICE).label("policy_service_ref"),
        ref_of(_OF_PRACTITIONER).label("policy_practitioner_ref"),
        table.policy_time_zone,
        table.frozen_deadlines,
        table.grace_from,
        table.booked_starts_at,
        table.client_moves,
        table.moved_by_practice,
        table.carried_fee_minor,
        table.carried_forfeit,
        table.paid_before_minor,
        table.confirmed_at,
        _booked_at().label("booked_at"),
        case((table.status != "booked", _end())).label("ended"),
        _redemption().label("redemption"),
        table.pushed,
        _pushed_ref(aliased(Location), "location_id").label("pushed_location_ref"),
        _pushed_ref(aliased(Group), "group_id").label("pushed_group_ref"),
        _fees().label("fees"),
    )
    joined = (
        _of_meeting(chosen, table)
        .join(Client, referred(Client, table.client_id))
        .outerjoin(Group, referred(Group, table.group_id))
        .outerjoin(PolicyVersion, referred(PolicyVersion, table.policy_version_id))
    )
    return (
        _with_level(joined, _OF_SERVICE, _OF_PRACTITIONER)
        .where(of_practice(PRACTICE, table))
        .order_by(_in_order(ref_of(table)))
    )


def _entries(kind: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a value
    """Make the condition for the entries about a session of one kind."""
    return of_practice(
        PRACTICE,
        Change,
        Change.session_id == Session.id,
        Change.kind == kind,
        Change.subject == "session",
    )


def _booked_at() -> Any:  # noqa: ANN401 - an expression
    entries = _entries("booked")
    return select(func.min(Change.at)).where(entries).correlate(Session).scalar_subquery()


def _end() -> Any:  # noqa: ANN401 - an expression
    return (
        select(func.json_build_array(Change.at, Change.actor, Change.credit, Change.reason_code))
        .where(_entries(Session.status))
        .order_by(Change.session_version.desc())
        .limit(1)
        .correlate(Session)
        .scalar_subquery()
    )


def _pushed_ref(table: Any, name: str) -> Any:  # noqa: ANN401 - an alias of a table
    """Select the reference of what the last push has named."""
    return (
        select(ref_of(table))
        .where(referred(table, cast(Session.pushed[name].astext, Uuid)))
        .correlate(Session)
        .scalar_subquery()
    )


def _redemption() -> Any:  # noqa: ANN401 - an expression
    used = CreditRedemption
    of_session = of_practice(
        PRACTICE, used, used.session_id == Session.id, used.replaced_at.is_(None)
    )
    return (
        select(
            func.json_build_array(
                ref_of(Package), used.redeemed_at, used.forfeited_at, used.returned_at
            )
        )
        .select_from(used)
        .join(Package, referred(Package, used.package_id))
        .where(of_session)
        .order_by(PAYS.desc(), used.redeemed_at.desc(), used.id)
        .limit(1)
        .correlate(Session)
        .scalar_subquery()
    )


def _fees() -> Any:  # noqa: ANN401 - an expression
    fee = func.json_build_array(
        Fee.amount_minor,
        Fee.currency,
        Fee.status,
        Change.kind,
        Change.actor,
        Fee.recorded_at,
        Fee.closed_at,
        Fee.payment_reference,
        Fee.collect_after,
    )
    return (
        select(func.json_agg(aggregate_order_by(fee, Change.session_version, Fee.recorded_at)))
        .select_from(Fee)
        .join(Change, referred(Change, Fee.change_id))
        .where(of_practice(PRACTICE, Fee, Fee.session_id == Session.id))
        .correlate(Session)
        .scalar_subquery()
    )


_SESSION = Read(sessions_statement().where(Session.id == bindparam("session_id")))
_GROUP = Read(groups_statement().where(Group.id == bindparam("group_id")))


async def read_session_row(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> Row:
    """Read a session, which exists, as an export does."""
    (row,) = await _SESSION.rows(db, {"practice_id": practice_id, "session_id": session_id})
    return row


async def read_group_row(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> Row:
    """Read a group, which exists, as an export does."""
    (row,) = await _GROUP.rows(db, {"practice_id": practice_id, "group_id": group_id})
    return row
