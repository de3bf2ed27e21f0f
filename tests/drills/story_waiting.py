"""Steps of a story whose clients wait: wishes, offers, releases, refill, and the worker's runs."""

from collections.abc import Sequence
from datetime import datetime, time
from http import HTTPStatus
from typing import Any
from uuid import UUID

from httpx import Response

from app.database.transactions import read_connection, transact
from app.fees.announcing import announce_fee
from app.fees.queries import list_fees_to_announce
from app.fees.refill_queries import list_due_refills
from app.fees.refilling import judge_refill
from app.outbox.due import STILL_WAITING
from app.tables.practices import Service as ServiceTable
from app.tables.sessions import Fee
from app.tables.waitlist import FreedTime
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.tasks import steps
from tests.drills import story_checks as checks
from tests.drills import waiting_checks
from tests.drills.model import GRACE, UNDO_WINDOW
from tests.drills.model import STILL_WAITING as HALF_A_MINUTE
from tests.drills.model_asking import AskingBook
from tests.drills.model_records import Answer
from tests.drills.model_things import DAY, MINUTE, TICK, Practitioner, Session
from tests.drills.model_wishes import HOUR, LAST_ASKED, Freed, Offer, Times, Wish
from tests.drills.story import Step, Story
from tests.drills.story_telling import CLIENT, STAFF, WHY, Check, Expected
from tests.world import Api

OFFERS, WISHES, FEES = "/v1/offers", "/v1/practice/wishes", "/v1/practice/fees"
MANY = 10_000
SESSIONS = 16


class WaitingSteps(Story):
    """What clients who wait, staff and the worker do. Each command has an instant of its own."""

    book: AskingBook

    def steps(self) -> list[tuple[Step, int]]:
        return [
            (self.wish_for, 12),
            (self.wish_by_staff, 6),
            (self.end_a_wish, 3),
            (self.give_up, 10),
            (self.free, 8),
            (self.move, 6),
            (self.move_by_staff, 5),
            (self.end_by_staff, 6),
            (self.undo, 5),
            (self.take_back, 8),
            (self.book_again, 4),
            (self.put_one_down, 6),
            (self.take_a_freed_time, 8),
            (self.release, 10),
            (self.keep, 3),
            (self.answer, 24),
            (self.withdraw_an_offer, 3),
            (self.hold, 4),
            (self.close_a_fee, 5),
            (self.change_the_waitlist, 2),
            (self.be_away, 1),
            (self.let_time_pass, 26),
        ]

    async def step(self) -> None:
        """Execute a random command, and compare all that it may have changed."""
        chosen = self.rng.choices([s for s, _ in self.steps()], [n for _, n in self.steps()])[0]
        about = await chosen()
        await self.compare(about)

    async def compare(self, about: Session | None = None) -> None:
        await waiting_checks.check_tables(self)
        if about is not None:
            await checks.check_details(self, about)
            await waiting_checks.check_ways(self, about)
            if self.rng.random() < 0.2:
                await checks.check_history(self, about)
                await checks.check_staff_view(self, about)

    async def send(
        self,
        speaker: Api,
        path: str,
        body: dict[str, Any],
        expected: Expected,
        check: Check = checks.check_answer,
        headers: dict[str, str] | None = None,
        method: str = "post",
    ) -> Response:
        self.api.clock.now += TICK
        answer = await super().send(speaker, path, body, expected, check, headers, method)
        if answer.status_code != HTTPStatus.CREATED:  # Else its id is not yet known.
            await waiting_checks.check_tables(self)
        return answer

    async def put_down(self, draft: Session, *, pays: bool, force: bool) -> Session | None:
        made = await super().put_down(draft, pays=pays, force=force)
        await waiting_checks.check_tables(self)
        return made

    def go_to(self, instant: datetime) -> None:
        """Set the clock so that the next command is at an instant, or as soon as possible."""
        self.api.clock.now = max(self.now, instant - TICK)
        self.log.append(f"it is {self.now.isoformat()}")

    # Sessions.

    def singles(self) -> list[Session]:
        """List the sessions that are booked and far enough ahead to be offered."""
        soon = self.now + LAST_ASKED + HOUR
        return [s for s in self.book.sessions if s.status == "booked" and s.starts_at > soon]

    def a_session(self) -> Session:
        coming = self.singles()
        return self.rng.choice(coming if coming and self.rng.random() < 0.9 else self.book.sessions)

    async def put_one_down(self) -> Session | None:
        """Book a session on one of the coming days, sometimes paid by a package."""
        rng = self.rng
        if len(self.book.sessions) >= SESSIONS:
            return await self.let_time_pass()
        practitioner = self.stage.practitioners[rng.random() < 0.2]
        draft = self.draft(
            rng.choice(self.stage.clients), practitioner, rng.choice(self.book.places)
        )
        start = (self.now + rng.randrange(8, 7 * 24) * HOUR).replace(
            minute=0, second=0, microsecond=0
        )
        draft.starts_at = draft.booked_for = start
        return await self.put_down(draft, pays=rng.random() < 0.4, force=True)

    async def take_a_freed_time(self) -> Session | None:
        """Book or move a session into a time that somebody has given up, mostly by force."""
        rng = self.rng
        times: list[tuple[Practitioner, datetime, UUID | None]]
        times = [(r.practitioner, r.starts_at, r.session.client) for r in self.book.refills]
        times += [(f.practitioner, f.starts_at, None) for f in self.book.freed]
        coming = [one for one in times if one[1] > self.now]
        if not coming:
            return await self.put_one_down()
        practitioner, start, client = rng.choice(coming)
        start += rng.choice([0, 0, 0, 10, -10, self.book.service.duration]) * MINUTE
        own = [s for s in self.singles() if s.practitioner is practitioner]
        movable = [s for s in own if s.group is None]
        if movable and (rng.random() < 0.3 or len(self.book.sessions) >= SESSIONS):
            session = rng.choice(movable)
            await self.send_move_by_staff(session, (start, session.place), force=rng.random() < 0.7)
            return session
        is_own = client is not None and rng.random() < 0.2
        who = client if is_own and client is not None else rng.choice(self.stage.clients)
        draft = self.draft(who, practitioner, rng.choice(self.book.places))
        draft.starts_at = draft.booked_for = start
        return await self.put_down(draft, pays=False, force=rng.random() < 0.7)

    async def give_up(self, session: Session | None = None) -> Session:
        """Cancel as the client, with the quote that is shown."""
        session = session or self.a_session()
        await checks.check_details(self, session)
        token, quote = self.latest_quote(session, "cancel")
        await self.send_cancel(session, token, quote, session.version)
        return session

    async def free(self, session: Session | None = None, *, charged: bool = False) -> Session:
        """Cancel as staff, without a charge by default."""
        session = session or self.a_session()
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/cancel",
            {"reason": WHY, "charge_fee": charged},
            lambda now: self.book.end_by_staff(session, "cancelled", charged=charged, now=now),
        )
        return session

    async def move(self, session: Session | None = None) -> Session:
        """Move as the client to a slot that is on offer, or to one that others may have."""
        session = session or self.a_session()
        await checks.check_details(self, session)
        if self.rng.random() < 0.6:
            zone = session.practitioner.zone
            day = (self.now + self.rng.randrange(1, 6) * DAY).astimezone(zone).date()
            await checks.check_days(self, session, session.place[0], (day, day), zone)
        to = self.some_slot(session)
        token, quote = self.latest_quote(session, "reschedule")
        await self.send_move(session, to, token, quote, session.version)
        return session

    def some_slot(self, session: Session) -> Any:
        """Choose a slot, the time of an offer or a freed time, or some hour of the coming days."""
        rng, how = self.rng, self.rng.random()
        if how < 0.5 and self.slots.get(session):
            return rng.choice(self.slots[session])
        near: list[Any] = [o for o in self.book.offers if o.is_open(self.now)]
        near += [f for f in self.book.freed if not f.is_over]
        if how < 0.85 and near:
            return rng.choice(near).starts_at, session.place
        start = self.now + rng.randrange(4, 6 * 24) * HOUR
        return start.replace(minute=0, second=0, microsecond=0), rng.choice(self.book.places)

    # Wishes.

    def some_times(self, session: Session | None) -> Times:
        """Make up what a client wishes for; mostly any time."""
        rng = self.rng
        if rng.random() < 0.6:
            return Times()
        latest = session.starts_at if session else self.now + 7 * DAY
        first = time(rng.choice([0, 6, 9, 12]), rng.choice([0, 30]))
        return Times(
            until=rng.choice([None, None, latest, latest - 6 * HOUR, self.now + 5 * HOUR]),
            weekdays=tuple(sorted(rng.sample(range(1, 8), rng.choice([0, 0, 4, 6])))),
            from_time=rng.choice([None, None, first]),
            to_time=rng.choice([None, None, time(rng.choice([13, 18, 23]), 0)]),
            formats=tuple(sorted(rng.choice([(), (), ("video",), ("in_person", "phone")]))),
            notice_hours=rng.choice([0, 0, 0, 3, 24]),
        )

    async def wish_for(self, session: Session | None = None, times: Times | None = None) -> Session:
        """Wish for an earlier time as the client."""
        session = session or self.a_session()
        asked = self.some_times(session) if times is None else times
        answer = await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/wish",
            body_of(asked),
            lambda now: self.book.put_wish(session, asked, now),
            checks.check_refusal,
            method="put",
        )
        await self.know(answer, self.book.wish_of(session))
        return session

    async def know(self, answer: Response, wish: Wish | None) -> None:
        """Take over the id of a wish."""
        if answer.is_success and wish is not None:
            wish.id = UUID(answer.json()["id"])
            await waiting_checks.check_tables(self)
            await waiting_checks.check_wish(self, wish)

    async def wish_by_staff(self, *, urgent: bool | None = None, any_time: bool = False) -> None:
        """Enter a wish as staff: for a session, or for a new one of a client."""
        rng = self.rng
        is_urgent = rng.random() < 0.3 if urgent is None else urgent
        if rng.random() < 0.3 and not any_time:
            session = self.a_session()
            times = self.some_times(session)
            answer = await self.send(
                self.staff,
                WISHES,
                body_of(times) | {"session_id": str(session.id), "urgent": is_urgent},
                lambda now: self.book.put_wish(session, times, now, urgent=is_urgent),
                checks.check_refusal,
            )
            await self.know(answer, self.book.wish_of(session))
            return
        client = rng.choice(self.stage.clients)
        practitioner = rng.choice([None, *self.stage.practitioners[:1], *self.stage.practitioners])
        practitioner = None if any_time else practitioner
        package = self.package_of(client).id if rng.random() < 0.3 else None
        times = Times() if any_time else self.some_times(None)
        wish = Wish(client, self.stage.zones[client], None, practitioner, self.now, times)
        wish.urgent, wish.package = is_urgent, package
        answer = await self.send(
            self.staff,
            WISHES,
            body_of(times)
            | {
                "client_id": str(client),
                "service_id": str(self.world.service_id),
                "practitioner_id": practitioner and str(practitioner.id),
                "package_id": package and str(package),
                "urgent": is_urgent,
            },
            lambda now: self.book.add_wish(wish, now),
            checks.check_refusal,
        )
        await self.know(answer, wish)

    async def end_a_wish(self) -> Session | None:
        """Withdraw a wish, by its client or by staff, or let a paused one wait again."""
        if not self.book.wishes:
            return await self.wish_for()
        paused = [wish for wish in self.book.wishes if wish.paused]
        wish = self.rng.choice(paused or self.book.wishes)
        if wish.session is not None and self.rng.random() < 0.4:
            await self.without_body(
                wish.client,
                f"{CLIENT}/{wish.session.id}/wish",
                lambda now: self.book.withdraw_wish(self.book.wish_of(wish.session), now),
            )
            return wish.session
        resumes = self.rng.random() < (0.8 if paused else 0.2)
        await self.send(
            self.staff,
            f"{WISHES}/{wish.id}/{'resume' if resumes else 'withdraw'}",
            {},
            lambda now: (
                self.book.resume(wish)
                if resumes
                else self.book.withdraw_wish(wish, now, by_staff=True)
            ),
            checks.check_refusal,
        )
        await waiting_checks.check_wish(self, wish)
        return None

    async def without_body(self, client: UUID, path: str, expected: Any) -> None:
        """Send a DELETE, which always succeeds."""
        self.api.clock.now += TICK
        self.log.append(f"{self.now.isoformat()} delete {path}")
        answer = await self.speaker(client).delete(path)
        assert answer.status_code == 204
        self.expected_of(lambda now: expected(now) or Answer(204))
        await waiting_checks.check_tables(self)

    # Offers.

    def open_offers(self) -> list[Offer]:
        return [offer for offer in self.book.offers if offer.is_open(self.now)]

    async def answer(self) -> Session | None:
        """Accept or decline an offer: mostly an open one, in time, and one's own."""
        offers, rng = self.book.offers, self.rng
        if not offers:
            return await self.free()
        open_ones = self.open_offers()
        offer = rng.choice(open_ones if open_ones and rng.random() < 0.85 else offers)
        if offer.is_open(self.now) and rng.random() < 0.3:
            self.go_to(offer.answer_by + rng.choice([0, 0, 1]) * TICK)
        if rng.random() < 0.05:
            await self.send_answer(offer, "accept", rng.choice(self.stage.clients))
        else:
            await self.send_answer(offer, rng.choice(["accept", "accept", "decline"]))
        return offer.wish.session

    async def send_answer(self, offer: Offer, verb: str, client: UUID | None = None) -> Response:
        """Answer an offer, by default as its client; a yes that comes too late changes nothing."""
        who, known = client or offer.wish.client, len(self.book.sessions)
        call = self.book.accept if verb == "accept" else self.book.decline

        def check(answer: Response, should: Answer) -> None:
            checks.check_refusal(answer, should)
            if answer.is_success and len(self.book.sessions) > known:
                self.book.sessions[-1].id = UUID(answer.json()["booked_session_id"])

        path = f"{OFFERS}/{offer.id}/{verb}"
        answer = await self.send(
            self.speaker(who), path, {}, lambda now: call(offer, who, now), check
        )
        await waiting_checks.check_offer(self, offer)
        for session in (offer.wish.session, offer.freed.session):
            if session is not None and session.starts_at > self.now:
                await checks.check_details(self, session)
        return answer

    async def withdraw_an_offer(self) -> Session | None:
        if not self.book.offers:
            return await self.free()
        offer = self.rng.choice(self.open_offers() or self.book.offers)
        await self.send(
            self.staff,
            f"/v1/practice/offers/{offer.id}/withdraw",
            {},
            lambda now: self.book.withdraw_offer(offer, now),
            checks.check_refusal,
        )
        return None

    # Releases.

    async def release(
        self, session: Session | None = None, until: datetime | None = None
    ) -> Session:
        """Release a time as the client, or set another end."""
        rng, session = self.rng, session or self.a_session()
        latest = session.starts_at - LAST_ASKED
        if until is None and rng.random() < 0.4:
            earlier = latest - rng.choice([1, 9]) * HOUR
            until = rng.choice([latest, latest + TICK, self.now, self.now + HOUR, earlier])
        seen = self.some_version(session)
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/release",
            {} if until is None else {"until": until.isoformat()},
            lambda now: self.book.release(session, until, seen, now),
            checks.check_refusal,
            headers=self.if_match(session, seen),
        )
        await waiting_checks.check_tables(self)
        return session

    async def keep(self) -> Session:
        """Take a release back; often there is none."""
        session = self.rng.choice([*self.book.releases, *self.book.releases, self.a_session()])
        await self.without_body(
            session.client,
            f"{CLIENT}/{session.id}/release",
            lambda now: self.book.take_back_release(session, now),
        )
        return session

    # Fees, and the practice.

    async def close_a_fee(self) -> Session | None:
        """Settle or waive a fee."""
        owed = [
            (session, number)
            for session, fees in self.book.fees.items()
            for number in range(len(fees))
            if session.carried is None
        ]
        if not owed:
            return await self.give_up()
        session, number = self.rng.choice(owed)
        # What was settled is deducted from a later fee where sessions are booked again.
        can_settle = "rebook" not in session.rules
        body: dict[str, Any] = {"reason": WHY}
        state, verb = "waived", "waive"
        if can_settle and self.rng.random() < 0.5:
            state, verb, body = "settled", "settle", {"payment_reference": "INV-1"}
        rows = await self.world.rows(Fee, session_id=session.id)
        fee = sorted(rows, key=lambda row: row.recorded_at)[number]
        await self.send(
            self.staff,
            f"{FEES}/{fee.id}/{verb}",
            body,
            lambda _: self.book.close_fee(session, number, state),
            checks.check_refusal,
        )
        return session

    async def change_the_waitlist(self, mode: str | None = None, minutes: int = 0) -> None:
        """Change how those who wait for the service are asked."""
        rng, book = self.rng, self.book
        book.mode = mode or rng.choice(["in_turn", "in_turn", "all_at_once", "all_at_once", "off"])
        book.minutes = minutes or rng.choice([10, 60, 60, 240])
        self.log.append(f"waitlist {book.mode} {book.minutes}")
        values = {"waitlist": book.mode, "offer_minutes": book.minutes}
        await self.world.change(ServiceTable, self.world.service_id, **values)

    async def be_away(self) -> None:
        """Add time off, at a freed time where there is one."""
        times = [(f.practitioner, f.starts_at) for f in self.book.freed if f.starts_at > self.now]
        practitioner, start = self.rng.choice(times or [(self.stage.practitioners[0], self.now)])
        end = start + self.rng.choice([10, 60, 180]) * MINUTE
        body = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
        path = f"/v1/practice/practitioners/{practitioner.id}/time-off"
        assert (await self.staff.post(path, body)).status_code == 201
        practitioner.off.append((start, end))
        self.log.append(f"  off {start.isoformat()} {end.isoformat()}")

    # The worker, and the clock.

    async def let_time_pass(self) -> Session | None:
        """Go to an instant at which something ends, or just after it; mostly the worker runs."""
        coming = sorted(moment for moment in self.moments() if moment > self.now)
        if coming and self.rng.random() < 0.85:
            self.go_to(self.rng.choice(coming[:4]) + self.rng.choice([0, 0, 1]) * TICK)
        else:
            self.go_to(self.now + self.rng.choice([1, 7, 61, 300]) * MINUTE)
        if self.rng.random() < 0.85:
            await self.work()
        return None

    def moments(self) -> set[datetime]:
        book = self.book
        active = [wish for wish in book.wishes if wish.is_active]
        found = {offer.answer_by for offer in book.offers if offer.state == "open"}
        found |= {release.until for release in book.releases.values()}
        found |= {wish.times.until for wish in active if wish.times.until is not None}
        found |= {end + HALF_A_MINUTE for end in found}
        found |= {one.look_at for one in [*book.freed, *book.found] if not one.is_over}
        found |= {one.starts_at - LAST_ASKED for one in book.freed if not one.is_over}
        waits = [refill for refill in book.refills if refill.state == "pending"]
        found |= {refill.starts_at + HALF_A_MINUTE for refill in waits}
        found |= {
            after + HALF_A_MINUTE + TICK
            for owed, after in book.collect_after.items()
            if after is not None and owed not in book.announced
        }
        found |= {session.undoes.until for session in book.sessions if session.undoes}
        return found | {wish.awake_at(self.now) for wish in active}

    async def work(self) -> None:
        """Let the worker run once for this practice; what is due at once has a fixed order."""
        self.api.clock.now += TICK
        self.log.append(f"{self.now.isoformat()} work")
        now, book = self.now, self.book
        book.now = now
        book.command += 1
        order = book.work(now)
        await self._run_waitlist(now, order)
        await waiting_checks.take_over_offers(self)
        fees = [(self._run_refills, book.judge), (self._run_fees, book.announce_fees)]
        for run, expected in fees if self.rng.random() < 0.7 else fees[::-1]:
            await run(now)
            expected(now)
        await waiting_checks.check_tables(self)

    async def _run_waitlist(self, now: datetime, order: Sequence[Freed]) -> None:
        practice_id, engine = self.world.practice_id, self.world.engine
        await transact(
            engine,
            lambda db: collect_freed_times(db, practice_id, now=now, undo=UNDO_WINDOW),
        )
        places = {key_of(one): k for k, one in enumerate(order)}
        rows = await self.world.rows(FreedTime)
        known = {
            r.id: places.get((r.freed_at, r.session_id, r.group_id, r.released), MANY) for r in rows
        }
        for step in steps(now):
            async with read_connection(engine) as db:
                found = await step.find(db, MANY)
            due = [row_id for of_practice, row_id in found if of_practice == practice_id]
            for row_id in sorted(due, key=lambda one: known.get(one, 0)):
                await transact(engine, bound(step.command, practice_id, row_id))

    async def _run_refills(self, now: datetime) -> None:
        def command(db: Any, practice_id: UUID, row_id: UUID) -> Any:
            return judge_refill(db, practice_id, row_id, now=now, credit_grace=GRACE)

        await self._run_due(list_due_refills, command, now)

    async def _run_fees(self, now: datetime) -> None:
        def command(db: Any, practice_id: UUID, row_id: UUID) -> Any:
            return announce_fee(db, practice_id, row_id, now)

        await self._run_due(list_fees_to_announce, command, now)

    async def _run_due(self, find: Any, command: Any, now: datetime) -> None:
        async with read_connection(self.world.engine) as db:
            found = await find(db, now - STILL_WAITING, MANY)
        for of_practice, row_id in found:
            if of_practice == self.world.practice_id:
                await transact(self.world.engine, bound(command, of_practice, row_id))


def key_of(freed: Freed) -> tuple[Any, ...]:
    session_id, group_id = (one and one.id for one in (freed.session, freed.group))
    return freed.at, session_id, group_id, freed.released


def bound(command: Any, practice_id: UUID, row_id: UUID) -> Any:
    return lambda db: command(db, practice_id, row_id)


def body_of(times: Times) -> dict[str, Any]:
    """Format what a client wishes for; what is left out is any."""
    shown = {
        "until": times.until and times.until.isoformat(),
        "weekdays": list(times.weekdays),
        "from_time": times.from_time and f"{times.from_time:%H:%M}",
        "to_time": times.to_time and f"{times.to_time:%H:%M}",
        "formats": list(times.formats),
        "notice_hours": times.notice_hours,
    }
    return {name: value for name, value in shown.items() if value}
