"""A move request that is answered twice at once: one answer, the other an ordinary action."""

import asyncio
from datetime import timedelta
from uuid import UUID

from httpx import Response

from app.tables.move_requests import MoveRequestSession
from app.tables.notifications import Notification
from app.tables.sessions import Fee, Session
from app.tables.webhooks import WebhookEndpoint
from tests.drills.speaking import speakers
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
ROUNDS = 6
# After an answer, the policy permits nothing.
CLOSED = {"cancel": {"enabled": False}, "reschedule": {"enabled": False}}


async def _answer(api: Api, session_id: UUID, to: int) -> Response:
    """Move the session, or cancel it (`to` 0); again, as a client would, if it is busy."""
    while True:
        if to:
            answer = await api.reschedule(session_id, START + to * DAY)
        else:
            answer = await api.cancel(session_id)
        if answer.status_code != 503:
            return answer


async def test_a_request_that_is_answered_twice_is_answered_once(
    address: str, api: Api, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(CLOSED)
    staff = api.signed_in(await world.key())
    for number in range(ROUNDS):
        session_id = await world.book(START + 7 * number * DAY)
        body = {
            "sessions": [str(session_id)],
            "answer_by": (NOW + DAY).isoformat(),
            "meanwhile": "keep",
        }
        assert (await staff.post("/v1/practice/move-requests", body)).status_code == 201
        base = 7 * number
        targets = (base + 1, 0) if number % 2 else (base + 1, base + 4)
        async with speakers(address, 2) as both:
            answers = await asyncio.gather(
                *(
                    _answer(Api(http, TestClock()).signed_in(world.token()), session_id, to)
                    for http, to in zip(both, targets, strict=True)
                )
            )
        assert sum(answer.is_success for answer in answers) == 1
        (refused,) = [answer for answer in answers if not answer.is_success]
        assert refused.json()["code"] in {"action-disabled", "session-not-booked"}
        (asked,) = await world.rows(MoveRequestSession, session_id=session_id)
        (row,) = await world.rows(Session, id=session_id)
        assert asked.state == ("moved" if row.status == "booked" else "cancelled")
        assert row.version == 2
        events = await world.rows(Notification, kind="move_request.answered", session_id=session_id)
        assert len(events) == 1
    assert await world.rows(Fee) == []
