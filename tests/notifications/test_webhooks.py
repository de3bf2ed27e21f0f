"""One event reaches one receiver, signed, and failures are counted."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from app.audit.write import Actor, write_change
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.domain.money import Money
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.operations.practices import close_practice, reopen_practice
from app.outbox.events import EVENT_TYPES, EventType
from app.outbox.marking import MAX_ATTEMPTS, wait_after
from app.outbox.outbox import NewNotification, queue_notifications
from app.outbox.queue import notification_wake
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Location, Practitioner, Service
from app.tables.sessions import Fee, Session
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.delivery import (
    LEASE,
    MAX_POSTS_PER_ENDPOINT,
    MAX_POSTS_PER_PRACTICE,
    WebhookContext,
    postponement,
    send_webhook,
)
from app.webhooks.health import FAILING_FOR, FAILURES_IN_A_ROW
from app.webhooks.sending import WebhookSender
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.scenario import START, Scenario
from tests.notifications.test_worker import no_jobs_due, working
from tests.patience import PATIENCE_SECONDS, until
from tests.world import NOW, Api, TestClock, World

# The worker runs the jobs of all practices.
pytestmark = pytest.mark.alone

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="

# Events about groups and move requests have their own payloads, and tests beside their commands.
OF_SESSIONS = [event for event in EVENT_TYPES if event.partition(".")[0] in {"session", "fee"}]


async def add_endpoint(world: World, receiver: Receiver, **values: Any) -> UUID:
    record = {"url": receiver.url, "events": [], "secret": SECRET}
    return await world.add(WebhookEndpoint, **(record | values))


async def endpoint(world: World) -> Any:
    (row,) = await world.rows(WebhookEndpoint)
    return row


async def tell(
    scenario: Scenario, session_id: UUID, kind: Any, starts_at: datetime = START
) -> UUID:
    """Queue an event about the latest change of a session, and return the notification's id."""
    world = scenario.world

    async def command(db: Any) -> None:
        change_id = await db.scalar(
            select(Change.id)
            .where(Change.session_id == session_id)
            .order_by(Change.session_version.desc())
            .limit(1)
        )
        notifications = [NewNotification(kind, "webhook", starts_at, scenario.clock())]
        await queue_notifications(
            db, world.practice_id, session_id, change_id, notifications, scenario.clock()
        )

    await transact(world.engine, command)
    return await scenario.notification(session_id, kind, "webhook")


async def test_an_event_is_sent_signed_and_marked(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await send_webhook(webhooks, world.practice_id, notification_id)
    (got,) = receiver.received
    assert got.line == "POST /hooks?of=reslot HTTP/1.1"
    assert got.headers["webhook-id"] == str(notification_id)
    assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("Reslot/")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    sent_at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(SECRET).sign(str(notification_id), sent_at, got.body)
    assert got.headers["webhook-signature"] == signature
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.finished_at) == ("sent", 1, NOW)
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert len(receiver.received) == 1


async def test_events_that_are_sent_together_arrive_once_each(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    # There are more of them than an endpoint takes at once.
    webhooks.patience_seconds = PATIENCE_SECONDS
    await add_endpoint(world, receiver)
    wanted = [
        await scenario.notification(
            await scenario.book(START + timedelta(days=days)), "session.booked", "webhook"
        )
        for days in range(8)
    ]
    # Two wakes for each: they are claimed in one statement.
    results = await asyncio.gather(
        *(send_webhook(webhooks, world.practice_id, one) for one in [*wanted, *wanted])
    )
    assert Counter(results)["sent"] == len(wanted)
    arrived = Counter(got.headers["webhook-id"] for got in receiver.received)
    assert arrived == {str(one): 1 for one in wanted}
    for one in wanted:
        state = await scenario.state(one)
        assert (state.status, state.attempts, state.leased_until) == ("sent", 1, None)


async def test_a_closed_practice_sends_no_events(
    webhooks: WebhookContext,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    settings: Settings,
) -> None:
    await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await close_practice(settings, str(world.practice_id), NOW)
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert (await scenario.state(notification_id)).status == "dropped"
    await reopen_practice(settings, str(world.practice_id), NOW)
    assert (await endpoint(world)).active
    later = await scenario.book(START + timedelta(days=1))
    notification_id = await scenario.notification(later, "session.booked", "webhook")
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("event", OF_SESSIONS)
async def test_every_event_matches_the_description(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, event: EventType
) -> None:
    """The receiver validates each event against the description, here and in all other tests."""
    await add_endpoint(world, receiver)
    session_id = await scenario.book()
    await send_webhook(webhooks, world.practice_id, await tell(scenario, session_id, event))
    (got,) = receiver.received
    assert json.loads(got.body)["type"] == event


async def test_events_of_groups_match_the_description(
    webhooks: WebhookContext, staff: Api, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    body = {
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
        "seats": 3,
    }
    group_id = (await staff.post("/v1/practice/groups", body)).json()["id"]
    path, why = f"/v1/practice/groups/{group_id}", {"reason": {"note": "Dr. Chen is ill."}}
    later = (START + timedelta(days=1)).isoformat()
    assert (await staff.post(f"{path}/move", {"start": later} | why)).status_code == 200
    assert (await staff.post(f"{path}/cancel", why)).status_code == 200
    for row in await world.rows(Notification, recipient="webhook"):
        await send_webhook(webhooks, world.practice_id, row.id)
    bodies = [json.loads(got.body) for got in receiver.received]
    assert {body["type"] for body in bodies} == {"group.moved", "group.cancelled"}
    assert {body["data"]["group_id"] for body in bodies} == {group_id}
    assert "Dr. Chen is ill." not in json.dumps(bodies)


async def test_a_receiver_verifies_with_the_library(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    # The library compares with the system clock, which may be earlier than the scenario.
    await world.change(Notification, notification_id, attempt_at=NOW - timedelta(days=3650))
    context = replace(webhooks, clock=lambda: datetime.now(UTC))  # noqa: TID251
    await send_webhook(context, world.practice_id, notification_id)
    (got,) = receiver.received
    assert Webhook(SECRET).verify(got.body, got.headers)["type"] == "session.booked"


async def test_a_late_event_still_describes_its_change(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver, include_reason=True)
    await world.change(Client, world.client_id, external_ref="crm-1")
    await world.change(Practitioner, world.practitioner_id, external_ref="crm-2")
    session_id = await scenario.book()
    await world.change(Session, session_id, external_ref="crm-3")
    moved_to = START + timedelta(days=1)
    await scenario.move(session_id, moved_to)
    notification_id = await tell(scenario, session_id, "session.rescheduled", moved_to)
    await scenario.cancel(session_id)
    await send_webhook(webhooks, world.practice_id, notification_id)
    event = json.loads(receiver.received[0].body)
    data = event.pop("data")
    (change,) = await world.rows(Change, kind="rescheduled")
    assert event == {"type": "session.rescheduled", "timestamp": "2026-11-30T15:00:00Z"}
    assert data == {
        "session_id": str(session_id),
        "session_external_ref": "crm-3",
        "version": 2,
        "status": "booked",
        "service_id": str(world.service_id),
        "service_external_ref": None,
        "practitioner_id": str(world.practitioner_id),
        "practitioner_external_ref": "crm-2",
        "client_id": str(world.client_id),
        "client_external_ref": "crm-1",
        "location_id": None,
        "location_external_ref": None,
        "starts_at": "2026-12-04T15:00:00Z",
        "ends_at": "2026-12-04T15:50:00Z",
        "old_starts_at": "2026-12-03T15:00:00Z",
        "old_ends_at": "2026-12-03T15:50:00Z",
        "format": "video",
        "old_format": "video",
        "old_location_id": None,
        "change_id": str(change.id),
        "command_id": str(change.command_id),
        "by": "client",
        "reason_code": "work",
        "confirmed_at": None,
        "fee": None,
        "credit": None,
        "free_because": None,
    }


@pytest.mark.parametrize("later", ["waived", "settled"])
async def test_events_show_a_fee_as_recorded_and_as_closed(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, later: str
) -> None:
    await add_endpoint(world, receiver)
    session_id = await scenario.book()
    await scenario.cancel(session_id, fee=Money(4500, "USD"))
    (fee_row,) = await world.rows(Fee)
    fee_id = fee_row.id
    await world.change(Fee, fee_id, status=later, closed_at=NOW)
    recorded = await tell(scenario, session_id, "fee.recorded")

    async def close(db: Any) -> None:
        change_id = await write_change(
            db,
            world.practice_id,
            Actor("practice", "Front desk"),
            NOW,
            subject="fee",
            subject_id=fee_id,
            kind=later,
        )
        event: Any = f"fee.{later}"
        notifications = [NewNotification(event, "webhook", START, NOW)]
        await queue_notifications(db, world.practice_id, session_id, change_id, notifications, NOW)

    await transact(world.engine, close)
    closed = await scenario.notification(session_id, f"fee.{later}", "webhook")  # type: ignore[arg-type]
    for notification_id in (recorded, closed):
        await send_webhook(webhooks, world.practice_id, notification_id)
    first, second = (json.loads(got.body)["data"] for got in receiver.received)
    fee = {"id": str(fee_id), "amount_minor": 4500, "currency": "USD", "decimals": 2}
    fee |= {"collect_after": None, "waiver": None}
    assert first["fee"] == {**fee, "status": "due"}
    assert second["fee"] == {**fee, "status": later}
    for data in (first, second):
        assert (data["status"], data["starts_at"]) == ("cancelled", "2026-12-03T15:00:00Z")
    assert (first["by"], second["by"]) == ("client", "practice")


@pytest.mark.parametrize("asked", [False, True])
async def test_a_reason_code_is_sent_only_where_it_was_requested(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, *, asked: bool
) -> None:
    """For every event that can have a reason; a booking has none."""
    kinds = [kind for kind in OF_SESSIONS if kind != "session.booked"]
    await add_endpoint(world, receiver, include_reason=asked)
    session_id = await scenario.book()
    await scenario.cancel(session_id)
    for kind in kinds:
        notification_id = await tell(scenario, session_id, kind)
        await send_webhook(webhooks, world.practice_id, notification_id)
    data = [json.loads(got.body)["data"] for got in receiver.received]
    assert len(data) == len(kinds)
    assert {event["reason_code"] for event in data} == ({"work"} if asked else {None})
    assert ("work" in str(data)) is asked


async def test_an_event_holds_no_personal_data(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    canary = "CANARY"
    for table, record_id in ((Client, world.client_id), (Practitioner, world.practitioner_id)):
        await world.change(table, record_id, name=canary, email=f"{canary}@x.example", phone=canary)
    await world.change(Practitioner, world.practitioner_id, video_url=canary)
    await world.change(Location, world.location_id, name=canary, address=canary)
    await world.change(Service, world.service_id, name=canary)
    session_id = await scenario.book()
    await world.change(Session, session_id, join_url=canary, instructions=canary)
    await scenario.move(session_id, START + timedelta(days=1), join_url=canary, note=canary)
    for kind in ("session.rescheduled", "fee.recorded"):
        notification_id = await tell(scenario, session_id, kind)
        await send_webhook(webhooks, world.practice_id, notification_id)
    assert [json.loads(got.body)["type"] for got in receiver.received] == [
        "session.rescheduled",
        "fee.recorded",
    ]
    assert canary not in str(receiver.received)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
async def test_anything_but_2xx_is_a_failed_attempt_and_no_redirect_is_followed(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, status: int
) -> None:
    await add_endpoint(world, receiver)
    receiver.status = status
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    marked = await send_webhook(webhooks, world.practice_id, notification_id)
    assert (marked, len(receiver.received)) == ("pending", 1)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, f"HTTP {status}")
    found = await endpoint(world)
    assert (found.failures, found.failing_since, found.active) == (1, NOW, True)


async def test_a_receiver_that_hangs_times_out_soon(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    receiver.go_on = asyncio.Event()
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    hasty = replace(webhooks, sender=WebhookSender(insecure=True, timeout_seconds=0.3))
    await send_webhook(hasty, world.practice_id, notification_id)
    assert (await scenario.state(notification_id)).last_error == "Timeout"


async def test_after_a_failure_the_same_event_is_sent_again(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, clock: TestClock
) -> None:
    await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    port = receiver.port
    await receiver.close()
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert (await scenario.state(notification_id)).last_error == "ConnectionFailed"
    await receiver.open()
    assert receiver.port == port
    receiver.status, clock.now = 500, NOW + timedelta(seconds=5)
    await send_webhook(webhooks, world.practice_id, notification_id)
    receiver.status, clock.now = 200, NOW + timedelta(minutes=1)
    await send_webhook(webhooks, world.practice_id, notification_id)
    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    row, found = await scenario.state(notification_id), await endpoint(world)
    assert (row.status, row.attempts) == ("sent", 3)
    assert (found.failures, found.failing_since) == (0, None)


async def test_after_the_last_attempt_the_event_has_failed(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    receiver.status = 500
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await world.change(Notification, notification_id, attempts=MAX_ATTEMPTS - 1)
    status = await send_webhook(webhooks, world.practice_id, notification_id)
    assert status == "failed"


async def test_an_event_for_an_inactive_endpoint_is_dropped(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    endpoint_id = await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await world.change(WebhookEndpoint, endpoint_id, active=False)
    await send_webhook(webhooks, world.practice_id, notification_id)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.finished_at) == ("dropped", 0, NOW)
    assert receiver.received == []


async def test_a_missing_event_is_ignored(
    webhooks: WebhookContext, world: World, scenario: Scenario
) -> None:
    status = await send_webhook(webhooks, world.practice_id, await scenario.book())
    assert status == "gone"


class DeathError(BaseException):
    """The process dies here."""


@dataclass
class Dying:
    """A sender whose process dies after the receiver has answered."""

    sender: WebhookSender

    async def post(self, *sent: Any) -> None:
        await self.sender.post(*sent)
        raise DeathError


async def wakes_at(world: World, notification_id: UUID) -> set[str]:
    query = "SELECT dedupe_key FROM pgqueuer WHERE dedupe_key LIKE :of"
    async with world.engine.connect() as db:
        return set(await db.scalars(text(query), {"of": f"{notification_id}/%"}))


async def test_the_event_of_a_dead_worker_is_sent_again_after_its_lease(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, clock: TestClock
) -> None:
    """Nobody sends it at once; the dead worker's job, run by another, queues a later one."""
    await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    dying: Any = Dying(webhooks.sender)
    with pytest.raises(DeathError):
        await send_webhook(replace(webhooks, sender=dying), world.practice_id, notification_id)
    clock.now = NOW + timedelta(seconds=11)
    status = await send_webhook(webhooks, world.practice_id, notification_id)
    assert (status, len(receiver.received)) == ("waiting", 1)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.leased_until) == ("pending", 0, NOW + LEASE)
    of_lease = notification_wake(
        world.practice_id, notification_id, "webhook", "webhook", row.kind, NOW + LEASE
    )
    assert of_lease.key in await wakes_at(world, notification_id)
    clock.now = NOW + LEASE
    assert await send_webhook(webhooks, world.practice_id, notification_id) == "sent"
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts, row.leased_until) == ("sent", 1, None)


async def test_an_event_in_progress_is_posted_by_no_other_worker(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver
) -> None:
    await add_endpoint(world, receiver)
    receiver.go_on = asyncio.Event()
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    first = asyncio.create_task(send_webhook(webhooks, world.practice_id, notification_id))
    await receiver.wait_for(1)
    status = await send_webhook(webhooks, world.practice_id, notification_id)
    assert status == "waiting"
    receiver.go_on.set()
    assert await first == "sent"
    assert len(receiver.received) == 1


async def test_a_failing_endpoint_leaves_slots_for_others(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, clock: TestClock
) -> None:
    endpoint_id = await add_endpoint(world, receiver, failures=1, failing_since=NOW)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    webhooks.places.taken[endpoint_id] = 2
    assert await send_webhook(webhooks, world.practice_id, notification_id) == "waiting"
    row = await scenario.state(notification_id)
    assert (row.attempts, row.put_off, row.leased_until) == (0, 1, None)
    assert row.attempt_at == NOW + timedelta(seconds=5)
    clock.now = row.attempt_at
    webhooks.places.taken[endpoint_id] = 1
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert webhooks.places.taken == {endpoint_id: 1}


async def test_an_endpoint_and_a_practice_use_a_bounded_number_of_slots(
    webhooks: WebhookContext, scenario: Scenario, world: World, receiver: Receiver, clock: TestClock
) -> None:
    endpoint_id = await add_endpoint(world, receiver)
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    for holder, most in (
        (endpoint_id, MAX_POSTS_PER_ENDPOINT),
        (world.practice_id, MAX_POSTS_PER_PRACTICE),
    ):
        webhooks.places.taken[holder] = most
        assert await send_webhook(webhooks, world.practice_id, notification_id) == "waiting"
        assert webhooks.places.taken == {holder: most}
        del webhooks.places.taken[holder]
        row = await scenario.state(notification_id)
        assert (row.status, row.attempts) == ("pending", 0)
        assert notification_wake(
            row.practice_id, row.id, "webhook", "webhook", row.kind, row.attempt_at
        ).key in await wakes_at(world, notification_id)
        clock.now = row.attempt_at
    assert row.put_off == 2
    await send_webhook(webhooks, world.practice_id, notification_id)
    assert not webhooks.places.taken


def test_the_delay_grows_with_the_failures_of_the_endpoint() -> None:
    """Otherwise the workers would be busy postponing the backlog of one failing receiver."""
    waits = [postponement(failures, 0).total_seconds() for failures in (1, 2, 3, 4, 5, 9999)]
    assert waits == [5, 15, 45, 135, 300, 300]
    again = [postponement(0, put_off).total_seconds() for put_off in (0, 1, 2, 3, 9999)]
    assert again == [5, 5, 15, 45, 300]


# Disabling an endpoint


@pytest.mark.parametrize(
    ("status", "failures", "since", "disabled"),
    [
        (500, FAILURES_IN_A_ROW - 1, FAILING_FOR, True),
        (500, FAILURES_IN_A_ROW - 2, FAILING_FOR, False),
        (500, 99, FAILING_FOR - timedelta(microseconds=1), False),
        (410, 0, None, True),
    ],
)
async def test_an_endpoint_that_keeps_failing_is_disabled(
    webhooks: WebhookContext,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    status: int,
    failures: int,
    since: timedelta | None,
    disabled: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    await add_endpoint(
        world, receiver, failures=failures, failing_since=None if since is None else NOW - since
    )
    receiver.status = status
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await send_webhook(webhooks, world.practice_id, notification_id)
    found = await endpoint(world)
    assert (found.active, found.disabled_at) == ((False, NOW) if disabled else (True, None))
    mails = await world.rows(Notification, recipient="practice")
    entries = await world.rows(Change, subject="webhook_endpoint")
    assert len(mails) == len(entries) == (1 if disabled else 0)


@pytest.mark.parametrize(("status", "failures"), [(410, 0), (200, 3)])
async def test_the_answer_of_a_former_url_says_nothing_about_an_endpoint(
    webhooks: WebhookContext,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    status: int,
    failures: int,
) -> None:
    """It comes after staff have set the new one, which may have failed meanwhile."""
    endpoint_id = await add_endpoint(world, receiver)
    receiver.status, receiver.go_on = status, asyncio.Event()
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    sending = asyncio.create_task(send_webhook(webhooks, world.practice_id, notification_id))
    await receiver.wait_for(1)
    new = {"url": "https://new.example/hooks", "failures": failures}
    await world.change(WebhookEndpoint, endpoint_id, **new, failing_since=NOW if failures else None)
    receiver.go_on.set()
    await sending
    found = await endpoint(world)
    assert (found.active, found.failures) == (True, failures)
    assert await world.rows(Notification, recipient="practice") == []


async def test_the_practice_is_notified_once_by_mail(
    webhooks: WebhookContext,
    context: MailContext,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    postbox: Postbox,
) -> None:
    endpoint_id = await add_endpoint(
        world, receiver, failures=19, failing_since=NOW - timedelta(days=1)
    )
    receiver.status = 500
    booked = [await scenario.book(START + timedelta(hours=hours)) for hours in (0, 2)]
    for session_id in booked:
        notification_id = await scenario.notification(session_id, "session.booked", "webhook")
        await send_webhook(webhooks, world.practice_id, notification_id)
    (entry,) = await world.rows(Change, subject="webhook_endpoint")
    assert (entry.kind, entry.actor, entry.subject_id) == ("disabled", "system", endpoint_id)
    (notification,) = await world.rows(Notification, recipient="practice")
    assert (notification.kind, notification.change_id) == ("webhook_disabled", entry.id)
    assert (notification.session_id, notification.starts_at) == (None, None)
    await send_notification(context, world.practice_id, notification.id)
    await send_notification(context, world.practice_id, notification.id)
    assert postbox.recipients == ["hello@harbor.example"]
    (mail,) = postbox.mails
    part = mail.get_body(("plain",))
    assert part is not None
    words = part.get_content()
    assert "Host: 127.0.0.1" in words
    assert "Failing since: 2026-11-29 15:00 UTC" in words
    assert f"PATCH /v1/practice/webhook-endpoints/{endpoint_id}" in words
    assert "of=reslot" not in mail.as_string()
    assert (await scenario.state(notification.id)).status == "sent"


# The worker


def test_retry_delays_grow_to_four_hours_and_add_up_to_about_a_day() -> None:
    waits = [wait_after(attempts) for attempts in range(1, MAX_ATTEMPTS)]
    assert waits[:3] == [timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45)]
    assert max(waits) == timedelta(hours=4)
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)


@pytest.fixture
def both_settings(smtp_settings: Settings) -> Settings:
    return smtp_settings.model_copy(update={"webhook_insecure_targets": True})


@pytest.mark.slow
async def test_receivers_that_hang_delay_neither_mails_nor_other_receivers(
    both_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    postbox: Postbox,
) -> None:
    """Every endpoint of a practice hangs, with more events than the practice has slots."""
    for _ in range(MAX_POSTS_PER_PRACTICE + 5):
        await add_endpoint(world, receiver)
    receiver.go_on = asyncio.Event()
    await scenario.book()
    async with listening() as others_receiver, working(both_settings, engine, clock):
        await receiver.wait_for(MAX_POSTS_PER_PRACTICE)
        other = await World(engine, both_settings).build()
        await add_endpoint(other, others_receiver)
        for days in range(3):
            await Scenario(other, clock).book(START + timedelta(days=days))
        await others_receiver.wait_for(3)
        await postbox.wait_for(8)
        assert len(receiver.received) == MAX_POSTS_PER_PRACTICE
        receiver.go_on.set()
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
async def test_one_receiver_that_hangs_delays_no_other_of_its_practice(
    both_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
) -> None:
    """Regression: with ten slots and no bound per endpoint, five such receivers blocked others."""
    bookings = MAX_POSTS_PER_ENDPOINT
    async with listening() as good:
        for _ in range(2):
            await add_endpoint(world, receiver)
        receiver.go_on = asyncio.Event()
        for hours in range(bookings):
            await scenario.book(START + timedelta(days=1, hours=hours))
        await add_endpoint(world, good)
        async with working(both_settings, engine, clock):
            await receiver.wait_for(2 * MAX_POSTS_PER_ENDPOINT)
            await scenario.book(START)
            await good.wait_for(1)
            receiver.go_on.set()


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    """Run another receiver for the duration of the block."""
    made = Receiver()
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.slow
async def test_a_mail_server_that_hangs_delays_no_event(
    both_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
    postbox: Postbox,
) -> None:
    """The mail server hangs, and more mails than there are slots wait, older than the event."""
    go_on = asyncio.Event()

    async def hang() -> None:
        await go_on.wait()

    postbox.on_recipient = hang
    waiting = 2 * both_settings.smtp_connections
    for hours in range(waiting):
        await scenario.book(START + timedelta(days=1, hours=hours))
    await add_endpoint(world, receiver)
    await scenario.book()
    async with working(both_settings, engine, clock):
        try:
            await receiver.wait_for(1)
            # Before the first mails time out.
            async with engine.connect() as db:
                mails = select(func.max(Notification.attempts)).where(
                    Notification.recipient != "webhook"
                )
                assert await db.scalar(mails) == 0
        finally:
            go_on.set()
        await until(lambda: no_jobs_due(engine))
    assert len(postbox.mails) == 2 * (waiting + 1)


async def test_an_event_that_failed_waits_by_its_attempts(
    both_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    world: World,
    receiver: Receiver,
) -> None:
    await add_endpoint(world, receiver)
    receiver.status = 500
    notification_id = await scenario.notification(
        await scenario.book(), "session.booked", "webhook"
    )
    await world.change(Notification, notification_id, attempts=2)

    async def tried() -> bool:
        return bool((await scenario.state(notification_id)).attempts == 3)

    async with working(both_settings, engine, clock):
        await until(tried)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempt_at) == ("pending", NOW + timedelta(seconds=45))
    query = "SELECT extract(epoch FROM execute_after - created) FROM pgqueuer"
    wake = notification_wake(
        world.practice_id, notification_id, "webhook", "webhook", row.kind, row.attempt_at
    )
    async with engine.connect() as db:
        waits = await db.scalar(text(f"{query} WHERE dedupe_key = :key"), {"key": wake.key})
        assert waits == 45
        traced = "SELECT count(*) FROM pgqueuer_log WHERE traceback IS NOT NULL"
        assert await db.scalar(text(traced)) == 0
