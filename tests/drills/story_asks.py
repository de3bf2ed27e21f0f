"""Steps of a story with requests of the practice to move sessions."""

from datetime import timedelta
from typing import Any

from httpx import Response

from tests.drills.model_records import Answer
from tests.drills.model_things import Session
from tests.drills.story_series import SeriesTelling

REQUESTS_PATH = "/v1/practice/move-requests"
HOURS = (1, 6, 24, 96)


class AskTelling(SeriesTelling):
    """The story of a practice that asks its clients to move sessions too."""

    async def ask_to_move(self) -> Session:
        """Ask for one or two sessions, which stay booked meanwhile."""
        asked = list(dict.fromkeys([self.a_session(), self.a_session()]))
        answer_by = self.now + timedelta(hours=self.rng.choice(HOURS))
        body = {
            "sessions": [str(session.id) for session in asked],
            "answer_by": answer_by.isoformat(),
            "meanwhile": "keep",
        }
        request: dict[str, Any] = {}
        answer = await self.send(
            self.staff,
            REQUESTS_PATH,
            body,
            lambda _: self.book.ask(asked, answer_by, request),
            check_request_answer,
        )
        if answer.is_success:
            self.requests.append((answer.json()["id"], request))
        return asked[0]

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
        return None


def check_request_answer(answer: Response, should: Answer) -> None:
    """Compare the answer to a command on a move request."""
    assert (answer.status_code, answer.json().get("code")) == (should.status, should.code)
