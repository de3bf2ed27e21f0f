"""Sends the same command to service and model, and compares the responses."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from tests.drills import story_checks as checks
from tests.drills.model import whereabouts
from tests.drills.model_records import Answer, Package, Quote, RefusedError
from tests.drills.model_slots import Slot
from tests.drills.model_things import Place, Practitioner, Session
from tests.drills.model_world import Stage
from tests.drills.story_choices import Choices
from tests.world import REASON, Api

CLIENT = "/v1/sessions"
STAFF = "/v1/practice/sessions"
WHY = {"note": "Dr. Chen is ill."}
Expected = Callable[[datetime], Answer]
Check = Callable[[Response, Answer], None]


@dataclass(frozen=True)
class Kept:
    """A completed request, and its response."""

    speaker: Api
    method: str
    path: str
    body: dict[str, Any]
    key: str
    answer: Any
    at: datetime


class Telling(Choices):
    """The story so far. `log` describes it, for the analysis of a failure."""

    def __init__(self, api: Api, staff: Api, stage: Stage, rng: Random) -> None:
        super().__init__(api, staff, stage, rng)
        self.looked_at: dict[Session, int] = {}
        self.kept: list[Kept] = []
        self.requests: list[tuple[str, dict[Session, str]]] = []
        self.log: list[str] = []

    def speaker(self, client: UUID) -> Api:
        return self.api.signed_in(self.world.token(client))

    async def send(
        self,
        speaker: Api,
        path: str,
        body: dict[str, Any],
        expected: Expected,
        check: Check = checks.check_answer,
        headers: dict[str, str] | None = None,
        method: str = "post",
    ) -> Response:
        """Send a command, and compare the response with the expected one."""
        key = str(self.rng.random())
        headers = {"Idempotency-Key": key} | (headers or {})
        self.log.append(f"{self.now.isoformat()} {path} {json.dumps(body)} {headers}")
        answer = await calling(speaker, method)(path, body, headers)
        should = self.expected_of(expected)
        self.log.append(f"  {answer.status_code} {answer.text[:90]}")
        check(answer, should)
        if answer.is_success:
            self.kept.append(Kept(speaker, method, path, body, key, answer.json(), self.now))
        return answer

    def expected_of(self, expected: Expected) -> Answer:
        """Carry out a command in the model."""
        self.book.command += 1
        self.book.now = self.now
        try:
            return expected(self.now)
        except RefusedError as refused:
            return refused.answer

    def package_of(self, client: UUID) -> Package:
        return next(package for package in self.book.packages if package.client == client)

    def draft(self, client: UUID, practitioner: Practitioner, place: Place) -> Session:
        """Fill in a booking's values from service and policy; the start is now until it is set."""
        service, now = self.book.service, self.now
        return Session(
            id=uuid4(),
            client=client,
            practitioner=practitioner,
            starts_at=now,
            place=place,
            duration=service.duration,
            before=service.before,
            after=service.after,
            price=service.price,
            rules=self.book.rules,
            booked_for=now,
        )

    async def put_down(self, draft: Session, *, pays: bool, force: bool) -> Session | None:
        """Book the draft; with `pays`, the client's package pays."""
        package = self.package_of(draft.client)
        body = self.wish(draft, whereabouts(draft)) | {
            "client_id": str(draft.client),
            "practitioner_id": str(draft.practitioner.id),
            "service_id": str(self.world.service_id),
            "force": force,
            "package_id": str(package.id) if pays else None,
        }

        def expected(now: datetime) -> Answer:
            return self.book.book(draft, package if pays else None, force=force, now=now)

        answer = await self.send(self.staff, STAFF, body, expected)
        if not answer.is_success:
            return None
        draft.id = UUID(answer.json()["session"]["id"])
        return draft

    async def send_move(
        self, session: Session, to: Slot, token: str | None, quote: Quote | None, seen: int
    ) -> None:
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/reschedule",
            self.wish(session, to) | {"reason": REASON, "quote": token},
            lambda now: self.book.move(session, to, quote, seen, now),
            headers=self.if_match(session, seen),
        )

    async def move_by_staff_to(self, session: Session, to: Slot) -> Session:
        await self.send_move_by_staff(session, to, force=self.rng.random() < 0.4)
        return session

    async def send_move_by_staff(self, session: Session, to: Slot, *, force: bool) -> None:
        charged = self.rng.random() < 0.5
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/reschedule",
            self.wish(session, to) | {"reason": WHY, "force": force, "charge_fee": charged},
            lambda now: self.book.move_by_staff(session, to, force=force, charged=charged, now=now),
        )

    def latest_quote(self, session: Session, action: str) -> tuple[str | None, Quote | None]:
        """Give the quote that was shown last for an action; none if it was never allowed."""
        own = [(t, q) for t, q in self.quotes if (q.session, q.action) == (session, action)]
        return own[-1] if own else (None, None)

    async def some_quote(self, session: Session, action: str) -> tuple[str | None, Quote | None]:
        """Choose a quote: a present one, none, or any earlier one."""
        how = self.rng.random()
        if how < 0.45:
            await checks.check_details(self, session)
            return self.latest_quote(session, action)
        if how < 0.65:
            return None, None
        return self.rng.choice(self.quotes[-12:] + self.quotes[:1])


def calling(speaker: Api, method: str) -> Callable[..., Awaitable[Response]]:
    return speaker.put if method == "put" else speaker.post
