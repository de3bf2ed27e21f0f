"""Read what the offers of a freed time depend on: who waits, and what is free."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, func, join, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.calendar.held_times import read_seat_holds
from app.domain.groups import GroupSlot
from app.domain.intervals import Interval
from app.domain.session import Format
from app.domain.zones import to_seconds
from app.sessions.read.calendar import LONGEST
from app.tables.groups import Group
from app.tables.joins import NO_ID, PRACTICE, of_practice, referred
from app.tables.practices import (
    Client,
    Location,
    PolicyVersion,
    Practitioner,
    Service,
    ServiceFormat,
)
from app.tables.seats import seats_left
from app.tables.sessions import Session
from app.tables.waitlist import Offer
from app.tables.waitlist import Wish as WishTable
from app.waitlist.records import FreedTime

Places = Mapping[UUID, Sequence[tuple[Format, UUID | None]]]


async def read_candidates(
    db: AsyncConnection, freed: FreedTime, now: datetime
) -> Sequence[Row[Any]]:
    """Read the wishes of the practitioner or the group that wait: urgent first, then oldest.

    Those whose clients were asked for this time already are left out, unless that offer is gone.
    A wish whose offer of another time has expired waits too, though the worker has not recorded
    that yet: `expired_at` is then when it did.
    """
    found = await db.execute(_candidates(freed, now), {"practice_id": freed.practice_id})
    return list(found.all())


async def read_gone_starts(db: AsyncConnection, freed: FreedTime) -> set[tuple[UUID, datetime]]:
    """Read the wishes that were offered a part of a freed time which is gone, and its start."""
    found = await db.execute(
        select(Offer.wish_id, Offer.starts_at).where(
            of_practice(freed.practice_id, Offer, Offer.freed_time_id == freed.id, Offer.gone)
        )
    )
    return {(row.wish_id, row.starts_at) for row in found}


def _candidates(freed: FreedTime, now: datetime) -> Select[Any]:
    """Select the wishes of the practitioner or the group that wait, in their order."""
    wish = WishTable
    if freed.group_id is None:
        in_place = and_(
            wish.group_id.is_(None),
            Session.group_id.is_(None),
            or_(
                wish.practitioner_id == freed.practitioner_id,
                and_(wish.practitioner_id.is_(None), wish.service_id == freed.service_id),
            ),
        )
    else:
        in_place = and_(
            wish.service_id == freed.service_id,
            or_(wish.practitioner_id.is_(None), wish.practitioner_id == freed.practitioner_id),
            or_(
                Session.group_id.is_not(None),
                wish.group_id == freed.group_id,
                and_(wish.session_id.is_(None), wish.group_id.is_(None)),
            ),
        )
    asked = select(Offer.wish_id).where(
        of_practice(PRACTICE, Offer, Offer.freed_time_id == freed.id, ~Offer.gone)
    )
    late = aliased(Offer)
    is_late = of_practice(
        PRACTICE, late, late.wish_id == wish.id, late.state == "open", late.answer_by < now
    )
    columns: list[Any] = [
        wish,
        late.answer_by.label("expired_at"),
        Client.time_zone.label("client_zone"),
        Service.waitlist,
        Service.offer_minutes,
        Service.duration_minutes,
        Service.step_minutes,
        Service.minimum_notice_minutes,
        Service.horizon_days,
        Service.price_minor,
        Service.buffer_before_minutes.label("service_before"),
        Service.buffer_after_minutes.label("service_after"),
        Session.status.label("session_status"),
        Session.starts_at.label("session_start"),
        Session.ends_at.label("session_end"),
        Session.format.label("session_format"),
        Session.location_id.label("session_location"),
        Session.group_id.label("session_group"),
        Session.practitioner_id.label("session_practitioner"),
        Session.buffer_before_minutes.label("session_before"),
        Session.buffer_after_minutes.label("session_after"),
        Session.booked_starts_at,
        Session.policy_time_zone,
        PolicyVersion.id.label("policy_id"),
        PolicyVersion.number.label("policy_number"),
        PolicyVersion.text.label("policy_text"),
        cast(PolicyVersion.rules, Text).label("policy_rules"),
    ]
    return (
        select(*columns)
        .select_from(wish)
        .join(Client, and_(referred(Client, wish.client_id), Client.active))
        .join(Service, and_(referred(Service, wish.service_id), Service.waitlist != "off"))
        .outerjoin(Session, referred(Session, wish.session_id))
        .outerjoin(PolicyVersion, referred(PolicyVersion, Session.policy_version_id))
        .outerjoin(late, is_late)
        .where(
            of_practice(
                PRACTICE,
                wish,
                or_(wish.state == "waiting", late.id.is_not(None)),
                wish.paused_at.is_(None),
                in_place,
                # A service that is no longer booked is still moved.
                or_(wish.session_id.is_not(None), Service.active),
                wish.id.not_in(asked),
                wish.session_id.is_distinct_from(freed.session_id)
                if freed.session_id is not None
                else true(),
            )
        )
        .order_by(wish.urgent.desc(), wish.made_at, wish.id)
    )


async def times_of_clients(
    db: AsyncConnection, freed: FreedTime, client_ids: set[UUID]
) -> dict[UUID, list[tuple[UUID, Interval]]]:
    """Read the times that the clients' sessions take around a freed time, by client."""
    found = await db.execute(
        select(Session.client_id, Session.id, Session.starts_at, Session.taken_until).where(
            of_practice(
                PRACTICE,
                Session,
                Session.client_id.in_(client_ids),
                Session.taken_until > freed.starts_at,
                Session.starts_at > freed.starts_at - LONGEST,
                Session.starts_at < freed.ends_at + LONGEST,
            )
        ),
        {"practice_id": freed.practice_id},
    )
    times: dict[UUID, list[tuple[UUID, Interval]]] = defaultdict(list)
    for row in found:
        taken = Interval(to_seconds(row.starts_at), to_seconds(row.taken_until))
        times[row.client_id].append((row.id, taken))
    return times


async def read_places(db: AsyncConnection, practice_id: UUID) -> Places:
    """Read the formats of all services, at active locations."""
    found = await db.execute(
        select(ServiceFormat.service_id, ServiceFormat.format, ServiceFormat.location_id)
        .outerjoin(Location, referred(Location, ServiceFormat.location_id))
        .where(
            of_practice(PRACTICE, ServiceFormat, func.coalesce(Location.active, true())),
        )
        .order_by(ServiceFormat.format, ServiceFormat.location_id),
        {"practice_id": practice_id},
    )
    places: dict[UUID, list[tuple[Format, UUID | None]]] = defaultdict(list)
    for row in found:
        places[row.service_id].append((Format(row.format), row.location_id))
    return places


_GROUPS = join(Group, Practitioner, referred(Practitioner, Group.practitioner_id)).outerjoin(
    Location, referred(Location, Group.location_id)
)


def _open(group_id: UUID) -> ColumnElement[bool]:
    """Match a scheduled group of an active practitioner at an active location."""
    return of_practice(
        PRACTICE,
        Group,
        Group.id == group_id,
        Group.status == "scheduled",
        Practitioner.active,
        func.coalesce(Location.active, true()),
    )


async def is_group_open(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> bool:
    """Tell whether a group is scheduled, by an active practitioner at an active location."""
    wanted = select(Group.id).select_from(_GROUPS).where(_open(group_id))
    return await db.scalar(wanted, {"practice_id": practice_id}) is not None


async def read_group(
    db: AsyncConnection, freed: FreedTime, group_id: UUID, now: datetime
) -> tuple[GroupSlot, ZoneInfo] | None:
    """Read a scheduled group of an active practitioner at an active location; None: it is none.

    A released seat counts as free beside those that nobody has or holds: it is given up for
    whoever takes it.
    """
    practice_id = freed.practice_id
    row = (
        await db.execute(
            select(
                Group.starts_at,
                Group.ends_at,
                Group.location_id,
                Group.format,
                seats_left(Group).label("left"),
                Practitioner.time_zone,
            )
            .select_from(_GROUPS)
            .where(_open(group_id)),
            {"practice_id": practice_id},
        )
    ).one_or_none()
    if row is None:
        return None
    held = await read_seat_holds(db, practice_id, group_id, NO_ID, now)
    slot = GroupSlot(
        to_seconds(row.starts_at),
        to_seconds(row.ends_at),
        row.location_id,
        group_id,
        max(row.left - held.seats, 0) + int(freed.released),
        Format(row.format),
    )
    return slot, ZoneInfo(row.time_zone)
