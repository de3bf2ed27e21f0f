"""How long clients may take back their change (product.md section 10, "Undo by the client")."""

from datetime import UTC, datetime, timedelta

_LAST_SECOND = timedelta(seconds=1)


def undo_until(starts_at: datetime, now: datetime, window: timedelta) -> datetime | None:
    """Give the last instant (UTC) at which a change made at `now` can be taken back; None: never.

    `starts_at` is the start before the change: after it there is nothing to go back to. The exact
    instant is still in time. A `window` of zero turns undoing off.
    """
    until = min(now + window, starts_at.astimezone(UTC) - _LAST_SECOND)
    return until if window and until >= now else None


def may_undo(until: datetime | None, now: datetime) -> bool:
    """Tell whether a change that can be taken back until `until` can be at `now`."""
    return until is not None and now <= until
