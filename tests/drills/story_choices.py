"""Random choices of a story's next step, near the limits of rules."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.drills.model_records import Quote
from tests.drills.model_rules import deadline
from tests.drills.model_slots import Slot
from tests.drills.model_things import DAY, MINUTE, Place, Practitioner, Session, Taker, wall
from tests.drills.model_world import Stage
from tests.world import Api


class Choices:
    """Chooses sessions, times, places and versions; `quotes` and `slots` are those seen so far."""

    def __init__(self, api: Api, staff: Api, stage: Stage, rng: Random) -> None:
        self.api, self.staff, self.stage, self.rng = api, staff, stage, rng
        self.book, self.world = stage.book, stage.world
        self.quotes: list[tuple[str, Quote]] = [("forged", Quote(None))]
        self.slots: dict[Session, list[Slot]] = {}
        api.clock.now = stage.now

    @property
    def now(self) -> datetime:
        return self.api.clock.now

    def a_session(self) -> Session:
        """Choose a session, mostly an upcoming one that its client may still move."""
        coming = [
            session
            for session in self.book.sessions
            if session.rebooks(self.now)
            or (
                session.starts_at > self.now
                and (session.status == "booked" or session.may_be_booked_again(self.now))
            )
        ]
        return self.rng.choice(coming if coming and self.rng.random() < 0.8 else self.book.sessions)

    def moments(self) -> set[datetime]:
        """List the instants at which a rule's result may change."""
        change = self.stage.change_of_clocks
        found = {change + k * 30 * MINUTE for k in range(8)}
        found |= {quote.expires_at for _, quote in self.quotes if quote.expires_at is not None}
        for session in self.book.sessions:
            rules = [rule for rule in session.rules.values() if isinstance(rule, dict)]
            limits = [rule["closes"] for rule in rules if rule.get("closes")]
            limits += [tier["deadline"] for rule in rules for tier in rule.get("fees") or []]
            found |= {deadline(limit, session) for limit in limits}
            ends = (session.asked_until, session.rebook_until)
            hold = self.book.holds.of(session, self.now)
            found |= {hold.until} if hold else set()
            found |= {session.undoes.until} if session.undoes else set()
            found |= {end for end in ends if end is not None}
            found |= {session.starts_at, session.starts_at - self.book.service.notice * MINUTE}
        return found

    def some_start(self, wish: Taker, place: Place) -> datetime:
        """Choose a start: in the hours, next to another session, at a change of clocks, or any."""
        rng, how = self.rng, self.rng.random()
        if how < 0.5 and (worked := self._worked(wish.practitioner, place)):
            zone = wish.practitioner.zone
            shown = rng.choice(worked[::5]).replace(tzinfo=zone, fold=rng.randrange(2))
            return shown.astimezone(UTC)
        if how < 0.75 and self.book.takers:
            other = rng.choice(self.book.busy())
            before = other.starts_at - wish.duration * MINUTE
            start = rng.choice([other.ends_at, other.starts_at, before])
            return start + rng.randrange(-20, 25, 5) * MINUTE
        if how < 0.9:
            return self.stage.change_of_clocks + rng.randrange(-60, 300, 15) * MINUTE
        return self.now.replace(microsecond=0) + timedelta(seconds=rng.randrange(9 * 86400))

    def _worked(self, practitioner: Practitioner, place: Place) -> list[datetime]:
        """List the local working minutes of a week."""
        since = wall(self.now, practitioner.zone)
        until = since + 7 * DAY
        return [minute for minute in practitioner.openings(place) if since < minute < until]

    def some_slot(self, session: Session) -> Slot:
        """Choose the target of a move: an offered slot, another format, or any time."""
        rng, how = self.rng, self.rng.random()
        if how < 0.5 and self.slots.get(session):
            return rng.choice(self.slots[session])
        place = rng.choice(self.book.places)
        if how < 0.75:
            return session.starts_at, place
        return self.some_start(session, place), place

    def some_version(self, session: Session) -> int:
        return session.version - (self.rng.random() < 0.06)

    def if_match(self, session: Session, seen: int) -> dict[str, str]:
        is_said = seen != session.version or self.rng.random() < 0.3
        return {"If-Match": f'"{seen}"'} if is_said else {}

    def wish(self, session: Taker, to: Slot) -> dict[str, Any]:
        """Format a start in the practitioner's local time, and the location."""
        start, (kind, location) = to
        return {
            "start": start.astimezone(session.practitioner.zone).isoformat(),
            "format": kind,
            "location_id": None if location is None else str(location),
        }
