"""Stories of clients who wait for earlier times: scenes that random steps seldom reach.

What they do not draw: seats and groups (story_seats.py has them), series, requests to move,
absences, a waiver that a client asks for, several services, a hundred clients at once, the links of
mails, times that are freed by longer hours, holidays, time off or outside busy times that go, and
requests at the same time, which the storm has.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from uuid import UUID

from app.tables.webhooks import WebhookEndpoint
from tests.drills import story_checks as checks
from tests.drills.model import STILL_WAITING, UNDO_WINDOW
from tests.drills.model_asking import AskingBook
from tests.drills.model_things import DAY, MINUTE, TICK, Rules, Session
from tests.drills.model_wishes import HOUR, LAST_ASKED, Offer, Times
from tests.drills.model_world import Cast, Stage, change_service, new_service, set_stage
from tests.drills.story_minutes import ALL_DAY
from tests.drills.story_waiting import WaitingSteps
from tests.world import World

LONG_AGO: Rules = {"deadline": {"before_minutes": 20000}}
DAY_AHEAD: Rules = {"deadline": {"before_minutes": 1440}}
# Policies under which a cancellation costs something, and may cost nothing after all.
POLICIES: list[Rules] = [
    {
        "cancel": {"fees": [LONG_AGO | {"amount_minor": 450}], "refilled": {"covered_percent": 80}},
        "reschedule": {"fees": [DAY_AHEAD | {"amount_minor": 120}]},
    },
    {
        "cancel": {
            "fees": [LONG_AGO | {"percent": "50"}],
            "late_credit": "forfeited",
            "refilled": {"covered_percent": 50},
        },
        "reschedule": {"closes": None, "fees": [], "max_days_from_original": 3},
    },
    {
        "cancel": {
            "closes": {"before_minutes": 1440},
            "fees": [LONG_AGO | {"amount_minor": 900}],
            "release": True,
        },
        "reschedule": {"enabled": False},
    },
    {
        "cancel": {"fees": [DAY_AHEAD | {"percent": "100"}], "refilled": {"covered_percent": 100}},
        "reschedule": {"fees": []},
        "rebook": {"days": 2, "fee": "credited"},
    },
    {
        "cancel": {"fees": [LONG_AGO | {"percent": "100"}], "refilled": {"covered_percent": 80}},
        "rebook": {"days": 2, "fee": "stands"},
    },
]
CAST = Cast(
    clients=5,
    zones=("America/New_York", "Europe/Berlin", "Asia/Kolkata"),
    per_day=(None, None, 4),
    per_week=(None,),
    book=AskingBook,
)
STEPS = 24
Scene = Callable[[], Awaitable[object]]


async def set_waiting_stage(world: World, rng: Random, number: int) -> Stage:
    """Write a practice with five clients in three zones, whose practitioners work all day."""
    stage = await set_stage(world, rng, number, ALL_DAY, CAST)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    book = stage.book
    assert isinstance(book, AskingBook)
    book.zones = dict(stage.zones)
    service = new_service(rng)
    service.notice, service.horizon, service.step = rng.choice([0, 180]), 11, rng.choice([15, 30])
    book.service = service
    await change_service(world, service)
    book.rules = POLICIES[number % len(POLICIES)]
    await world.add_policy(book.rules, now=stage.now)
    return stage


class WaitingStory(WaitingSteps):
    """Clients wait, give times up, and are asked for them."""

    async def play(self) -> None:
        """Book some sessions, and play each scene among other steps."""
        for _ in range(6):
            await self.put_one_down()
        scenes: list[Scene] = [
            *(self.ask_in_turn, self.say_no_too_often, self.run_out_of_time, self.do_not_answer),
            *(self.ask_all, self.crowd_an_offer, self.pass_a_night, self.free_too_late),
            *(self.undo_what_was_freed, self.refill, self.move_while_waiting),
            *(partial(self.give_up_if_taken, how) for how in ("take", "keep", None)),
        ]
        self.rng.shuffle(scenes)
        for scene in scenes:
            if self.book.mode == "off":
                await self.change_the_waitlist("in_turn")
            await scene()
            for _ in range(STEPS // len(scenes)):
                await self.step()

    async def two(self) -> tuple[Session, Session]:
        """Give two sessions of a practitioner, some days ahead; the first is the earlier one."""
        first, later = await self.book_at(2 * DAY, 0), await self.book_at(6 * DAY, 1)
        return first, later

    async def book_at(self, ahead: object, number: int) -> Session:
        """Book a session about so far ahead, at a free hour, for one of the clients."""
        start = (self.now + ahead).replace(minute=0, second=0, microsecond=0)  # type: ignore[operator]
        client = self.stage.clients[number % len(self.stage.clients)]
        while True:
            draft = self.draft(client, self.stage.practitioners[0], ("video", None))
            draft.starts_at = draft.booked_for = start
            made = await self.put_down(draft, pays=self.rng.random() < 0.3, force=True)
            if made is not None:
                return made
            start += 2 * HOUR

    async def by_day(self) -> None:
        """Go to an instant at which nobody sleeps: 15:00 UTC or later."""
        noon = self.now.replace(hour=15, minute=0, second=0, microsecond=0)
        self.go_to(noon if self.now <= noon else noon + DAY)
        await self.work()

    def asked(self) -> Offer | None:
        """Give an open offer."""
        return next(iter(self.open_offers()), None)

    async def ask_in_turn(self) -> None:
        """Free a time that several clients wait for: no, no answer, a yes at the last instant."""
        await self.change_the_waitlist("in_turn")
        await self.by_day()
        first, later = await self.two()
        await self.wish_for(later, Times())
        await self.wish_by_staff(urgent=False, any_time=True)
        await self.wish_by_staff(urgent=True, any_time=True)
        await self.free(first)
        await self.work()
        for how in self.rng.sample(["decline", "late", "last", "wait"], 4):
            offer = self.asked()
            if offer is None:
                break
            if how == "decline":
                await self.send_answer(offer, "decline")
                await self.send_answer(offer, "accept")
            elif how == "late":
                self.go_to(offer.answer_by + TICK)
                await self.send_answer(offer, "accept")
                await self.send_answer(offer, "decline")
            elif how == "wait":
                self.go_to(offer.answer_by + STILL_WAITING + 2 * TICK)
            else:
                self.go_to(offer.answer_by)
                await self.send_answer(offer, "accept")
                await self.send_answer(offer, "accept")
            await self.work()

    async def say_no_too_often(self) -> None:
        """Decline a time again and again, until it is open to all."""
        await self.wait_for(await self.book_at(2 * DAY, 2))
        while (offer := self.asked()) is not None:
            await self.send_answer(offer, "decline")
            await self.work()
        await self.end_all_wishes()

    async def run_out_of_time(self) -> None:
        """Let offers of a time expire, until half of the time that was left is over."""
        await self.wait_for(await self.book_at(7 * HOUR, 3))
        while (offer := self.asked()) is not None:
            self.go_to(offer.answer_by + STILL_WAITING + TICK)
            await self.work()
        await self.end_all_wishes()

    async def wait_for(self, session: Session) -> None:
        """Free the time of a session that many wait for in turn."""
        await self.end_all_wishes()
        await self.change_the_waitlist("in_turn", 60)
        await self.by_day()
        for _ in range(8):
            await self.wish_by_staff(any_time=True)
        await self.free(session)
        await self.work()

    async def crowd_an_offer(self) -> None:
        """Take an offered time by force, or the time beside it, which leaves no gap."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]), 60)
        for late in self.rng.sample([-1, 0, 1], 2):
            await self.by_day()
            session = await self.book_at(2 * DAY, 3)
            await self.wish_by_staff(any_time=True)
            await self.free(session)
            await self.work()
            offer = self.asked()
            await self.fill(session, late=late * session.duration)
            await self.work()
            if offer is not None:
                await self.send_answer(offer, "accept")

    async def do_not_answer(self) -> None:
        """Let a client miss three offers in a row: the wish is paused; then it waits again."""
        await self.change_the_waitlist("in_turn")
        await self.end_all_wishes()
        await self.by_day()
        later = await self.book_at(6 * DAY, 3)
        await self.wish_for(later, Times())
        for number in range(4):
            first = await self.book_at(DAY + number * 5 * HOUR, 4)
            await self.free(first)
            await self.by_day()
            offer = self.asked()
            if offer is not None and number == 1 and self.rng.random() < 0.3:
                await self.send_answer(offer, "decline")
            elif offer is not None:
                self.go_to(offer.answer_by + STILL_WAITING + TICK)
            await self.work()
        await self.wish_for(later, Times())

    async def end_all_wishes(self) -> None:
        for wish in [one for one in self.book.wishes if one.is_active]:
            await self.send(
                self.staff,
                f"/v1/practice/wishes/{wish.id}/withdraw",
                {},
                partial(self.book.withdraw_wish, wish, by_staff=True),
                checks.check_refusal,
            )

    async def ask_all(self) -> None:
        """Ask all at once: the first yes has it, and others hear that it is gone."""
        await self.change_the_waitlist("all_at_once")
        await self.by_day()
        first, later = await self.two()
        await self.wish_for(later, Times())
        for _ in range(3):
            await self.wish_by_staff(any_time=True)
        if self.rng.random() < 0.5:
            await self.give_up(first)
            self.api.clock.now += 5 * MINUTE
        else:
            await self.free(first)
        await self.work()
        for offer in self.open_offers()[:3]:
            await self.send_answer(offer, self.rng.choice(["accept", "accept", "decline"]))
        await self.work()

    async def give_up_if_taken(self, how: str | None = None) -> None:
        """Release a time: somebody takes it, or it is taken back, changed, or too late."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]))
        await self.by_day()
        first, later = await self.book_at(20 * HOUR, 0), await self.book_at(6 * DAY, 1)
        if how or self.rng.random() < 0.7:
            await self.wish_for(later, Times())
        await self.release(first, self.rng.choice([None, first.starts_at - 14 * HOUR]))
        await self.work()
        if self.rng.random() < 0.5:
            await self.wish_by_staff(any_time=True)
            self.api.clock.now += 10 * MINUTE
            await self.work()
        await self.compare(first)
        offer = next((o for o in self.open_offers() if o.freed.session is first), None)
        how = how or self.rng.choice(["change", "late", "end"])
        release = self.book.releases.get(first)
        if how == "keep":
            await self.without_body(
                first.client,
                f"/v1/sessions/{first.id}/release",
                lambda now: self.book.take_back_release(first, now),
            )
        elif how == "change":
            await self.rng.choice([self.give_up, self.free])(first)
        elif how == "late" and offer is not None:
            self.go_to(offer.answer_by + TICK)
        elif how == "end" and release is not None:
            self.go_to(release.until + self.rng.choice([0 * TICK, TICK, STILL_WAITING + TICK]))
        if offer is not None:
            await self.send_answer(offer, "accept")
        await self.compare(first)
        await self.work()
        await self.compare(first)

    async def free_too_late(self) -> None:
        """Free a time two hours before it begins, or just after that."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]))
        await self.by_day()
        for ticks in self.rng.sample([0, 1, 60_000_000], 2):
            first = await self.book_at(4 * HOUR, 0)
            for _ in range(3):
                await self.wish_by_staff(any_time=True)
            self.go_to(first.starts_at - LAST_ASKED)
            await self.free(first)
            self.api.clock.now = first.starts_at - LAST_ASKED + (ticks - 1) * TICK
            await self.work()

    async def refill(self) -> None:
        """Cancel at a cost, and let others have the time, or not, when it would have begun."""
        cases = [
            *(self.fill_again, self.fill_and_leave, self.fill_twice, self.fill_by_themself),
            *(self.fill_after_a_move, self.fill_after_a_move),
            *(self.fill_a_part, self.undo_before_the_start),
        ]
        for case in self.rng.sample(cases, len(cases)):
            session = await self.book_at(20 * HOUR, self.rng.randrange(5))
            if case == self.fill_after_a_move:
                await self.move_late(session)
            await self.rng.choice([self.give_up, self.give_up, self.charge])(session)
            if session.status == "booked":
                await self.charge(session)
            self.api.clock.now += MINUTE
            await case(session)
            self.go_to(session.starts_at + MINUTE)
            await self.work()
            await self.compare(session)

    def other(self, session: Session) -> UUID:
        return self.rng.choice([one for one in self.stage.clients if one != session.client])

    async def fill(
        self, session: Session, client: UUID | None = None, late: int = 0
    ) -> Session | None:
        """Book the time of a session for another client, or one that begins some minutes later."""
        draft = self.draft(client or self.other(session), session.practitioner, ("video", None))
        draft.starts_at = draft.booked_for = session.starts_at + late * MINUTE
        return await self.put_down(draft, pays=False, force=True)

    async def fill_again(self, session: Session) -> None:
        """Fill a time, and settle or waive what it cost, sometimes."""
        await self.fill(session)
        if self.rng.random() < 0.3:
            await self.close_a_fee()
        elif self.rng.random() < 0.3:
            await self.book_again()

    async def fill_and_leave(self, session: Session) -> None:
        """Fill a time, and free it again: before it begins, or once it has begun."""
        filler = await self.fill(session)
        if filler is not None:
            self.go_to(session.starts_at + self.rng.choice([-1, 0, 1, 1]) * TICK)
            await self.free(filler)

    async def fill_twice(self, session: Session) -> None:
        """Fill a time, cancel that at a cost too, and fill it again: one cost is forgiven."""
        filler = await self.fill(session)
        if filler is not None:
            await self.charge(filler)
            await self.fill(session, self.other(filler))

    async def fill_by_themself(self, session: Session) -> None:
        await self.fill(session, session.client)

    async def fill_after_a_move(self, session: Session) -> None:
        """Fill the time of a session that carries a cost, if its move was possible."""
        await self.fill(session)

    async def fill_a_part(self, session: Session) -> None:
        """Fill about the share of a time that the policy asks for."""
        await self.fill(session, late=self.rng.choice([5, 10, 12, 25, 30]))

    async def undo_before_the_start(self, session: Session) -> None:
        """Take the cancellation back, or have staff undo it."""
        if session.undoes is not None and self.rng.random() < 0.5:
            await self.send_undo(session, session.version)
        await self.send(
            self.staff,
            f"/v1/practice/sessions/{session.id}/undo",
            {"reason": {"note": "It was our mistake."}},
            lambda now: self.book.undo(session, now),
        )

    async def move_late(self, session: Session) -> None:
        """Move to a slot of the day, with the quote that is shown; the move may carry a cost."""
        zone = session.practitioner.zone
        day = session.starts_at.astimezone(zone).date()
        await checks.check_days(self, session, session.place[0], (day, day), zone)
        slots = [to for to in self.slots.get(session, []) if to[0] > self.now + 4 * HOUR]
        await checks.check_details(self, session)
        token, quote = self.latest_quote(session, "reschedule")
        to = self.rng.choice(slots or [(session.starts_at + 3 * HOUR, session.place)])
        await self.send_move(session, to, token, quote, session.version)

    async def move_while_waiting(self) -> None:
        """Move a session for which its client waits, which ends the wish; take it back, or not."""
        await self.by_day()
        session = await self.book_at(6 * DAY, self.rng.randrange(5))
        await self.wish_for(session, Times())
        await self.move_late(session)
        await self.compare(session)
        if session.undoes is not None and self.rng.random() < 0.5:
            await self.send_undo(session, session.version)
            await self.compare(session)
        await self.work()

    async def charge(self, session: Session) -> Session:
        return await self.free(session, charged=True)

    async def pass_a_night(self) -> None:
        """Free a time in the night of some clients: those who are awake are asked first."""
        await self.change_the_waitlist(self.rng.choice(["in_turn", "all_at_once"]))
        night = self.now.replace(hour=self.rng.choice([1, 3, 22]), minute=30, second=0)
        self.go_to(night if self.now <= night else night + DAY)
        first, later = await self.two()
        await self.wish_for(later, Times())
        for _ in range(2):
            await self.wish_by_staff(any_time=True)
        await self.free(first)
        await self.work()
        for _ in range(4):
            offer = self.asked()
            if offer is not None and self.rng.random() < 0.5:
                await self.send_answer(offer, self.rng.choice(["accept", "decline"]))
            waking = [w.awake_at(self.now) for w in self.book.wishes if w.is_active]
            coming = [instant for instant in waking if instant > self.now]
            self.go_to(min(coming, default=self.now + HOUR))
            await self.work()
        self.go_to(first.starts_at - LAST_ASKED)
        await self.work()

    async def undo_what_was_freed(self) -> None:
        """Take back what has freed a time, while others are asked for it or may have it."""
        await self.change_the_waitlist("in_turn")
        await self.by_day()
        first, later = await self.two()
        await self.wish_for(later, Times())
        is_own = self.rng.random() < 0.5
        await (self.give_up(first) if is_own else self.free(first))
        until = self.now + UNDO_WINDOW + STILL_WAITING
        if is_own and self.rng.random() < 0.5 and first.undoes is not None:
            self.go_to(self.rng.choice([self.now, first.undoes.until, first.undoes.until + TICK]))
            await self.send_undo(first, first.version)
        self.go_to(until)
        await self.work()
        offer = self.asked()
        if self.rng.random() < 0.5:
            await self.send_move(later, (first.starts_at, later.place), None, None, later.version)
        if offer is not None and self.rng.random() < 0.3:
            await self.send_answer(offer, "accept")
        await self.send(
            self.staff,
            f"/v1/practice/sessions/{first.id}/undo",
            {"reason": {"note": "It was our mistake."}},
            lambda now: self.book.undo(first, now),
        )
        if offer is not None:
            await self.send_answer(offer, "accept")
        await self.work()
        await self.compare(first)
