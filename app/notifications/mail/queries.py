"""Reads all that one mail says, in one statement, when the mail is sent (product.md section 6)."""

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    exists,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.statements import Read, Row
from app.domain.money import Money
from app.domain.session import Contact, SessionFacts, Status, contact_for_client
from app.identity.tokens.link import Link
from app.mail.look_queries import IS_LOGO, LOOK_COLUMNS, to_look
from app.notifications.mail import merged_queries as merged
from app.notifications.mail.change_rows import to_change, to_present
from app.notifications.mail.data import (
    MailData,
    Party,
    PracticeMailData,
    Texting,
)
from app.notifications.mail.waiver_queries import load_question
from app.outbox.outbox import REMINDERS
from app.policies.stored import frozen_of, stored_policy
from app.sessions.commands.history_repository import LEFT_CANCELLED
from app.sessions.commands.waiver_repository import WAIVER_ASKED
from app.sessions.read.records import AskedToMove
from app.sessions.read.rows import carried_of, ended_of, paid_of, to_asked, uses_of
from app.tables.allowance_uses import allowance_uses_of
from app.tables.asked import open_request_of
from app.tables.changes import Change, ChangeNote
from app.tables.ended import end_of
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.notifications import Notification
from app.tables.pictures import Picture
from app.tables.practices import Client, Location, PolicyVersion, Practice, Practitioner, Service
from app.tables.sessions import PAYS, CreditRedemption, Session


async def load_mail_data(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> MailData | None:
    """Read the data of a mail about sessions; None if there is no such notification."""
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = await _STATEMENT.one(db, ids)
    if row is None:
        return None
    if row["kind"] == WAIVER_ASKED:
        return replace(_mail_data(row), asks=await load_question(db, *ids.values()))
    if not row["is_one_of_several"]:
        return _as_cancelled(_mail_data(row))
    others = await _OTHERS.rows(db, ids)
    return _as_cancelled(
        replace(_mail_data(row), others=tuple(_other_data(other) for other in others))
    )


def _as_cancelled(data: MailData) -> MailData:
    """Turn a move request that has ended into the mail about a cancellation, if it was one too."""
    is_over = data.kind == "move_request" and data.request is None
    if not is_over or data.change.kind != "cancelled":
        return data
    others = tuple(replace(one, kind="cancelled") for one in data.others)
    return replace(data, kind="cancelled", others=others)


async def load_practice_mail_data(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> PracticeMailData | None:
    """Read the data of a mail to the practice; None if there is no such notification."""
    row = (
        await db.execute(
            select(
                Practice.name,
                Practice.email,
                Change.subject_id,
                Change.at,
                Change.details,
            )
            .select_from(Notification)
            .join(Practice, of_practice(practice_id, Practice))
            .join(Change, of_practice(practice_id, Change, Change.id == Notification.change_id))
            .where(
                Notification.practice_id == practice_id,
                Notification.id == notification_id,
                Notification.recipient == "practice",
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return PracticeMailData(
        notification_id, row.name, row.email, row.subject_id, row.at, row.details or {}
    )


_old_place, _new_place, _present_place = aliased(Location), aliased(Location), aliased(Location)
_newer, _own, _other = aliased(Change), aliased(Change), aliased(Change)
_their = aliased(Session)


def _statement() -> Select[Any]:
    """Select the change of the notification, and whether the mail has to list others."""
    is_one_of_several = (
        exists()
        .where(
            _is_other(_other, Change),
            referred(_their, _other.session_id),
            _have_one_recipient(_their, Session),
        )
        .correlate(Notification, Change, Session)
    )
    changed = (
        select(*_columns(), is_one_of_several.label("is_one_of_several"))
        .select_from(Notification)
        .join(Change, referred(Change, Notification.change_id))
    )
    return _with_records(changed)


def _others() -> Select[Any]:
    """Select the other changes of the notification's command that its recipient is told of."""
    changed = (
        select(*_columns())
        .select_from(Notification)
        .join(_own, referred(_own, Notification.change_id))
        .join(_their, referred(_their, Notification.session_id))
        .join(Change, _is_other(Change, _own))
    )
    return (
        _with_records(changed)
        .where(_have_one_recipient(_their, Session))
        .order_by(Change.starts_at, Change.id)
    )


def _is_other(other: Any, own: Any) -> ColumnElement[bool]:  # noqa: ANN401 - changes or aliases
    """Match the changes of other sessions by the same command. Reminders list no others.

    Nor are those listed that a client leaves cancelled: they were told of them before.
    """
    return of_practice(
        PRACTICE,
        other,
        other.command_id == own.command_id,
        other.session_id != own.session_id,
        or_(other.subject == "session", other.subject == "move_request"),
        other.kind != LEFT_CANCELLED,
        *(Notification.kind != kind for kind in REMINDERS),
    )


def _have_one_recipient(one: Any, other: Any) -> ColumnElement[bool]:  # noqa: ANN401 - sessions
    """Match two sessions of the client, or of the practitioner, who gets the notification."""
    return case(
        (Notification.recipient == "client", one.client_id == other.client_id),
        else_=one.practitioner_id == other.practitioner_id,
    )


def _with_records(changed: Select[Any]) -> Select[Any]:
    """Join the notification and its change to all rows that they refer to."""
    return (
        changed.join(Session, referred(Session, Change.session_id))
        .join(Practice, of_practice(PRACTICE, Practice))
        .join(Practitioner, referred(Practitioner, Session.practitioner_id))
        .join(Client, referred(Client, Session.client_id))
        .join(Service, referred(Service, Session.service_id))
        .outerjoin(Picture, IS_LOGO)
        .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
        .outerjoin(merged.first_untold, merged.IS_FIRST_UNTOLD)
        .outerjoin(_old_place, referred(_old_place, merged.before("old_location_id")))
        .outerjoin(_new_place, referred(_new_place, Change.location_id))
        .outerjoin(_present_place, referred(_present_place, Session.location_id))
        .outerjoin(PolicyVersion, referred(PolicyVersion, Session.policy_version_id))
        .where(of_practice(PRACTICE, Notification, Notification.id == bindparam("notification_id")))
    )


def _columns() -> list[Any]:
    return [
        Notification.practice_id,
        Notification.id.label("notification_id"),
        Change.session_id,
        Notification.kind,
        Notification.recipient,
        Notification.starts_at.label("about"),
        *_prefixed("practice", Practice, "name", "email", "phone", "closed_at"),
        *LOOK_COLUMNS,
        Service.name.label("service_name"),
        *_prefixed("client", Client, "name", "email", "phone", "time_zone", "locale"),
        *_prefixed("client", Client, "id", "texts", "texts_number"),
        *_prefixed("practice", Practice, "text_details"),
        *_prefixed("practitioner", Practitioner, "name", "email", "phone", "time_zone"),
        *_prefixed("practitioner", Practitioner, "locale"),
        *_prefixed("change", Change, "kind", "at", "actor", "calendar_sequence", "reason_code"),
        *_prefixed("change", Change, "fee_minor", "currency", "credit"),
        cast(Change.details, Text).label("change_details"),
        *_prefixed("change", ChangeNote, "note"),
        *merged.BEFORE,
        *_prefixed("old_place", _old_place, "name", "address", "time_zone"),
        *_prefixed("new", Change, "starts_at", "ends_at", "format"),
        *_prefixed("new_place", _new_place, "name", "address", "time_zone"),
        *_prefixed("now", Session, "starts_at", "ends_at", "format", "join_url", "instructions"),
        *_prefixed("now_place", _present_place, "name", "address", "time_zone"),
        *_prefixed("session", Session, "status", "booked_starts_at", "client_moves"),
        *_prefixed("session", Session, "carried_fee_minor", "carried_forfeit"),
        *_prefixed("session", Session, "moved_by_practice", "grace_from", "paid_before_minor"),
        *_prefixed("session", Session, "confirmed_at", "group_id"),
        cast(Session.frozen_deadlines, Text).label("frozen_deadlines"),
        allowance_uses_of(Session.client_id).label("allowance_uses"),
        open_request_of(Session).label("move_request"),
        end_of(Session).label("ended"),
        *_prefixed("session", Session, "policy_time_zone", "price_minor", "currency"),
        *_prefixed("policy", PolicyVersion, "id", "number", "text"),
        cast(PolicyVersion.rules, Text).label("policy_rules"),
        Client.address_generation,
        Session.link_generation,
        _changed_again().label("superseded"),
        _paid_by_credit().label("paid_by_credit"),
    ]


def _prefixed(prefix: str, table: Any, *names: str) -> list[Any]:  # noqa: ANN401 - tables
    return [getattr(table, name).label(f"{prefix}_{name}") for name in names]


def _changed_again() -> ColumnElement[bool]:
    return exists().where(
        of_practice(
            PRACTICE,
            _newer,
            _newer.session_id == Change.session_id,
            _newer.session_version > Change.session_version,
        )
    )


def _paid_by_credit() -> ColumnElement[bool]:
    return exists().where(
        of_practice(
            PRACTICE,
            CreditRedemption,
            CreditRedemption.session_id == Session.id,
            PAYS,
        )
    )


_STATEMENT, _OTHERS = Read(_statement()), Read(_others())


def _mail_data(row: Row) -> MailData:
    asked = to_asked(row["move_request"])
    return MailData(
        practice_id=row["practice_id"],
        notification_id=row["notification_id"],
        session_id=row["session_id"],
        kind=merged.kind_told(row["kind"], row["first_untold"]),
        recipient=row["recipient"],
        starts_at=row["about"],
        practice_name=row["practice_name"],
        practice_email=row["practice_email"],
        practice_closed=row["practice_closed_at"] is not None,
        look=to_look(row),
        service_name=row["service_name"],
        client=Party(
            row["client_name"],
            row["client_email"],
            row["client_phone"],
            ZoneInfo(row["client_time_zone"]),
            row["client_locale"],
        ),
        texting=Texting(
            row["client_id"],
            row["client_texts"],
            row["client_texts_number"],
            tuple(row["practice_text_details"]),
        ),
        practitioner=Party(
            row["practitioner_name"],
            row["practitioner_email"] or row["practice_email"],
            row["practitioner_phone"],
            ZoneInfo(row["practitioner_time_zone"]),
            row["practitioner_locale"],
        ),
        change=to_change(row),
        present=to_present(row),
        facts=_facts(row, asked),
        policy=stored_policy(
            row["policy_id"], row["policy_number"], row["policy_text"], row["policy_rules"]
        ),
        link=Link(
            row["practice_id"], row["session_id"], row["address_generation"], row["link_generation"]
        ),
        asked=asked,
        is_confirmed=row["session_confirmed_at"] is not None,
        is_seat=row["session_group_id"] is not None,
    )


def _other_data(row: Row) -> MailData:
    """Make the data of another session of the same command, with its own kind and time."""
    kind = "rescheduled" if row["change_kind"] == "format_changed" else row["change_kind"]
    if row["kind"] == "move_request":
        kind = row["kind"]
    return replace(_mail_data(row), kind=kind, starts_at=row["new_starts_at"])


def _facts(row: Row, asked: AskedToMove | None) -> SessionFacts:
    return SessionFacts(
        status=Status(row["session_status"]),
        starts_at=row["now_starts_at"],
        booked_starts_at=row["session_booked_starts_at"],
        zone=ZoneInfo(row["session_policy_time_zone"]),
        price=Money(row["session_price_minor"], row["session_currency"]),
        paid_by_credit=row["paid_by_credit"],
        client_moves=row["session_client_moves"],
        carried=carried_of(
            row["session_carried_fee_minor"],
            row["session_currency"],
            row["session_carried_forfeit"],
        ),
        contact=contact_for_client(
            Contact(row["practitioner_name"], row["practitioner_email"], row["practitioner_phone"]),
            Contact(row["practice_name"], row["practice_email"], row["practice_phone"]),
        ),
        moved_by_practice=row["session_moved_by_practice"],
        grace_from=row["session_grace_from"],
        answer_by=None if asked is None else asked.answer_by,
        ended=ended_of(row["ended"], row["session_currency"]),
        paid_before=paid_of(row["session_paid_before_minor"], row["session_currency"]),
        frozen_deadlines=frozen_of(row["frozen_deadlines"]),
        allowance_uses=uses_of(row["allowance_uses"]),
    )
