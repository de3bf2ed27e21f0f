"""Turn rows of app/sessions/read/statements.py into records."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.audit.write import BY_CLIENT
from app.database.statements import Row
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Carried, Contact, Ended, Format, Status, contact_for_client
from app.domain.waiver import Question, WaiverState
from app.policies.stored import StoredPolicy, frozen_of, stored_policy
from app.sessions.read.records import (
    Absence,
    AskedToMove,
    Cancellation,
    OfferedFormat,
    PackageUse,
    SeriesPlace,
    SessionFee,
    SessionGroup,
    SessionHold,
    SessionLocation,
    SessionRecord,
    SessionSummaryRecord,
)
from app.web.pictures import picture_path_if_any

_STATUSES = {status.value: status for status in Status}
_FORMATS = {kind.value: kind for kind in Format}
# Cached: a practice has few distinct prices.
_money = lru_cache(maxsize=1024)(Money)


def to_summary(row: Row) -> SessionSummaryRecord:
    """Turn a row into a `SessionSummaryRecord`."""
    return SessionSummaryRecord(*_summary_fields(row))


def to_record(row: Row) -> SessionRecord:
    """Turn a row of a details statement into a `SessionRecord`."""
    return SessionRecord(  # type: ignore[misc] # mypy does not know the length of the tuple
        *_summary_fields(row),
        practice_id=row["practice_id"],
        client_id=row["client_id"],
        link_generation=row["link_generation"],
        client_name=row["client_name"],
        client_email=row["client_email"],
        video_url=row["video_url"],
        policy=policy_of(row),
        policy_zone=ZoneInfo(row["policy_time_zone"]),
        paid_by_credit=bool(row["pays"]),
        booked_starts_at=row["booked_starts_at"],
        client_moves=row["client_moves"],
        carried=carried_of(row["carried_fee_minor"], row["currency"], row["carried_forfeit"]),
        carried_since=row["carried_since"],
        calendar_sequence=row["calendar_sequence"],
        buffer_before_minutes=row["buffer_before_minutes"],
        buffer_after_minutes=row["buffer_after_minutes"],
        step_minutes=row["step_minutes"],
        minimum_notice_minutes=row["minimum_notice_minutes"],
        horizon_days=row["horizon_days"],
        reminder_minutes=row["reminder_minutes"],
        nudge_hours_before=row["nudge_hours_before"],
        formats=formats_of(row["formats"]),
        moved_by_practice=row["moved_by_practice"],
        grace_from=row["grace_from"],
        move_request=to_asked(row["move_request"]),
        hold=to_hold(row["hold"]),
        undo_until=row["undo_until"],
        ended=ended_of(row["ended"], row["currency"]),
        has_paid_by_credit=row["pays"] is False,
        paid_before=paid_of(row["paid_before_minor"], row["currency"]),
        release_until=row["release_until"],
        has_waitlist=row["waitlist"] != "off",
        is_waited_for=bool(row["is_waited_for"]),
        frozen_deadlines=frozen_of(row["frozen_deadlines"]),
        allowance_uses=uses_of(row["allowance_uses"]),
        fees=() if row["fees"] is None else fees_from(row["fees"]),
    )


def contact_of(row: Row) -> Contact:
    """Read the contact for the session's client from `CONTACT_COLUMNS`."""
    return _contact(
        row["practitioner_name"],
        row["practitioner_email"],
        row["practitioner_phone"],
        row["practice_name"],
        row["practice_email"],
        row["practice_phone"],
    )


@lru_cache(maxsize=1024)
def _contact(*facts: str | None) -> Contact:
    name, email, phone, practice_name, practice_email, practice_phone = facts
    return contact_for_client(
        Contact(name or "", email, phone),
        Contact(practice_name or "", practice_email, practice_phone),
    )


def carried_of(
    fee_minor: int,
    currency: str,
    forfeits_credit: bool,  # noqa: FBT001 - columns in their order
) -> Carried | None:
    """Read the carried cost of a session's earlier moves; None if there is none."""
    if fee_minor == 0 and not forfeits_credit:
        return None
    return Carried(Money(fee_minor, currency) if fee_minor else None, forfeits_credit)


def paid_of(amount_minor: int, currency: str) -> Money | None:
    """Read what was paid for an earlier end of the session; None if nothing was."""
    return Money(amount_minor, currency) if amount_minor else None


def ended_of(document: str | None, currency: str) -> Ended | None:
    """Parse the end of a session (app/tables/ended.py); None if it has not ended."""
    if document is None:
        return None
    at, actor, fee_minor, fee_status, credit, refill = json.loads(document)
    is_refilled = refill == "refilled"
    fee = None if fee_minor is None else Money(fee_minor, currency)
    return Ended(
        at=datetime.fromisoformat(at),
        by_practice=actor not in BY_CLIENT,
        due=fee if fee_status == "due" else None,
        settled=fee if fee_status == "settled" and not is_refilled else None,
        forfeits_credit=credit == Credit.FORFEITED and not is_refilled,
    )


def uses_of(document: str | None) -> tuple[datetime, ...]:
    """Parse when the client has used their allowance (app/tables/allowance_uses.py)."""
    if document is None:
        return ()
    return tuple(datetime.fromisoformat(used_at) for used_at in json.loads(document))


def to_asked(document: str | None) -> AskedToMove | None:
    """Parse the open move request of a session (app/tables/asked.py); None if there is none."""
    if document is None:
        return None
    id_, note, answer_by, meanwhile, proposals = json.loads(document)
    return AskedToMove(
        id=UUID(id_),
        note=note,
        answer_by=datetime.fromisoformat(answer_by),
        is_cancelled=meanwhile == "cancel",
        proposals=tuple(datetime.fromisoformat(start) for start in proposals),
    )


def to_hold(document: str | None) -> SessionHold | None:
    """Parse the last hold of a session (app/tables/held.py); None if there is none."""
    if document is None:
        return None
    start, kind, location_id, group_id, until = json.loads(document)
    return SessionHold(
        starts_at=datetime.fromisoformat(start),
        format=Format(kind),
        location_id=None if location_id is None else UUID(location_id),
        group_id=None if group_id is None else UUID(group_id),
        until=datetime.fromisoformat(until),
    )


def fees_from(document: str) -> tuple[SessionFee, ...]:
    """Parse the fees of a session (app/tables/owed.py)."""
    fees = json.loads(document)
    return tuple(
        SessionFee(
            id=UUID(id_),
            amount=Money(amount, currency),
            status=status,
            recorded_at=datetime.fromisoformat(recorded_at),
            collect_after=_instant(collect_after),
            question=None if asked[0] is None else _to_question(*asked),
        )
        for id_, amount, currency, status, recorded_at, collect_after, *asked in fees
    )


def _to_question(
    state: WaiverState, asked_at: str, answer_by: str, ended_at: str | None
) -> Question:
    parse = datetime.fromisoformat
    return Question(state, parse(asked_at), parse(answer_by), _instant(ended_at))


def _instant(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def policy_of(row: Row) -> StoredPolicy | None:
    """Read the session's policy version from `POLICY_COLUMNS`."""
    return stored_policy(
        row["policy_id"], row["policy_number"], row["policy_text"], row["policy_rules"]
    )


@lru_cache(maxsize=1024)
def formats_of(document: str | None) -> tuple[OfferedFormat, ...]:
    """Parse the formats of a service from JSON text. Cached by that text."""
    return tuple(
        OfferedFormat(
            Format(kind),
            None if id_ is None else SessionLocation(UUID(id_), name, address, zone),
            hint,
        )
        for kind, id_, name, address, zone, hint in json.loads(document or "[]")
    )


def _summary_fields(row: Row) -> tuple[Any, ...]:
    """Give the fields of a `SessionSummaryRecord`, in the order of their declaration.

    Positional arguments are faster than keywords, and a list makes many records.
    """
    location_id, package_id, group_id, status = (
        row["location_id"],
        row["package_id"],
        row["group_id"],
        _STATUSES[row["status"]],
    )
    return (
        row["id"],
        ZoneInfo(row["client_zone"]),
        status,
        row["version"],
        row["starts_at"],
        row["ends_at"],
        row["service_id"],
        row["service_name"],
        row["practitioner_id"],
        row["practitioner_name"],
        ZoneInfo(row["practitioner_zone"]),
        picture_path_if_any(row["client_practice_id"], row["practitioner_photo"]),
        contact_of(row),
        _FORMATS[row["format"]],
        None
        if location_id is None
        else SessionLocation(
            location_id, row["location_name"], row["location_address"], row["location_zone"]
        ),
        row["join_url"],
        row["instructions"],
        _money(row["price_minor"], row["currency"]),
        None
        if package_id is None
        else PackageUse(package_id, row["package_name"], row["credits_left"]),
        _cancellation(row) if status is Status.CANCELLED else None,
        None if group_id is None else SessionGroup(group_id, *row["group_seats"]),
        None
        if row["series_id"] is None
        else SeriesPlace(
            row["series_id"], row["series_position"], row["series_size"], row["series_starts_at"]
        ),
        None if row["absence"] is None else _to_absence(row["absence"]),
        row["confirmed_at"],
    )


def _to_absence(document: str) -> Absence:
    """Parse an announced absence (app/tables/absences.py)."""
    change_id, at, kind, code, note = json.loads(document)
    return Absence(
        change_id=UUID(change_id),
        at=datetime.fromisoformat(at),
        frees_time=kind == Status.CANCELLED,
        reason_code=code,
        note=note,
    )


def _cancellation(row: Row) -> Cancellation | None:
    if row["cancelled_at"] is None:
        return None
    return Cancellation(
        at=row["cancelled_at"],
        by=row["cancelled_by"],
        reason_code=row["cancel_code"],
        note=row["cancel_note"],
    )
