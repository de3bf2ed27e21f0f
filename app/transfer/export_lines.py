"""Turn rows into the lines of an export. What an import takes, in its fields and their names."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.audit.write import BY_CLIENT
from app.directory.fields import RecordBody
from app.domain.session import Status
from app.schedule.hours.records import clock_of
from app.transfer.lines import LineKind

Fields = dict[str, Any]
Refs = Mapping[UUID, str]


def record_line(
    kind: LineKind, schema: type[RecordBody], row: Mapping[str, Any], services: Refs, places: Refs
) -> Fields:
    """Make the line of a record: the fields of a complete one."""
    line: Fields = {"kind": kind, "external_ref": row["own_ref"]}
    for name in schema.model_fields:
        if name == "client_id":
            line["client_ref"] = row["client_ref"]
        elif name == "service_id":
            line["service_ref"] = services[row["service_id"]]
        elif name == "formats":
            formats = [_format_line(one, places) for one in row["formats"]]
            line["formats"] = sorted(formats, key=_of_format)
        else:
            line[name] = row[name]
    return line


def _format_line(offered: Mapping[str, Any], places: Refs) -> Fields:
    place = offered["location_id"]
    return {
        "kind": offered["kind"],
        "location_ref": None if place is None else places[UUID(place)],
        "instructions": offered["instructions"],
    }


def _of_format(offered: Fields) -> tuple[str, str]:
    return offered["kind"], offered["location_ref"] or ""


def week_line(row: Mapping[str, Any], places: Refs) -> Fields:
    """Make the line of a practitioner's weekly hours."""
    items = [{"weekday": one[0], **_hours_line(one, places)} for one in row["hours"]]
    return {
        "kind": LineKind.WORKING_HOURS,
        "practitioner_ref": row["practitioner_ref"],
        "items": sorted(items, key=_in_week),
    }


def override_line(row: Mapping[str, Any], places: Refs) -> Fields:
    """Make the line of a practitioner's hours on one date."""
    items = [_hours_line(one, places) for one in row["hours"] if one[1] is not None]
    return {
        "kind": LineKind.HOURS_OVERRIDE,
        "practitioner_ref": row["practitioner_ref"],
        "date": row["date"],
        "intervals": sorted(items, key=_in_week),
    }


def _hours_line(row: list[Any], places: Refs) -> Fields:
    _, start, end, kind, place = row
    return {
        "start": clock_of(start),
        "end": clock_of(end),
        "format": kind,
        "location_ref": None if place is None else places[UUID(place)],
    }


def _in_week(hours: Fields) -> tuple[Any, ...]:
    return (
        hours.get("weekday"),
        hours["start"],
        hours["end"],
        hours["format"] or "",
        hours["location_ref"] or "",
    )


def time_off_line(row: Mapping[str, Any], people: Refs) -> Fields:
    """Make the line of time off."""
    return {
        "kind": LineKind.TIME_OFF,
        "external_ref": row["own_ref"],
        "practitioner_ref": people[row["practitioner_id"]],
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
    }


def busy_line(row: Mapping[str, Any]) -> Fields:
    """Make the line of a practitioner's busy times in one other calendar."""
    items = [{"starts_at": _utc(start), "ends_at": _utc(end)} for start, end in row["items"]]
    return {
        "kind": LineKind.BUSY_INTERVALS,
        "practitioner_ref": row["practitioner_ref"],
        "source": row["source"],
        "items": items,
    }


def policy_line(row: Mapping[str, Any]) -> Fields:
    """Make the line of a version of a policy."""
    return {
        "kind": LineKind.POLICY,
        "service_ref": row["service_ref"],
        "practitioner_ref": row["practitioner_ref"],
        "version": row["number"],
        "created_at": row["created_at"],
        "text": row["text"],
        "rules": row["rules"],
    }


_MEETING = (
    "practitioner_ref",
    "service_ref",
    "starts_at",
    "ends_at",
    "format",
    "location_ref",
    "join_url",
    "instructions",
    "buffer_before_minutes",
    "buffer_after_minutes",
)


def group_line(row: Mapping[str, Any]) -> Fields:
    """Make the line of a group."""
    names = (*_MEETING, "status", "seats", "min_seats", "decide_hours", "auto_cancel")
    line = {"kind": LineKind.GROUP, "external_ref": row["own_ref"]}
    return line | {name: row[name] for name in names}


def session_line(row: Mapping[str, Any]) -> Fields:
    """Make the line of a session as it stands."""
    names = (
        "client_ref",
        "group_ref",
        *_MEETING,
        "status",
        "policy_time_zone",
        "frozen_deadlines",
        "grace_from",
        "booked_starts_at",
        "client_moves",
        "moved_by_practice",
        "confirmed_at",
        "booked_at",
    )
    line = {"kind": LineKind.SESSION, "external_ref": row["own_ref"]}
    return (
        line
        | {name: row[name] for name in names}
        | {
            "price": _sum(row["price_minor"], row["currency"]),
            "policy": _policy_of(row),
            "carried": _carried_of(row),
            "paid_before": _sum(row["paid_before_minor"] or None, row["currency"]),
            "ended": _end_of(row),
            "redemption": _redemption_of(row["redemption"]),
            "pushed": _pushed_of(row),
            "fees": [_fee_line(*fee) for fee in row["fees"] or ()],
        }
    )


def _policy_of(row: Mapping[str, Any]) -> Fields | None:
    if row["policy_number"] is None:
        return None
    return {
        "service_ref": row["policy_service_ref"],
        "practitioner_ref": row["policy_practitioner_ref"],
        "version": row["policy_number"],
    }


def _carried_of(row: Mapping[str, Any]) -> Fields | None:
    if not row["carried_fee_minor"] and not row["carried_forfeit"]:
        return None
    return {
        "fee": _sum(row["carried_fee_minor"] or None, row["currency"]),
        "forfeits_credit": row["carried_forfeit"],
    }


def _end_of(row: Mapping[str, Any]) -> Fields | None:
    if row["status"] == Status.BOOKED:
        return None
    if row["ended"] is None:
        # Its history is older than the entries of that kind.
        return {"at": row["ends_at"], "by": "practice", "credit": None, "reason": None}
    at, actor, credit, reason = row["ended"]
    returned = credit if credit in {"returned", "forfeited", "kept"} else None
    return {"at": _utc(at), "by": _side(actor), "credit": returned, "reason": reason}


def _redemption_of(found: list[Any] | None) -> Fields | None:
    if found is None:
        return None
    package_ref, redeemed_at, forfeited_at, returned_at = found
    return {
        "package_ref": package_ref,
        "redeemed_at": _utc(redeemed_at),
        "forfeited_at": _utc(forfeited_at),
        "returned_at": _utc(returned_at),
    }


def _pushed_of(row: Mapping[str, Any]) -> Fields | None:
    pushed = row["pushed"]
    if pushed is None:
        return None
    return {
        "starts_at": _utc(pushed.get("start")),
        "format": pushed.get("format"),
        "location_ref": row["pushed_location_ref"],
        "group_ref": row["pushed_group_ref"],
    }


def _fee_line(
    amount: int,
    currency: str,
    status: str,
    cause: str,
    actor: str,
    recorded_at: str,
    closed_at: str | None,
    payment_reference: str | None,
    collect_after: str | None,
) -> Fields:
    return {
        "amount": _sum(amount, currency),
        "status": status,
        "cause": cause,
        "by": _side(actor),
        "recorded_at": _utc(recorded_at),
        "closed_at": _utc(closed_at),
        "payment_reference": payment_reference,
        "collect_after": _utc(collect_after),
    }


def _side(actor: str) -> str:
    return "client" if actor in BY_CLIENT else "practice"


def _sum(amount_minor: int | None, currency: str) -> Fields | None:
    return None if amount_minor is None else {"amount_minor": amount_minor, "currency": currency}


def _utc(written: str | None) -> datetime | None:
    """Read an instant of a JSON value of the database."""
    return None if written is None else datetime.fromisoformat(written).astimezone(UTC)
