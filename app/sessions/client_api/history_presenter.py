"""Present the history of a session."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.policy.free import FreeBecause
from app.domain.session import Format
from app.sessions.client_api import schemas
from app.sessions.client_api.reasons import ReasonVisibility, side_of
from app.sessions.read.history_queries import ChangeRecord
from app.web.views import (
    Moment,
    present_money,
)


def present_change(
    change: ChangeRecord, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.ChangeView:
    """Present an entry of the history."""
    before = None
    old_start, old_end, old_format = change.old_starts_at, change.old_ends_at, change.old_format
    if old_start is not None and old_end is not None and old_format is not None:
        before = _moment(old_start, old_end, old_format, change.old_location_id, zone)
    return schemas.ChangeView(
        id=change.id,
        kind=change.kind,
        at=change.at.astimezone(zone),
        by=side_of(change.actor),
        reason=None
        if change.reason_code is None and change.note is None
        else reasons.visible_part(change.actor, change.reason_code, change.note),
        before=before,
        after=_moment(change.starts_at, change.ends_at, change.format, change.location_id, zone),
        fee=present_money(change.fee),
        credit=change.credit,
        free_because=FreeBecause.ALLOWANCE if change.used_allowance else None,
        version=change.version,
        command_id=change.command_id,
    )


def _moment(
    starts_at: datetime,
    ends_at: datetime,
    format_: Format,
    location_id: UUID | None,
    zone: ZoneInfo,
) -> Moment:
    return {
        "starts_at": starts_at.astimezone(zone),
        "ends_at": ends_at.astimezone(zone),
        "format": format_,
        "location_id": location_id,
    }
