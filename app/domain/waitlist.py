"""The waitlist (product.md section 10, "Wishes" and "Offers"): what suits a wish, and when to ask.

Whether a time is free is answered by availability (app/domain/availability.py) and, for a seat of a
group, by app/domain/groups.py. This module adds what the client wishes for, and the times at which
a client may be asked. Slots are in seconds since the epoch, as in availability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from typing_extensions import TypeAliasType

from app.domain.availability import Calendar, SlotRules, SlotSearch, bookable, offer
from app.domain.groups import GroupSearch, offer_groups
from app.domain.intervals import Interval, intersect
from app.domain.policy.decide import why_not_open
from app.domain.session import Format, SessionFacts
from app.domain.zones import from_seconds, seconds_up, to_seconds

WishState = TypeAliasType("WishState", Literal["waiting", "offered", "met", "withdrawn", "lapsed"])
OfferState = TypeAliasType(
    "OfferState", Literal["open", "accepted", "declined", "expired", "withdrawn"]
)
# How the clients who wait for a service are asked: one after the other, all at once, or not at all.
WaitlistMode = TypeAliasType("WaitlistMode", Literal["in_turn", "all_at_once", "off"])
# A wish in one of these states has not ended.
ACTIVE: tuple[WishState, ...] = ("waiting", "offered")

DEFAULT_OFFER_MINUTES = 60
SHORTEST_OFFER = timedelta(minutes=10)
# Later than this before the start nobody is asked.
LAST_ASKED = timedelta(hours=2)
# So many clients are asked in turn for one freed time; then it is open to all.
MOST_IN_TURN = 5
# After so many offers in a row without an answer a wish is paused.
MOST_UNANSWERED = 3
MAX_NOTICE_HOURS = 366 * 24


def may_wish(facts: SessionFacts, now: datetime, *, has_waitlist: bool) -> bool:
    """Tell whether an earlier time can be wished for. The session's policy does not matter."""
    return has_waitlist and why_not_open(facts, now) is None


@dataclass(frozen=True, slots=True)
class Wish:
    """The times that a client wishes for.

    `before` is the present start of the session that is to come sooner; the new start lies before
    it. `until` is the latest start. `weekdays` are ISO weekdays, `from_time` and `to_time` bound
    the local time of the start; all three are in `zone`, the client's, and both bounds are
    included. `notice` is the least time between the offer and the start.
    """

    zone: ZoneInfo
    before: datetime | None = None
    until: datetime | None = None
    weekdays: Sequence[int] = ()
    from_time: time | None = None
    to_time: time | None = None
    notice: timedelta = timedelta(0)

    def suits(self, start: datetime, now: datetime) -> bool:
        """Tell whether the client wishes for a start."""
        if self.before is not None and start >= self.before:
            return False
        if self.until is not None and start > self.until:
            return False
        if start - now < self.notice:
            return False
        local = start.astimezone(self.zone)
        if self.weekdays and local.isoweekday() not in self.weekdays:
            return False
        if self.from_time is not None and local.time() < self.from_time:
            return False
        return self.to_time is None or local.time() <= self.to_time


@dataclass(frozen=True, slots=True)
class SuitableTime:
    """A start, in a format and at a location, that availability has and the client wishes for."""

    start: datetime
    format: Format
    location_id: UUID | None


def first_suitable(
    wish: Wish,
    calendar: Calendar,
    rules: SlotRules,
    searches: Sequence[SlotSearch],
    window: Interval,
    now: datetime,
) -> SuitableTime | None:
    """Find the earliest start within `window` that is available and suits the wish.

    Each of `searches` is for one format; of two formats at the same start the first one is taken.
    """
    instant, latest = seconds_up(now), window.end
    if wish.before is not None:
        latest = min(latest, to_seconds(wish.before))
    within = intersect(window, Interval(instant, latest))
    if within.start >= within.end:
        return None
    found: list[SuitableTime] = []
    for search in searches:
        for slot in offer(calendar, rules, search, within, instant).slots:
            start = from_seconds(slot.start)
            if wish.suits(start, now):
                found.append(SuitableTime(start, search.format, slot.location_id))
                break
    return min(found, key=lambda one: one.start, default=None)


def suits_group(
    wish: Wish, search: GroupSearch, rules: SlotRules, zone: ZoneInfo, now: datetime
) -> bool:
    """Tell whether the only group of `search` has a seat that the client wishes for.

    `zone` is the practitioner's.
    """
    (group,) = search.groups
    window = Interval(group.start, group.start + 1)
    span = bookable(zone, rules, search.policy, window, seconds_up(now))
    is_offered = bool(offer_groups(search, window, span).slots)
    return is_offered and wish.suits(from_seconds(group.start), now)


def may_ask(start: datetime, now: datetime) -> bool:
    """Tell whether it is early enough before the start to ask somebody."""
    return start - now >= LAST_ASKED


def answer_by(
    start: datetime, now: datetime, offer_minutes: int, ends_at: datetime | None = None
) -> datetime | None:
    """Give the last instant at which an offer that is made now can be answered.

    An offer lasts `offer_minutes`, but not more than a quarter of the time until the start, and
    at least 10 minutes. `ends_at` is when the offers of this time end in all. None: no offer of 10
    minutes ends by then.
    """
    length = max(SHORTEST_OFFER, min(timedelta(minutes=offer_minutes), (start - now) / 4))
    last = now + length
    if ends_at is None or last <= ends_at:
        return last
    return ends_at if ends_at - now >= SHORTEST_OFFER else None


def offers_end_at(start: datetime, first_asked_at: datetime) -> datetime:
    """Give the instant from which a time is open to all: after half of the time that was left."""
    return first_asked_at + (start - first_asked_at) / 2


@dataclass(frozen=True, slots=True)
class WaitingSession:
    """The session that is to come sooner, or the group of the wished seat, as it is now."""

    is_booked: bool
    starts_at: datetime


def present_state(
    state: WishState,
    session: WaitingSession | None,
    until: datetime | None,
    now: datetime,
) -> WishState:
    """Give the state of a wish at `now`, also if the worker has not yet recorded that it lapsed.

    A wish lapses when its session starts or ends, and after `until`; a wish for a seat when its
    group starts or is cancelled. The client's move of the session ends it as well, and records it.
    """
    if state not in ACTIVE:
        return state
    if until is not None and until < now:
        return "lapsed"
    if session is None:
        return state
    if not session.is_booked or session.starts_at <= now:
        return "lapsed"
    return state
