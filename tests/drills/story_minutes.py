"""Stories about the minutes of a hold and of a client's undo, which other stories seldom reach.

Few sessions, much room, and a clock that goes from one of these ends to the next.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tests.drills import story_checks as checks
from tests.drills.model_slots import Slot
from tests.drills.model_things import DAY, MINUTE, TICK, Group, Rules, Session, wall
from tests.drills.model_world import change_service, new_service
from tests.drills.story import Step, Story
from tests.drills.story_groups import GROUPS

ALL_DAY = [[(0, 24 * 60)]]
FEW = 4
STEPS = 7
LONG_AGO: Rules = {"deadline": {"before_minutes": 20000}}
# Each change has a fee, which an undo voids.
RULES: Rules = {
    "cancel": {"fees": [LONG_AGO | {"amount_minor": 4500}]},
    "reschedule": {"fees": [LONG_AGO | {"amount_minor": 1200}]},
}


class MinutesStory(Story):
    """Clients hold times and take changes back; others want the same times."""

    async def play(self) -> None:
        """Book some sessions and seats of two groups, and play each scene among other steps."""
        self.book.rules = RULES
        await self.world.add_policy(RULES, now=self.now)
        service = new_service(self.rng)
        service.notice, service.horizon = self.rng.choice([60, 1440]), 11
        self.book.service = service
        await change_service(self.world, service)
        for _ in range(2):
            await self.create_group()
        for _ in range(FEW):
            await self.put_one_down()
            await self.book_a_seat()
        scenes: list[Callable[[], Awaitable[object]]] = [
            *(self.renew, self.hold_for_all, self.let_notice_pass, self.hold_often),
            *(self.want_what_is_held, self.change_and_take_back, self.fill_a_group),
        ]
        self.rng.shuffle(scenes)
        for scene in scenes:
            await scene()
            for _ in range(STEPS // len(scenes)):
                await self.step()

    def steps(self) -> list[tuple[Step, int]]:
        """Leave out what has nothing to do with these minutes."""
        return [
            (self.hold, 20),
            (self.take_what_is_held, 20),
            (self.let_go, 6),
            (self.take_back, 14),
            (self.move, 10),
            (self.move_a_seat, 6),
            (self.change_a_group, 2),
            (self.move_by_staff, 4),
            (self.let_time_pass, 20),
        ]

    async def put_one_down(self) -> None:
        """Book a session some days ahead, often paid by a package."""
        rng = self.rng
        client, practitioner = rng.choice(self.stage.clients), rng.choice(self.stage.practitioners)
        draft = self.draft(client, practitioner, ("video", None))
        start = (self.now + rng.randrange(3, 9) * DAY).replace(minute=0, second=0, microsecond=0)
        draft.starts_at = draft.booked_for = start
        await self.put_down(draft, pays=rng.random() < 0.5, force=True)

    def singles(self) -> list[Session]:
        """List the sessions that their clients may move."""
        return [
            s
            for s in self.book.sessions
            if s.group is None and s.status == "booked" and s.starts_at > self.now + DAY
        ]

    async def look_at(self, session: Session, start: datetime) -> list[Slot]:
        """Compare the slots of a day in the session's own format, and what is held."""
        zone = session.practitioner.zone
        day = wall(start, zone).date()
        await checks.check_days(self, session, session.place[0], (day, day), zone)
        found = [to for to in self.slots.get(session, []) if to[0] != session.starts_at]
        return [to for to in found if wall(to[0], zone).date() == day]

    async def hold_one(self, session: Session) -> Slot | None:
        """Hold a slot of the coming days."""
        slots: list[Slot] = []
        for days in range(2, 9):
            slots = slots or await self.look_at(session, self.now + days * DAY)
        if not slots:
            return None
        to = self.rng.choice(slots)
        await self.send_hold(session, to, None, None, session.version)
        return to

    async def renew(self) -> None:
        """Renew a hold until it cannot be longer, and hold the same again when it is over."""
        for session in self.singles()[:2]:
            to = await self.hold_one(session)
            for _ in range(5):
                hold = self.book.holds.last.get(session)
                if to is None or hold is None:
                    break
                ends = [hold.until - MINUTE, hold.until - MINUTE, hold.until - TICK, hold.until]
                self.api.clock.now = max(self.now, self.rng.choice(ends))
                await self.look_at(session, to[0])
                await self.send_hold(session, to, None, None, session.version)
            hold = self.book.holds.last.get(session)
            if to is not None and hold is not None:
                self.api.clock.now = max(self.now, hold.until)
                await self.look_at(session, to[0])

    async def hold_for_all(self) -> None:
        """Hold a time for each session of a client."""
        client = self.rng.choice(self.stage.clients)
        while len([s for s in self.singles() if s.client == client]) <= FEW:
            before = len(self.book.sessions)
            await self.put_one_down()
            if len(self.book.sessions) == before:
                self.api.clock.now += MINUTE
        for session in [s for s in self.singles() if s.client == client]:
            await self.hold_one(session)
        session = await self.let_go()
        last = self.book.holds.last.get(session)
        if last is not None:
            await self.look_at(session, last.starts_at)

    async def let_notice_pass(self) -> None:
        """Hold a time just before the minimum notice for it passes; others may want it too."""
        for session in self.singles()[:2]:
            slots = await self.look_at(session, self.now + self.book.service.notice * MINUTE + DAY)
            if not slots:
                continue
            to = slots[0]
            passes = to[0] - self.book.service.notice * MINUTE
            self.api.clock.now = max(self.now, passes - 2 * MINUTE)
            await self.send_hold(session, to, None, None, session.version)
            self.api.clock.now = max(self.now, passes + TICK)
            await self.look_at(session, to[0])
            await self.take_what_is_held()
            await self.take_what_is_held()

    async def change_and_take_back(self) -> None:
        """Change sessions as their clients, and take some back, at the last instant or later."""
        for session in self.rng.sample(self.singles(), min(3, len(self.singles()))):
            await checks.check_details(self, session)
            slots = await self.look_at(session, self.now + 2 * DAY)
            if self.rng.random() < 0.5 or not slots:
                token, quote = self.latest_quote(session, "cancel")
                await self.send_cancel(session, token, quote, session.version)
            else:
                token, quote = self.latest_quote(session, "reschedule")
                to = self.rng.choice(slots)
                await self.send_move(session, to, token, quote, session.version)
            if session.undoes is not None:
                until = session.undoes.until
                self.api.clock.now = max(self.now, self.rng.choice([self.now, until, until + TICK]))
            await self.send_undo(session, session.version)
            await checks.check_session(self, session)

    async def want_what_is_held(self) -> None:
        """Let others want a held time: their clients, and staff, who may take it by force."""
        for session in self.singles():
            others = [
                other
                for other in self.singles()
                if other.practitioner is session.practitioner and other is not session
            ]
            to = await self.hold_one(session) if others else None
            if to is None:
                continue
            other = self.rng.choice(others)
            await self.send_hold(other, to, None, None, other.version)
            await self.send_move_by_staff(other, to, force=False)
            if self.rng.random() < 0.5:
                await self.send_move_by_staff(other, to, force=True)
            await self.look_at(session, to[0])
            return

    async def fill_a_group(self) -> None:
        """Hold the free seats of a group, and let staff book one all the same."""
        while not (pairs := self.pairs()) and len(self.book.groups) < GROUPS:
            await self.create_group()
        for one, other in pairs[:1]:
            seats = [
                await self.put_seat_down(one, client, force=True) for client in self.stage.clients
            ]
            seats += [seat for seat in self.book.seats_taken(one) if seat not in seats]
            for seat in seats:
                if seat is not None and seat.status == "booked":
                    await self.hold_seat(seat, other)
            for force in (False, True):
                for client in self.stage.clients:
                    await self.put_seat_down(other, client, force=force)
            zone = other.practitioner.zone
            day = wall(other.starts_at, zone).date()
            for hold in [h for h in self.book.holds.last.values() if h.seat_of is other]:
                await checks.check_days(self, hold.session, other.place[0], (day, day), zone)

    def pairs(self) -> list[tuple[Group, Group]]:
        """List two groups of a practitioner: the first with seats left, the second small."""
        now = self.now + 2 * DAY
        on = [g for g in self.book.groups if g.status == "scheduled" and g.starts_at > now]
        return [
            (one, other)
            for one in on
            for other in on
            if one is not other
            and one.practitioner is other.practitioner
            and self.book.seats_left(one) > 0
            and self.book.seats_left(other) in {1, 2}
        ]

    async def let_time_pass(self) -> Session | None:
        """Go to the end of a hold or of the time to undo, or some minutes on."""
        holds = self.book.holds.live(self.now)
        ends = {hold.until for hold in holds}
        ends |= {s.undoes.until for s in self.book.sessions if s.undoes}
        coming = sorted(end for end in ends if self.now < end)
        if coming and self.rng.random() < 0.8:
            self.api.clock.now = coming[0] + self.rng.choice([0, 0, 1]) * TICK
        else:
            self.api.clock.now += self.rng.choice([1, 3, 11]) * MINUTE
        self.log.append(f"it is {self.now.isoformat()}")
        return self.rng.choice([hold.session for hold in holds] or [self.a_session()])
