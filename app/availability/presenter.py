"""Presents the slots on offer."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from app.availability.queries import Availability
from app.availability.schemas import AvailabilityView, DayView
from app.domain.availability import DayStarts, by_day, in_order
from app.domain.groups import GroupOffer
from app.domain.zones import local_text, to_seconds
from app.texts.catalogue import Texts
from app.texts.refusals import empty_text
from app.web.json import serialise_part
from app.web.views import SlotView, present_contact, present_group_slots, present_slots

_DATE_LENGTH = len("2026-12-03")


def present_availability(found: Availability, texts: Texts) -> AvailabilityView:
    """Present the slots on offer as days and times of the viewer's zone, `found.zone`."""
    session, reason = found.session, found.offer.empty_reason
    return {
        "session_id": session.id,
        "format": found.format,
        "time_zone": found.zone.key,
        "from": found.first,
        "to": found.last,
        "days": _present_days(found),
        "empty_reason": None
        if reason is None
        else {
            "code": reason,
            "message": empty_text(reason, texts),
            "contact": present_contact(session.facts.contact),
        },
        "next_available": found.next_available,
    }


def _present_days(found: Availability) -> list[DayView]:
    session, zone = found.session, found.zone
    if isinstance(found.offer, GroupOffer):
        slots = present_group_slots(found.offer.slots, zone, found.fees)
        _mark_held(found, slots)
        return [{"date": day, "slots": [*of_day]} for day, of_day in groupby(slots, _date_of)]
    duration = session.ends_at - session.starts_at
    days = by_day(found.offer.starts, zone)
    if found.hold is None and found.fees is None:
        return [present_day(day, duration, zone) for day in days]
    return [_present_own_day(found, day, duration) for day in days]


# Cached: a month has hundreds of slots, and a day's rarely change between two requests.
@lru_cache(maxsize=4096)
def present_day(day: DayStarts, duration: timedelta, zone: ZoneInfo) -> DayView:
    """Present the slots of one day of `zone`."""
    slots = present_slots(in_order(day), duration, zone)
    shown: DayView = {"date": _date_of(slots[0]), "slots": slots}
    return serialise_part(shown)


def _present_own_day(found: Availability, day: DayStarts, duration: timedelta) -> DayView:
    """Present a day with what holds for this session only: what it holds, and its fees."""
    hold, zone = found.hold, found.zone
    held = None if hold is None else to_seconds(hold.starts_at)
    if found.fees is None and not any(held in starts for _, starts in day):
        return present_day(day, duration, zone)
    slots = present_slots(in_order(day), duration, zone, found.fees)
    _mark_held(found, slots)
    return {"date": _date_of(slots[0]), "slots": slots}


def _mark_held(found: Availability, slots: Sequence[SlotView]) -> None:
    """Say of the slot that the session holds, if it is among them, until when it does."""
    hold = found.hold
    if hold is None or hold.format is not found.format:
        return
    start = local_text(to_seconds(hold.starts_at), found.zone)
    for slot in slots:
        held = (slot["start"], slot["location_id"], slot.get("group_id"))
        if held == (start, hold.location_id, hold.group_id):
            slot["held_until"] = local_text(to_seconds(hold.until), found.zone)


def _date_of(slot: SlotView) -> str:
    return slot["start"][:_DATE_LENGTH]
