"""A client who tries everything that changes what they pay, and who keeps books of it.

Each policy has several rules that make something free, give it back or carry it along. The story
knows none of them. It reads what the service shows, acts, and compares the accounts.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.announcing import announce_fees
from app.fees.lapsing import lapse_waivers
from app.fees.refilling import judge_due_refills
from app.tables.sessions import Session as SessionTable
from tests.drills.costs_books import (
    Account,
    Shown,
    carries_of,
    cost_of,
    decided_cost,
    minor,
    read_accounts,
    usual_cost,
)
from tests.drills.costs_following import Following
from tests.drills.costs_rules import new_rules
from tests.world import NOW, Api, World

Step = Callable[[], Awaitable[None]]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TICK = timedelta(microseconds=1)
JUST_BEFORE = [-3 * MINUTE, -4 * MINUTE]  # so that a quote outlives the deadline
WHY = {"note": "Noted by the practice."}
SESSIONS = 8
PRICE = 12000
CREDITS = 6


class CostStory:
    """Random commands of a client, of the practice and of somebody who wants freed times.

    The policy is random too, but for `rules`.
    """

    def __init__(
        self,
        api: Api,
        staff: Api,
        world: World,
        engine: AsyncEngine,
        seed: int,
        **rules: Any,
    ) -> None:
        self.api, self.staff, self.world, self.engine = api, staff, world, engine
        self.rng = Random(seed)  # noqa: S311 - the same again
        self.rules = new_rules(self.rng) | rules
        self.log: list[str] = []
        self.sessions: list[UUID] = []
        self.accounts: dict[UUID, Account] = {}
        self.before: dict[UUID, tuple[Account, Any]] = {}
        """By session: how it was before its client's last change, unless others did something."""
        self.with_paid_moves: set[UUID] = set()
        self.filled: list[datetime] = []
        self.counts: Counter[str] = Counter()
        self.following = Following(self)

    @property
    def now(self) -> datetime:
        return self.api.clock.now

    async def play(self, steps: int) -> None:
        """Begin with two sessions, and do what comes up."""
        self.api.clock.now = NOW
        self.log.append(str(self.rules))
        await self.world.add_policy(self.rules)
        self.package = await self.world.add_package(credits=CREDITS)
        self.other = await self.world.add_client(name="Ben", email="ben@client.example")
        for _ in range(2):
            await self.book()
        chances: list[tuple[Step, int]] = [
            (self.book, 6),
            (self.following.book_series, 6),
            (self.act, 34),
            (self.following.act_on_following, 14),
            (self.be_refilled, 8),
            (self.undo, 10),
            (self.let_time_pass, 16),
            (self.fill, 12),
            (self.end_by_staff, 8),
            (self.move_by_staff, 4),
            (self.undo_by_staff, 7),
            (self.close_a_fee, 8),
            (self.ask_to_waive, 4),
            (self.adjust, 4),
        ]
        for _ in range(steps):
            (step,) = self.rng.choices(
                [step for step, _ in chances], [often for _, often in chances]
            )
            self.log.append(f"{self.now.isoformat()} {step.__name__}")
            await step()
            if step == self.act and self.rng.random() < 0.4:
                await self.undo()
            await self.check_accounts()
            await self.look(self.rng.choice(self.sessions))

    def note(self, what: str) -> None:
        self.log.append(f"  {what}")
        self.counts[what.split(" ", 1)[0]] += 1

    # What is compared

    async def check_accounts(self) -> None:
        """Compare the accounts of the client's sessions with the books."""
        found = await read_accounts(self.world)
        for session_id in self.sessions:
            assert found[session_id] == self.accounts[session_id], (
                f"{session_id}\nfound    {found[session_id]}\nexpected {self.accounts[session_id]}"
            )
            # What was paid for an earlier end is not paid back as well.
            assert found[session_id].paid_before <= found[session_id].settled
            if session_id not in self.with_paid_moves:
                self.check_paid_once(found[session_id])
        package = (await self.api.get("/v1/packages")).json()["items"][0]
        assert package["credits_left"] == self.credits_left()

    def credits_left(self) -> int:
        return CREDITS - sum(one.paying + one.lost for one in self.accounts.values())

    def check_paid_once(self, account: Account) -> None:
        """A time that is given up is paid once, however often its session is booked again."""
        if self.rules.get("rebook", {}).get("fee") == "stands":
            return
        fees = [
            one.get("amount_minor", PRICE * 375 // 1000) for one in self.rules["cancel"]["fees"]
        ]
        paid = account.due + account.settled
        assert paid <= max(fees)
        assert account.lost == 0 or (account.lost, paid) == (1, 0)

    async def look(self, session_id: UUID) -> Any:
        """Read a session: its ways out, a preview, and its terms say what its decisions say."""
        shown = await self.api.session(session_id)
        actions = shown["actions"]
        for way in shown["ways_out"]:
            decision = actions.get(way["way"])
            if decision is None or way["to_free_targets"]:
                continue
            assert decision["allowed"], way
            assert (way["fee"], way["credit"], way["carries"], way["uses_allowance"]) == (
                decision["fee"],
                decision["credit"],
                decision["carries"],
                decision["free_because"] == "allowance",
            )
        path = f"/v1/sessions/{session_id}/scope"
        answer = await self.api.get(path, action="cancel", scope="this")
        assert answer.status_code == 200, answer.text
        for one in answer.json()["sessions"]:
            assert without_quote(one["decision"]) == without_quote(actions["cancel"])
        if shown["status"] == "booked":
            await self.compare_terms(shown)
        return shown

    async def compare_terms(self, shown: Any) -> None:
        """Read the session as of a later instant: what it costs then was in the terms."""
        start = datetime.fromisoformat(shown["starts_at"])
        if self.now >= start:
            return
        present = self.now
        action = self.rng.choice(["cancel", "reschedule"])
        terms = shown["policy"]["terms"][action]
        ends = [datetime.fromisoformat(one["until"]) for one in terms]
        instants = [end + shift for end in ends for shift in (-TICK, 0 * TICK, TICK)]
        later = [one for one in instants if present <= one < start] or [present]
        self.api.clock.now = self.rng.choice(later)
        decision = (await self.api.session(UUID(shown["id"])))["actions"][action]
        if decision["allowed"]:
            found = usual_cost(decision)
            until = next(k for k, end in enumerate(ends) if self.api.clock.now <= end)
            term = cost_of(terms[until])
            assert found == term, (action, self.api.clock.now, found, term)
        self.api.clock.now = present

    # What a client does

    async def book(self) -> None:
        """Book a session at a free hour of the coming days, perhaps with a credit."""
        if len(self.sessions) >= SESSIONS:
            return
        pays = self.credits_left() > 0 and self.rng.random() < 0.5
        body = self.booking(self.world.client_id, self.free_start())
        body["package_id"] = str(self.package) if pays else None
        answer = await self.staff.post("/v1/practice/sessions", body)
        self.note(f"booked {body['start']} {pays} {answer.status_code}")
        if answer.is_success:
            session_id = UUID(answer.json()["session"]["id"])
            self.sessions.append(session_id)
            self.accounts[session_id] = Account(paying=int(pays))

    def booking(self, client_id: UUID, start: datetime) -> dict[str, Any]:
        return {
            "client_id": str(client_id),
            "practitioner_id": str(self.world.practitioner_id),
            "service_id": str(self.world.service_id),
            "start": start.isoformat(),
            "format": "video",
            "force": True,
        }

    def free_start(self) -> datetime:
        """Choose a start of its own for each session, on a working day, within New York's hours."""
        day = self.now.replace(hour=14, minute=0, second=0, microsecond=0)
        days = [day + k * DAY for k in range(1, 12)]
        day = self.rng.choice([one for one in days if one.weekday() < 5])
        return day + len(self.sessions) * HOUR

    async def act(self, session_id: UUID | None = None) -> None:
        """Do what a decision allows, mostly with its quote, at once or some minutes later."""
        session_id = session_id or self.rng.choice(self.sessions)
        shown = await self.look(session_id)
        allowed = [name for name, one in shown["actions"].items() if one.get("quote")]
        if not allowed:
            return
        action = "absence" if "absence" in allowed else self.rng.choice(allowed)
        decision, body = shown["actions"][action], {}
        cost = decided_cost(decision)
        if action in {"reschedule", "change_format"}:
            slot = await self.some_slot(shown, action)
            if slot is None:
                return
            body = {"start": slot["start"], "format": slot["format"]}
            cost = target_cost(decision, slot, cost)
        if action == "absence":
            body = {"free_time": self.rng.random() < 0.8}
        if cost.uses and action != "reschedule" and self.rng.random() < 0.3:
            body["use_allowance"], cost = False, usual_cost(decision)
        body["reason"], cost, asks = self.some_reason(decision, cost, body)
        await self.send(session_id, shown, action, body, cost, asks=asks)

    def some_reason(
        self, decision: Any, cost: Shown, body: dict[str, Any]
    ) -> tuple[dict[str, Any], Shown, bool]:
        """Choose one of the reasons that the decision lists; give the cost with it."""
        reason: dict[str, Any] = {"note": "My own reason."}
        if decision["reasons"] is None or self.rng.random() < 0.5:
            return reason, cost, False
        chosen = self.rng.choice(decision["reasons"])
        reason["code"] = chosen["code"]
        if chosen["effect"] == "none" and body.get("free_time", True):
            return reason, cost_of(chosen), False
        return reason, cost, chosen["effect"] == "ask"

    async def be_refilled(self) -> None:
        """Cancel at a cost, let somebody take the time, and book the session again at times."""
        session_id = self.rng.choice(self.sessions)
        shown = await self.look(session_id)
        if not shown["actions"]["cancel"]["forgiven_if_refilled"]:
            return
        start, decision = datetime.fromisoformat(shown["starts_at"]), shown["actions"]["cancel"]
        cost = decided_cost(decision)
        body = {"reason": {"note": "My own reason."}}
        await self.send(session_id, shown, "cancel", body, cost, asks=False)
        if self.accounts[session_id].status == "booked":
            return
        before, _ = self.before[session_id]
        fees: list[Step] = [self.close_a_fee, self.ask_to_waive]
        again: list[Step] = [lambda: self.act(session_id)]
        orders = [[], [self.rng.choice(fees)], again, [self.close_a_fee, *again]]
        chosen: list[Step] = self.rng.choice(orders)
        for step in chosen:
            await step()
        answer = await self.staff.post("/v1/practice/sessions", self.booking(self.other, start))
        self.api.clock.now = max(self.now, start + MINUTE)
        await self.run_worker()
        if answer.is_success and not chosen:
            now = self.accounts[session_id]
            assert (now.due, now.lost, now.uses) == (before.due, before.lost, before.uses)
        await self.act(session_id)

    async def some_slot(self, shown: Any, action: str) -> Any:
        """Choose a slot that is on offer: at another time, or now in another format."""
        kind = shown["format"]["kind"]
        if action == "change_format":
            kind = self.rng.choice([one for one in ("video", "phone") if one != kind])
        start = datetime.fromisoformat(shown["starts_at"])
        first = max(self.now, start - 2 * DAY if self.rng.random() < 0.5 else self.now).date()
        query = {"from": str(first), "to": str(first + 9 * DAY), "format": kind}
        found = await self.api.availability(UUID(shown["id"]), **query)
        slots = [slot | {"format": kind} for day in found["days"] for slot in day["slots"]]
        keeps = action == "change_format"
        slots = [s for s in slots if (datetime.fromisoformat(s["start"]) == start) == keeps]
        return self.rng.choice(slots) if slots else None

    async def send(
        self,
        session_id: UUID,
        shown: Any,
        action: str,
        body: dict[str, Any],
        cost: Shown,
        *,
        asks: bool,
    ) -> None:
        """Send the command. The client pays what they were shown, or less if they were slow."""
        quote = shown["actions"][action]["quote"] if self.rng.random() < 0.85 else None
        is_slow = quote is not None and self.rng.random() < 0.4
        before, row = self.accounts[session_id], await self.row(session_id)
        at = self.now
        if is_slow:
            ends = [datetime.fromisoformat(t["until"]) for t in shown["policy"]["terms"]["cancel"]]
            soon = [end + TICK for end in ends if at < end < at + 9 * MINUTE]
            self.api.clock.now = self.rng.choice(soon or [at + MINUTE, at + 9 * MINUTE])
            await self.run_worker()
            before = self.accounts[session_id]
        path = "reschedule" if action == "change_format" else action
        answer = await self.api.post(f"/v1/sessions/{session_id}/{path}", body | {"quote": quote})
        told = f"{action} {session_id} {body} {cost} {answer.status_code}"
        self.note(
            f"{told} {answer.json().get('code', '')} slow={is_slow} quote={quote is not None}"
        )
        if action == "absence" and not body["free_time"]:
            assert answer.is_success or is_slow, answer.text
            self.before.pop(session_id, None)
            return
        if quote is None and not cost.is_free:
            assert answer.json()["code"] == "quote-required"
            return
        if not answer.is_success:
            spent = cost.credit == "redeemed" and answer.json()["code"] == "credit-unavailable"
            assert is_slow or spent, answer.text
            return
        await self.take_over(session_id, shown, action, before, cost, answer.json(), slow=is_slow)
        self.before[session_id] = (before, row)
        if asks and answer.json()["fee"] is not None:
            fees = (await self.api.get("/v1/fees")).json()["items"]
            newest = next(one for one in fees if one["session"]["id"] == str(session_id))
            assert newest["waiver"]["state"] == "asked"

    async def take_over(
        self,
        session_id: UUID,
        shown: Any,
        action: str,
        before: Account,
        cost: Shown,
        answer: Any,
        *,
        slow: bool,
    ) -> None:
        """Compare the answer with what was shown, and write it into the books."""
        found = (await read_accounts(self.world))[session_id]
        after = self.account_after(session_id, action, before, cost, answer, found, slow=slow)
        if shown["status"] != "booked":
            after = self.credited(session_id, before, after, found)
            self.note("rebooked")
        self.accounts[session_id] = after

    def account_after(
        self,
        session_id: UUID,
        action: str,
        before: Account,
        cost: Shown,
        told: Any,
        found: Account,
        *,
        slow: bool,
    ) -> Account:
        """Compare what the service told of a session with what was shown; give its account then."""
        carries = found.carried if action == "reschedule" else cost.carries
        uses = found.uses > before.uses
        paid = Shown(minor(told["fee"]), told["credit"], carries, uses)
        assert paid == cost or (slow and cost.covers(paid)), f"shown {cost}, paid {paid}"
        status = "booked" if action in {"reschedule", "change_format"} else "cancelled"
        after = before.after(status, paid)
        if action == "reschedule":
            after = replace(after, carried=paid.carries)
        if status == "booked" and paid.fee:
            self.with_paid_moves.add(session_id)
        return after

    def credited(
        self, session_id: UUID, before: Account, after: Account, found: Account
    ) -> Account:
        """Give the account after a rebooking: a fee that is carried now is not due any more."""
        if self.rules["rebook"].get("fee") != "credited":
            return after
        forgiven, counted = before.due - found.due, found.paid_before - before.paid_before
        assert forgiven == found.carried[0], "a fee is carried exactly if it is forgiven"
        if session_id not in self.with_paid_moves:
            assert counted == before.settled - before.paid_before
        return replace(after, due=before.due - forgiven, paid_before=found.paid_before)

    async def undo(self) -> None:
        """Take the last change back: the account is what it was before it."""
        session_id = self.rng.choice([*self.before, self.rng.choice(self.sessions)])
        allowed = (await self.api.session(session_id))["actions"]["undo"]["allowed"]
        waived = await self.fees(session_id, "waived")
        answer = await self.api.post(f"/v1/sessions/{session_id}/undo", {})
        self.note(f"undo {session_id} {answer.status_code} {answer.json().get('code', '')}")
        if not answer.is_success:
            wanted = {"slot-unavailable", "credit-unavailable"} if allowed else {"undo-unavailable"}
            assert answer.json()["code"] in wanted
            return
        assert allowed
        if session_id not in self.before:
            self.accounts[session_id] = (await read_accounts(self.world))[session_id]
            return
        before, row = self.before.pop(session_id)
        assert await self.row(session_id) == row
        self.accounts[session_id] = before
        assert await self.fees(session_id, "waived") == waived

    async def row(self, session_id: UUID) -> dict[str, Any]:
        """Read all of a session that an undo brings back."""
        (row,) = await self.world.rows(SessionTable, id=session_id)
        passing = {"version", "calendar_sequence", "undo", "undo_until", "carried_since"}
        return {name: value for name, value in row._asdict().items() if name not in passing}

    async def fees(self, session_id: UUID, status: str) -> list[Any]:
        answer = await self.staff.get("/v1/practice/fees", session=str(session_id), status=status)
        return [(one["id"], minor(one["amount"])) for one in answer.json()["items"]]

    async def ask_to_waive(self) -> None:
        """Ask about a fee that is due. That alone changes no account."""
        fees = (await self.api.get("/v1/fees")).json()["items"]
        if fees:
            fee = self.rng.choice(fees)
            answer = await self.api.post(f"/v1/fees/{fee['id']}/ask-waiver", {"note": "Please."})
            self.note(f"asked {fee['status']} {answer.status_code}")
            if fee["status"] == "due" and fee["waiver"] is None and fee["ask_waiver_until"]:
                assert answer.is_success, answer.text

    # What others do

    async def fill(self) -> None:
        """Let another client take a time that was given up."""
        rows = [await self.row(session_id) for session_id in self.sessions]
        freed = [
            one for one in rows if one["status"] == "cancelled" and self.now < one["starts_at"]
        ]
        if not freed:
            return
        row = self.rng.choice(freed)
        body = self.booking(self.other, row["starts_at"])
        answer = await self.staff.post("/v1/practice/sessions", body)
        self.note(f"filled {row['starts_at'].isoformat()} {answer.status_code}")
        if answer.is_success:
            self.filled.append(row["starts_at"])

    async def end_by_staff(self) -> None:
        """Cancel a session or mark it as missed, charged or not."""
        session_id = self.rng.choice(self.sessions)
        shown = await self.look(session_id)
        if shown["status"] != "booked":
            return
        command, charged = self.rng.choice(["cancel", "noshow"]), self.rng.random() < 0.6
        actions = shown["actions"]
        decision = actions["cancel" if command == "cancel" else "absence"]
        body = {"charge_fee": charged, "reason": WHY}
        answer = await self.staff.post(f"/v1/practice/sessions/{session_id}/{command}", body)
        assert answer.is_success, answer.text
        told = answer.json()
        paid = Shown(minor(told["fee"]), told["credit"])
        self.note(f"{command} by staff {session_id} {charged} {paid}")
        if not charged:
            assert paid == Shown(0, "returned" if self.accounts[session_id].paying else None)
        elif decision["allowed"]:
            usual = usual_cost(decision)
            assert (paid.fee, paid.credit) == (usual.fee, usual.credit)
        status = "cancelled" if command == "cancel" else "noshow"
        self.accounts[session_id] = self.accounts[session_id].after(status, paid)
        self.before.pop(session_id, None)

    async def move_by_staff(self) -> None:
        """Move a session by an hour or a day; what it carries ends."""
        session_id = self.rng.choice(self.sessions)
        account, row = self.accounts[session_id], await self.row(session_id)
        if account.status != "booked" or row["starts_at"] <= self.now:
            return
        start = row["starts_at"] + self.rng.choice([DAY, 7 * DAY, HOUR / 2])
        body = {"start": start.isoformat(), "format": row["format"], "force": True, "reason": WHY}
        path = f"/v1/practice/sessions/{session_id}/reschedule"
        answer = await self.staff.post(path, body | {"charge_fee": False})
        self.note(f"moved by staff {session_id} {start.isoformat()} {answer.status_code}")
        if answer.is_success:
            self.accounts[session_id] = replace(account, carried=(0, False))
            self.before.pop(session_id, None)

    async def undo_by_staff(self) -> None:
        """Set an ended session back: what its end has cost is no longer there."""
        ended = [one for one in self.sessions if self.accounts[one].status != "booked"]
        if not ended:
            return
        session_id = self.rng.choice(ended)
        before = self.accounts[session_id]
        changes = (await self.api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
        end = next(c for c in reversed(changes) if c["kind"] in {"cancelled", "noshow"})
        answer = await self.staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})
        self.note(f"undone by staff {session_id} {answer.status_code}")
        if not answer.is_success:
            assert answer.json()["code"] in {"slot-unavailable", "credit-unavailable"}
            return
        found = (await read_accounts(self.world))[session_id]
        fee = minor(end["fee"])
        gone = before.due + before.settled + before.to_refund - found.due - found.settled
        gone -= found.to_refund
        assert gone in {0, fee}
        assert (
            gone == fee
            or await self.fees(session_id, "waived")
            or await self.fees(session_id, "forgiven")
        )
        used = end["free_because"] == "allowance"
        assert before.uses - found.uses in ({0, 1} if used else {0})
        had_credit = end["credit"] is not None
        assert found.paying == before.paying + had_credit
        assert before.lost - found.lost in ({0, 1} if end["credit"] == "forfeited" else {0})
        assert found.carried == before.carried
        self.accounts[session_id] = found
        self.before.pop(session_id, None)

    async def close_a_fee(self) -> None:
        """Waive or settle a fee that is due, or let it stand."""
        items = (await self.staff.get("/v1/practice/fees", status="due")).json()["items"]
        if not items:
            return
        fee = self.rng.choice(items)
        command = self.rng.choice(["waive", "settle", "settle", "uphold"])
        body = {
            "waive": {"reason": WHY},
            "settle": {"payment_reference": "INV-1"},
            "uphold": {},
        }[command]
        answer = await self.staff.post(f"/v1/practice/fees/{fee['id']}/{command}", body)
        self.note(f"{command} {fee['id']} {answer.status_code}")
        if not answer.is_success:
            assert command == "uphold", answer.text
            return
        session_id, amount = UUID(fee["session"]["id"]), minor(fee["amount"])
        account = self.accounts[session_id]
        if command == "settle":
            account = replace(account, due=account.due - amount, settled=account.settled + amount)
        if command == "waive":
            carried = (await read_accounts(self.world))[session_id].carried
            assert carried in {account.carried, (0, False)}
            account = replace(account, due=account.due - amount, carried=carried)
        self.accounts[session_id] = account
        if session_id in self.before and self.before[session_id][0].due:
            del self.before[session_id]

    async def adjust(self) -> None:
        """Add a use of the allowance, or give the latest back."""
        body = {"uses": self.rng.choice([1, -1]), "reason": WHY}
        path = f"/v1/practice/clients/{self.world.client_id}/allowance/adjust"
        answer = await self.staff.post(path, body)
        self.note(f"adjusted {body['uses']} {answer.status_code}")
        found = await read_accounts(self.world)
        lost = sum(self.accounts[one].uses - found[one].uses for one in self.sessions)
        assert lost in ({0} if body["uses"] == 1 or not answer.is_success else {0, 1})
        for one in self.sessions:
            self.accounts[one] = replace(self.accounts[one], uses=found[one].uses)
        if lost:
            self.before.clear()

    async def let_time_pass(self) -> None:
        """Go to an instant at which a cost changes, or on by minutes or a day."""
        session_id = self.rng.choice(self.sessions)
        shown = await self.look(session_id)
        ends = [datetime.fromisoformat(shown["starts_at"])]
        for action in ("cancel", "reschedule"):
            ends += [datetime.fromisoformat(t["until"]) for t in shown["policy"]["terms"][action]]
        coming = [end for end in [*ends, *self.filled] if end > self.now]
        if not coming or self.rng.random() < 0.4:
            self.api.clock.now += self.rng.choice([MINUTE, 6 * MINUTE, 5 * HOUR, DAY])
            await self.run_worker()
            return
        shift = self.rng.choice([*JUST_BEFORE, 0 * TICK, TICK, MINUTE])
        self.api.clock.now = max(self.now, self.rng.choice(coming) + shift)
        await self.run_worker()
        if shift in JUST_BEFORE:
            await self.act(session_id)

    async def run_worker(self) -> None:
        """Let the worker judge what is due. That makes nothing dearer."""
        await judge_due_refills(self.engine, self.now, credit_grace=14 * DAY)
        await lapse_waivers(self.engine, self.now)
        await announce_fees(self.engine, self.now)
        for session_id, found in (await read_accounts(self.world)).items():
            if session_id not in self.accounts:
                continue
            old = self.accounts[session_id]
            same = replace(
                found,
                due=old.due,
                lost=old.lost,
                uses=old.uses,
                settled=old.settled,
                to_refund=old.to_refund,
            )
            assert same == old
            assert found.due <= old.due
            assert found.lost <= old.lost
            assert found.uses <= old.uses
            assert found.settled + found.to_refund == old.settled + old.to_refund
            if found != old:
                self.note(f"refilled {session_id}")
                self.before.pop(session_id, None)
            self.accounts[session_id] = found


def target_cost(decision: Any, slot: Any, cost: Shown) -> Shown:
    """Give the cost of a move to this slot: near the booked date it may have no fee."""
    if "fee" not in slot:
        return cost
    fee, uses, near = (
        minor(slot["fee"]),
        slot.get("uses_allowance", False),
        decision["free_targets"],
    )
    if near is not None:
        first, before = (datetime.fromisoformat(near[name]) for name in ("from", "before"))
        if first <= datetime.fromisoformat(slot["start"]) < before:
            return Shown(fee, cost.credit, carries_of(near["carries"]), uses)
    return replace(cost, fee=fee, uses=uses)


def without_quote(decision: Any) -> dict[str, Any]:
    passing = {"quote", "quote_expires_at"}
    return {name: value for name, value in decision.items() if name not in passing}
