"""Clients who wait: wishes over HTTP, and the worker's runs for their offers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from httpx import Response

from app.database.transactions import read_connection, transact
from app.identity.tokens.offer import OfferLink, OfferTokens
from app.outbox.due import STILL_WAITING
from app.tables.notifications import Notification
from app.tables.waitlist import Offer, Wish
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.tasks import Step, steps
from tests.world import NOW, Api, World

MANY = 10_000
UNDO = timedelta(minutes=5)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
# The worker records that something has ended so long after the last instant at the earliest.
RECORDED = STILL_WAITING + TICK
WISHES = "/v1/practice/wishes"
OFFERS = "/v1/practice/offers"
# Thursday, 15:00 in New York: the time that somebody gives up.
FREED = datetime(2026, 12, 3, 20, tzinfo=UTC)
# The Thursday after: the session that is to come sooner.
LATE = FREED + 7 * DAY


@dataclass
class Waiting:
    """A session of the world's client that is to come sooner, and a time of another client."""

    world: World
    api: Api
    staff: Api
    session_id: UUID
    other_id: UUID
    taken_id: UUID

    async def wish(self, **body: Any) -> Any:
        """Wish for an earlier time, by the world's client."""
        answer = await put_wish(self.api, self.session_id, **body)
        assert answer.is_success, answer.text
        return answer.json()

    async def free(self) -> None:
        """Give up the other client's time, by staff."""
        body = {"charge_fee": False, "reason": {"note": "They cannot come."}}
        answer = await self.staff.post(f"/v1/practice/sessions/{self.taken_id}/cancel", body)
        assert answer.status_code == 200, answer.text

    async def work(self, now: datetime | None = None) -> None:
        """Run the worker's task once for this practice, at an instant, or at the clock's."""
        await work(self.world, now or self.api.clock.now)

    async def offered(self, **body: Any) -> Any:
        """Wish, free the time and let the worker run; give the row of the only open offer."""
        await self.wish(**body)
        await self.free()
        await self.work()
        (row,) = await self.world.rows(Offer, state="open")
        return row


def _bound(step: Step, practice_id: UUID, row_id: UUID) -> Any:
    return lambda db: step.command(db, practice_id, row_id)


async def work(world: World, now: datetime) -> None:
    """Run the worker's task once for one practice. Unlike the worker, fail if a step fails."""
    practice_id, engine = world.practice_id, world.engine
    await transact(engine, lambda db: collect_freed_times(db, practice_id, now=now, undo=UNDO))
    for step in steps(now):
        async with read_connection(engine) as db:
            due = await step.find(db, MANY)
        for of_practice, row_id in due:
            if of_practice == practice_id:
                await transact(engine, _bound(step, practice_id, row_id))


async def put_wish(api: Api, session_id: UUID, **body: Any) -> Response:
    return await api.put(f"/v1/sessions/{session_id}/wish", body)


async def wait(world: World, api: Api) -> Waiting:
    """Book the two sessions."""
    other_id = await world.add_client(name="Ben Okoro", email="ben@client.example")
    return Waiting(
        world,
        api,
        api.signed_in(await world.key()),
        await world.book(LATE),
        other_id,
        await world.book(FREED, client_id=other_id),
    )


async def another(world: World, api: Api, number: int, *, start: datetime | None = None) -> Any:
    """Add a client who waits with a session of their own; give their API and their session."""
    client_id = await world.add_client(name=f"Client {number}", email=f"c{number}@client.example")
    session_id = await world.book(start or LATE + number * HOUR, client_id=client_id)
    own = api.signed_in(world.token(client_id))
    answer = await put_wish(own, session_id)
    assert answer.status_code == 201, answer.text
    return own, session_id


def offer_token(world: World, offer_id: UUID) -> str:
    """Sign the token of the link in the mail about an offer."""
    link = OfferLink(world.practice_id, offer_id, 0, 0)
    return OfferTokens(world.settings.keys).sign(link)


async def offer_states(world: World) -> list[str]:
    """Give the states of the practice's offers, in the order in which they were made."""
    rows = await world.rows(Offer)
    return [row.state for row in sorted(rows, key=lambda row: (row.made_at, row.starts_at))]


async def wish_states(world: World) -> list[str]:
    """Give the states of the practice's wishes, sorted."""
    return sorted(row.state for row in await world.rows(Wish))


async def offer_events(world: World) -> list[str]:
    """Give the kinds of the webhook events about offers, sorted."""
    rows = await world.rows(Notification, recipient="webhook")
    return sorted(row.kind for row in rows if row.kind.startswith("offer."))


__all__ = ["NOW"]
