"""Sends the same commands to the service and to the model, step by step, from a seed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.drills import story_checks as checks
from tests.drills.model_records import Quote
from tests.drills.model_things import DAY, MINUTE, TICK, Practitioner, Session
from tests.drills.model_world import change_service, new_rules, new_service
from tests.drills.story_holds import HoldTelling
from tests.drills.story_telling import CLIENT, STAFF, WHY, calling
from tests.world import REASON

Step = Callable[[], Awaitable[Session | None]]
SESSIONS = 14
KEY_LIFETIME = timedelta(hours=24)


class Story(HoldTelling):
    """A sequence of random commands."""

    def steps(self) -> list[tuple[Step, int]]:
        """List what can happen, and how often."""
        return [
            (self.book_a_session, 12),
            (self.cancel, 12),
            (self.announce, 7),
            (self.move, 26),
            (self.book_again, 10),
            (self.repeat, 9),
            (self.end_by_staff, 9),
            (self.move_by_staff, 8),
            (self.undo, 9),
            (self.change_the_practice, 6),
            (self.let_time_pass, 20),
            (self.create_group, 6),
            (self.book_a_seat, 12),
            (self.change_a_group, 8),
            (self.move_a_seat, 12),
            (self.book_a_series, 5),
            (self.ask_to_move, 7),
            (self.withdraw, 2),
            (self.cancel_following, 6),
            (self.move_following, 10),
            (self.change_following_by_staff, 6),
            (self.hold, 14),
            (self.take_what_is_held, 14),
            (self.let_go, 3),
            (self.hold_often, 1),
            (self.take_back, 16),
        ]

    async def step(self) -> None:
        """Execute a random command, and check that service and model still agree."""
        steps = self.steps()
        chosen = self.rng.choices([step for step, _ in steps], [often for _, often in steps])[0]
        about = await (chosen if self.book.sessions else self.book_a_session)()
        if self.book.sessions:
            await checks.check_details(self, self.rng.choice(self.book.sessions))
        if about is not None:
            await checks.check_session(self, about)
            await checks.check_availability(self, about)

    async def book_a_session(self) -> Session | None:
        if len(self.book.sessions) >= SESSIONS:
            return await self.let_time_pass()
        rng = self.rng
        client, practitioner = rng.choice(self.stage.clients), rng.choice(self.stage.practitioners)
        draft = self.draft(client, practitioner, rng.choice(self.book.places))
        draft.starts_at = draft.booked_for = self.some_start(draft, draft.place)
        return await self.put_down(draft, pays=rng.random() < 0.4, force=rng.random() < 0.3)

    async def cancel(self) -> Session:
        session = self.a_session()
        token, quote = await self.some_quote(session, "cancel")
        await self.send_cancel(session, token, quote, self.some_version(session))
        return session

    async def send_cancel(
        self, session: Session, token: str | None, quote: Quote | None, seen: int
    ) -> None:
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/cancel",
            {"reason": REASON, "quote": token},
            lambda now: self.book.cancel(session, quote, seen, now),
            headers=self.if_match(session, seen),
        )

    async def announce(self) -> Session:
        session, free_time = self.a_session(), self.rng.random() < 0.5
        token, quote = await self.some_quote(session, "absence")
        seen = self.some_version(session)
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/absence",
            {"reason": REASON, "quote": token, "free_time": free_time},
            lambda now: self.book.announce(session, quote, seen, free_time=free_time, now=now),
            headers=self.if_match(session, seen),
        )
        return session

    async def move(self, session: Session | None = None) -> Session:
        session = session or self.a_session()
        if session.group is not None:
            return await self.move_seat(session)
        to = self.some_slot(session)
        action = "change_format" if to[0] == session.starts_at else "reschedule"
        token, quote = await self.some_quote(session, action)
        await self.send_move(session, to, token, quote, self.some_version(session))
        return session

    async def book_again(self) -> Session:
        """Move an ended session to a time that is on offer, with the quote that is shown now."""
        ended = [session for session in self.book.sessions if session.rebooks(self.now)]
        if not ended:
            return await self.end_by_staff()
        session = self.rng.choice(ended)
        await checks.check_details(self, session)
        await checks.check_availability(self, session)
        slots = self.slots.get(session)
        if session.group is not None or not slots:
            return await self.move(session)
        to, (token, quote) = self.rng.choice(slots), self.latest_quote(session, "reschedule")
        await self.send_move(session, to, token, quote, session.version)
        return session

    async def end_by_staff(self) -> Session:
        session, charged = self.a_session(), self.rng.random() < 0.5
        command = self.rng.choice(["cancel", "cancel", "noshow", "fulfilled"])
        body: dict[str, Any] = {"reason": WHY}
        if command != "fulfilled":
            body["charge_fee"] = charged
        status = "cancelled" if command == "cancel" else command
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/{command}",
            body,
            lambda now: self.book.end_by_staff(session, status, charged=charged, now=now),
        )
        return session

    async def move_by_staff(self) -> Session:
        session = self.a_session()
        if session.group is not None:
            return await self.move_seat_by_staff(session)
        return await self.move_by_staff_to(session, self.some_slot(session))

    async def take_back(self) -> Session:
        """Undo the client's last change, mostly one that can be undone."""
        last = [s for s in self.book.sessions if s.undoes and self.now <= s.undoes.until]
        late = [s for s in self.book.sessions if s.undoes]
        session = self.rng.choice((last if self.rng.random() < 0.7 else late) or self.book.sessions)
        await self.send_undo(session, self.some_version(session))
        return session

    async def send_undo(self, session: Session, seen: int) -> None:
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/undo",
            {},
            lambda now: self.book.undo_by_client(session, seen, now),
            headers=self.if_match(session, seen),
        )

    async def undo(self) -> Session:
        ended = [session for session in self.book.sessions if session.status != "booked"]
        session = self.rng.choice(ended or self.book.sessions)
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/undo",
            {"reason": WHY},
            lambda now: self.book.undo(session, now),
        )
        return session

    async def repeat(self) -> Session | None:
        """Repeat a request with its key: within a day it has no second effect."""
        if not self.kept:
            return None
        kept = self.rng.choice(self.kept)
        is_known = self.now - kept.at < KEY_LIFETIME
        if not is_known:
            self.kept.remove(kept)
            return None
        has_reason = "reason" in kept.body
        other: dict[str, Any] = {"reason": {"note": "Other."}} if has_reason else {"force": True}
        if "force" in kept.body:
            other |= {"force": not kept.body["force"]}
        elif not has_reason:
            other = {"note": "Other."} if kept.body else {}
        if kept.method == "put":
            other = {"quote": "another"}
        body = kept.body if self.rng.random() < 0.8 else kept.body | other
        call = calling(kept.speaker, kept.method)
        answer = await call(kept.path, body, {"Idempotency-Key": kept.key})
        self.log.append(f"{self.now.isoformat()} again {kept.path} {answer.status_code}")
        if body == kept.body:
            assert (answer.headers["idempotency-replayed"], answer.json()) == ("true", kept.answer)
        else:
            assert answer.json()["code"] == "idempotency-key-reused"
        return None

    async def change_the_practice(self) -> None:
        """Add time off or holidays, create a policy, or change the service."""
        kind = self.rng.randrange(4)
        self.log.append(f"{self.now.isoformat()} change of the practice: {kind}")
        if kind == 0:
            await self.take_time_off()
        elif kind == 1:
            self.book.rules = new_rules(self.rng)
            await self.world.add_policy(self.book.rules, now=self.now)
            self.log.append(f"  {self.book.rules}")
        elif kind == 2:
            await self.close_on_holidays()
        else:
            self.book.service = new_service(self.rng)
            await change_service(self.world, self.book.service)
            self.log.append(f"  {self.book.service}")

    async def take_time_off(self) -> None:
        practitioner = self.rng.choice(self.stage.practitioners)
        start = self.now + self.rng.randrange(0, 5 * 24 * 60) * MINUTE
        end = start + self.rng.choice([30, 90, 600]) * MINUTE
        body = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
        path = f"/v1/practice/practitioners/{practitioner.id}/time-off"
        assert (await self.staff.post(path, body)).status_code == 201
        practitioner.off.append((start, end))
        self.log.append(f"  off {start.isoformat()} {end.isoformat()}")

    async def close_on_holidays(self) -> None:
        """Replace the holidays by some days around the change of clocks, and closed weekdays."""
        day = self.stage.change_of_clocks.date()
        chosen = {day + self.rng.randrange(-2, 8) * DAY for _ in range(self.rng.randrange(3))}
        weekdays = self.rng.sample(range(1, 8), self.rng.choice([0, 0, 1, 2]))
        body = {
            "dates": [{"date": found.isoformat()} for found in sorted(chosen)],
            "closed_weekdays": weekdays,
        }
        answer = await self.staff.put("/v1/practice/holidays", body)
        assert answer.status_code == 200, answer.text
        self.stage.holidays.clear()
        self.stage.holidays.update(chosen)
        for practitioner in self.stage.practitioners:
            practitioner.closed_weekdays = set(weekdays)
        Practitioner.openings.cache_clear()
        self.log.append(f"  holidays {body['dates']}, weekdays {weekdays}")

    async def let_time_pass(self) -> Session | None:
        """Set the clock: mostly exactly to an instant at which something ends, or just after it."""
        moments = sorted(moment for moment in self.moments() if moment > self.now)
        aim = self.rng.random()
        if moments and aim < 0.8:
            self.api.clock.now = self.rng.choice(moments[:4]) + self.rng.choice([0, 0, 1]) * TICK
        else:
            self.api.clock.now += self.rng.choice([1, 11, 170]) * MINUTE
        self.log.append(f"it is {self.now.isoformat()}")
        await self.close_requests()
        return self.a_session()
