"""The rules and facts of the session that an offer moves or books, read with the offer."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, Text, case, cast, exists, select

from app.directory.practice.queries import HOLIDAYS, to_closed_days
from app.domain.money import Money
from app.domain.policy.after import OfferedSession, facts_once_accepted, facts_once_booked
from app.domain.policy.rules import FREE_UNTIL_THE_START, Policy
from app.domain.policy.working_days import ClosedDays
from app.domain.session import NO_CONTACT, SessionFacts, Status
from app.policies.queries import rules_to_book
from app.policies.stored import parsed
from app.sessions.read.rows import carried_of, paid_of, uses_of
from app.tables.allowance_uses import latest_uses_of
from app.tables.joins import of_session, referred
from app.tables.practices import PolicyVersion, Practice, Practitioner
from app.tables.sessions import PAYS, CreditRedemption, Session
from app.tables.waitlist import Offer

# In the list of columns, so that PostgreSQL looks for the rules of the page's offers only.
_RULES = case(
    (Offer.session_id.is_(None), rules_to_book(Offer.service_id, Offer.practitioner_id, Offer)),
    else_=select(cast(PolicyVersion.rules, Text))
    .where(referred(PolicyVersion, Session.policy_version_id))
    .correlate(Session)
    .scalar_subquery(),
)
_IS_OPEN = Offer.state == "open"
_COLUMNS = (
    Session.status.label("moved_status"),
    Session.starts_at.label("moved_starts_at"),
    Session.booked_starts_at.label("moved_booked_starts_at"),
    Session.policy_time_zone.label("moved_zone"),
    Session.price_minor.label("moved_price_minor"),
    Session.currency.label("moved_currency"),
    Session.client_moves.label("moved_client_moves"),
    Session.carried_fee_minor.label("moved_carried_fee_minor"),
    Session.carried_forfeit.label("moved_carried_forfeit"),
    Session.moved_by_practice.label("moved_by_practice"),
    Session.grace_from.label("moved_grace_from"),
    Session.paid_before_minor.label("moved_paid_before_minor"),
    exists()
    .where(of_session(CreditRedemption, Session), PAYS)
    .correlate(Session)
    .label("moved_by_credit"),
    Practitioner.time_zone.label("offered_zone"),
    Practice.currency.label("offered_currency"),
    Practice.closed_weekdays,
    HOLIDAYS.label("holidays"),
    case((_IS_OPEN, _RULES)).label("offered_rules"),
    case((_IS_OPEN, latest_uses_of(Offer.client_id))).label("offered_uses"),
)


def with_offered_session(statement: Select[Any]) -> Select[Any]:
    """Add what `offered_session` reads to a statement, which already reads all of `Offer`.

    It has joined the offer's session, practitioner and practice. The rules are those of the
    session, or those that a booking gets; of an offer that has ended none are looked for.
    """
    return statement.add_columns(*_COLUMNS)


def offered_session(row: Row[Any]) -> OfferedSession | None:
    """Build the session of an offer as it is after a yes; None: no yes is possible any more."""
    is_new = row.session_id is None
    if row.state != "open" or not (is_new or row.moved_status == Status.BOOKED):
        return None
    policy = FREE_UNTIL_THE_START if row.offered_rules is None else parsed(row.offered_rules)
    closed = to_closed_days(row.closed_weekdays, row.holidays)
    facts = _booked(row, policy, closed) if is_new else _moved(row, policy, closed)
    return OfferedSession(policy, facts, is_new=is_new)


def _booked(row: Row[Any], policy: Policy, closed: ClosedDays) -> SessionFacts:
    facts = facts_once_booked(
        policy,
        row.starts_at,
        ZoneInfo(row.offered_zone),
        Money(row.price_minor, row.offered_currency),
        closed,
        paid_by_credit=row.package_id is not None,
        is_seat=row.group_id is not None,
        booked_at=None,
    )
    return replace(facts, allowance_uses=uses_of(row.offered_uses))


def _moved(row: Row[Any], policy: Policy, closed: ClosedDays) -> SessionFacts:
    currency = row.moved_currency
    present = SessionFacts(
        status=Status.BOOKED,
        starts_at=row.moved_starts_at,
        booked_starts_at=row.moved_booked_starts_at,
        zone=ZoneInfo(row.moved_zone),
        price=Money(row.moved_price_minor, currency),
        paid_by_credit=row.moved_by_credit,
        client_moves=row.moved_client_moves,
        carried=carried_of(row.moved_carried_fee_minor, currency, row.moved_carried_forfeit),
        contact=NO_CONTACT,
        is_seat=row.group_id is not None,
        moved_by_practice=row.moved_by_practice,
        grace_from=row.moved_grace_from,
        paid_before=paid_of(row.moved_paid_before_minor, currency),
        allowance_uses=uses_of(row.offered_uses),
    )
    return facts_once_accepted(policy, present, row.starts_at, closed)
