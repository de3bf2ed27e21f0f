"""Showing time off and outside busy time, and the cursors of their lists."""

from datetime import UTC, datetime
from uuid import UUID

from app.context import answered, created
from app.cursors import Cursors
from app.database.idempotency import StoredAnswer
from app.practices.busy.records import (
    Absence,
    BusyTime,
    Following,
    Found,
    NewAbsence,
    NewBusyTimes,
    Window,
)
from app.practices.busy.schemas import (
    BusyTimesAnswer,
    BusyTimesPage,
    BusyTimeView,
    TimeOffAnswer,
    TimeOffPage,
    TimeOffView,
)
from app.practices.hours.presenter import present_misfits


def read_place(cursor: Cursors, text: str | None) -> Following | None:
    """Read where a list goes on, and the window that its first page had.

    Raises:
        InvalidInputError: it is not a cursor of this list.
    """
    position = cursor.read(text)
    if position is None:
        return None
    since, until, starts_at, entry_id = position
    window = Window(
        datetime.fromisoformat(since), None if until is None else datetime.fromisoformat(until)
    )
    return Following(window, datetime.fromisoformat(starts_at), UUID(entry_id))


def present_absences(found: Found[Absence], limit: int, cursor: Cursors) -> TimeOffPage:
    """Show the first `limit`; one more than that means that there is a next page."""
    items = [present_absence(absence) for absence in found.entries[:limit]]
    return TimeOffPage(items=items, next_cursor=_following(found, limit, cursor))


def present_busy_times(found: Found[BusyTime], limit: int, cursor: Cursors) -> BusyTimesPage:
    """Show the first `limit`; one more than that means that there is a next page."""
    items = [
        BusyTimeView(
            id=time.id,
            source=time.source,
            starts_at=time.starts_at.astimezone(UTC),
            ends_at=time.ends_at.astimezone(UTC),
        )
        for time in found.entries[:limit]
    ]
    return BusyTimesPage(items=items, next_cursor=_following(found, limit, cursor))


def present_absence(absence: Absence) -> TimeOffView:
    """Show time off."""
    return TimeOffView(**_fields(absence))


def answer_absence(found: NewAbsence) -> StoredAnswer:
    """Answer with time off after a change: a 201 where it is new."""
    shown = TimeOffAnswer(**_fields(found.absence), misfits=present_misfits(found.misfits))
    return created(shown) if found.created else answered(shown)


def present_source(found: NewBusyTimes) -> BusyTimesAnswer:
    """Show what a source has after a change."""
    return BusyTimesAnswer(
        source=found.source,
        count=found.count,
        dropped=found.dropped,
        misfits=present_misfits(found.misfits),
    )


def _fields(absence: Absence) -> dict[str, object]:
    return {
        "id": absence.id,
        "practitioner_id": absence.practitioner_id,
        "starts_at": absence.starts_at.astimezone(UTC),
        "ends_at": absence.ends_at.astimezone(UTC),
        "external_ref": absence.external_ref,
    }


def _following(found: Found[Absence] | Found[BusyTime], limit: int, cursor: Cursors) -> str | None:
    if len(found.entries) <= limit:
        return None
    last, window = found.entries[limit - 1], found.window
    until = None if window.until is None else window.until.isoformat()
    return cursor.write(window.since.isoformat(), until, last.starts_at.isoformat(), last.id.hex)
