"""Presents the free times that staff see."""

from app.availability.presenter import present_day
from app.availability.staff_queries import FreeTimes
from app.availability.staff_schemas import FreeTimesView
from app.domain.availability import by_day
from app.texts.catalogue import Texts
from app.texts.refusals import empty_text


def present_free_times(found: FreeTimes, texts: Texts) -> FreeTimesView:
    """Present the free times as days and times of `found.zone`."""
    wanted, reason = found.wanted, found.offer.empty_reason
    days = by_day(found.offer.starts, found.zone)
    return {
        "service_id": wanted.service_id,
        "practitioner_id": wanted.practitioner_id,
        "format": found.format,
        "time_zone": found.zone.key,
        "from": found.first,
        "to": found.last,
        "as": "staff" if wanted.as_staff else "client",
        "days": [present_day(day, found.duration, found.zone) for day in days],
        "empty_reason": None
        if reason is None
        else {"code": reason, "message": empty_text(reason, texts)},
        "next_available": found.next_available,
    }
