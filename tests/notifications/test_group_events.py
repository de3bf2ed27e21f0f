"""What webhooks say of groups. The receiver validates each event against the description."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.sessions.commands.orders import ChangeReason
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.practices import Client, Location, Practitioner, Service
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.delivery import WebhookContext, send_webhook
from tests.notifications.group_scene import AUTO, DUE, HOUR, START, TOLD, GroupScene
from tests.notifications.receiver import Receiver
from tests.world import NOW, TestClock

pytestmark = pytest.mark.alone

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="
LATER = START + timedelta(days=4)


@pytest.fixture
async def listening(scene: GroupScene, receiver: Receiver) -> GroupScene:
    """The practice's endpoint is the receiver."""
    await scene.world.change_all(
        WebhookEndpoint,
        url=receiver.url,
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE=",
    )
    return scene


async def sent(
    scene: GroupScene, webhooks: WebhookContext, receiver: Receiver, clock: TestClock
) -> dict[str, Any]:
    """Send all events about groups, and return what arrived by type."""
    clock.now = LATER
    for row in await scene.world.rows(Notification, recipient="webhook", session_id=None):
        await send_webhook(webhooks, scene.world.practice_id, row.id)
    bodies = [json.loads(got.body) for got in receiver.received]
    return {body["type"]: body["data"] for body in bodies}


async def test_a_move_is_told_with_the_times_before_and_after(
    listening: GroupScene, webhooks: WebhookContext, receiver: Receiver, clock: TestClock
) -> None:
    group_id = await listening.create(TOLD)
    await listening.book(listening.world.client_id)
    await listening.move(LATER, NOW)
    # A later change does not change what an earlier event says.
    await listening.world.change(Group, group_id, seats=20)
    events = await sent(listening, webhooks, receiver, clock)
    (data,) = events.values()
    assert list(events) == ["group.moved"]
    assert data["group_id"] == str(group_id)
    assert (data["version"], data["status"], data["by"]) == (2, "scheduled", "practice")
    assert data["starts_at"] == "2026-12-07T15:00:00Z"
    assert data["old_starts_at"] == "2026-12-03T15:00:00Z"
    assert (data["format"], data["old_format"]) == ("video", "video")
    assert (data["seats"], data["seats_taken"], data["min_seats"]) == (8, 1, 3)


@pytest.mark.parametrize("asked", [True, False])
async def test_a_cancellation_is_told_with_its_reason_only_where_it_was_requested(
    listening: GroupScene,
    webhooks: WebhookContext,
    receiver: Receiver,
    clock: TestClock,
    *,
    asked: bool,
) -> None:
    await listening.world.change_all(WebhookEndpoint, include_reason=asked)
    await listening.create(TOLD)
    await listening.cancel(NOW, ChangeReason("unwell", "CANARY"))
    data = (await sent(listening, webhooks, receiver, clock))["group.cancelled"]
    assert (data["status"], data["seats_taken"]) == ("cancelled", 0)
    assert data["reason_code"] == ("unwell" if asked else None)
    assert "CANARY" not in str(data)


async def test_a_missed_minimum_and_its_cancellation_are_one_command_of_the_system(
    listening: GroupScene, webhooks: WebhookContext, receiver: Receiver, clock: TestClock
) -> None:
    world = listening.world
    await listening.create(AUTO)
    await listening.book(world.client_id)
    for table, record_id in (
        (Client, world.client_id),
        (Practitioner, world.practitioner_id),
        (Service, world.service_id),
        (Location, world.location_id),
    ):
        await world.change(table, record_id, name="CANARY", external_ref=f"ref-{record_id}")
    await listening.judge(DUE + HOUR)
    events = await sent(listening, webhooks, receiver, clock)
    below, cancelled = events["group.below_minimum"], events["group.cancelled"]
    assert (below["status"], below["seats_taken"], below["by"]) == ("scheduled", 1, "system")
    assert (cancelled["status"], cancelled["by"]) == ("cancelled", "system")
    assert below["command_id"] == cancelled["command_id"]
    assert below["service_external_ref"] == f"ref-{world.service_id}"
    assert "CANARY" not in str(events)
