"""Read which rows belong to a client, and everything that they hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import NotFoundError
from app.domain.session import Status
from app.erasure.records import ErasedClient, HeldIds
from app.tables.allowance_uses import AllowanceUse
from app.tables.changes import Change, ChangeNote
from app.tables.feeds import Feed
from app.tables.held_times import HeldTime
from app.tables.identity import SignIn, SignInFamily
from app.tables.joins import of_practice
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Client, Package
from app.tables.series import Series
from app.tables.sessions import CreditRedemption, Fee, Refill, Session
from app.tables.taken_times import TakenTime
from app.tables.waitlist import FreedTime, Offer, Wish
from app.tables.waivers import Waiver

# Columns that are secrets of the service, or say nothing of the client.
_LEFT_OUT = {"practice_id", "secret_hash", "judgement"}


async def read_client(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> Any:  # noqa: ANN401 - a row
    """Read a client's record, erased or not.

    Raises:
        NotFoundError: the practice has no such client.
    """
    own = of_practice(practice_id, Client, Client.id == client_id)
    row = (await db.execute(select(Client.__table__).where(own))).one_or_none()
    if row is None:
        raise NotFoundError
    return row


async def read_ids(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> HeldIds:
    """Read the ids of what belongs to a client, with the practitioners of it."""

    async def ids(column: Any, table: Any, *conditions: ColumnElement[bool]) -> list[UUID]:  # noqa: ANN401 - columns and tables
        wanted = select(column).where(of_practice(practice_id, table, *conditions)).distinct()
        return sorted(found for found in await db.scalars(wanted) if found is not None)

    sessions = await ids(Session.id, Session, Session.client_id == client_id)
    of_client = Offer.client_id == client_id
    practitioners = {
        *await ids(Session.practitioner_id, Session, Session.client_id == client_id),
        *await ids(Offer.practitioner_id, Offer, of_client, Offer.state == "open"),
    }
    return HeldIds(
        client_id=client_id,
        sessions=sessions,
        practitioners=sorted(practitioners),
        fees=await ids(Fee.id, Fee, Fee.session_id.in_(sessions)),
        packages=await ids(Package.id, Package, Package.client_id == client_id),
        series=await ids(Series.id, Series, Series.client_id == client_id),
        wishes=await ids(Wish.id, Wish, Wish.client_id == client_id),
        offers=await ids(Offer.id, Offer, of_client),
        feeds=await ids(Feed.id, Feed, Feed.client_id == client_id),
    )


async def booked_ids(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, now: datetime
) -> list[UUID]:
    """Read which booked sessions of a client have not ended."""
    own = of_practice(
        practice_id,
        Session,
        Session.client_id == client_id,
        Session.status == Status.BOOKED,
        Session.ends_at > now,
    )
    return list(await db.scalars(select(Session.id).where(own).order_by(Session.id)))


async def due_fee_ids(
    db: AsyncConnection, practice_id: UUID, session_ids: Sequence[UUID]
) -> list[UUID]:
    """Read which fees of sessions are due."""
    own = of_practice(practice_id, Fee, Fee.session_id.in_(session_ids), Fee.status == "due")
    return list(await db.scalars(select(Fee.id).where(own).order_by(Fee.id)))


async def active_wish_ids(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> list[UUID]:
    """Read which wishes of a client have not ended."""
    own = of_practice(practice_id, Wish, Wish.client_id == client_id, Wish.ended_at.is_(None))
    return list(await db.scalars(select(Wish.id).where(own).order_by(Wish.id)))


async def read_erasure(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> ErasedClient:
    """Read when a client was erased, and what that did. They must have been erased."""
    own = of_practice(
        practice_id,
        Change,
        Change.session_id.is_(None),
        Change.subject_id == client_id,
        Change.kind == "erased",
    )
    wanted = select(Change.at, Change.command_id, Change.details).where(own).limit(1)
    row = (await db.execute(wanted)).one()
    return ErasedClient(
        client_id,
        row.at,
        row.details["sessions_cancelled"],
        row.details["fees_waived"],
        row.command_id,
    )


def is_change_of(practice_id: UUID, held: HeldIds) -> ColumnElement[bool]:
    """Match the audit log's entries about what belongs to a client."""
    about_record = Change.session_id.is_(None) & Change.subject_id.in_(held.all)
    return of_practice(practice_id, Change, or_(Change.session_id.in_(held.sessions), about_record))


def is_notification_of(practice_id: UUID, held: HeldIds) -> ColumnElement[bool]:
    """Match the notifications about what belongs to a client, such as offers without a session."""
    changes = select(Change.id).where(is_change_of(practice_id, held))
    return or_(Notification.session_id.in_(held.sessions), Notification.change_id.in_(changes))


async def read_parts(
    db: AsyncConnection, practice_id: UUID, held: HeldIds
) -> dict[str, list[Mapping[str, Any]]]:
    """Read all rows that belong to a client, by what they are, without secrets."""
    of_client, of_session = held.client_id, held.sessions
    noted = select(MoveRequestSession.move_request_id).where(
        of_practice(practice_id, MoveRequestSession, MoveRequestSession.session_id.in_(of_session))
    )
    tables: dict[str, tuple[Any, ColumnElement[bool]]] = {
        "sessions": (Session, Session.client_id == of_client),
        "taken_times": (TakenTime, TakenTime.session_id.in_(of_session)),
        "series": (Series, Series.client_id == of_client),
        "fees": (Fee, Fee.session_id.in_(of_session)),
        "waivers": (Waiver, Waiver.id.in_(held.fees)),
        "refills": (Refill, Refill.client_id == of_client),
        "packages": (Package, Package.client_id == of_client),
        "credits": (CreditRedemption, CreditRedemption.session_id.in_(of_session)),
        "allowance_uses": (AllowanceUse, AllowanceUse.client_id == of_client),
        "wishes": (Wish, Wish.client_id == of_client),
        "offers": (Offer, Offer.client_id == of_client),
        "freed_times": (FreedTime, FreedTime.session_id.in_(of_session)),
        "holds": (HeldTime, HeldTime.client_id == of_client),
        "move_requests": (MoveRequest, MoveRequest.id.in_(noted)),
        "asked_to_move": (MoveRequestSession, MoveRequestSession.session_id.in_(of_session)),
        "notifications": (Notification, is_notification_of(practice_id, held)),
        "sign_ins": (SignIn, SignIn.client_id == of_client),
        "sign_in_families": (SignInFamily, SignInFamily.client_id == of_client),
        "feeds": (Feed, Feed.client_id == of_client),
    }
    parts = {
        name: await _rows(db, table.__table__, of_practice(practice_id, table, condition))
        for name, (table, condition) in tables.items()
    }
    parts["changes"] = await _changes(db, practice_id, held)
    return parts


async def _rows(
    db: AsyncConnection,
    table: Any,  # noqa: ANN401
    condition: ColumnElement[bool],
) -> list[Mapping[str, Any]]:
    columns = [column for column in table.c if column.name not in _LEFT_OUT]
    found = await db.execute(select(*columns).where(condition).order_by(*table.primary_key))
    return [row._asdict() for row in found]


async def _changes(
    db: AsyncConnection, practice_id: UUID, held: HeldIds
) -> list[Mapping[str, Any]]:
    """Read the entries of the audit log about a client, with their notes and origins."""
    columns = [column for column in Change.__table__.c if column.name not in _LEFT_OUT]
    found = await db.execute(
        select(*columns, ChangeNote.note, ChangeNote.origin)
        .outerjoin(
            ChangeNote, of_practice(practice_id, ChangeNote, ChangeNote.change_id == Change.id)
        )
        .where(is_change_of(practice_id, held))
        .order_by(Change.at, Change.id)
    )
    return [row._asdict() for row in found]
