"""Read wishes and offers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, false, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.domain.errors import NotFoundError
from app.domain.money import Money
from app.domain.session import Format
from app.domain.waitlist import ACTIVE, OfferState
from app.sessions.read.records import SessionLocation
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import Client, Location, Package, Practice, Practitioner, Service
from app.tables.sessions import Session
from app.tables.waitlist import Offer, Wish
from app.waitlist.offered_queries import offered_session, with_offered_session
from app.waitlist.records import OfferRecord, WishedTimes, WishRecord, waited_group, waiting_session
from app.web.cursors import TimePosition


def _is_active(wanted: tuple[bool, datetime]) -> ColumnElement[bool]:
    """Match wishes that have not ended at an instant, or the others (`WishRecord.state_at`)."""
    is_active, now = wanted
    has_lapsed = or_(
        Wish.until < now,
        Session.status != "booked",
        Session.starts_at <= now,
        and_(Wish.session_id.is_(None), or_(Group.status != "scheduled", Group.starts_at <= now)),
    )
    active = and_(Wish.ended_at.is_(None), not_(func.coalesce(has_lapsed, false())))
    return active if is_active else not_(active)


def _is_late(now: datetime) -> ColumnElement[bool]:
    """Match offers that have expired, though the worker has not recorded it yet."""
    return and_(Offer.state == "open", Offer.answer_by < now)


def _state_is(wanted: tuple[OfferState, datetime]) -> ColumnElement[bool]:
    """Match offers by their state at an instant."""
    state, now = wanted
    if state == "open":
        return and_(Offer.state == "open", not_(_is_late(now)))
    if state == "expired":
        return or_(Offer.state == "expired", _is_late(now))
    return Offer.state == state


WISH_FILTERS: Mapping[str, Filter] = {
    "active": _is_active,
    "client": equal(Wish.client_id),
    "session": equal(Wish.session_id),
    "service": equal(Wish.service_id),
    "practitioner": equal(Wish.practitioner_id),
    "group": equal(Wish.group_id),
}
OFFER_FILTERS: Mapping[str, Filter] = {
    "state": _state_is,
    "wish": equal(Offer.wish_id),
    "client": equal(Offer.client_id),
    "service": equal(Offer.service_id),
    "practitioner": equal(Offer.practitioner_id),
    "since": from_instant(Offer.made_at),
    "until": before_instant(Offer.made_at),
}


def _judged_at(part: Part[TimePosition], name: str, now: datetime) -> Part[TimePosition]:
    """Give a filter the instant at which it judges, beside the wanted value."""
    if name not in part.filters:
        return part
    return replace(part, filters={**part.filters, name: (part.filters[name], now)})


async def list_wishes(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], now: datetime
) -> list[WishRecord]:
    """List wishes of the practice, the latest first, with the offers that are open.

    `active` is by the state at `now`.
    """
    return await _wishes(db, practice_id, wishes_statement(_judged_at(part, "active", now)))


def wishes_statement(part: Part[TimePosition]) -> Select[Any]:
    """Build the statement that reads one page of wishes, without their offers."""
    return in_order(
        _wish_columns().where(*matching(WISH_FILTERS, part.filters)),
        (Wish.made_at, Wish.id),
        part.after,
        part.limit,
        latest_first=True,
    )


async def read_wish(db: AsyncConnection, practice_id: UUID, wish_id: UUID) -> WishRecord:
    """Read a wish with its open offer.

    Raises:
        NotFoundError: the practice has no such wish.
    """
    found = await _wishes(db, practice_id, _wish_columns().where(Wish.id == wish_id))
    if not found:
        raise NotFoundError
    return found[0]


async def read_wish_of_session(
    db: AsyncConnection, practice_id: UUID, session_id: UUID
) -> WishRecord | None:
    """Read the latest wish for a session with its open offer; None: there never was one."""
    latest = (
        _wish_columns()
        .where(Wish.session_id == session_id)
        .order_by(Wish.ended_at.is_not(None), Wish.made_at.desc(), Wish.id)
        .limit(1)
    )
    found = await _wishes(db, practice_id, latest)
    return found[0] if found else None


async def active_wishes_of_client(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, service_id: UUID
) -> list[WishRecord]:
    """Read the wishes of a client for a service that have not ended."""
    own = (Wish.client_id == client_id, Wish.service_id == service_id, Wish.ended_at.is_(None))
    return await _wishes(db, practice_id, _wish_columns().where(*own).order_by(Wish.id))


def _wish_columns() -> Select[Any]:
    columns: list[Any] = [
        Wish,
        Client.name.label("client_name"),
        Client.time_zone.label("client_zone"),
        Session.status.label("session_status"),
        Session.starts_at.label("session_start"),
        Group.status.label("group_status"),
        Group.starts_at.label("group_start"),
    ]
    return (
        select(*columns)
        .select_from(Wish)
        .join(Client, referred(Client, Wish.client_id))
        .outerjoin(Session, referred(Session, Wish.session_id))
        .outerjoin(Group, referred(Group, Wish.group_id))
        .where(of_practice(PRACTICE, Wish))
    )


async def _wishes(db: AsyncConnection, practice_id: UUID, wanted: Select[Any]) -> list[WishRecord]:
    rows = (await db.execute(wanted, {"practice_id": practice_id})).all()
    waiting = [row.id for row in rows if row.state in ACTIVE]
    offers = {}
    if waiting:
        is_open = _offer_columns().where(Offer.wish_id.in_(waiting), Offer.state == "open")
        offers = {offer.wish_id: offer for offer in await _offers(db, practice_id, is_open)}
    return [_wish(row, offers.get(row.id)) for row in rows]


def _wish(row: Any, offer: OfferRecord | None) -> WishRecord:  # noqa: ANN401 - a row
    return WishRecord(
        practice_id=row.practice_id,
        id=row.id,
        client_id=row.client_id,
        client_name=row.client_name,
        client_zone=ZoneInfo(row.client_zone),
        session_id=row.session_id,
        service_id=row.service_id,
        practitioner_id=row.practitioner_id,
        group_id=row.group_id,
        package_id=row.package_id,
        state=row.state,
        urgent=row.urgent,
        times=WishedTimes(
            row.until,
            tuple(row.weekdays),
            row.from_time,
            row.to_time,
            tuple(Format(one) for one in row.formats),
            row.notice_hours,
        ),
        made_at=row.made_at,
        ended_at=row.ended_at,
        paused_at=row.paused_at,
        unanswered=row.unanswered,
        session=waiting_session(row),
        group=waited_group(row),
        offer=offer,
    )


async def list_offers(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], now: datetime
) -> list[OfferRecord]:
    """List offers of the practice, the latest first. `state` is the state at `now`."""
    return await _offers(db, practice_id, offers_statement(_judged_at(part, "state", now)))


def offers_statement(part: Part[TimePosition]) -> Select[Any]:
    """Build the statement that reads one page of offers."""
    return in_order(
        _offer_columns().where(*matching(OFFER_FILTERS, part.filters)),
        (Offer.made_at, Offer.id),
        part.after,
        part.limit,
        latest_first=True,
    )


async def offers_of_client(
    db: AsyncConnection,
    practice_id: UUID,
    client_id: UUID,
    now: datetime,
) -> list[OfferRecord]:
    """List the open offers to a client, soonest start first."""
    wanted = _offer_columns().where(
        Offer.client_id == client_id, Offer.state == "open", Offer.answer_by >= now
    )
    return await _offers(db, practice_id, wanted.order_by(Offer.starts_at, Offer.id))


async def read_generations(db: AsyncConnection, practice_id: UUID, offer_id: UUID) -> Any:  # noqa: ANN401 - a row
    """Read what the link of an offer depends on; None: the practice has no such offer."""
    found = await db.execute(
        select(
            Client.address_generation, Session.link_generation, Practice.closed_at, Offer.ends_at
        )
        .select_from(Offer)
        .join(Practice, of_practice(PRACTICE, Practice))
        .join(Client, referred(Client, Offer.client_id))
        .outerjoin(
            Session, referred(Session, func.coalesce(Offer.session_id, Offer.booked_session_id))
        )
        .where(of_practice(PRACTICE, Offer, Offer.id == offer_id)),
        {"practice_id": practice_id},
    )
    return found.one_or_none()


async def read_offer(db: AsyncConnection, practice_id: UUID, offer_id: UUID) -> OfferRecord:
    """Read an offer.

    Raises:
        NotFoundError: the practice has no such offer.
    """
    found = await _offers(db, practice_id, _offer_columns().where(Offer.id == offer_id))
    if not found:
        raise NotFoundError
    return found[0]


async def open_offers_of_time(
    db: AsyncConnection, practice_id: UUID, freed_time_id: UUID
) -> list[OfferRecord]:
    """Read the open offers of a freed time."""
    is_open = (Offer.freed_time_id == freed_time_id, Offer.state == "open")
    return await _offers(db, practice_id, _offer_columns().where(*is_open))


async def count_offers(
    db: AsyncConnection, practice_id: UUID, since: datetime, until: datetime, now: datetime
) -> dict[OfferState, int]:
    """Count the offers that were made from `since` until before `until`, by the state at `now`."""
    state = case((_is_late(now), "expired"), else_=Offer.state).label("state")
    found = await db.execute(
        select(state, func.count().label("number"))
        .where(of_practice(PRACTICE, Offer, Offer.made_at >= since, Offer.made_at < until))
        .group_by(state),
        {"practice_id": practice_id},
    )
    return {row.state: row.number for row in found}


def _offer_columns() -> Select[Any]:
    columns: list[Any] = [
        Offer,
        Client.name.label("client_name"),
        Client.time_zone.label("client_zone"),
        Service.name.label("service_name"),
        Practitioner.name.label("practitioner_name"),
        Practitioner.time_zone.label("practitioner_zone"),
        Package.name.label("package_name"),
        Location.name.label("location_name"),
        Location.address.label("location_address"),
        Location.time_zone.label("location_zone"),
        Practice.currency,
    ]
    return with_offered_session(
        select(*columns)
        .select_from(Offer)
        .join(Practice, of_practice(PRACTICE, Practice))
        .join(Client, referred(Client, Offer.client_id))
        .join(Service, referred(Service, Offer.service_id))
        .join(Practitioner, referred(Practitioner, Offer.practitioner_id))
        .outerjoin(Package, referred(Package, Offer.package_id))
        .outerjoin(Location, referred(Location, Offer.location_id))
        .outerjoin(Session, referred(Session, Offer.session_id))
        .where(of_practice(PRACTICE, Offer))
    )


async def _offers(db: AsyncConnection, practice_id: UUID, wanted: Select[Any]) -> list[OfferRecord]:
    rows = (await db.execute(wanted, {"practice_id": practice_id})).all()
    return [_offer(row) for row in rows]


def _offer(row: Any) -> OfferRecord:  # noqa: ANN401 - a row
    return OfferRecord(
        id=row.id,
        wish_id=row.wish_id,
        freed_time_id=row.freed_time_id,
        client_id=row.client_id,
        client_name=row.client_name,
        client_zone=ZoneInfo(row.client_zone),
        session_id=row.session_id,
        service_id=row.service_id,
        service_name=row.service_name,
        practitioner_id=row.practitioner_id,
        practitioner_name=row.practitioner_name,
        practitioner_zone=ZoneInfo(row.practitioner_zone),
        group_id=row.group_id,
        package_id=row.package_id,
        package_name=row.package_name,
        price=None if row.price_minor is None else Money(row.price_minor, row.currency),
        state=row.state,
        holds=row.holds,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        format=Format(row.format),
        location=None
        if row.location_id is None
        else SessionLocation(
            row.location_id, row.location_name, row.location_address, row.location_zone
        ),
        old_starts_at=row.old_starts_at,
        booked_session_id=row.booked_session_id,
        made_at=row.made_at,
        answer_by=row.answer_by,
        ended_at=row.ended_at,
        offered=offered_session(row),
    )
