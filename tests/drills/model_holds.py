"""The model of holds: times, and seats of groups, that are kept free for some minutes."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.drills.model_records import RefusedError
from tests.drills.model_slots import Slot, is_taken
from tests.drills.model_things import MINUTE, Group, Place, Practitioner, Session, Taker

LASTS, AT_MOST = 5 * MINUTE, 15 * MINUTE
HOUR = timedelta(hours=1)
NEW_ONES = 20  # within an hour, for a session
LIVE_ONES = 3  # for a client
OVER = datetime(1970, 1, 1, tzinfo=UTC)
SOME_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # a limit is reached by holds: until any of them ends


@dataclass(eq=False)
class Hold:
    """What a session holds. `seat_of`: a seat of this group; it takes no practitioner's time.

    `first` is when it was first held. `count` new holds of the session were made since `since`.
    """

    session: Session
    starts_at: datetime
    place: Place
    seat_of: Group | None
    first: datetime
    until: datetime
    since: datetime
    count: int
    status: str = "held"
    client: None = None
    group: None = None

    @property
    def owner(self) -> UUID:
        return self.session.client

    @property
    def practitioner(self) -> Practitioner:
        return self.session.practitioner

    @property
    def duration(self) -> int:
        return self.session.duration if self.seat_of is None else self.seat_of.duration

    @property
    def before(self) -> int:
        return self.session.before

    @property
    def gap_after(self) -> int:
        return self.session.after

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration * MINUTE

    @property
    def takes_until(self) -> datetime:
        return self.ends_at


@dataclass(eq=False)
class Holds:
    """The last hold of each session; it is live before `until`, exactly then no more."""

    last: dict[Session, Hold] = field(default_factory=dict)

    def of(self, session: Session, now: datetime) -> Hold | None:
        hold = self.last.get(session)
        return hold if hold is not None and now < hold.until else None

    def live(self, now: datetime) -> list[Hold]:
        return [hold for hold in self.last.values() if now < hold.until]

    def times(self, now: datetime, but: Collection[Taker] = ()) -> list[Hold]:
        """List the practitioners' times that are held, but not by these sessions."""
        return [h for h in self.live(now) if h.seat_of is None and h.session not in but]

    def seats(self, group: Group, now: datetime, but: Session | None = None) -> list[Hold]:
        """List the holds of a group's seats, but not that of this session."""
        return [h for h in self.live(now) if h.seat_of is group and h.session is not but]

    def put(self, session: Session, to: Slot, seat_of: Group | None, now: datetime) -> Hold:
        """Hold a time that is on offer: renew the same hold, or replace it by a new one."""
        last, live = self.last.get(session), self.of(session, now)
        if live is not None and (live.starts_at, live.place, live.seat_of) == (*to, seat_of):
            live.until = max(live.until, min(whole(now + LASTS), whole(live.first + AT_MOST)))
            return live
        since, count = now, 1
        if last is not None and now < last.since + HOUR:
            since, count = last.since, last.count + 1
        others = [h for h in self.live(now) if h.owner == session.client]
        if count > NEW_ONES or sum(h.session is not session for h in others) >= LIVE_ONES:
            raise RefusedError("rate-limited")
        hold = Hold(session, *to, seat_of, now, whole(now + LASTS), since, count)
        self.last[session] = hold
        return hold

    def end(self, session: Session) -> None:
        if session in self.last:
            self.last[session].until = OVER

    def end_seats(self, group: Group) -> None:
        for hold in self.last.values():
            if hold.seat_of is group:
                hold.until = OVER

    def end_latest(self, holds: list[Hold], number: int) -> None:
        for hold in sorted(holds, key=lambda hold: hold.first)[len(holds) - number :]:
            hold.until = OVER

    def end_under(self, taker: Taker) -> None:
        """End the holds of a practitioner's time that is taken now."""
        for hold in self.last.values():
            is_other = hold.session is not taker and hold.seat_of is None
            if is_other and is_taken(taker, taker.starts_at, [hold]):
                hold.until = OVER


def whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def held_until(wish: Taker, start: datetime, holds: list[Hold]) -> datetime:
    """Return until when a time is held that is free but for these holds."""
    in_the_way = [hold.until for hold in holds if is_taken(wish, start, [hold])]
    return max(in_the_way, default=SOME_TIME)
