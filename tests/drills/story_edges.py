"""Stories about two edge cases that random stories rarely reach.

A deadline in a repeated or skipped local hour, and a quote from before a deadline, used after it.
"""

from datetime import timedelta

from tests.drills import story_checks as checks
from tests.drills.model_records import Quote
from tests.drills.model_rules import deadline
from tests.drills.model_things import TICK, Rules, Session
from tests.drills.story import Story

NOON = timedelta(hours=12)
APART = timedelta(hours=3)
# On the day of a clock change, one of these is skipped or repeated in every zone.
CLOCKS = ("01:30", "02:30")
ACTIONS = ("cancel", "reschedule", "change_format")


def rules_of_the_day(late_credit: str) -> Rules:
    """Make rules with a higher cost after each of these times, which close at the last."""
    first, last = ({"days_before": 0, "at": at} for at in CLOCKS)
    fees = [
        {"deadline": first, "percent": "12.5"},
        {"deadline": last, "percent": "50"},
    ]
    rule: Rules = {"fees": fees, "closes": last}
    return {action: dict(rule) for action in ACTIONS} | {
        "cancel": rule | {"late_credit": late_credit}
    }


class EdgeStory(Story):
    """Each session is read at a deadline, and cancelled with that quote just after it."""

    about: Session

    async def play(self) -> None:
        """Book two sessions per deadline, one of them paid by a package, and pass each deadline."""
        self.book.rules = rules_of_the_day("forfeited")
        await self.world.add_policy(self.book.rules, now=self.now)
        one, other = self.stage.clients
        for number, client in enumerate((one, other, other, one)):
            draft = self.draft(client, self.stage.practitioners[0], ("video", None))
            draft.starts_at = self.stage.change_of_clocks + NOON + number * APART
            draft.booked_for = draft.starts_at
            assert await self.put_down(draft, pays=number % 2 == 1, force=True)
        for at in CLOCKS:
            await self.strike(at)

    async def strike(self, at: str) -> None:
        """Check everything at a deadline; a moment later, use two of its quotes."""
        booked = [session for session in self.book.sessions if session.status == "booked"]
        self.api.clock.now = max(self.now, deadline({"days_before": 0, "at": at}, booked[0]))
        for session in booked:
            await checks.check_details(self, session)
        self.api.clock.now += TICK
        for self.about in booked[:2]:
            await self.cancel()
            await checks.check_session(self, self.about)

    def a_session(self) -> Session:
        return self.about

    def some_version(self, session: Session) -> int:
        return session.version

    async def some_quote(self, session: Session, action: str) -> tuple[str | None, Quote | None]:
        """Return the last quote that was seen."""
        seen = [(text, quote) for text, quote in self.quotes if quote.session is session]
        return [(text, quote) for text, quote in seen if quote.action == action][-1]
