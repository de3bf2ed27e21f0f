"""Steps of a story with times that sessions hold."""

from typing import Any
from uuid import UUID

from httpx import Response

from tests.drills import story_checks as checks
from tests.drills.model_holds import NEW_ONES, Hold
from tests.drills.model_records import Answer, Quote
from tests.drills.model_slots import Slot
from tests.drills.model_things import TICK, Group, Session
from tests.drills.story_asks import AskTelling
from tests.drills.story_telling import CLIENT


class HoldTelling(AskTelling):
    """The story of clients who hold a time while they choose."""

    async def hold(self) -> Session:
        """Hold a slot: mostly one that is on offer, often the same again."""
        session, rng = self.a_session(), self.rng
        held = self.book.holds.last.get(session)
        if session.group is not None:
            await self.hold_seat(session)
            return session
        to = self.some_slot(session)
        if held is not None and held.seat_of is None and rng.random() < 0.3:
            to = held.starts_at, held.place
        action = "change_format" if to[0] == session.starts_at else "reschedule"
        token, quote = await self.some_quote(session, action)
        await self.send_hold(session, to, token, quote, self.some_version(session))
        return session

    async def send_hold(
        self, session: Session, to: Slot, token: str | None, quote: Quote | None, seen: int
    ) -> None:
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/hold",
            self.wish(session, to) | {"quote": token},
            lambda now: self.book.hold(session, to, quote, seen, now),
            check_hold,
            headers=self.if_match(session, seen),
            method="put",
        )

    async def hold_seat(self, session: Session, to: Group | None = None) -> None:
        """Hold a seat of another group. Of two, the order says which was held later."""
        to = to or self.a_group_for(session)
        self.api.clock.now += TICK
        token, quote = await self.some_quote(session, "reschedule")
        seen = self.some_version(session)
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/hold",
            {"group_id": str(to.id), "quote": token},
            lambda now: self.book.hold_seat(session, to, quote, seen, now),
            check_hold,
            headers=self.if_match(session, seen),
            method="put",
        )

    async def let_go(self) -> Session:
        """Release what a session holds; most of the time it holds something."""
        holding = [hold.session for hold in self.book.holds.live(self.now)]
        session = self.rng.choice(holding) if holding else self.a_session()
        answer = await self.speaker(session.client).delete(f"{CLIENT}/{session.id}/hold")
        self.log.append(f"{self.now.isoformat()} let go {session.id} {answer.status_code}")
        assert answer.status_code == 204
        self.book.holds.end(session)
        return session

    async def take_what_is_held(self) -> Session:
        """Move a session to the time that it holds, or another one to that time, by anybody."""
        holds = [hold for hold in self.book.holds.live(self.now) if hold.seat_of is None]
        if not holds:
            return await self.hold()
        hold, rng = self.rng.choice(holds), self.rng
        to = hold.starts_at, hold.place
        others = [
            s
            for s in self.book.sessions
            if s.practitioner is hold.practitioner and s.status == "booked" and s.group is None
        ]
        session = hold.session if rng.random() < 0.4 or not others else rng.choice(others)
        if rng.random() < 0.25:
            return await self.move_by_staff_to(session, to)
        await checks.check_details(self, session)
        action = "change_format" if to[0] == session.starts_at else "reschedule"
        token, quote = self.latest_quote(session, action)
        if rng.random() < 0.3:
            await self.send_hold(session, to, token, quote, session.version)
        else:
            await self.send_move(session, to, token, quote, session.version)
        return session

    async def hold_often(self) -> Session:
        """Hold two slots in turn, until there are too many new holds."""
        session = self.a_session()
        await checks.check_availability(self, session)
        slots = self.slots.get(session, [])
        if session.group is not None or len(slots) < 2:
            return await self.hold()
        for number in range(NEW_ONES + 2):
            await self.send_hold(session, slots[number % 2], None, None, session.version)
        return session


def check_hold(answer: Response, should: Answer) -> None:
    """Compare the answer to a request for a hold."""
    checks.check_refusal(answer, should)
    if answer.is_success:
        shown: Any = answer.json()
        hold = should.hold
        assert isinstance(hold, Hold)
        times = checks.at(shown["start"]), checks.at(shown["end"]), checks.at(shown["expires_at"])
        assert times == (hold.starts_at, hold.ends_at, hold.until)
        where = None if shown["location_id"] is None else UUID(shown["location_id"])
        assert (shown["format"], where) == hold.place
        seat_of = None if hold.seat_of is None else str(hold.seat_of.id)
        assert shown["group_id"] == seat_of
