"""Columns, joins and conditions of the statements about sessions.

Each statement is built once. It selects from the client, so that the caller's token can be compared
with the current generations even if there is no such session.
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from app.database.statements import Read
from app.domain.session import Status
from app.tables.absences import absence_of
from app.tables.allowance_uses import allowance_uses_of
from app.tables.asked import open_request_of
from app.tables.changes import Change, ChangeNote
from app.tables.credits import credits_in_use
from app.tables.ended import end_of
from app.tables.held import hold_of
from app.tables.joins import PRACTICE, of_practice, of_session, referred
from app.tables.owed import fees_of
from app.tables.own_session import ABOUT_CLIENT, OWN_SESSION
from app.tables.practices import (
    Client,
    Location,
    Package,
    PolicyVersion,
    Practice,
    Practitioner,
    Service,
    ServiceFormat,
)
from app.tables.seats import seats_of_group
from app.tables.sessions import PAYS, CreditRedemption, Session
from app.tables.waiting import is_waited_for

Statement = Select[Any]
_PACKAGE, _OTHER = aliased(Package), aliased(Session)


# The columns that `contact_of` reads (app/sessions/read/rows.py).
CONTACT_COLUMNS = (
    Practitioner.name.label("practitioner_name"),
    Practitioner.email.label("practitioner_email"),
    Practitioner.phone.label("practitioner_phone"),
    Practice.name.label("practice_name"),
    Practice.email.label("practice_email"),
    Practice.phone.label("practice_phone"),
)


class SessionJoins:
    """Joins and columns that lists and details share, for one source of sessions.

    `all_booked`: all sessions of the source are booked. The statement then reads no cancellations,
    and no packages whose credit was returned.
    """

    def __init__(
        self,
        session: Any,  # noqa: ANN401 - a table
        source: FromClause,
        on: ColumnElement[bool],
        *,
        all_booked: bool = False,
    ) -> None:
        self.package = _package_of(session, all_booked=all_booked)
        self.source = (
            Client.__table__.join(Practice, of_practice(PRACTICE, Practice))
            .outerjoin(source, on)
            .outerjoin(Practitioner, referred(Practitioner, session.practitioner_id))
            .outerjoin(Service, referred(Service, session.service_id))
            .outerjoin(Location, referred(Location, session.location_id))
            .outerjoin(self.package, true())
        )
        self.columns = [
            Client.token_generation,
            Client.address_generation,
            Client.time_zone.label("client_zone"),
            session.id,
            session.status,
            session.version,
            session.starts_at,
            session.ends_at,
            session.service_id,
            Service.name.label("service_name"),
            session.practitioner_id,
            *CONTACT_COLUMNS,
            Practitioner.time_zone.label("practitioner_zone"),
            Practitioner.photo.label("practitioner_photo"),
            Practice.practice_id.label("client_practice_id"),
            session.format,
            session.location_id,
            Location.name.label("location_name"),
            Location.address.label("location_address"),
            Location.time_zone.label("location_zone"),
            session.join_url,
            session.instructions,
            session.price_minor,
            session.currency,
            self.package.c.id.label("package_id"),
            self.package.c.name.label("package_name"),
            self.package.c.credits_left,
            *_group_and_series(session),
        ]
        if not all_booked:
            self._add_cancellation(session)

    def _add_cancellation(self, session: Any) -> None:  # noqa: ANN401 - a table
        cancellation = _cancellation_of(session)
        self.source = self.source.outerjoin(cancellation, true())
        self.columns += [
            cancellation.c.at.label("cancelled_at"),
            cancellation.c.actor.label("cancelled_by"),
            cancellation.c.reason_code.label("cancel_code"),
            cancellation.c.note.label("cancel_note"),
        ]


def _group_and_series(session: Any) -> list[Any]:  # noqa: ANN401 - a table, and columns
    return [
        session.group_id,
        seats_of_group(session.group_id).label("group_seats"),
        session.series_id,
        session.series_position,
        session.series_starts_at,
        _series_size(session).label("series_size"),
        absence_of(session).label("absence"),
        session.confirmed_at,
    ]


def _package_of(session: Any, *, all_booked: bool) -> FromClause:  # noqa: ANN401 - a table
    """Select the package that pays for a session, or else the package that paid last."""
    pays = PAYS
    in_use = credits_in_use(PRACTICE, _PACKAGE.id).correlate(_PACKAGE).scalar_subquery()
    package = (
        select(
            _PACKAGE.id,
            _PACKAGE.name,
            (_PACKAGE.credits - in_use).label("credits_left"),
            pays.label("pays"),
        )
        .join(_PACKAGE, of_practice(PRACTICE, _PACKAGE, _PACKAGE.id == CreditRedemption.package_id))
        .where(of_session(CreditRedemption, session))
    )
    if all_booked:
        return package.where(pays).lateral("package")
    latest = CreditRedemption.redeemed_at.desc()
    return package.order_by(pays.desc(), latest).limit(1).lateral("package")


def _series_size(session: Any) -> ColumnElement[int]:  # noqa: ANN401 - a table
    """Count the dates of the session's series; only evaluated for sessions of a series."""
    last = (
        select(func.max(_OTHER.series_position))
        .where(of_practice(PRACTICE, _OTHER, _OTHER.series_id == session.series_id))
        .correlate(session)
        .scalar_subquery()
    )
    return case((session.series_id.is_not(None), last))


def _cancellation_of(session: Any) -> FromClause:  # noqa: ANN401 - a table
    """Select the latest cancellation of a session; no row unless the session is cancelled."""
    return (
        select(
            Change.at,
            Change.actor,
            Change.reason_code,
            ChangeNote.note,
        )
        .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
        .where(
            session.status == Status.CANCELLED,
            of_session(Change, session),
            Change.kind == "cancelled",
        )
        .order_by(Change.session_version.desc())
        .limit(1)
        .lateral("cancellation")
    )


POLICY_COLUMNS = (
    PolicyVersion.id.label("policy_id"),
    PolicyVersion.number.label("policy_number"),
    PolicyVersion.text.label("policy_text"),
    cast(PolicyVersion.rules, Text).label("policy_rules"),
)


def facts_of_policy(session: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a table, and columns
    """Build the columns of facts that few policies ask for, as JSON text.

    The instants of deadlines in working days, and when the client has used their allowance.
    """
    return (
        cast(session.frozen_deadlines, Text).label("frozen_deadlines"),
        allowance_uses_of(session.client_id).label("allowance_uses"),
    )


def formats_on_offer() -> Any:  # noqa: ANN401 - a column expression
    """Aggregate the formats in which the session's service is available, as JSON text."""
    offered = func.json_build_array(
        ServiceFormat.format,
        Location.id,
        Location.name,
        Location.address,
        Location.time_zone,
        ServiceFormat.instructions,
    )
    return (
        select(
            cast(
                func.json_agg(aggregate_order_by(offered, ServiceFormat.format, Location.name)),
                Text,
            )
        )
        .select_from(ServiceFormat)
        .outerjoin(
            Location, of_practice(PRACTICE, Location, Location.id == ServiceFormat.location_id)
        )
        .where(
            of_practice(
                PRACTICE,
                ServiceFormat,
                ServiceFormat.service_id == Session.service_id,
                or_(Location.id.is_(None), Location.active),
            )
        )
        .correlate(Session)
        .scalar_subquery()
        .label("formats")
    )


class OneSession(NamedTuple):
    """A statement about one session, in a version for clients and one for staff.

    The version for clients finds the client even if it finds no session, so that the client's token
    can be checked.
    """

    for_client: Read
    for_staff: Read


def details_statement(*more: ColumnElement[Any]) -> OneSession:
    """Build the statement that reads all details of one session, with `more` columns."""
    return about_one_session(details_of(OWN_SESSION, *more))


def details_of(on: ColumnElement[bool], *more: ColumnElement[Any]) -> Statement:
    """Select all details of a client's sessions that match `on`, with `more` columns."""
    joins = SessionJoins(Session, Session.__table__, on)
    source = joins.source.outerjoin(
        PolicyVersion, referred(PolicyVersion, Session.policy_version_id)
    )
    return select(
        *joins.columns,
        Session.practice_id,
        Session.id.label("found_id"),
        Session.client_id,
        Session.link_generation,
        Client.name.label("client_name"),
        Client.email.label("client_email"),
        Practitioner.video_url,
        joins.package.c.pays,
        *POLICY_COLUMNS,
        Session.policy_time_zone,
        Session.booked_starts_at,
        Session.client_moves,
        Session.carried_fee_minor,
        Session.carried_forfeit,
        Session.carried_since,
        Session.moved_by_practice,
        Session.grace_from,
        open_request_of(Session).label("move_request"),
        hold_of(Session).label("hold"),
        Session.undo_until,
        end_of(Session).label("ended"),
        Session.paid_before_minor,
        Session.release_until,
        *facts_of_policy(Session),
        Service.waitlist,
        is_waited_for(Session).label("is_waited_for"),
        fees_of(Session).label("fees"),
        Session.calendar_sequence,
        Session.buffer_before_minutes,
        Session.buffer_after_minutes,
        Service.step_minutes,
        Service.minimum_notice_minutes,
        Service.horizon_days,
        Service.reminder_minutes,
        Service.nudge_hours_before,
        formats_on_offer(),
        *more,
    ).select_from(source)


def about_one_session(statement: Statement) -> OneSession:
    """Restrict a statement on clients to one session, once for its client and once for staff."""
    for_staff = statement.where(
        of_practice(PRACTICE, Client),
        of_practice(PRACTICE, Session, Session.id == bindparam("session_id")),
    )
    return OneSession(Read(statement.where(ABOUT_CLIENT)), Read(for_staff))
