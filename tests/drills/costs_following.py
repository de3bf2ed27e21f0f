"""Cancels and moves a session together with those that follow it; the same books are kept."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.drills.costs_books import (
    Account,
    Shown,
    cost_of,
    decided_cost,
    minor,
    read_accounts,
    usual_cost,
)

if TYPE_CHECKING:
    from tests.drills.costs_story import CostStory

DATES = 3
MOST_SESSIONS = 12
REFUSED = {"scope-refused", "scope-conflicts", "session-not-booked", "session-started"}


class Following:
    """The part of a story that is about several sessions of one series."""

    def __init__(self, story: "CostStory") -> None:
        self.story = story
        self.series: list[UUID] = []

    @property
    def is_booked(self) -> bool:
        """Whether a session of the series is booked."""
        accounts = self.story.accounts
        return any(accounts[one].status == "booked" for one in self.series)

    async def book_series(self) -> None:
        """Book some sessions at regular dates, perhaps each with a credit; a second time, too."""
        story, rng = self.story, self.story.rng
        if self.is_booked or len(story.sessions) > MOST_SESSIONS:
            return
        pays = story.credits_left() >= DATES and rng.random() < 0.5
        body = story.booking(story.world.client_id, story.free_start()) | {
            "every": rng.choice([{"days": 1}, {"days": 2}, {"weeks": 1}]),
            "count": DATES,
            "package_id": str(story.package) if pays else None,
        }
        answer = await story.staff.post("/v1/practice/series", body)
        story.note(f"series {body['start']} {body['every']} {pays} {answer.status_code}")
        if not answer.is_success:
            assert answer.json()["code"] == "scope-conflicts", answer.text
            return
        self.series = [UUID(date["session_id"]) for date in answer.json()["dates"]]
        story.sessions += self.series
        story.accounts |= {one: Account(paying=int(pays)) for one in self.series}

    async def act_on_following(self) -> None:
        """Do what a preview shows, mostly with its quote, at once or some minutes later."""
        story, rng = self.story, self.story.rng
        if not self.series:
            return
        named = rng.choice(self.series[:2])
        shown = await story.look(named)
        action, query = rng.choice(["cancel", *3 * ["reschedule"]]), self.some_choice(named)
        slot = None
        if action == "reschedule":
            slot = await story.some_slot(shown, action) if shown["status"] == "booked" else None
            if slot is None:
                return
            query["start"] = slot["start"]
        answer = await story.api.get(
            f"/v1/sessions/{named}/scope", action=action, scope="this_and_following", **query
        )
        if not answer.is_success:
            assert answer.json()["code"] in REFUSED, answer.text
            return
        preview = answer.json()
        self.check_sums(preview)
        if preview["allowed"] and preview["sessions"]:
            moved = {} if slot is None else {"format": slot["format"]}
            await self.send(named, action, preview, query | moved)

    def some_choice(self, named: UUID) -> dict[str, Any]:
        """Choose which of the following sessions are taken along."""
        rng = self.story.rng
        later = self.series[self.series.index(named) + 1 :]
        kept = rng.sample(later, 1) if later and rng.random() < 0.25 else []
        return {"include_moved": rng.random() < 0.5, "keep": [str(one) for one in kept]}

    def check_sums(self, preview: Any) -> None:
        """Compare the sums of a preview with its lines."""
        lines = [one["decision"] for one in preview["sessions"]]
        if preview["allowed"]:
            assert minor(preview["fee"]) == sum(minor(one["fee"]) for one in lines)
            assert preview["credits_forfeited"] == sum(c["credit"] == "forfeited" for c in lines)
        assert preview["allowed"] == all(one["allowed"] for one in lines)

    async def send(self, named: UUID, action: str, preview: Any, asked: dict[str, Any]) -> None:
        """Send the command. For each session the client pays what they were shown, or less."""
        story, rng = self.story, self.story.rng
        decisions = {UUID(one["session_id"]): one["decision"] for one in preview["sessions"]}
        costs = {one: decided_cost(decision) for one, decision in decisions.items()}
        body: dict[str, Any] = asked | {"scope": "this_and_following"}
        if any(cost.uses for cost in costs.values()) and rng.random() < 0.3:
            body["use_allowance"] = False
            costs = {one: usual_cost(decision) for one, decision in decisions.items()}
        body["reason"] = {"note": "My own reason."}
        self.choose_reason(decisions, body, costs)
        quote = preview["quote"] if rng.random() < 0.85 else None
        is_slow = quote is not None and rng.random() < 0.4
        rows = {one: await story.row(one) for one in costs}
        if is_slow:
            story.api.clock.now += rng.choice([timedelta(minutes=1), timedelta(minutes=9)])
            await story.run_worker()
        before = {one: story.accounts[one] for one in costs}
        answer = await story.api.post(f"/v1/sessions/{named}/{action}", body | {"quote": quote})
        code = answer.json().get("code", "")
        story.note(
            f"following {action} {named} {body} {costs} {answer.status_code} {code} slow={is_slow}"
        )
        if code in {"scope-conflicts", "no-change"}:
            return
        if quote is None and not all(cost.is_free for cost in costs.values()):
            assert code == "quote-required", answer.text
            return
        if not answer.is_success:
            assert is_slow, answer.text
            return
        await self.take_over(action, before, costs, answer.json(), slow=is_slow)
        story.before |= {one: (before[one], rows[one]) for one in costs}

    def choose_reason(
        self, decisions: dict[UUID, Any], body: dict[str, Any], costs: dict[UUID, Shown]
    ) -> None:
        """Choose one of the listed reasons, which holds for all; change the costs that it lifts."""
        listed = next(iter(decisions.values()))["reasons"]
        if listed is None or self.story.rng.random() < 0.5:
            return
        code = self.story.rng.choice([one["code"] for one in listed])
        body["reason"]["code"] = code
        for session_id, decision in decisions.items():
            (chosen,) = [one for one in decision["reasons"] if one["code"] == code]
            if chosen["effect"] == "none":
                costs[session_id] = cost_of(chosen)

    async def take_over(
        self,
        action: str,
        before: dict[UUID, Account],
        costs: dict[UUID, Shown],
        answer: Any,
        *,
        slow: bool,
    ) -> None:
        """Compare each session's line of the answer with what was shown; write it in the books."""
        story, found = self.story, await read_accounts(self.story.world)
        lines = {UUID(one["session_id"]): one for one in answer["sessions"] if one["touched"]}
        assert lines.keys() == costs.keys()
        assert minor(answer["fee"]) == sum(minor(one["fee"]) for one in lines.values())
        for one, cost in costs.items():
            story.accounts[one] = story.account_after(
                one, action, before[one], cost, lines[one], found[one], slow=slow
            )
