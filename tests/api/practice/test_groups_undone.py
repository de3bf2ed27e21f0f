"""Undoing the end of a seat whose group the practice has moved meanwhile."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from app.tables.notifications import Notification
from app.tables.sessions import Session
from tests.api.practice.test_groups import SESSIONS, create, take
from tests.api.practice.test_groups_changed import LATER, move
from tests.groups import seats_of
from tests.world import Api, World


@pytest.mark.parametrize(("end", "body"), [("fulfilled", {}), ("noshow", {"charge_fee": False})])
async def test_a_seat_that_had_ended_is_at_its_groups_present_time(
    staff: Api, api: Api, world: World, end: str, body: dict[str, Any]
) -> None:
    group = await create(staff, world)
    seat = UUID((await take(staff, group["id"], world.client_id)).json()["session"]["id"])
    assert (await staff.post(f"{SESSIONS}/{seat}/{end}", body)).status_code == 200
    assert (await move(staff, group)).status_code == 200
    undone = await staff.post(f"{SESSIONS}/{seat}/undo", {"reason": {"note": "A mistake."}})
    assert undone.status_code == 200, undone.text
    assert datetime.fromisoformat(undone.json()["session"]["starts_at"]) == LATER
    assert await seats_of(world, UUID(group["id"])) == {seat: 1}
    (row,) = await world.rows(Session, id=seat)
    assert (row.taken_until, row.calendar_sequence) == (row.ends_at, 1)
    assert row.moved_by_practice is True
    told = await world.rows(Notification, kind="restored", recipient="client")
    assert [one.session_id for one in told] == [seat]
    history = (await api.get(f"/v1/sessions/{seat}/changes")).json()["items"]
    assert datetime.fromisoformat(history[-1]["after"]["starts_at"]) == LATER
