"""Steps of a story with groups and their seats."""

from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from tests.drills import story_checks as checks
from tests.drills.model_records import Answer
from tests.drills.model_things import Group, Session
from tests.drills.story_telling import CLIENT, STAFF, WHY, Telling
from tests.world import REASON

GROUPS_PATH = "/v1/practice/groups"
GROUPS = 5


class GroupTelling(Telling):
    """The story of a practice that has groups too."""

    most_groups = GROUPS

    async def create_group(self) -> Session | None:
        """Create a group, mostly of one practitioner, so that seats can move."""
        if len(self.book.groups) >= self.most_groups:
            return await self.change_a_group()
        rng, service = self.rng, self.book.service
        practitioner = self.stage.practitioners[rng.random() < 0.2]
        group = Group(
            id=uuid4(),
            practitioner=practitioner,
            starts_at=self.now,
            place=rng.choice(self.book.places),
            duration=service.duration,
            before=service.before,
            after=service.after,
            seats=rng.randrange(1, 4),
        )
        group.starts_at, force = self.some_start(group, group.place), rng.random() < 0.5
        body = self.wish(group, (group.starts_at, group.place)) | {
            "practitioner_id": str(practitioner.id),
            "service_id": str(self.world.service_id),
            "seats": group.seats,
            "force": force,
        }
        answer = await self.send(
            self.staff,
            GROUPS_PATH,
            body,
            lambda _: self.book.create_group(group, force=force),
            check_group_answer,
        )
        if answer.is_success:
            group.id = UUID(answer.json()["id"])
            await self.check_group(group)
        return None

    async def book_a_seat(self) -> Session | None:
        if not self.book.groups:
            return await self.create_group()
        client = self.rng.choice(self.stage.clients)
        return await self.put_seat_down(self.a_group(), client, force=self.rng.random() < 0.4)

    async def put_seat_down(self, group: Group, client: UUID, *, force: bool) -> Session | None:
        """Book a seat as staff, sometimes paid by the client's package."""
        rng = self.rng
        seat = self.draft(client, group.practitioner, group.place)
        seat.group, seat.starts_at, seat.booked_for = group, group.starts_at, group.starts_at
        seat.duration, seat.before, seat.after = group.duration, group.before, group.after
        package = self.package_of(client) if rng.random() < 0.4 else None
        body = {
            "client_id": str(client),
            "group_id": str(group.id),
            "package_id": None if package is None else str(package.id),
            "force": force,
        }
        answer = await self.send(
            self.staff,
            STAFF,
            body,
            lambda now: self.book.book_seat(seat, package, force=force, now=now),
        )
        await self.check_group(group)
        if not answer.is_success:
            return None
        seat.id = UUID(answer.json()["session"]["id"])
        return seat

    async def move_a_seat(self) -> Session | None:
        """Move one of the seats, if there are any."""
        seats = [session for session in self.book.sessions if session.group is not None]
        booked = [seat for seat in seats if seat.status == "booked"]
        if not seats:
            return await self.book_a_seat()
        return await self.move_seat(self.rng.choice(booked or seats))

    async def move_seat(self, session: Session) -> Session:
        """Move a seat as its client, by the group's id, or by its start and format."""
        rng, to = self.rng, self.a_group_for(session)
        keeps_format = to.place[0] == session.place[0]
        is_same_time = to.starts_at == session.starts_at
        action = "change_format" if is_same_time and not keeps_format else "reschedule"
        token, quote = await self.some_quote(session, action)
        seen = self.some_version(session)
        by_start = to.status == "scheduled" and rng.random() < 0.3
        named = self.wish(to, (to.starts_at, to.place)) if by_start else {"group_id": str(to.id)}
        if by_start and to.place[0] != "in_person":
            named.pop("location_id")
        await self.send(
            self.speaker(session.client),
            f"{CLIENT}/{session.id}/reschedule",
            named | {"reason": REASON, "quote": token},
            lambda now: self.book.move_seat(session, to, quote, seen, now),
            headers=self.if_match(session, seen),
        )
        return session

    async def move_seat_by_staff(self, session: Session) -> Session:
        to, charged = self.a_group_for(session), self.rng.random() < 0.5
        force = self.rng.random() < 0.4
        await self.send(
            self.staff,
            f"{STAFF}/{session.id}/reschedule",
            {"group_id": str(to.id), "reason": WHY, "charge_fee": charged, "force": force},
            lambda now: self.book.move_seat_by_staff(
                session, to, force=force, charged=charged, now=now
            ),
        )
        return session

    async def change_a_group(self) -> Session | None:
        """Move or cancel a group, or change the number of its seats."""
        if not self.book.groups:
            return await self.create_group()
        group, how = self.a_group(), self.rng.random()
        if how < 0.25:
            await self.cancel_group(group)
        elif how < 0.8:
            await self.move_group(group)
        else:
            await self.change_seats(group)
        await self.check_group(group)
        seats = [session for session in self.book.sessions if session.group is group]
        return self.rng.choice(seats) if seats else None

    async def cancel_group(self, group: Group) -> None:
        await self.send(
            self.staff,
            f"{GROUPS_PATH}/{group.id}/cancel",
            {"reason": WHY},
            lambda now: self.book.cancel_group(group, now),
            check_group_answer,
        )

    async def move_group(self, group: Group) -> None:
        rng = self.rng
        place = group.place if rng.random() < 0.6 else rng.choice(self.book.places)
        start = group.starts_at if rng.random() < 0.2 else self.some_start(group, place)
        force, leave_behind = rng.random() < 0.6, rng.random() < 0.5
        body = self.wish(group, (start, place)) | {
            "force": force,
            "leave_behind": leave_behind,
            "reason": WHY,
        }
        await self.send(
            self.staff,
            f"{GROUPS_PATH}/{group.id}/move",
            body,
            lambda now: self.book.move_group(
                group, (start, place), force=force, leave_behind=leave_behind, now=now
            ),
            check_group_answer,
        )

    async def change_seats(self, group: Group) -> None:
        body = {"seats": self.rng.randrange(1, 5)}
        self.log.append(f"{self.now.isoformat()} {group.id} {body}")
        answer = await self.staff.patch(f"{GROUPS_PATH}/{group.id}", body)
        should = self.expected_of(lambda _: self.book.change_seats(group, body["seats"]))
        check_group_answer(answer, should)

    async def check_group(self, group: Group) -> None:
        """Compare what staff see of a group."""
        answer = await self.staff.get(f"{GROUPS_PATH}/{group.id}")
        shown, left = answer.json(), self.book.seats_left(group)
        assert answer.headers["etag"] == f'"{group.version}"'
        assert (shown["status"], shown["version"]) == (group.status, group.version)
        taken = len(self.book.seats_taken(group))
        counts = shown["seats"], shown["seats_taken"], shown["seats_left"]
        assert counts == (group.seats, taken, left)
        times = checks.at(shown["starts_at"]), checks.at(shown["ends_at"])
        assert times == (group.starts_at, group.ends_at)

    def a_group(self) -> Group:
        """Choose a group, mostly an upcoming one that takes place."""
        groups = self.book.groups
        on = [g for g in groups if g.status == "scheduled" and g.starts_at > self.now]
        return self.rng.choice(on if on and self.rng.random() < 0.9 else groups)

    def a_group_for(self, session: Session) -> Group:
        """Choose a group of the practitioner, mostly one that the client was offered."""
        own = [g for g in self.book.groups if g.practitioner is session.practitioner]
        seen = [start for start, _ in self.slots.get(session, [])]
        offered = [g for g in own if g.starts_at in seen and g.status == "scheduled"]
        return self.rng.choice(offered if offered and self.rng.random() < 0.5 else own)


def check_group_answer(answer: Response, should: Answer) -> None:
    """Compare the answer to a command on a group."""
    shown: Any = answer.json()
    assert (answer.status_code, shown.get("code")) == (should.status, should.code)
    if should.code == "slot-unavailable":
        assert checks.at(shown["held_until"]) == should.held_until
    if answer.is_success:
        found = {UUID(s["session_id"]): (s["status"], s["credit"]) for s in shown["sessions"]}
        assert found == should.sessions
    elif should.sessions is not None:
        assert {UUID(one["session_id"]) for one in shown["conflicts"]} == set(should.sessions)
