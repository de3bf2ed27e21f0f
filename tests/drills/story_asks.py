"""Steps of a story with requests of the practice to move sessions."""

from datetime import datetime, timedelta

from httpx import Response

from app.move_requests.closing import close_due_requests
from tests.drills.model_records import Answer
from tests.drills.model_things import DAY, Session
from tests.drills.story_series import SeriesTelling

REQUESTS_PATH = "/v1/practice/move-requests"
HOURS = (1, 6, 24, 96)


class AskTelling(SeriesTelling):
    """The story of a practice that asks its clients to move sessions too."""

    async def ask_to_move(self) -> Session:
        """Ask for one or two sessions, which stay booked meanwhile or are cancelled."""
        asked = list(dict.fromkeys([self.a_session(), self.a_session()]))
        answer_by = self.now + timedelta(hours=self.rng.choice(HOURS))
        are_single = all(session.group is None and session.series is None for session in asked)
        cancels = are_single and self.rng.random() < 0.4
        proposals = self.some_proposals(asked)
        body = {
            "sessions": [str(session.id) for session in asked],
            "answer_by": answer_by.isoformat(),
            "meanwhile": "cancel" if cancels else "keep",
            "proposals": {
                str(session.id): [start.isoformat() for start in starts]
                for session, starts in proposals.items()
            },
        }
        request: dict[Session, str] = {}
        answer = await self.send(
            self.staff,
            REQUESTS_PATH,
            body,
            lambda now: self.book.ask(
                asked, answer_by, request, proposals=proposals, cancels=cancels, now=now
            ),
            check_request_answer,
        )
        if answer.is_success:
            self.requests.append((answer.json()["id"], request))
        return asked[0]

    def some_proposals(self, asked: list[Session]) -> dict[Session, tuple[datetime, ...]]:
        """Propose starts for one of the sessions, half the time; most of them are in the hours."""
        session = self.rng.choice(asked)
        if session.group is not None or self.rng.random() < 0.5:
            return {}
        starts = {self.some_start(session, session.place) for _ in range(3)}
        coming = [start.replace(second=0) for start in starts if start > self.now + DAY]
        return {session: tuple(sorted(coming))} if coming else {}

    async def withdraw(self) -> Session | None:
        if not self.requests:
            return await self.ask_to_move()
        request_id, request = self.rng.choice(self.requests)
        await self.send(
            self.staff,
            f"{REQUESTS_PATH}/{request_id}/withdraw",
            {},
            lambda _: self.book.withdraw(request),
            check_request_answer,
        )
        await self.check_request(request_id, request)
        return None

    async def close_requests(self) -> None:
        """Let the worker close the requests whose `answer_by` has passed."""
        await close_due_requests(self.world.engine, self.now)
        self.book.close_requests(self.now)
        for request_id, request in self.requests:
            await self.check_request(request_id, request)

    async def check_request(self, request_id: str, request: dict[Session, str]) -> None:
        shown = (await self.staff.get(f"{REQUESTS_PATH}/{request_id}")).json()
        found = {one["session_id"]: one["state"] for one in shown["sessions"]}
        over = {one for one in request if not one.is_asked(self.now)}
        assert found == {
            str(session.id): "kept" if state == "asked" and session in over else state
            for session, state in request.items()
        }


def check_request_answer(answer: Response, should: Answer) -> None:
    """Compare the answer to a command on a move request."""
    assert (answer.status_code, answer.json().get("code")) == (should.status, should.code)
