"""Steps of a story with series: all dates at once, and "this and following"."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from tests.drills import story_checks as checks
from tests.drills.model import whereabouts
from tests.drills.model_records import Answer, Quote
from tests.drills.model_series import Choice, dates_of, followers
from tests.drills.model_slots import Slot
from tests.drills.model_things import DAY, Session
from tests.drills.story_groups import GroupTelling
from tests.drills.story_telling import CLIENT, STAFF, WHY
from tests.world import REASON

SERIES_PATH = "/v1/practice/series"
FOLLOWING = "this_and_following"
DATES = 20


class SeriesTelling(GroupTelling):
    """The story of a practice that books series too."""

    async def book_a_series(self) -> Session | None:
        """Book up to four dates, some days apart, often across the change of clocks."""
        rng = self.rng
        if sum(session.series is not None for session in self.book.sessions) >= DATES:
            return await self.cancel_following()
        client, practitioner = rng.choice(self.stage.clients), rng.choice(self.stage.practitioners)
        first = self.draft(client, practitioner, rng.choice(self.book.places))
        first.starts_at = self.some_start(first, first.place)
        every, count, skip = rng.choice([1, 1, 2, 7]), rng.randrange(2, 5), rng.random() < 0.6
        force = rng.random() < 0.6
        dates = [
            replace(first, id=uuid4(), starts_at=start, booked_for=start)
            for start in dates_of(first, every, count)
        ]
        package = self.package_of(client) if rng.random() < 0.3 else None
        body = self.wish(first, whereabouts(first)) | {
            "client_id": str(client),
            "practitioner_id": str(practitioner.id),
            "service_id": str(self.world.service_id),
            "package_id": None if package is None else str(package.id),
            "every": {"days": every},
            "count": count,
            "skip_conflicts": skip,
            "force": force,
        }

        def expected(now: datetime) -> Answer:
            return self.book.book_series(dates, package, force=force, skip=skip, now=now)

        answer = await self.send(self.staff, SERIES_PATH, body, expected, check_series_answer)
        if not answer.is_success:
            return None
        return self.name_dates([date for date in dates if date.series is not None], answer.json())

    def name_dates(self, booked: list[Session], shown: Any) -> Session:
        """Take over the ids of a booked series, and compare its dates."""
        starts = [checks.at(date["starts_at"]) for date in shown["dates"]]
        assert starts == [date.starts_at for date in booked]
        for date, told in zip(booked, shown["dates"], strict=True):
            date.id = UUID(told["session_id"])
        series = booked[0].series
        assert series is not None
        series.id = UUID(shown["series"]["id"])
        return self.rng.choice(booked)

    async def cancel_following(self) -> Session:
        session = self.a_date()
        choice = self.some_choice(session)
        token, quote = await self.some_scope_quote(session, "cancel", choice)
        seen = self.some_version(session)
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/cancel",
            following(choice) | {"reason": REASON, "quote": token},
            lambda now: self.book.cancel_following(session, choice, quote, seen, now),
            headers=self.if_match(session, seen),
        )
        return session

    async def move_following(self) -> Session:
        session = self.a_date()
        to, choice = self.some_target(session), self.some_choice(session)
        action = "change_format" if to[0] == session.starts_at else "reschedule"
        token, quote = await self.some_scope_quote(session, action, choice)
        seen = self.some_version(session)
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/reschedule",
            self.wish(session, to) | following(choice) | {"reason": REASON, "quote": token},
            lambda now: self.book.move_following(session, to, choice, quote, seen, now),
            headers=self.if_match(session, seen),
        )
        return session

    async def change_following_by_staff(self) -> Session:
        """Cancel or move a session with those that follow it, as staff."""
        rng, session = self.rng, self.a_date()
        choice, charged, force = self.some_choice(session), rng.random() < 0.5, rng.random() < 0.5
        body: dict[str, Any] = following(choice) | {"reason": WHY, "charge_fee": charged}
        path = f"{STAFF}/{session.id}"
        if rng.random() < 0.3:
            await self.send(
                self.staff,
                f"{path}/cancel",
                body,
                lambda now: self.book.cancel_following_by_staff(
                    session, choice, charged=charged, now=now
                ),
            )
            return session
        to = self.some_target(session)
        await self.send(
            self.staff,
            f"{path}/reschedule",
            self.wish(session, to) | body | {"force": force},
            lambda now: self.book.move_following_by_staff(
                session, to, choice, force=force, charged=charged, now=now
            ),
        )
        return session

    async def some_scope_quote(
        self, session: Session, action: str, choice: Choice
    ) -> tuple[str | None, Quote | None]:
        """Choose a quote: the one that a preview shows, none, or any earlier one."""
        how = self.rng.random()
        if how < 0.6:
            return await self.preview(session, action, choice)
        if how < 0.75:
            return None, None
        return self.rng.choice(self.quotes[-12:] + self.quotes[:1])

    async def preview(
        self, session: Session, action: str, choice: Choice
    ) -> tuple[str | None, Quote | None]:
        """Compare the preview of a command, and return its quote."""
        query: dict[str, Any] = following(choice) | {"action": action}
        query["include_moved"] = str(choice.include_moved).lower()
        client = self.speaker(session.client)
        answer = await client.get(f"{CLIENT}/{session.id}/scope", **query)
        self.log.append(f"  preview {query} {answer.status_code}")
        if session.group is not None and action == "reschedule":
            assert answer.json()["code"] == "validation-failed"
            return None, None
        shown, should = answer.json(), self.book.preview(session, action, choice, self.now)
        checks.check_preview(shown, should)
        lines = {}
        for one, verdict in should.verdicts.items():
            if verdict.cost is None:
                return None, None
            lines[one] = (one.version, verdict.cost)
        if not lines:
            assert shown["quote"] is None
            return None, None
        expires_at = (self.now + checks.QUOTE_LIFETIME).replace(microsecond=0)
        assert checks.at(shown["quote_expires_at"]) == expires_at
        quote = Quote(session, session.version, action, expires_at, lines=lines)
        self.quotes.append((shown["quote"], quote))
        return self.quotes[-1]

    def a_date(self) -> Session:
        """Choose a session, mostly one that others follow."""
        followed = [s for s in self.book.sessions if followers(s) and s.starts_at > self.now]
        return (
            self.rng.choice(followed) if followed and self.rng.random() < 0.9 else self.a_session()
        )

    def some_choice(self, session: Session) -> Choice:
        after = followers(session)
        keep = [self.rng.choice(after)] if after and self.rng.random() < 0.25 else []
        return Choice(self.rng.random() < 0.3, keep)

    def some_target(self, session: Session) -> Slot:
        """Choose a target that may suit the others too: a shift by a day, or any slot."""
        if self.rng.random() < 0.4:
            return session.starts_at + self.rng.choice([-1, 1, 2]) * DAY, session.place
        return self.some_slot(session)


def following(choice: Choice) -> dict[str, Any]:
    keep = [str(session.id) for session in choice.keep]
    return {"scope": FOLLOWING, "include_moved": choice.include_moved, "keep": keep}


def check_series_answer(answer: Response, should: Answer) -> None:
    """Compare the answer to the booking of a series."""
    shown: Any = answer.json()
    assert (answer.status_code, shown.get("code")) == (should.status, should.code)
    if should.sessions is not None:
        wanted = {checks.at(conflict["wanted"]) for conflict in shown["conflicts"]}
        assert wanted == set(should.sessions)
