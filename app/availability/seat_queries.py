"""Find the groups to which a seat can move. One statement reads them all, to the horizon."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.database.statements import Source
from app.domain.availability import EmptyReason, SlotRules, SlotSearch, bookable
from app.domain.groups import GroupOffer, GroupSearch, HeldGroup, offer_groups
from app.domain.intervals import Interval
from app.domain.zones import from_seconds, seconds_up
from app.sessions.read.calendar import CalendarOwner, read_groups


class SeatSearch(NamedTuple):
    """A search for another group for the seat in `group_id`. `zone` is the practitioner's.

    `held_group` is the group in which the seat's session holds a seat now.
    """

    owner: CalendarOwner
    service_id: UUID
    group_id: UUID
    held_group: UUID | None
    zone: ZoneInfo
    rules: SlotRules
    search: SlotSearch


async def read_groups_on_offer(
    db: Source, seat: SeatSearch, window: Interval, at: datetime
) -> tuple[GroupOffer, int | None]:
    """Find the groups within `window`, and the first start after it if there are none."""
    now = seconds_up(at)
    after_horizon = seat.rules.after_horizon(now)
    # The past is read only where the window has a future: all groups of a past window are past.
    since = window.start if now < window.end else now
    until = max(window.end, after_horizon)
    bounds = (from_seconds(since), from_seconds(until))
    groups, taken = await read_groups(db, seat.owner, seat.service_id, *bounds, at)
    held = None if seat.held_group is None else HeldGroup(seat.held_group, now)
    search = GroupSearch(seat.group_id, groups, taken, seat.search, held)

    def within(interval: Interval) -> GroupOffer:
        span = bookable(seat.zone, seat.rules, seat.search, interval, now)
        return offer_groups(search, interval, span)

    found = within(window)
    if found.empty_reason in {None, EmptyReason.RESCHEDULE_REFUSED}:
        return found, None
    return found, within(Interval(window.end, max(window.end, after_horizon))).first_start
