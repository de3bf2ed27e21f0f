"""Each command has an id, in its answer, in the history, in the audit log and in webhooks."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.api.practice.test_groups import DAY, a_group
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
WHY = {"reason": {"note": "Dr. Chen is ill."}}
NO_FEE = {"charge_fee": False, **WHY}
TRAIL = "/v1/practice/changes"
FEE_WHEN_LATE = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}
}


async def commands(api: Api, session_id: UUID) -> list[str]:
    """Return the command ids of a session's history."""
    history = await api.get(f"/v1/sessions/{session_id}/changes")
    return [entry["command_id"] for entry in history.json()["items"]]


async def test_the_answers_of_clients_name_the_command(api: Api, world: World) -> None:
    session_id = await world.book(START)
    moved = (await api.reschedule(session_id, START + HOUR)).json()["command_id"]
    cancelled = (await api.cancel(session_id)).json()["command_id"]
    assert (await commands(api, session_id))[1:] == [moved, cancelled]
    assert moved != cancelled


async def test_cancelling_again_names_the_first_command(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = (await api.cancel(session_id)).json()["command_id"]
    assert (await api.cancel(session_id)).json()["command_id"] == first


@pytest.mark.parametrize(
    ("command", "body"),
    [("cancel", NO_FEE), ("noshow", NO_FEE), ("fulfilled", {})],
)
async def test_the_answers_of_staff_name_the_command(
    staff: Api, api: Api, world: World, command: str, body: dict[str, object]
) -> None:
    session_id = await world.book(START)
    path = f"/v1/practice/sessions/{session_id}"
    first = (await staff.post(f"{path}/{command}", body)).json()["command_id"]
    assert (await staff.post(f"{path}/{command}", body)).json()["command_id"] == first
    undone = (await staff.post(f"{path}/undo", WHY)).json()["command_id"]
    assert (await commands(api, session_id))[1:] == [first, undone]


async def test_a_booking_names_its_command_and_a_push_that_changes_nothing_names_none(
    staff: Api, world: World
) -> None:
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    }
    path = "/v1/practice/sessions/by-ref/visit-7"
    booked = (await staff.put(path, body)).json()
    trail = await staff.get(TRAIL, command=booked["command_id"])
    assert [entry["kind"] for entry in trail.json()["items"]] == ["booked"]
    assert (await staff.put(path, body)).json()["command_id"] is None


async def test_waiving_a_fee_names_its_command_also_when_it_is_repeated(
    staff: Api, world: World
) -> None:
    await world.add_policy(FEE_WHEN_LATE)
    session_id = await world.book(START)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    cancelled = (await staff.post(path, {"charge_fee": True, **WHY})).json()
    fee_id = cancelled["session"]["fees"][0]["id"]
    waive = f"/v1/practice/fees/{fee_id}/waive"
    first = (await staff.post(waive, WHY)).json()["command_id"]
    assert (await staff.post(waive, WHY)).json()["command_id"] == first
    trail = await staff.get(TRAIL, command=first)
    assert [entry["kind"] for entry in trail.json()["items"]] == ["fee_waived"]


async def test_cancelling_a_group_again_names_the_first_command(staff: Api, world: World) -> None:
    group = (await staff.post("/v1/practice/groups", a_group(world))).json()
    path = f"/v1/practice/groups/{group['id']}/cancel"
    first = (await staff.post(path, WHY)).json()
    again = (await staff.post(path, WHY)).json()
    assert again["command_id"] == first["command_id"] is not None
    assert again["version"] == first["version"]


async def test_a_push_that_changes_seats_and_moves_the_group_is_one_command(
    staff: Api, world: World
) -> None:
    group = a_group(world)
    path = "/v1/practice/groups/by-ref/class-7"
    assert (await staff.put(path, group)).status_code == 201
    pushed = await staff.put(path, a_group(world, START + DAY, seats=5))
    assert pushed.status_code == 200, pushed.text
    command_id = pushed.json()["command_id"]
    listed = (await staff.get("/v1/practice/changes", command=command_id)).json()["items"]
    assert sorted(entry["kind"] for entry in listed) == ["moved", "updated"]
