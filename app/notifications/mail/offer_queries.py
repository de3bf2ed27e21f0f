"""Reads what a mail of the waitlist says, when the mail is sent."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.money import Money
from app.domain.session import Contact, Format, Status, contact_for_client
from app.identity.tokens.link import Link
from app.identity.tokens.offer import OfferLink
from app.mail.look_queries import IS_LOGO, LOOK_COLUMNS, to_look
from app.notifications.mail.data import Meeting, Party, Texting, place_of, zone_of
from app.notifications.mail.offer_data import OfferedTime, OfferMailData
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.notifications import Notification
from app.tables.pictures import Picture
from app.tables.practices import Client, Location, Practice, Practitioner, Service
from app.tables.sessions import Session
from app.tables.waitlist import Offer, Wish
from app.waitlist.offered_queries import offered_session, with_offered_session


def _statement() -> Select[Any]:
    """Select the notification with its wish, and the offer if it is about one."""
    columns: list[Any] = [
        Notification.kind,
        Practice.name.label("practice_name"),
        Practice.email.label("practice_email"),
        Practice.phone.label("practice_phone"),
        Practice.closed_at,
        *LOOK_COLUMNS,
        Practice.currency,
        Client.name.label("client_name"),
        Client.email.label("client_email"),
        Client.phone.label("client_phone"),
        Client.time_zone,
        Client.locale,
        Client.id.label("client_id"),
        Client.texts,
        Client.texts_number,
        Practice.text_details,
        Client.address_generation,
        Service.name.label("service_name"),
        Practitioner.name.label("practitioner_name"),
        Practitioner.email.label("practitioner_email"),
        Practitioner.phone.label("practitioner_phone"),
        Practitioner.time_zone.label("practitioner_zone"),
        Wish.session_id,
        Wish.paused_at,
        Wish.ended_at,
        Session.link_generation,
        Session.starts_at.label("session_start"),
        Session.ends_at.label("session_end"),
        Session.status.label("session_status"),
        Offer.id.label("offer_id"),
        Offer.state,
        Offer.holds,
        Offer.answer_by,
        Offer.starts_at,
        Offer.ends_at,
        Offer.format,
        Offer.price_minor,
        Offer.package_id,
        Offer.group_id,
        Location.name.label("location_name"),
        Location.address.label("location_address"),
        Location.time_zone.label("location_zone"),
    ]
    of_offer = and_(referred(Offer, Change.subject_id), Change.subject == "offer")
    of_wish = or_(
        Wish.id == Offer.wish_id, and_(Wish.id == Change.subject_id, Change.subject == "wish")
    )
    with_whom = or_(
        Practitioner.id == Offer.practitioner_id,
        and_(Offer.id.is_(None), Practitioner.id == Wish.practitioner_id),
    )
    return with_offered_session(
        select(*columns)
        .select_from(Notification)
        .join(Change, referred(Change, Notification.change_id))
        .join(Practice, of_practice(PRACTICE, Practice))
        .outerjoin(Picture, IS_LOGO)
        .outerjoin(Offer, of_offer)
        .join(Wish, of_practice(PRACTICE, Wish, of_wish))
        .join(Client, referred(Client, Wish.client_id))
        .join(Service, referred(Service, Wish.service_id))
        .outerjoin(Practitioner, of_practice(PRACTICE, Practitioner, with_whom))
        .outerjoin(Session, referred(Session, Wish.session_id))
        .outerjoin(Location, referred(Location, Offer.location_id))
        .where(
            of_practice(
                PRACTICE,
                Notification,
                Notification.id == bindparam("notification_id"),
                Notification.kind.in_(("offer", "offer_gone", "wish_paused")),
            )
        )
    )


_STATEMENT = _statement()


async def load_offer_mail_data(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> OfferMailData | None:
    """Read the data of a mail of the waitlist; None if there is no such notification."""
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = (await db.execute(_STATEMENT, ids)).one_or_none()
    if row is None:
        return None
    practice = Contact(row.practice_name, row.practice_email, row.practice_phone)
    contact = practice
    if row.practitioner_name is not None:
        own = Contact(row.practitioner_name, row.practitioner_email, row.practitioner_phone)
        contact = contact_for_client(own, practice)
    link = None
    if row.session_id is not None:
        link = Link(practice_id, row.session_id, row.address_generation, row.link_generation)
    return OfferMailData(
        notification_id=notification_id,
        kind=row.kind,
        practice_name=row.practice_name,
        practice_email=row.practice_email,
        practice_closed=row.closed_at is not None,
        look=to_look(row._mapping),  # noqa: SLF001 - SQLAlchemy's documented name
        service_name=row.service_name,
        client=Party(
            row.client_name, row.client_email, row.client_phone, ZoneInfo(row.time_zone), row.locale
        ),
        texting=Texting(row.client_id, row.texts, row.texts_number, tuple(row.text_details)),
        contact=contact,
        session_link=link,
        is_waiting=row.ended_at is None,
        is_booked=row.session_status == Status.BOOKED,
        is_paused=row.paused_at is not None,
        offer=None if row.offer_id is None else _offered(practice_id, row),
    )


def _offered(practice_id: UUID, row: Row[Any]) -> OfferedTime:
    generations = row.address_generation, row.link_generation or 0
    before = None if row.session_id is None else (row.session_start, row.session_end)
    is_priced = row.price_minor is not None and row.package_id is None
    return OfferedTime(
        link=OfferLink(practice_id, row.offer_id, *generations),
        state=row.state,
        holds=row.holds,
        answer_by=row.answer_by,
        meeting=Meeting(
            row.starts_at,
            row.ends_at,
            Format(row.format),
            place_of(row.location_name, row.location_address),
            None,
            None,
            zone_of(Format(row.format), row.location_zone, row.practitioner_zone),
        ),
        practitioner_name=row.practitioner_name,
        practitioner_zone=ZoneInfo(row.practitioner_zone),
        before=before,
        price=Money(row.price_minor, row.currency) if is_priced else None,
        pays_by_credit=row.package_id is not None,
        offered=offered_session(row),
    )
