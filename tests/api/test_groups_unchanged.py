"""Nothing that a client or a link can send changes a group, or the seat of somebody else."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat
from tests.walls import operations
from tests.world import REASON, Api, World

# What somebody could send in the hope of changing a group, beside what a call needs.
HOPES: dict[str, Any] = {
    "seats": 1,
    "seats_left": 0,
    "min_seats": 8,
    "decide_hours": 1,
    "auto_cancel": True,
    "status": "cancelled",
    "seat": 1,
    "group": {"id": "own", "seats": 0},
    "cancel_group": True,
    "everyone": True,
    "scope": "all",
    "force": True,
    "leave_behind": True,
    "charge_fee": True,
    "client_id": "other",
    "practitioner_id": "other",
    "service_id": "other",
    "starts_at": "2026-12-20T18:00:00-05:00",
    "ends_at": "2026-12-20T19:00:00-05:00",
    "buffer_after_minutes": 500,
    "join_url": "https://elsewhere.example/",
    "instructions": "Stay at home.",
    "external_ref": "class-1",
    "notify": False,
}
CLIENTS_CALLS = [
    (method, path, operation)
    for method, path, operation in operations()
    if "{session_id}" in path and not path.startswith("/v1/practice/")
]


class Class:
    """A class of three, one of whom calls, and a class of next week with one seat taken."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: list[UUID] = []
        self.own = self.next_week = self.seat = UUID(int=0)

    async def fill(self) -> None:
        """Write the classes."""
        self.own = await add_group(self.world)
        self.next_week = await add_group(self.world, CLASS + 7 * DAY)
        for client_id in await add_clients(self.world, 2):
            self.ids.append(await add_seat(self.world, self.own, client_id=client_id))
        (client_id,) = await add_clients(self.world, 1)
        self.ids.append(await add_seat(self.world, self.next_week, client_id=client_id))
        self.seat = await add_seat(self.world, self.own)

    async def of_others(self) -> dict[str, list[str]]:
        """Read the groups, their time, and all that belongs to the others' seats."""
        world = self.world
        tables = (Group, TakenTime, Session, Change, Notification)
        found = {table.__tablename__: await world.rows(table) for table in tables}
        return {
            name: sorted(repr(row) for row in rows if str(self.seat) not in repr(row))
            for name, rows in found.items()
        }

    def bodies(self, path: str) -> Iterator[dict[str, Any]]:
        """Give what is sent to a call: first with each hope, at last what the call is for."""
        target = {"group_id": str(self.next_week)} if path.endswith("/reschedule") else {}
        valid: dict[str, Any] = {"reason": REASON} | target
        if path.endswith("/absence"):
            valid = {"reason": REASON, "free_time": True}
        if path.endswith("/hold"):
            valid = {"group_id": str(self.next_week)}
        if path.endswith(("/wish", "/release")):
            valid = {}
        for name, value in HOPES.items():
            known = {"own": str(self.own), "other": str(self.ids[0])}
            yield valid | {name: known.get(value, value) if isinstance(value, str) else value}
        for group_id in (self.own, self.ids[0], "all", "*", None, [str(self.next_week)]):
            yield valid | {"group_id": group_id if isinstance(group_id, list) else str(group_id)}
        yield {}
        yield valid


@pytest.fixture
async def yoga(world: World) -> Class:
    """The classes."""
    classes = Class(world)
    await classes.fill()
    return classes


async def send(api: Api, method: str, path: str, seat: UUID, body: dict[str, Any]) -> Response:
    """Call, with the body also in the query string, where a link could have it."""
    query = {name: str(value) for name, value in body.items() if name in HOPES}
    return await api.http.request(
        method.upper(),
        path.replace("{session_id}", str(seat)),
        json=body if method in {"post", "put"} else None,
        params=query,
        headers={"Authorization": f"Bearer {api.token}"},
    )


def test_the_calls_of_clients_are_all_there() -> None:
    assert {
        "/v1/sessions/{session_id}",
        "/v1/sessions/{session_id}/availability",
        "/v1/sessions/{session_id}/cancel",
        "/v1/sessions/{session_id}/reschedule",
        "/v1/sessions/{session_id}/changes",
        "/v1/sessions/{session_id}/calendar.ics",
    } <= {path for _, path, _ in CLIENTS_CALLS}


@pytest.mark.parametrize("by_link", [False, True], ids=["signed-in", "by-link"])
@pytest.mark.slow
async def test_no_call_about_a_seat_changes_its_group_or_the_other_seats(
    api: Api, stranger: Api, world: World, yoga: Class, *, by_link: bool
) -> None:
    caller = api
    if by_link:
        opened = await stranger.open_link(world.link_token(yoga.seat))
        assert opened.json()["session"]["id"] == str(yoga.seat)
        caller = stranger.signed_in(opened.json()["access_token"])
    before = await yoga.of_others()
    # The cancellation comes last: it ends what can be done with the seat. The undo comes first: it
    # would take back what the other calls are for.
    order = ("/undo", "/cancel")

    def place(path: str) -> float:
        return next((n for n, end in enumerate(order) if path.endswith(end)), 0.5)

    for method, path, _ in sorted(CLIENTS_CALLS, key=lambda call: place(call[1])):
        for body in yoga.bodies(path):
            answer = await send(caller, method, path, yoga.seat, body)
            assert answer.status_code < 500
        assert await yoga.of_others() == before, f"{method} {path}"
    # The calls did what they are for.
    (seat,) = await world.rows(Session, id=yoga.seat)
    assert (seat.status, seat.group_id, seat.seat) == ("cancelled", yoga.next_week, None)


async def test_a_seat_of_somebody_else_is_not_there(
    api: Api, stranger: Api, world: World, yoga: Class
) -> None:
    opened = await stranger.open_link(world.link_token(yoga.seat))
    by_link = stranger.signed_in(opened.json()["access_token"])
    before = await yoga.of_others()
    for caller in (api, by_link):
        for method, path, _ in CLIENTS_CALLS:
            *_, body = yoga.bodies(path)
            answer = await send(caller, method, path, yoga.ids[0], body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert await yoga.of_others() == before


async def test_nothing_that_a_client_sees_of_a_seat_names_the_others(api: Api, yoga: Class) -> None:
    for path in ("", "/changes", "/calendar.ics", "/availability?from=2026-12-01&to=2026-12-31"):
        answer = await api.get(f"/v1/sessions/{yoga.seat}{path}")
        assert answer.status_code == 200
        assert "clients.example" not in answer.text
        assert "Client " not in answer.text
        assert not any(str(session_id) in answer.text for session_id in yoga.ids)


async def test_when_one_seat_is_left_nobody_else_is_told(
    api: Api, staff: Api, world: World, yoga: Class
) -> None:
    hook = {"url": "https://hooks.example/reslot"}
    assert (await staff.post("/v1/practice/webhook-endpoints", hook)).status_code == 201
    queued = {row.id for row in await world.rows(Notification)}
    (other,) = await world.rows(Session, id=yoga.ids[0])
    somebody = api.signed_in(world.token(other.client_id))
    file = f"/v1/sessions/{other.id}/calendar.ics"
    before = (await somebody.get(file)).content
    assert (await api.cancel(yoga.seat)).status_code == 200
    told = [row for row in await world.rows(Notification) if row.id not in queued]
    assert {row.session_id for row in told} == {yoga.seat}
    assert sorted((row.recipient, row.kind) for row in told) == [
        ("client", "cancelled"),
        ("practitioner", "cancelled"),
        ("webhook", "session.cancelled"),
    ]
    assert (await somebody.get(file)).content == before
