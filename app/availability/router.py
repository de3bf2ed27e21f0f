"""`GET /v1/sessions/{session_id}/availability`."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.availability.queries import Availability, read_availability
from app.availability.schemas import AvailabilityQuery, AvailabilityView, DayView
from app.domain.availability import DayStarts, by_day, in_order
from app.identity.dependencies import AnyCall
from app.texts.catalogue import Texts
from app.texts.refusals import say_why_empty
from app.web.json import written
from app.web.problems.catalogue import responses
from app.web.responses import json_answer
from app.web.types import SessionId
from app.web.views import present_contact, present_slots

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])

_DATE_LENGTH = len("2026-12-03")


@router.get(
    "/{session_id}/availability",
    summary="List available slots",
    response_model=AvailabilityView,
    responses=responses("unauthorized", "not-found", "validation-failed", "service-unavailable"),
)
async def get_availability(
    session_id: SessionId,
    query: Annotated[AvailabilityQuery, Query()],
    call: AnyCall,
) -> Response:
    """List the slots to which the session can move, by day in the viewer's time zone.

    A slot lies within the practitioner's working hours for the format, and satisfies the buffers to
    other sessions, the service's minimum notice and horizon, and the practitioner's daily and
    weekly limits. The session itself never blocks a slot. Its current time is available only in
    another format or at another location.

    If there is no slot, `empty_reason` has the reason and the contact, and `next_available` is the
    next day with a slot.
    """
    found = await read_availability(
        call.engine,
        call.caller,
        session_id,
        first=query.first,
        last=query.last,
        format_=query.format,
        zone=None if query.time_zone is None else ZoneInfo(query.time_zone),
        now=call.now,
    )
    return json_answer(present_availability(found, call.texts), texts=call.texts)


def present_availability(found: Availability, texts: Texts) -> AvailabilityView:
    """Present the slots in the viewer's zone."""
    session, reason = found.session, found.offer.empty_reason
    duration = session.ends_at - session.starts_at
    return {
        "session_id": session.id,
        "format": found.format,
        "time_zone": found.zone.key,
        "from": found.first,
        "to": found.last,
        "days": [
            _present_day(day, duration, found.zone)
            for day in by_day(found.offer.starts, found.zone)
        ],
        "empty_reason": None
        if reason is None
        else {
            "code": reason,
            "message": say_why_empty(reason, texts),
            "contact": present_contact(session.facts.contact),
        },
        "next_available": found.next_available,
    }


# Cached as JSON for all viewers while a day has the same slots: a month has hundreds of slots.
@lru_cache(maxsize=4096)
def _present_day(day: DayStarts, duration: timedelta, zone: ZoneInfo) -> DayView:
    slots = present_slots(in_order(day), duration, zone)
    shown: DayView = {"date": slots[0]["start"][:_DATE_LENGTH], "slots": slots}
    return written(shown)
