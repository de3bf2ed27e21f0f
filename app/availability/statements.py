"""The statements of availability: a session with its practitioner's calendar."""

from typing import Any

from sqlalchemy import (
    exists,
    select,
)

from app.calendar.statements import OF_SESSION, calendar_columns
from app.sessions.read.statements import (
    CONTACT_COLUMNS,
    POLICY_COLUMNS,
    OneSession,
    about_one_session,
    facts_of_policy,
    formats_on_offer,
)
from app.tables.asked import open_request_of
from app.tables.ended import end_of
from app.tables.held import hold_of
from app.tables.joins import PRACTICE, of_practice, of_session, referred
from app.tables.own_session import OWN_SESSION
from app.tables.practices import (
    Client,
    PolicyVersion,
    Practice,
    Practitioner,
    Service,
)
from app.tables.sessions import PAYS, CreditRedemption, Session


def _page_statement() -> OneSession:
    """Build the statement. It reads only the columns that availability needs, not all details."""
    paid = exists().where(of_session(CreditRedemption, Session), PAYS)
    source = (
        Client.__table__.join(Practice, of_practice(PRACTICE, Practice))
        .outerjoin(Session, OWN_SESSION)
        .outerjoin(Practitioner, referred(Practitioner, Session.practitioner_id))
        .outerjoin(Service, referred(Service, Session.service_id))
        .outerjoin(PolicyVersion, referred(PolicyVersion, Session.policy_version_id))
    )
    columns: list[Any] = [
        Client.token_generation,
        Client.address_generation,
        Client.time_zone.label("client_zone"),
        Session.link_generation,
        Session.id.label("found_id"),
        Session.group_id,
        Session.service_id,
        Session.practitioner_id,
        Session.status,
        Session.starts_at,
        Session.ends_at,
        Session.booked_starts_at,
        Session.client_moves,
        Session.carried_fee_minor,
        Session.carried_forfeit,
        Session.moved_by_practice,
        Session.grace_from,
        *facts_of_policy(Session),
        open_request_of(Session).label("move_request"),
        hold_of(Session).label("hold"),
        end_of(Session).label("ended"),
        Session.format,
        Session.location_id,
        Session.price_minor,
        Session.currency,
        Session.buffer_before_minutes,
        Session.buffer_after_minutes,
        Session.policy_time_zone,
        *CONTACT_COLUMNS,
        Practitioner.time_zone.label("practitioner_zone"),
        *POLICY_COLUMNS,
        Service.step_minutes,
        Service.minimum_notice_minutes,
        Service.horizon_days,
        paid.label("pays"),
        formats_on_offer(),
        *calendar_columns(OF_SESSION),
    ]
    return about_one_session(select(*columns).select_from(source))


PAGE = _page_statement()
