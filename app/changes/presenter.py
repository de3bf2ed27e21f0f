"""Presents entries of the audit log."""

from datetime import UTC

from app.changes.queries import AuditEntry, MomentRecord
from app.changes.schemas import ActorView, TrailEntryView
from app.domain.session import Format
from app.sessions.client_api.reasons import ReasonVisibility
from app.web.views import Moment, present_money


def present_entry(entry: AuditEntry, reasons: ReasonVisibility) -> TrailEntryView:
    """Present an entry, with times in UTC. `reasons` decides whether the reason is shown."""
    has_reason = entry.reason_code is not None or entry.note is not None
    return TrailEntryView(
        id=entry.id,
        command_id=entry.command_id,
        at=entry.at.astimezone(UTC),
        subject=entry.subject,
        subject_id=entry.subject_id,
        kind=entry.kind,
        by=ActorView(
            kind=entry.actor, name=entry.actor_name, key_id=entry.key_id, origin=entry.origin
        ),
        session_id=entry.session_id,
        session_version=entry.session_version,
        reason=reasons.visible_part(entry.actor, entry.reason_code, entry.note)
        if has_reason
        else None,
        before=_moment(entry.before),
        after=_moment(entry.after),
        fee=present_money(entry.fee),
        credit=entry.credit,
        details=entry.details,
    )


def _moment(moment: MomentRecord | None) -> Moment | None:
    if moment is None:
        return None
    return Moment(
        starts_at=moment.starts_at.astimezone(UTC),
        ends_at=moment.ends_at.astimezone(UTC),
        format=Format(moment.format),
        location_id=moment.location_id,
    )
