"""Stories of clients who wait for seats of groups: a full group's seat, or an earlier group."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from app.tables.held_times import HeldTime
from app.tables.sessions import Session as SessionTable
from app.tables.waitlist import Offer as OfferTable
from tests.drills import story_checks as checks
from tests.drills.model import STILL_WAITING, UNDO_WINDOW
from tests.drills.model_things import DAY, MINUTE, TICK, Group, Place, Session, Taker
from tests.drills.model_wishes import HOUR, LAST_ASKED, Offer, Times, Wish
from tests.drills.story import Step
from tests.drills.story_groups import GROUPS_PATH, check_group_answer
from tests.drills.story_telling import WHY
from tests.drills.story_waiting import WISHES, body_of
from tests.drills.story_waits import WaitingStory
from tests.world import REASON

AHEAD, SEATS_MOST, STEPS = 4, 30, 60
VIDEO: Place = ("video", None)
# What becomes of a group after a seat of it was cancelled at a cost.
REFILLS = ("fill", "leave", "again", "away", "and back", "bigger")


class SeatsStory(WaitingStory):
    """Groups are full; seats are freed, released, moved and cancelled while clients are asked."""

    most_groups = 14

    def steps(self) -> list[tuple[Step, int]]:
        return [
            *super().steps(),
            (self.create_group, 8),
            (self.book_a_seat, 22),
            (self.change_a_group, 8),
            (self.move_a_seat, 10),
            (self.wait_for_a_seat, 18),
            (self.free_a_seat, 24),
            (self.release_a_seat, 10),
        ]

    async def play(self) -> None:
        """Fill some groups, and play each scene among other steps."""
        for _ in range(3):
            await self.create_group()
        for _ in range(6):
            await self.book_a_seat()
        await self.put_one_down()
        scenes: list[Callable[[], Awaitable[object]]] = [
            *(self.ask_for_a_seat, self.ask_for_a_seat, self.upset_a_group, self.upset_a_group),
            *(self.release_one, self.add_seats, self.move_after_freeing, self.undo_a_freed_seat),
            *(partial(self.refill_a_seat, how) for how in REFILLS),
        ]
        self.rng.shuffle(scenes)
        for scene in scenes:
            if self.book.mode == "off":
                await self.change_the_waitlist("in_turn")
            await scene()
            for _ in range(STEPS // len(scenes)):
                await self.step()

    async def step(self) -> None:
        await super().step()
        await self.check_seats()

    async def work(self) -> None:
        await super().work()
        await self.check_seats()
        await self.check_offered_seats()

    # What must be true, whatever the model says.

    async def check_seats(self) -> None:
        """Check that seats are not overbooked, nor offered more often in turn than they are free.

        A client has one open offer at most, exactly while their wish is offered (check_tables).
        """
        sessions = await self.world.rows(SessionTable)
        holds = [row for row in await self.world.rows(HeldTime) if row.expires_at > self.now]
        for group in self.book.groups:
            taken = [row.seat for row in sessions if row.group_id == group.id and row.seat]
            assert len(taken) == len(set(taken)), "a seat is taken twice"
            assert len(taken) <= group.seats, "more seats are taken than there are"
            held = sum(row.group_id == group.id for row in holds)
            is_smaller = group.seats < max(size for _, size in self.book.sizes[group])
            assert held == 0 or is_smaller or len(taken) + held <= group.seats

    async def check_offered_seats(self) -> None:
        """Check, after the worker, that each seat on offer is there, and is asked for once."""
        groups = {group.id: group for group in self.book.groups}
        sessions = await self.world.rows(SessionTable)
        asked: set[UUID] = set()
        for row in await self.world.rows(OfferTable, state="open"):
            if row.group_id is None or row.answer_by < self.now:
                continue
            group = groups[row.group_id]
            assert (group.status, group.starts_at) == ("scheduled", row.starts_at)
            released = next(o for o in self.book.offers if o.id == row.id).freed
            giver = released.session and released.session.id if released.released else None
            taken = [s for s in sessions if s.group_id == group.id and s.seat and s.id != giver]
            assert len(taken) < group.seats, "an open offer of a seat that is taken"
            assert row.freed_time_id not in asked or not row.holds, "asked twice in turn"
            asked.add(row.freed_time_id)

    # Steps.

    def some_start(self, wish: Taker, place: Place) -> datetime:
        """Choose an hour of the coming days for a group."""
        if not isinstance(wish, Group):
            return super().some_start(wish, place)
        start = self.now + self.rng.randrange(5, 6 * 24) * HOUR
        return start.replace(minute=0, second=0, microsecond=0)

    def groups_ahead(self) -> list[Group]:
        soon = self.now + LAST_ASKED + HOUR
        return [g for g in self.book.groups if g.status == "scheduled" and g.starts_at > soon]

    def seats(self) -> list[Session]:
        return [session for session in self.singles() if session.group is not None]

    def a_session(self) -> Session:
        seats = self.seats()
        return self.rng.choice(seats) if seats and self.rng.random() < 0.6 else super().a_session()

    async def create_group(self) -> Session | None:
        if len(self.groups_ahead()) >= AHEAD:
            return await self.book_a_seat()
        return await super().create_group()

    async def book_a_seat(self) -> Session | None:
        """Book a seat, mostly of a group that has one left."""
        ahead = self.groups_ahead()
        if not ahead or len(self.book.sessions) >= SEATS_MOST:
            return await self.let_time_pass()
        free = [group for group in ahead if self.book.seats_open(group, None) > 0]
        group = self.rng.choice(free if free and self.rng.random() < 0.8 else ahead)
        # Of two offers that were made at once it is not said which one ends.
        asked = [one.first for one in self.book.holds.seats(group, self.now)]
        force = len(asked) == len(set(asked)) and self.rng.random() < 0.4
        client = self.rng.choice(self.stage.clients)
        return await self.put_seat_down(group, client, force=force)

    async def change_seats(self, group: Group) -> None:
        self.api.clock.now += TICK
        await super().change_seats(group)

    async def move(self, session: Session | None = None) -> Session:
        session = session or self.a_session()
        return await (super().move if session.group is None else self.move_seat)(session)

    async def take_what_is_held(self) -> Session:
        return await self.hold()

    async def move_seat(self, session: Session) -> Session:
        """Look at the groups that are offered, and move."""
        zone = session.practitioner.zone
        today = self.now.astimezone(zone).date()
        await checks.check_days(self, session, session.place[0], (today, today + 6 * DAY), zone)
        return await super().move_seat(session)

    async def wait_for_a_seat(self) -> None:
        """Wait for a seat of a group: as staff for a client, or for an earlier group."""
        seats, ahead = self.seats(), self.groups_ahead()
        if not ahead or (seats and self.rng.random() < 0.4):
            await self.wish_for(self.rng.choice(seats) if seats else None)
            return
        await self.wait_for_group(self.rng.choice(ahead), self.rng.choice(self.stage.clients))

    async def wait_for_group(
        self, group: Group, client: UUID, times: Times | None = None, *, urgent: bool = False
    ) -> Wish:
        """Enter a wish for a seat of a group."""
        asked = self.some_times(None) if times is None else times
        package = self.package_of(client).id if self.rng.random() < 0.2 else None
        zone, practitioner = self.stage.zones[client], group.practitioner
        wish = Wish(client, zone, None, practitioner, self.now, asked, urgent=urgent)
        wish.group, wish.package = group, package
        body = {"client_id": str(client), "group_id": str(group.id), "urgent": urgent}
        answer = await self.send(
            self.staff,
            WISHES,
            body_of(asked) | body | {"package_id": package and str(package)},
            lambda now: self.book.add_wish(wish, now),
            checks.check_refusal,
        )
        await self.know(answer, wish)
        return wish

    async def free_a_seat(self) -> Session | None:
        """Give up a seat: by its client, or by staff."""
        seats = self.seats()
        if not seats:
            return await self.book_a_seat()
        how = self.rng.choice([self.give_up, self.free, self.free, self.move])
        return await how(self.rng.choice(seats))

    async def release_a_seat(self) -> Session | None:
        seats = self.seats()
        return await (self.release(self.rng.choice(seats)) if seats else self.book_a_seat())

    def moments(self) -> set[datetime]:
        found = super().moments()
        for group in self.groups_ahead():
            found |= {group.starts_at - LAST_ASKED, group.starts_at}
        return found | {group.starts_at + STILL_WAITING for group in self.book.groups}

    # Scenes.

    async def group_at(self, ahead: object, seats: int) -> Group:
        """Create a group about so far ahead, at a free hour."""
        start = (self.now + ahead).replace(minute=0, second=0, microsecond=0)  # type: ignore[operator]
        service = self.book.service
        while True:
            group = Group(
                id=uuid4(),
                practitioner=self.stage.practitioners[0],
                starts_at=start,
                place=VIDEO,
                duration=service.duration,
                before=service.before,
                after=service.after,
                seats=seats,
            )
            if await self.put_group_down(group):
                return group
            start += 2 * HOUR

    async def put_group_down(self, group: Group) -> bool:
        body = self.wish(group, (group.starts_at, group.place)) | {
            "practitioner_id": str(group.practitioner.id),
            "service_id": str(self.world.service_id),
            "seats": group.seats,
            "force": True,
        }
        answer = await self.send(
            self.staff,
            GROUPS_PATH,
            body,
            lambda _: self.book.create_group(group, force=True),
            check_group_answer,
        )
        if answer.is_success:
            group.id = UUID(answer.json()["id"])
        return answer.is_success

    async def full_group(self, ahead: object, seats: int = 2) -> tuple[Group, list[Session]]:
        """Create a group, and fill it; a client whose package has no credit left is tried again."""
        group = await self.group_at(ahead, seats)
        clients = self.rng.sample(self.stage.clients, len(self.stage.clients))
        made: list[Session] = []
        for client in clients * 3:
            if len(made) < seats and client in self.others(group):
                seat = await self.put_seat_down(group, client, force=True)
                made += [seat] if seat is not None else []
        return group, made

    def others(self, group: Group) -> list[UUID]:
        """List the clients without a seat of a group."""
        own = {seat.client for seat in self.book.seats_taken(group)}
        return [client for client in self.stage.clients if client not in own]

    async def waited_for(self, ahead: object, seats: int = 2) -> tuple[Group, list[Session]]:
        """Create a full group that its other clients wait for, one with a seat of a later group."""
        await self.by_day()
        group, made = await self.full_group(ahead, seats)
        later = await self.group_at(9 * DAY, 3)
        for number, client in enumerate(self.others(group)):
            seat = None
            if number == 0:
                seat = await self.put_seat_down(later, client, force=True)
            if seat is not None:
                await self.wish_for(seat, Times())
            else:
                await self.wait_for_group(group, client, Times(), urgent=number == 1)
        return group, made

    async def answer_some(self, most: int = 4) -> None:
        """Answer what is asked now in some way, one after the other."""
        for _ in range(most):
            offer = self.asked()
            if offer is None:
                return
            await self.answer_in(self.rng.choice(["accept", "decline", "late", "last"]), offer)
            await self.work()

    async def answer_in(self, how: str, offer: Offer) -> None:
        if how == "late":
            self.go_to(offer.answer_by + self.rng.choice([TICK, STILL_WAITING + 2 * TICK]))
        elif how == "last":
            self.go_to(offer.answer_by)
        await self.send_answer(offer, "decline" if how == "decline" else "accept")
        await self.send_answer(offer, "accept")
        if self.rng.random() < 0.3:
            await self.send_answer(offer, "decline")

    async def ask_for_a_seat(self) -> None:
        """Free one or two seats of a group that several wait for."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "in_turn", "all_at_once"]))
        _, seats = await self.waited_for(self.rng.choice([10 * HOUR, 2 * DAY, 4 * DAY]))
        for seat in seats[: self.rng.choice([1, 2])]:
            await self.free(seat)
        await self.work()
        await self.answer_some()

    async def upset_a_group(self) -> None:
        """Move or cancel a group, or take its seat, while an offer is open."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]))
        group, seats = await self.waited_for(3 * DAY)
        await self.free(seats[0])
        await self.work()
        offer, how = self.asked(), self.rng.choice(["move", "move", "cancel", "fewer", "take"])
        if how == "move":
            await self.move_group(group)
        elif how == "cancel":
            await self.cancel_group(group)
        elif how == "fewer":
            await self.change_seats(group)
        else:
            await self.put_seat_down(group, self.rng.choice(self.stage.clients), force=True)
        if self.rng.random() < 0.5:
            await self.work()
        if offer is not None:
            await self.send_answer(offer, "accept")
        await self.work()
        await self.answer_some(2)

    async def move_after_freeing(self) -> None:
        """Move a group soon after a seat of it was freed: it is asked for at the new time, once."""
        await self.change_the_waitlist("in_turn", 10)
        group, seats = await self.waited_for(self.rng.choice([8 * HOUR, 3 * DAY]))
        await self.free(seats[0])
        if self.rng.random() < 0.7:
            await self.work()
            await self.answer_some(1)
        to = group.starts_at + self.rng.choice([-2 * HOUR, 3 * HOUR, 2 * DAY])
        await self.move_to(group, to)
        await self.work()
        await self.answer_some(5)
        self.go_to(self.now + self.rng.choice([5 * MINUTE, 7 * HOUR]))
        await self.work()
        await self.answer_some(5)

    async def add_seats(self) -> None:
        """Add seats to a full group; then take one away again, sometimes."""
        await self.change_the_waitlist("in_turn")
        group, _ = await self.waited_for(2 * DAY, 1)
        for _ in range(3):
            await self.change_seats(group)
            await self.work()
            await self.answer_some(2)

    async def release_one(self) -> None:
        """Release a seat; perhaps another one of the group is freed as well."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]))
        group, seats = await self.waited_for(30 * HOUR)
        await self.release(seats[0], self.rng.choice([None, group.starts_at - 5 * HOUR]))
        if self.rng.random() < 0.4:
            await self.free(seats[1])
        await self.work()
        await self.compare(seats[0])
        if self.rng.random() < 0.3:
            await self.rng.choice([self.move_group, self.change_seats])(group)
        await self.answer_some(3)
        self.go_to(group.starts_at - self.rng.choice([LAST_ASKED, 5 * HOUR]) + TICK)
        await self.work()
        await self.compare(seats[0])

    async def undo_a_freed_seat(self) -> None:
        """Take back what has freed a seat, while others are asked for it."""
        await self.change_the_waitlist("in_turn")
        group, seats = await self.waited_for(3 * DAY)
        own = self.rng.random() < 0.5
        await (self.give_up(seats[0]) if own else self.free(seats[0]))
        self.go_to(self.now + UNDO_WINDOW + STILL_WAITING)
        await self.work()
        offer = self.asked()
        await self.send(
            self.staff,
            f"/v1/practice/sessions/{seats[0].id}/undo",
            {"reason": {"note": "It was our mistake."}},
            lambda now: self.book.undo(seats[0], now),
        )
        if offer is not None:
            await self.send_answer(offer, "accept")
        await self.work()
        await self.check_group(group)

    async def refill_a_seat(self, how: str) -> None:
        """Cancel a seat at a cost; at the start the group is full again, or is not."""
        group, seats = await self.full_group(30 * HOUR)
        for seat in seats[: self.rng.choice([1, 1, 2])]:
            await self.charge(seat)
        start = group.starts_at
        if how == "again":
            await self.book_a_seat_again(seats, group)
        elif how in {"away", "and back"}:
            await self.move_away(group, comes_back=how == "and back")
        if how in {"fill", "bigger", "leave", "and back"}:
            for client in self.others(group)[: self.rng.choice([1, 2, 2, 2])]:
                await self.put_seat_down(group, client, force=True)
        self.go_to(start + self.rng.choice([-1, 0, 1, 1, 1]) * TICK)
        booked = [s for s in self.book.seats_taken(group) if s.status == "booked"]
        if how == "leave" and booked:
            await self.free(self.rng.choice(booked))
        elif how == "bigger":
            await self.change_seats(group)
        self.go_to(start + STILL_WAITING + TICK)
        await self.work()
        for seat in seats:
            await self.compare(seat)

    async def move_away(self, group: Group, *, comes_back: bool) -> None:
        """Move a group away; it comes back, or a session takes its time."""
        start = group.starts_at
        await self.move_to(group, start + DAY)
        if comes_back:
            await self.move_to(group, start)
            return
        draft = self.draft(self.others(group)[0], group.practitioner, VIDEO)
        draft.starts_at = draft.booked_for = start
        await self.put_down(draft, pays=False, force=True)

    async def book_a_seat_again(self, seats: list[Session], group: Group) -> None:
        """Book a cancelled seat again, by its client."""
        rebooked = [seat for seat in seats if seat.rebooks(self.now)]
        if not rebooked:
            return
        seat = self.rng.choice(rebooked)
        await checks.check_details(self, seat)
        token, quote = self.latest_quote(seat, "reschedule")
        await self.send(
            self.speaker(seat.client),
            f"/v1/sessions/{seat.id}/reschedule",
            {"group_id": str(group.id), "reason": REASON, "quote": token},
            lambda now: self.book.move_seat(seat, group, quote, seat.version, now),
        )

    async def move_to(self, group: Group, to: datetime) -> None:
        await self.send(
            self.staff,
            f"{GROUPS_PATH}/{group.id}/move",
            self.wish(group, (to, group.place))
            | {"force": True, "leave_behind": True, "reason": WHY},
            lambda now: self.book.move_group(
                group, (to, group.place), force=True, leave_behind=True, now=now
            ),
            check_group_answer,
        )
