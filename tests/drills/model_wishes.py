"""The model's wishes, freed times and offers, and which of them suit each other.

Read from product.md section 10, "Wishes", "What suits" and "Offers"; nothing is the service's code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from tests.drills.model_rules import reading
from tests.drills.model_slots import Busy, Look, is_offered
from tests.drills.model_things import (
    DAY,
    MINUTE,
    TICK,
    Group,
    Place,
    Practitioner,
    Rules,
    Service,
    Session,
    Taker,
    wall,
)

HOUR = timedelta(hours=1)
LAST_ASKED = 2 * HOUR
SHORTEST = 10 * MINUTE
NIGHT, MORNING = time(21), time(8)
NOWHERE: Place = ("nowhere", None)


class Times(NamedTuple):
    """The times that a client wishes for, as the request says. The local ones are in their zone."""

    until: datetime | None = None
    weekdays: tuple[int, ...] = ()
    from_time: time | None = None
    to_time: time | None = None
    formats: tuple[str, ...] = ()
    notice_hours: int = 0


@dataclass(eq=False)
class Wish:
    """A client waits: for an earlier start of `session`, for a seat of `group`, or a new session.

    `state` is what is recorded.
    """

    client: UUID
    zone: ZoneInfo
    session: Session | None
    practitioner: Practitioner | None
    made_at: datetime
    times: Times
    urgent: bool = False
    package: UUID | None = None
    group: Group | None = None
    state: str = "waiting"
    ended_at: datetime | None = None
    paused: bool = False
    unanswered: int = 0
    id: UUID = field(default_factory=uuid4)

    @property
    def is_active(self) -> bool:
        return self.state in {"waiting", "offered"}

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether a wish that has not ended is over, whether or not that is recorded."""
        if self.times.until is not None and self.times.until < now:
            return True
        session, group = self.session, self.group
        if session is None:
            return group is not None and (group.status == "cancelled" or group.starts_at <= now)
        return session.status != "booked" or session.starts_at <= now

    def names(self, start: datetime, now: datetime) -> bool:
        """Tell whether the client wishes for a start."""
        shown, wanted = wall(start, self.zone), self.times
        refused = (
            self.session is not None and start >= self.session.starts_at,
            wanted.until is not None and start > wanted.until,
            bool(wanted.weekdays) and shown.isoweekday() not in wanted.weekdays,
            wanted.from_time is not None and shown.time() < wanted.from_time,
            wanted.to_time is not None and shown.time() > wanted.to_time,
            start - now < wanted.notice_hours * HOUR,
        )
        return not any(refused)

    def awake_at(self, now: datetime) -> datetime:
        """Give the first instant from now on at which the client may be asked."""
        shown = wall(now, self.zone)
        if MORNING <= shown.time() < NIGHT:
            return now
        day = shown.date() + (DAY if shown.time() >= NIGHT else 0 * DAY)
        return reading(day, "08:00", self.zone)


@dataclass(eq=False)
class Freed:
    """A time that was given up at `at`, by `session` if one did; of `group`: a seat of it.

    `released`: the session still takes it. It is looked at from `look_at` on, until it has ended.
    """

    number: int
    practitioner: Practitioner
    session: Session | None
    starts_at: datetime
    ends_at: datetime
    at: datetime
    look_at: datetime
    released: bool = False
    group: Group | None = None
    first_asked: datetime | None = None
    is_over: bool = False

    @property
    def last(self) -> datetime:
        """Return the end of the time; a seat is at its group's present time."""
        return self.ends_at if self.group is None else self.group.ends_at


@dataclass(eq=False)
class Offer:
    """A freed time that a client is asked for. `keeps`: it keeps others away while it is open.

    `in_turn`: nobody else is asked meanwhile.
    `places` are those in which it may be offered; the service says which one it was. `gone`: its
    client could not accept it any more.
    """

    wish: Wish
    freed: Freed
    starts_at: datetime
    places: list[Place]
    duration: int
    before: int
    gap_after: int
    price: int | None
    made_at: datetime
    answer_by: datetime
    in_turn: bool
    keeps: bool
    state: str = "open"
    gone: bool = False
    id: UUID | None = None
    place: Place = NOWHERE
    status: str = "held"
    client: None = None
    group: None = None

    @property
    def seat_of(self) -> Group | None:
        return self.freed.group

    @property
    def first(self) -> datetime:
        return self.made_at

    @property
    def practitioner(self) -> Practitioner:
        return self.freed.practitioner

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration * MINUTE

    @property
    def takes_until(self) -> datetime:
        return self.ends_at

    @property
    def until(self) -> datetime:
        """Return the end of its hold: exactly at `answer_by` the time is still kept."""
        return self.answer_by + TICK

    def is_open(self, now: datetime) -> bool:
        return self.state == "open" and now <= self.answer_by

    def holds(self, now: datetime) -> bool:
        return self.keeps and self.is_open(now)

    def is_in_the_way_of(self, taker: Taker) -> bool:
        """Tell whether a session or group takes the offered time, with the larger of two gaps."""
        if taker.practitioner is not self.practitioner or taker.takes_until == taker.starts_at:
            return False
        if taker.group is not None:
            return False
        gap_before = max(taker.gap_after, self.before) * MINUTE
        gap_after = max(self.gap_after, taker.before) * MINUTE
        return (
            self.starts_at < taker.takes_until + gap_before
            and taker.starts_at < self.ends_at + gap_after
        )


def draft_for(
    wish: Wish, practitioner: Practitioner, service: Service, rules: Rules, start: datetime
) -> Session:
    """Fill in the session that a wish without one would book."""
    return Session(
        id=uuid4(),
        client=wish.client,
        practitioner=practitioner,
        starts_at=start,
        place=NOWHERE,
        duration=service.duration,
        before=service.before,
        after=service.after,
        price=service.price,
        rules=rules,
        booked_for=start,
    )


def find_suitable(
    wish: Wish,
    freed: Freed,
    service: Service,
    places: Sequence[Place],
    others: Sequence[Busy],
    now: datetime,
) -> tuple[datetime, list[Place]] | None:
    """Find the earliest start in a freed time that is on offer and suits, and where.

    At the same start the session's own format comes first.
    """
    session = wish.session or draft_for(wish, freed.practitioner, service, {}, now - 400 * DAY)
    looking = Look(session, now, may_move=True, may_change_format=False, keeps_place=False)
    wanted = [place for place in places if place[0] in wish.times.formats]
    if not wish.times.formats:
        wanted = [session.place] if wish.session else list(places)
    start = freed.starts_at
    while start < freed.ends_at:
        if start - now >= LAST_ASKED and wish.names(start, now):
            found = [p for p in wanted if is_offered(service, looking, start, p, others)]
            if found:
                own = [place for place in found if place[0] == session.place[0]]
                return start, own or found
        start += MINUTE
    return None


def last_answer(
    start: datetime, now: datetime, minutes: int, ends_at: datetime | None
) -> datetime | None:
    """Give until when an offer can be answered; None: it would end too early."""
    lasts = max(SHORTEST, min(minutes * MINUTE, (start - now) / 4))
    if ends_at is None or now + lasts <= ends_at:
        return now + lasts
    return None if ends_at < now + SHORTEST else ends_at
