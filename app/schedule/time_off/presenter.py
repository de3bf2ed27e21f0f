"""Presents time off and busy times."""

from datetime import UTC

from app.schedule.hours.presenter import present_misfits
from app.schedule.time_off.records import Absence, BusyTime, NewAbsence, NewBusyTimes
from app.schedule.time_off.schemas import BusyTimesAnswer, BusyTimeView, TimeOffAnswer, TimeOffView
from app.web.idempotency import StoredAnswer
from app.web.responses import answered, created


def present_busy_time(time: BusyTime) -> BusyTimeView:
    """Present a busy time of another calendar, in UTC."""
    return BusyTimeView(
        id=time.id,
        source=time.source,
        starts_at=time.starts_at.astimezone(UTC),
        ends_at=time.ends_at.astimezone(UTC),
    )


def present_absence(absence: Absence) -> TimeOffView:
    """Present time off, in UTC."""
    return TimeOffView(**_fields(absence))


def answer_absence(found: NewAbsence) -> StoredAnswer:
    """Return the answer for changed time off: 201 if it is new, else 200."""
    shown = TimeOffAnswer(**_fields(found.absence), misfits=present_misfits(found.misfits))
    return created(shown) if found.created else answered(shown)


def present_source(found: NewBusyTimes) -> BusyTimesAnswer:
    """Present the busy times of a source after a change."""
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
