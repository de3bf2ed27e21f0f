"""`GET /v1/sessions/{session_id}/availability`."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.availability.presenter import present_availability
from app.availability.queries import read_availability
from app.availability.schemas import AvailabilityQuery, AvailabilityView
from app.identity.client_dependencies import AnyCall
from app.web.problems.catalogue import responses
from app.web.responses import json_answer
from app.web.types import SessionId

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])


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

    A session with a `group` is one seat of it. Its slots are other groups of the same service and
    practitioner that have a free seat: send their `group_id` with `reschedule`.

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
