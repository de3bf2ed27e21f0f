"""Present groups to staff."""

from zoneinfo import ZoneInfo

from fastapi import Response

from app.groups import schemas
from app.groups.records import GroupDetails, GroupOutcome
from app.sessions.client_api.presenter import present_location
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page
from app.web.responses import json_answer


def present_groups(page: Page[GroupDetails], zone: ZoneInfo | None) -> schemas.GroupPage:
    """Present a page of groups, by default each in its practitioner's zone."""
    return {
        "items": [present_group(group, zone) for group in page.rows],
        "next_cursor": page.next_cursor,
    }


def present_group(group: GroupDetails, zone: ZoneInfo | None = None) -> schemas.GroupView:
    """Present a group, by default in its practitioner's zone."""
    zone, rules = zone or group.practitioner_zone, group.rules
    return {
        "id": group.id,
        "external_ref": group.external_ref,
        "status": "scheduled" if group.is_scheduled else "cancelled",
        "version": group.version,
        "starts_at": group.starts_at.astimezone(zone),
        "ends_at": group.ends_at.astimezone(zone),
        "starts_at_utc": group.starts_at,
        "ends_at_utc": group.ends_at,
        "time_zone": zone.key,
        "service": {"id": group.service_id, "name": group.service_name},
        "practitioner": {"id": group.practitioner_id, "name": group.practitioner_name},
        "format": {
            "kind": group.format,
            "join_url": group.join_url,
            "location": present_location(group.location, group.practitioner_zone),
            "instructions": group.instructions,
        },
        "seats": rules.seats,
        "seats_taken": group.seats_taken,
        "seats_left": group.seats_left,
        "min_seats": rules.min_seats,
        "decide_hours": rules.decide_hours,
        "auto_cancel": rules.auto_cancel,
        "decided_at": None if group.decided_at is None else group.decided_at.astimezone(zone),
    }


def present_outcome(outcome: GroupOutcome) -> schemas.GroupCommandAnswer:
    """Present the result of a command on a group."""
    return {
        **present_group(outcome.group),
        "command_id": outcome.command_id,
        "sessions": [
            {
                "session_id": seat.session_id,
                "client_id": seat.client_id,
                "status": seat.status,
                "credit": seat.credit,
            }
            for seat in outcome.seats
        ],
    }


def group_answer(outcome: GroupOutcome, *, status: int = 200) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    return StoredAnswer(status, outcome.group.etag, as_json(present_outcome(outcome)))


def show_group(group: GroupDetails) -> Response:
    """Make the response to a read of a group."""
    return json_answer(present_group(group), etag=group.etag)
