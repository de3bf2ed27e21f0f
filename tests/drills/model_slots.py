"""Which starts are offered (product.md section 3), checked for every minute separately."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.drills.model_rules import keeps_place, verdict
from tests.drills.model_things import (
    DAY,
    MINUTE,
    TICK,
    Group,
    Place,
    Practitioner,
    Service,
    Session,
    Taker,
    wall,
)

SECOND = timedelta(seconds=1)
Slot = tuple[datetime, Place]


class Busy(Protocol):
    """What takes time, or holds it."""

    @property
    def practitioner(self) -> Practitioner: ...
    @property
    def client(self) -> UUID | None: ...
    @property
    def group(self) -> Group | None: ...
    @property
    def status(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def takes_until(self) -> datetime: ...
    @property
    def before(self) -> int: ...
    @property
    def gap_after(self) -> int: ...


@dataclass(frozen=True)
class Look:
    """A search for slots for a session at an instant, and what its client may do.

    `held` is what the session holds: notice, horizon, step and limits bind it no more.
    """

    session: Session
    now: datetime
    may_move: bool
    may_change_format: bool
    keeps_place: bool
    held: Slot | None = None


def look(session: Session, now: datetime, *quoted: str, held: Slot | None = None) -> Look:
    """Search as the client; `quoted` names the action that a quote still allows."""
    allowed = {
        action: action in quoted or verdict(session, action, now).refusal is None
        for action in ("reschedule", "change_format")
    }
    keeps = keeps_place(session, now)
    return Look(session, now, allowed["reschedule"], allowed["change_format"], keeps, held)


def is_taken(wish: Taker, start: datetime, others: Sequence[Busy]) -> bool:
    """Tell whether another session or group, with the larger of two buffers, overlaps.

    A seat takes time of its client only.
    """
    end = start + wish.duration * MINUTE
    for other in others:
        if other is wish or other.takes_until == other.starts_at:
            continue
        gap_before = gap_after = 0 * MINUTE
        are_seats = wish.group is not None or other.group is not None
        if other.practitioner is wish.practitioner and not are_seats:
            gap_before = max(other.gap_after, wish.before) * MINUTE
            gap_after = max(wish.after, other.before) * MINUTE
        elif wish.client is None or other.client != wish.client:
            continue
        if start < other.takes_until + gap_before and other.starts_at < end + gap_after:
            return True
    return False


def fits_hours(wish: Taker, start: datetime, place: Place) -> bool:
    """Tell whether a whole session is within the hours."""
    practitioner, end = wish.practitioner, start + wish.duration * MINUTE
    return all(
        practitioner.works(start + k * MINUTE, place) for k in range(wish.duration)
    ) and practitioner.works(end - TICK, place)


def is_on_step(service: Service, practitioner: Practitioner, start: datetime, place: Place) -> bool:
    """Tell whether a start is in the hours, on a step counted from their beginning."""
    shown = wall(start, practitioner.zone)
    opened = practitioner.openings(place).get(shown)
    return opened is not None and (shown - opened) % (service.step * MINUTE) == 0 * MINUTE


def fits(wish: Taker, start: datetime, place: Place, others: Sequence[Busy]) -> bool:
    """Tell whether a session fits into the hours, without overlap of time off or other sessions."""
    return fits_hours(wish, start, place) and is_free_of_all(wish, start, others)


def is_free_of_all(wish: Taker, start: datetime, others: Sequence[Busy]) -> bool:
    """Tell whether a time overlaps neither time off nor other sessions."""
    end = start + wish.duration * MINUTE
    return not is_taken(wish, start, others) and not any(
        start < off_end and off < end for off, off_end in wish.practitioner.off
    )


def is_proposed(looking: Look, start: datetime, place: Place) -> bool:
    """Tell whether the practice proposes a start. Hours, step, notice and limits do not matter."""
    session = looking.session
    is_open = session.is_asked(looking.now) and start > looking.now
    return is_open and place == session.place and start in session.proposals


def notice_for(service: Service, looking: Look) -> int:
    """Return the minimum notice: none while the practice asks the client to move."""
    return 0 if looking.session.is_asked(looking.now) else service.notice


def is_within_reach(service: Service, looking: Look, start: datetime) -> bool:
    """Tell whether notice, horizon and the distance from the booked date allow a start."""
    session, zone = looking.session, looking.session.practitioner.zone
    reach = session.rules.get("reschedule", {}).get("max_days_from_original")
    reach = None if session.is_asked(looking.now) else reach
    day, today = wall(start, zone).date(), wall(looking.now, zone).date()
    return (
        start - looking.now >= notice_for(service, looking) * MINUTE
        and (day - today).days <= service.horizon
        and (reach is None or abs((day - wall(session.booked_for, zone).date()).days) <= reach)
    )


def is_full(
    practitioner: Practitioner, looking: Look, start: datetime, all_: Sequence[Busy]
) -> bool:
    """Tell whether the start's local day or ISO week has reached its limit of sessions."""
    day = wall(start, practitioner.zone).date()
    days = [
        wall(other.starts_at, practitioner.zone).date()
        for other in all_
        if other.practitioner is practitioner
        and other.group is None
        and other.status in {"booked", "fulfilled", "scheduled", "held"}
        and other is not looking.session
    ]
    same_week = sum(found.isocalendar()[:2] == day.isocalendar()[:2] for found in days)
    per_day, per_week = practitioner.per_day, practitioner.per_week
    return (per_day is not None and days.count(day) >= per_day) or (
        per_week is not None and same_week >= per_week
    )


def is_offered(
    service: Service, looking: Look, start: datetime, place: Place, others: Sequence[Busy]
) -> bool:
    session, practitioner = looking.session, looking.session.practitioner
    if start == session.starts_at and not session.rebooks(looking.now):
        changes = looking.may_change_format and place != session.place
        return changes and fits(session, start, place, others)
    if looking.may_move and is_proposed(looking, start, place):
        return is_free_of_all(session, start, others)
    if not may_move_to(looking, place):
        return False
    if looking.held == (start, place) and start > looking.now:
        return fits(session, start, place, others)
    return (
        is_on_step(service, practitioner, start, place)
        and is_within_reach(service, looking, start)
        and fits(session, start, place, others)
        and not is_full(practitioner, looking, start, others)
    )


def may_move_to(looking: Look, place: Place) -> bool:
    return looking.may_move and (place == looking.session.place or not looking.keeps_place)


def why_empty(
    service: Service, looking: Look, instants: list[datetime], places: list[Place]
) -> str:
    """Return why nothing is offered at these instants, a minute apart."""
    places = [place for place in places if may_move_to(looking, place)]
    if not places:
        return "reschedule_refused"
    # Starts are whole seconds.
    earliest = (looking.now + notice_for(service, looking) * MINUTE + SECOND - TICK).replace(
        microsecond=0
    )
    if instants[0] <= earliest < instants[-1] + MINUTE:
        instants = [*instants, earliest]
    if not any(is_within_reach(service, looking, instant) for instant in instants):
        return "outside_horizon"
    session = looking.session
    fitting = [
        instant
        for instant in instants
        for place in places
        if is_on_step(service, session.practitioner, instant, place)
        and fits_hours(session, instant, place)
    ]
    if not fitting:
        return "no_working_hours"
    within = any(is_within_reach(service, looking, instant) for instant in fitting)
    return "fully_booked" if within else "outside_horizon"


def minutes(
    first: date, last: date, zone: ZoneInfo, also: datetime | None = None
) -> Iterator[datetime]:
    """Iterate over every minute of these dates in a zone, and `also`, if it is between two."""
    instant, end = (
        datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in (first, last + DAY)
    )
    while instant < end:
        yield instant
        if also is not None and instant < also < instant + MINUTE:
            yield also
        instant += MINUTE


def days_ahead(service: Service, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """Return the dates in a zone that the horizon covers."""
    today = wall(now, zone).date()
    return today, today + (service.horizon + 2) * DAY
