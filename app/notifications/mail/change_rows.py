"""Turns the columns of a mail's statement into the change that it tells of."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.audit.write import BY_CLIENT
from app.database.statements import Row
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Carried, Format
from app.notifications.mail.data import ChangeFacts, Meeting, place_of, zone_of
from app.sessions.commands.meeting import TimeOfEnd
from app.sessions.read.rows import carried_of


def to_change(row: Row) -> ChangeFacts:
    """Read the change that a mail tells of."""
    details = json.loads(row["change_details"] or "null") or {}
    return ChangeFacts(
        kind=row["change_kind"],
        at=row["change_at"],
        actor=row["change_actor"],
        before=_before(row),
        after=_after(row),
        calendar_sequence=row["change_calendar_sequence"],
        reason_code=row["change_reason_code"],
        note=row["change_note"],
        fee=None
        if row["change_fee_minor"] is None
        else Money(row["change_fee_minor"], row["change_currency"]),
        credit=None if row["change_credit"] is None else Credit(row["change_credit"]),
        carries=_carries(details.get("carries"), row["change_currency"]),
        forgiven_if_refilled=bool(details.get("forgiven_if_refilled")),
        released="release" in details,
        asks_waiver=details.get("waiver") == "asked",
        has_message=row["kind"] == "fee_waiver_declined" or bool(details.get("message")),
        voided_fee=bool(details.get("voided_fee") or details.get("forgiven_fee")),
        allowance=_used(details.get("allowance")),
        allowance_given_back=bool(details.get("allowance_given_back")),
        rebooked=details.get("rebooked"),
        undone=details.get("undone"),
        by_absence=bool(details.get("absence")),
        answers_request="move_request" in details and row["change_actor"] in BY_CLIENT,
        time_of_end=_time_of_end(details.get("time_of_end")),
        superseded=row["superseded"],
        is_merged=row["first_untold"] is not None,
    )


def _time_of_end(details: dict[str, str] | None) -> TimeOfEnd | None:
    if details is None:
        return None
    return TimeOfEnd(*(datetime.fromisoformat(details[name]) for name in TimeOfEnd._fields))


def _carries(details: dict[str, Any] | None, currency: str) -> Carried | None:
    if details is None:
        return None
    return carried_of(details["fee_minor"] or 0, currency, details["forfeits_credit"])


def _used(details: dict[str, int] | None) -> tuple[int, int] | None:
    """Give the number of a free change of an allowance, and how many there are in all."""
    return None if details is None else (details["of"] - details["left"], details["of"])


def _before(row: Row) -> Meeting | None:
    """Return time, format and location before the change; the history stores no more."""
    if row["change_old_starts_at"] is None:
        return None
    kind = Format(row["change_old_format"])
    return Meeting(
        row["change_old_starts_at"],
        row["change_old_ends_at"],
        kind,
        place_of(row["old_place_name"], row["old_place_address"]),
        join_url=None,
        instructions=None,
        zone=zone_of(kind, row["old_place_time_zone"], row["practitioner_time_zone"]),
    )


def _after(row: Row) -> Meeting:
    """Return the meeting after the change; how to join only if it is the session's present one.

    The history has no URLs and no instructions: they may name a person, and it cannot be erased.
    """
    after, present = _meeting(row, "new"), to_present(row)
    return present if after == present.without_joining else after


def to_present(row: Row) -> Meeting:
    """Read when, where and how the session takes place now."""
    join_url, instructions = row["now_join_url"], row["now_instructions"]
    return replace(_meeting(row, "now"), join_url=join_url, instructions=instructions)


def _meeting(row: Row, prefix: str) -> Meeting:
    """Read the time, format and place whose columns begin with `prefix`."""
    kind = Format(row[f"{prefix}_format"])
    return Meeting(
        row[f"{prefix}_starts_at"],
        row[f"{prefix}_ends_at"],
        kind,
        place_of(row[f"{prefix}_place_name"], row[f"{prefix}_place_address"]),
        join_url=None,
        instructions=None,
        zone=zone_of(kind, row[f"{prefix}_place_time_zone"], row["practitioner_time_zone"]),
    )
