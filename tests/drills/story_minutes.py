"""Stories about the minutes of a hold and of a client's undo, which other stories seldom reach.

Few sessions, much room, and a clock that goes from one of these ends to the next.
"""

from tests.drills import story_checks as checks
from tests.drills.model_things import MINUTE, TICK, Session
from tests.drills.model_world import change_service, new_service
from tests.drills.story import Step, Story

ALL_DAY = [[(0, 24 * 60)]]
SESSIONS, FEW = 6, 4
STEPS = 45


class MinutesStory(Story):
    """Clients hold times and take changes back; others want the same times."""

    async def play(self) -> None:
        """Book some sessions and seats of two groups, and let things happen."""
        self.book.rules = {}
        await self.world.add_policy({}, now=self.now)
        service = new_service(self.rng)
        service.notice, service.horizon = self.rng.choice([60, 1440]), 11
        self.book.service = service
        await change_service(self.world, service)
        for _ in range(2):
            await self.create_group()
        for _ in range(FEW):
            await self.book_a_session()
            await self.book_a_seat()
        for _ in range(STEPS):
            await self.step()

    def steps(self) -> list[tuple[Step, int]]:
        """Leave out what has nothing to do with these minutes."""
        return [
            (self.hold, 20),
            (self.hold_again, 14),
            (self.take_what_is_held, 20),
            (self.let_go, 4),
            (self.hold_often, 2),
            (self.take_back, 20),
            (self.cancel, 4),
            (self.move, 10),
            (self.move_a_seat, 8),
            (self.hold_a_seat, 16),
            (self.book_a_seat, 10),
            (self.change_a_group, 2),
            (self.book_a_session, 4),
            (self.move_by_staff, 4),
            (self.let_time_pass, 20),
        ]

    async def hold_again(self) -> Session | None:
        """Send the last request for a hold again, some minutes later or when it has expired."""
        live = [hold for hold in self.book.holds.live(self.now) if hold.seat_of is None]
        if not live:
            return await self.hold()
        hold = self.rng.choice(live)
        later = [hold.until, hold.until - TICK, self.now + 2 * MINUTE, hold.until - MINUTE]
        self.api.clock.now = max(self.now, self.rng.choice(later))
        to = hold.starts_at, hold.place
        await self.send_hold(hold.session, to, None, None, hold.session.version)
        await checks.check_availability(self, hold.session)
        return hold.session

    async def hold_a_seat(self) -> Session | None:
        seats = [s for s in self.book.sessions if s.group is not None and s.status == "booked"]
        if not seats:
            return await self.book_a_seat()
        session = self.rng.choice(seats)
        await self.hold_seat(session)
        return session

    async def let_time_pass(self) -> Session | None:
        """Go to the end of a hold, of the time to undo, or of the notice to a held time."""
        holds = self.book.holds.live(self.now)
        notice = self.book.service.notice * MINUTE
        ends = {hold.until for hold in holds} | {hold.starts_at - notice for hold in holds}
        ends |= {s.undoes.until for s in self.book.sessions if s.undoes}
        coming = sorted(end for end in ends if self.now < end < self.now + 20 * MINUTE)
        if coming and self.rng.random() < 0.8:
            self.api.clock.now = coming[0] + self.rng.choice([0, 0, 1]) * TICK
        else:
            self.api.clock.now += self.rng.choice([1, 3, 11]) * MINUTE
        self.log.append(f"it is {self.now.isoformat()}")
        held = [hold.session for hold in holds]
        return self.rng.choice(held) if held else self.a_session()
