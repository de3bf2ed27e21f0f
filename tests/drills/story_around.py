"""Stories of a client who tries to avoid the policy by late moves before a cancellation.

The model checks that this is never cheaper than a cancellation instead of any of the moves
(`tests/drills/model_steps.py`).
"""

from datetime import datetime, timedelta

from tests.drills import story_checks as checks
from tests.drills.model_records import Quote
from tests.drills.model_rules import closing, deadline, tiers
from tests.drills.model_slots import Slot
from tests.drills.model_things import DAY, TICK, Rules, Session, wall
from tests.drills.model_world import change_service, new_service
from tests.drills.story import Story
from tests.drills.story_telling import CLIENT, STAFF, WHY
from tests.world import REASON

DAY_AHEAD: Rules = {"deadline": {"before_minutes": 1440}, "percent": "50"}
EVENING_BEFORE: Rules = {"deadline": {"days_before": 1, "at": "17:00"}, "amount_minor": 4500}
NOT_COMING: Rules = {"deadline": {"before_minutes": 0}, "percent": "100"}
FREE: Rules = {"closes": None, "fees": []}
CHEAP: Rules = {"closes": None, "fees": [{"deadline": {"before_minutes": 600}, "amount_minor": 1}]}
# Policies under which a late move carries a cost.
POLICIES: list[Rules] = [
    {"cancel": {"fees": [DAY_AHEAD, NOT_COMING]}, "reschedule": FREE},
    {"cancel": {"fees": [DAY_AHEAD], "late_credit": "forfeited"}, "reschedule": {"fees": []}},
    {
        "cancel": {"closes": {"before_minutes": 1440}, "fees": [EVENING_BEFORE, NOT_COMING]},
        "reschedule": CHEAP,
    },
    {
        "cancel": {"fees": [EVENING_BEFORE]},
        "reschedule": CHEAP,
        "change_format": {"fees": [DAY_AHEAD]},
    },
    {
        "cancel": {"enabled": False, "fees": [NOT_COMING]},
        "reschedule": {"limit": 2},
        "change_format": {"enabled": False},
    },
]
# All clients of a story give the reason "work"; the details say what the other would change.
REASONS: list[Rules] = [
    {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"},
    {"code": "work", "labels": {"en": "Work"}},
]
SESSIONS = 4
APART = timedelta(hours=3)


class AroundStory(Story):
    """Each session is moved after cancelling has a cost, perhaps again, and then cancelled."""

    carrying = 0

    async def play(self, rules: Rules) -> None:
        """Book four sessions, two of them paid by packages, and try to avoid the cost of each."""
        rules = rules | {"reasons": REASONS}
        self.book.rules = rules
        await self.world.add_policy(rules, now=self.now)
        service = new_service(self.rng)
        service.notice, service.horizon, service.price = 0, 11, 12_000
        self.book.service = service
        await change_service(self.world, service)
        for number in range(SESSIONS):
            client, practitioner = self.stage.clients[number % 2], self.stage.practitioners[0]
            draft = self.draft(client, practitioner, ("video", None))
            draft.starts_at = self.now.replace(microsecond=0) + 2 * DAY + number * APART
            draft.booked_for = draft.starts_at
            session = await self.put_down(draft, pays=number > 1, force=True)
            if session is not None:
                await self.try_to_get_around(session)

    async def try_to_get_around(self, session: Session) -> None:
        """Move up to three times, then cancel; if that is refused, staff cancel with the charge."""
        for _ in range(self.rng.randrange(1, 4)):
            self.api.clock.now = self.some_late_moment(session)
            await self.move_as_shown(session)
            self.carrying += session.carried is not None
        self.api.clock.now += TICK
        await self.cancel_as_shown(session)
        if session.status == "booked":
            await self.end_as_charged(session)
        await checks.check_session(self, session)

    def some_late_moment(self, session: Session) -> datetime:
        """Choose an instant just after cancelling gets more expensive, or is refused; or now."""
        ends = [deadline(tier["deadline"], session) for tier in tiers(session, "cancel")]
        ends.append(closing(session, "cancel"))
        late = [end + TICK for end in ends if self.now <= end < session.starts_at - APART]
        return self.rng.choice([*late, *late, self.now])

    async def move_as_shown(self, session: Session) -> None:
        """Move to a slot that is offered now, with the present quote."""
        token, quote = await self.quote_shown(session, "reschedule")
        to, seen = await self.slot_on_offer(session), session.version
        if to is not None:
            await self.send(
                self.speaker(session.client),
                f"{CLIENT}/{session.id}/reschedule",
                self.wish(session, to) | {"reason": REASON, "quote": token},
                lambda now: self.book.move(session, to, quote, seen, now),
            )

    async def slot_on_offer(self, session: Session) -> Slot | None:
        zone = session.practitioner.zone
        today = wall(self.now, zone).date()
        for days in range(1, 10, 3):
            first = today + days * DAY
            await checks.check_days(self, session, session.place[0], (first, first + 2 * DAY), zone)
            slots = [to for to in self.slots.get(session, []) if to[0] != session.starts_at]
            if slots:
                return self.rng.choice(slots)
        return None

    async def cancel_as_shown(self, session: Session) -> None:
        token, quote = await self.quote_shown(session, "cancel")
        seen = session.version
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/cancel",
            {"reason": REASON, "quote": token},
            lambda now: self.book.cancel(session, quote, seen, now),
        )

    async def end_as_charged(self, session: Session) -> None:
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/noshow",
            {"reason": WHY, "charge_fee": True},
            lambda now: self.book.end_by_staff(session, "noshow", charged=True, now=now),
        )

    async def quote_shown(self, session: Session, action: str) -> tuple[str | None, Quote | None]:
        """Return the quote that the details show now, if any."""
        before = len(self.quotes)
        await checks.check_details(self, session)
        shown = [(text, quote) for text, quote in self.quotes[before:] if quote.action == action]
        return shown[-1] if shown else (None, None)
