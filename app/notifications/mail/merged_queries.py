"""What a mail's recipient does not know yet, because an earlier mail was merged into this one."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice
from app.tables.notifications import Notification

_KINDS = ("booked", "rescheduled", "cancelled", "restored")
_unknown, _known = aliased(Change), aliased(Change)
_of_unknown, _of_known = aliased(Notification), aliased(Notification)
# The earliest change of which the recipient was not told; no row if this is the mail's own.
first_untold = aliased(Change)


def _told_of(change: Any, notification: Any) -> ColumnElement[bool]:  # noqa: ANN401 - aliases
    """Match the mails to the same person about earlier changes of the session."""
    return and_(
        of_practice(PRACTICE, change, change.session_id == Change.session_id),
        change.session_version < Change.session_version,
        of_practice(PRACTICE, notification, notification.change_id == change.id),
        notification.recipient == Notification.recipient,
        notification.channel == "mail",
        or_(*(notification.kind == kind for kind in _KINDS)),
    )


_last_known = (
    select(func.coalesce(func.max(_known.session_version), 0))
    .select_from(_known)
    .join(_of_known, _told_of(_known, _of_known))
    .where(of_practice(PRACTICE, _known), _of_known.status != "dropped")
    .correlate(Change, Notification)
    .scalar_subquery()
)
_first_id = (
    select(_unknown.id)
    .select_from(_unknown)
    .join(_of_unknown, _told_of(_unknown, _of_unknown))
    .where(
        of_practice(PRACTICE, _unknown),
        _of_unknown.status == "dropped",
        _unknown.session_version > _last_known,
    )
    .order_by(_unknown.session_version)
    .limit(1)
    .correlate(Change, Notification)
    .scalar_subquery()
)
IS_FIRST_UNTOLD = of_practice(PRACTICE, first_untold, first_untold.id == _first_id)


def before(column: str) -> ColumnElement[Any]:
    """Give a column of what the recipient knows: before this change, or before earlier ones."""
    earlier, own = getattr(first_untold, column), getattr(Change, column)
    return case((first_untold.old_starts_at.is_not(None), earlier), else_=own)


BEFORE = (
    *(
        before(name).label(f"change_{name}")
        for name in ("old_starts_at", "old_ends_at", "old_format")
    ),
    first_untold.kind.label("first_untold"),
)


def kind_told(kind: str, untold: str | None) -> str:
    """Return the kind of the mail: who does not know of the booking is told of it, as it is now."""
    return "booked" if (kind, untold) == ("rescheduled", "booked") else kind
