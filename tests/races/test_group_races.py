"""Staff cancel a group while its clients leave and others are booked: each credit returns once."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Session
from app.tables.taken_times import TakenTime
from tests.groups import add_clients, add_group
from tests.races.test_seat_races import is_consistent, leave, paid_seats
from tests.world import Api, World

pytestmark = pytest.mark.slow

WHY = {"reason": {"note": "Dr. Chen is ill."}}
ROUNDS = 4


async def insist(api: Api, path: str, body: Mapping[str, object]) -> Response:
    """Send a command; again, as the practice's software would, if the service is busy."""
    while True:
        answer = await api.post(path, body)
        if answer.status_code != 503:
            return answer


async def test_a_group_is_cancelled_while_clients_leave_and_join(api: Api, world: World) -> None:
    staff = api.signed_in(await world.key())
    for _ in range(ROUNDS):
        group_id = await add_group(world)
        *members, late = await add_clients(world, 5)
        seats = await paid_seats(world, group_id, members)
        path = f"/v1/practice/groups/{group_id}/cancel"
        joining = {"group_id": str(group_id), "client_id": str(late)}
        *ends, joined = await asyncio.gather(
            insist(staff, path, WHY),
            insist(staff, path, WHY),
            *(leave(api.signed_in(world.token(client)), seat) for client, seat in seats[:2]),
            insist(staff, "/v1/practice/sessions", joining),
        )
        assert {answer.status_code for answer in ends} == {200}
        assert joined.status_code == 201 or joined.json()["code"] == "group-cancelled"
        await _ended_once(world, group_id, [seat for _, seat in seats])
        await is_consistent(world)


async def _ended_once(world: World, group_id: UUID, seats: list[UUID]) -> None:
    """Check that all seats are cancelled, and that each person was told once."""
    (group,) = await world.rows(Group, id=group_id)
    assert group.status == "cancelled"
    sessions = await world.rows(Session, group_id=group_id)
    assert {row.status for row in sessions} == {"cancelled"}
    assert await world.rows(TakenTime) == []
    for row in sessions:
        changes = await world.rows(Change, session_id=row.id, kind="cancelled")
        assert len(changes) == 1
        mails = await world.rows(
            Notification, session_id=row.id, kind="cancelled", recipient="client"
        )
        assert len(mails) == 1
    for seat in seats:
        (redemption,) = await world.rows(CreditRedemption, session_id=seat)
        assert redemption.returned_at is not None
    assert len(await world.rows(Change, subject_id=group_id, kind="cancelled")) == 1
